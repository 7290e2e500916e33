profdata peek --compact-labels "^pack" "$CASEDIR/../top/shop.dump"
