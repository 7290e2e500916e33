profdata traces -g modules --tagfocus tenant "$CASEDIR/labels.dump" | tail -n +8
