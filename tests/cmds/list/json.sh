cd "$CASEDIR"; profdata list --json "walk|gone" walk.dump | sed -n "/rows/,\$p"
