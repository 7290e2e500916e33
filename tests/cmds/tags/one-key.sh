profdata tags --tagshow "^bytes$" --unit b -s samples "$CASEDIR/labels.dump"
