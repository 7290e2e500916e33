cd "$TESTDATA" && profdata overhead compare --matrix overhead/blocks.csv
