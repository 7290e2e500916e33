profdata top --compact-labels -g modules "$CASEDIR/shop.dump"
