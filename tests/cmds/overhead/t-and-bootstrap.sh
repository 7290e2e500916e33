cd "$TESTDATA/overhead"
profdata overhead compare --test t --metric time/op base=base.txt cpu=cpu.txt
profdata overhead compare --ci bootstrap --metric time/op base=base.txt cpu=cpu.txt
profdata overhead compare --test t blocks.csv
