profdata top --compact-labels --no-inlines "$CASEDIR/shop.dump"
