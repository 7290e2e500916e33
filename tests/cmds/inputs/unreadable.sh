[ "$(id -u)" != 0 ] || { command -v setpriv >/dev/null || { echo "needs a user other than root"; exit 77; }; }
echo 'a 1' >secret; chmod 0 secret; chmod 755 .
run() { if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi; }
run profdata info secret; echo $?
mkdir closed; chmod 0 closed
run profdata info closed; echo $?
# where nothing may be written
echo "a;b 1" >in; chmod 644 in
run profdata convert -t folded -o closed/out in; echo $?
