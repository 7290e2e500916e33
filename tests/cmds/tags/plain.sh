profdata tags "$CASEDIR/labels.dump"
