TZ=UTC profdata tree "$CASEDIR/../top/shop.dump"
