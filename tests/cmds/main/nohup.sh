# A caller that ignores SIGHUP keeps it ignored.
mkfifo in
(trap '' HUP; exec profdata convert -t folded - <in) &
pid=$!
exec 9>in
sleep 0.3
kill -HUP $pid
echo 'a;b 1' >&9
exec 9>&-
wait $pid
echo $?
