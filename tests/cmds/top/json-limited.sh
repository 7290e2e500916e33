profdata top --json -n 1 -g lines "$CASEDIR/shop.dump" | grep "\"function\""
