cd "$TESTDATA" && profdata overhead compare --csv --correct holm overhead/blocks.csv
