TZ=UTC profdata raw "$CASEDIR/../traces/labels.dump"
