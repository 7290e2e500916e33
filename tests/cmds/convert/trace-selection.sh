# a trace goes to another kind of trace event by event: options that select samples are refused, not ignored
for o in --focus=a --time-range=0:1 --tagfocus=tid=1 --hide=b -scpu --no-inlines; do
	echo '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a"}]' | profdata convert $o -t perfetto -o x.pftrace; echo "$o: status $?"
done
ls x.pftrace 2>&1 | sed 's/.*: //'
# to a profile they work, and to a trace from a profile
echo '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a"},{"ph":"X","pid":1,"tid":1,"ts":4,"dur":2,"name":"b"}]' | profdata convert --ignore=a -t folded
