cd "$TESTDATA" && profdata overhead compare --json --metric time/op overhead/blocks.csv | sed 's/"version":"[^"]*"/"version":"V"/'
