profdata top --compact-labels --tagfocus tenant=red --relative-percentages "$CASEDIR/shop.dump"
