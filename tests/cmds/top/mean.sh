TZ=UTC profdata top --mean "$CASEDIR/shop.dump"
