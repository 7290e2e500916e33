profdata traces -g addresses --focus serve "$CASEDIR/labels.dump" | sed 1,7d
