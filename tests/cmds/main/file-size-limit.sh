# SIGXFSZ does not kill: the write fails, the old file stays, nothing else does.
echo old >out
for i in $(seq 3000); do echo "frame$i;leaf$i $i"; done >in
(ulimit -f 8; profdata convert -t folded -o out in; echo $?)
cat out
ls -A
