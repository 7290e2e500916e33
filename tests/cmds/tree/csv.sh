profdata tree --csv "$CASEDIR/../top/shop.dump"
