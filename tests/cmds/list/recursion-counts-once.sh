cd "$CASEDIR"; profdata list walk walk.dump
