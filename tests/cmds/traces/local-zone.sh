TZ=America/New_York profdata traces "$CASEDIR/labels.dump" | grep Time:
