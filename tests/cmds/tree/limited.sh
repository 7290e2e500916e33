profdata tree --compact-labels -n 2 --cum "$CASEDIR/../top/shop.dump"
