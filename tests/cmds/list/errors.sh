profdata list nosuch "$CASEDIR/walk.dump"; echo $?; profdata list; echo $?; profdata list --csv walk "$CASEDIR/walk.dump"; echo $?
