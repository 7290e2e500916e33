profdata limits | awk '{ print $1, $3, $4 }'
profdata limits x; echo $?
