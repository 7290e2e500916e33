mkdir -p src; cp "$CASEDIR/source.txt" src/; sed "s|file=source|file=/build/x/src/source|" "$CASEDIR/walk.dump" >d; profdata list --trim-path /build/x half d
