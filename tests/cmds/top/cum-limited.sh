TZ=UTC profdata top --cum -n 3 --compact_labels "$CASEDIR/shop.dump"
