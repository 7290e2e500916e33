profdata filter --focus "price|brk" "$CASEDIR/../traces/labels.dump"
