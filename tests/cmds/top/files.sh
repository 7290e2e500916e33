profdata top --compact-labels -g files --no-trim "$CASEDIR/shop.dump"
