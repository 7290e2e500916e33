profdata top --compact-labels -g lines --no-trim "$CASEDIR/shop.dump"
