profdata mrege; echo $?
profdata xyz; echo $?
profdata compl; echo $?
