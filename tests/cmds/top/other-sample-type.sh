profdata top -s samples --compact-labels "$CASEDIR/shop.dump"
