profdata tags --csv "$CASEDIR/labels.dump"
