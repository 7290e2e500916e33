# Death by signal: the shell sees it, no file is left behind, an old one stays.
echo old >out
mkfifo in
for sig in INT TERM HUP; do
	(trap - INT; exec profdata convert -t folded -o out - <in) &
	pid=$!
	exec 9>in
	echo 'a;b 1' >&9
	sleep 0.3
	kill -$sig $pid
	{ wait $pid; } 2>/dev/null
	echo "$sig $?"
	exec 9>&-
done
cat out
ls -A
