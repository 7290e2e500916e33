profdata tags --tagfocus tenant=blue --relative-percentages "$CASEDIR/labels.dump"
