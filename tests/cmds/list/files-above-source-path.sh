profdata list --source-path "$CASEDIR/no/such/folder" half "$CASEDIR/walk.dump"
