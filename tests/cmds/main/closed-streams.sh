profdata help >&- ; echo $?
profdata help <&- >/dev/null; echo $?
profdata help 2>&- >/dev/null; echo $?
profdata nothing 2>&- ; echo $?
profdata info - <&- ; echo $?
# a closed standard output does not become the output file
echo 'a;b 1' >in
profdata convert -t folded -o out in >&- ; echo $?
cat out
