mkfifo f; sed "s|file=source.txt|file=f|" "$CASEDIR/walk.dump" >d; profdata list half d | sed "s| path .*| path P|"
