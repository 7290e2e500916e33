TZ=UTC profdata traces "$CASEDIR/labels.dump"
