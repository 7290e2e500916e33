# What a file that shrinks while it is mapped raises.
mkfifo in
profdata convert -t folded -o out - <in &
pid=$!
exec 9>in
sleep 0.3
kill -BUS $pid
wait $pid
echo $?
ls -A
