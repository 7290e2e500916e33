profdata top --compact-labels -g addresses --no-trim "$CASEDIR/shop.dump"
