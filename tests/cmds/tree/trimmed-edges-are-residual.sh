profdata tree --compact-labels --nodefraction 0.6 "$CASEDIR/../top/shop.dump"; profdata tree --nodefraction 0.6 --json "$CASEDIR/../top/shop.dump" | grep -o "\"callers\":.*"
