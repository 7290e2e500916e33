cd "$TESTDATA/overhead"
profdata overhead compare --strict base=base.txt cpu=cpu.txt >/dev/null; echo "decided: $?"
profdata overhead compare --strict --margin 0.1% --metric time/op blocks.csv >/dev/null; echo "open: $?"
sed 's/none2/NONE/; s/,none,/,none2,/; s/NONE/none/' blocks.csv | awk -F, -v OFS=, '$2 == "none2" { $7 = int($7 * 1.05) } 1' |
	profdata overhead compare --strict --metric time/op - | grep control; echo "control: ${PIPESTATUS[2]}"
