cd "$CASEDIR"; profdata list "gone|nowhere" walk.dump
