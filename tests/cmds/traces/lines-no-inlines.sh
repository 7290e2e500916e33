profdata traces -g lines --no-inlines --focus price "$CASEDIR/labels.dump" | tail -n +8
