profdata info nothing.pb; echo $?
profdata info ''; echo $?
profdata info nodir/x; echo $?
echo 'a 1' >x; profdata info x/y; echo $?
# the first one that fails, in the order of the arguments, whatever the thread count
profdata info -j 1 x no1 no2; echo $?
profdata info -j 8 x no1 no2; echo $?
