for u in auto us min hours bytes; do profdata top -n 2 --compact-labels -u $u "$CASEDIR/shop.dump"; done
