# LABEL=INPUT, unless a file has that very name.
echo 'a 1' >x
profdata hash before=x | cut -c35-
echo 'b 1' >before=x
profdata info --json before=x | grep -o '"path":"[^"]*"'
profdata info before=nothing; echo $?
profdata info =x; echo $?
echo 'c 1' | profdata info --json new=- | grep -o '"path":"[^"]*"'
