TZ=UTC profdata top "$CASEDIR/shop.dump"
