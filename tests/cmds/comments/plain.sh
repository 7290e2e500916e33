profdata comments "$CASEDIR/../traces/labels.dump"
