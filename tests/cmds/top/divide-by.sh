profdata top --compact-labels --divide-by 20 "$CASEDIR/shop.dump"
