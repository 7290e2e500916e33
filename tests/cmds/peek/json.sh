profdata peek --json price "$CASEDIR/../top/shop.dump" | grep "\"function\""
