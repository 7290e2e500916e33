profdata peek --compact-labels tick -n 1 --nodefraction 0.9 "$CASEDIR/../top/shop.dump"
