profdata peek --compact-labels -g lines "money.h:8" "$CASEDIR/../top/shop.dump"
