profdata tags --json --tagshow "bytes|zone" "$CASEDIR/labels.dump" | sed "s|\"path\":\"[^\"]*/|\"path\":\"|"
