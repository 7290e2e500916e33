cd "$TESTDATA/overhead" && profdata overhead compare --pair --warm-up 2 --metric time/op base=base.txt cpu=cpu.txt
