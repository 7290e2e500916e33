# Caught in the middle of writing: the temporary file goes, the old one stays.
echo old >out
awk 'BEGIN { for (i = 0; i < 400000; i++) print "main;f" i % 977 ";g" i ";" i * 7919 % 1000003 " " i + 1 }' >in
profdata convert -t folded --compress gzip --level 12 -o out in &
pid=$!
until ls -A | grep -q '^\.out'; do
	kill -0 $pid 2>/dev/null || { echo "finished before it could be caught"; exit 77; }
	sleep 0.01
done
kill -TERM $pid
{ wait $pid; } 2>/dev/null
echo $?
cat out
ls -A
