cd "$TESTDATA" && profdata overhead compare --generalise overhead/blocks.csv
