profdata help nothing; echo $?
profdata help a b; echo $?
profdata help --man nothing; echo $?
