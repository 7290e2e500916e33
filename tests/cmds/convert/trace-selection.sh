# a trace goes to another kind of trace event by event: options that select samples are refused, not ignored; a part of the time can be cut out
for o in --focus=a --tagfocus=tid=1 --hide=b -scpu --no-inlines; do
	echo '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a"}]' | profdata convert $o -t perfetto -o x.pftrace; echo "$o: status $?"
done
ls x.pftrace 2>&1 | sed 's/.*: //'
# to a profile they work, and to a trace from a profile
echo '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a"},{"ph":"X","pid":1,"tid":1,"ts":4,"dur":2,"name":"b"}]' | profdata convert --ignore=a -t folded
# a part of the time: slices end at its borders, counters begin with the value they have there, arrows and instants are inside
cat >r.json <<'J'
[{"ph":"B","pid":1,"tid":1,"ts":0,"name":"outer","cat":"c","args":{"a":"x"}},
{"ph":"B","pid":1,"tid":1,"ts":100000,"name":"gone"},{"ph":"E","pid":1,"tid":1,"ts":500000},
{"ph":"X","pid":1,"tid":2,"ts":200000,"dur":1000000,"name":"cut begin"},{"ph":"X","pid":1,"tid":2,"ts":1500000,"dur":1000000,"name":"cut end"},{"ph":"X","pid":1,"tid":2,"ts":2500000,"dur":10,"name":"late"},
{"ph":"C","pid":1,"ts":1,"name":"n","args":{"v":1}},{"ph":"C","pid":1,"ts":900000,"name":"n","args":{"v":2}},{"ph":"C","pid":1,"ts":1600000,"name":"n","args":{"v":3}},{"ph":"C","pid":1,"ts":2600000,"name":"n","args":{"v":4}},
{"ph":"s","pid":1,"tid":2,"ts":300000,"name":"f","cat":"f","id":1},{"ph":"f","pid":1,"tid":2,"ts":1550000,"name":"f","cat":"f","id":1},
{"ph":"s","pid":1,"tid":2,"ts":1100000,"name":"f","cat":"f","id":2},{"ph":"f","pid":1,"tid":2,"ts":1600000,"name":"f","cat":"f","id":2},
{"ph":"b","pid":1,"tid":2,"ts":100,"name":"early","cat":"a","id":1},{"ph":"e","pid":1,"tid":2,"ts":700000,"name":"early","cat":"a","id":1},
{"ph":"b","pid":1,"tid":2,"ts":200,"name":"across","cat":"a","id":2},{"ph":"e","pid":1,"tid":2,"ts":1700000,"name":"across","cat":"a","id":2},
{"ph":"b","pid":1,"tid":2,"ts":1800000,"name":"out","cat":"a","id":3},{"ph":"e","pid":1,"tid":2,"ts":2700000,"name":"out","cat":"a","id":3},
{"ph":"i","pid":1,"tid":1,"ts":1200000,"name":"in"},{"ph":"i","pid":1,"tid":1,"ts":2200000,"name":"after"},
{"ph":"B","pid":1,"tid":1,"ts":1300000,"name":"inner"},{"ph":"E","pid":1,"tid":1,"ts":2300000},{"ph":"B","pid":1,"tid":1,"ts":2350000,"name":"later"},{"ph":"E","pid":1,"tid":1,"ts":2360000},{"ph":"E","pid":1,"tid":1,"ts":3000000}]
J
profdata convert -t chrome --time-range 1:2 r.json
profdata convert -t chrome --time-range 5:6 r.json | grep -c ph
profdata convert -t chrome --time-range 2:1 r.json; echo "status $?"
# the parts of a whole add up to it
for o in 0:1 1:1.7 1.7:9; do profdata convert -t chrome --time-range $o r.json -o part.json; profdata convert -q -t folded part.json; done | awk '{ n += $NF } END { printf "%.0f\n", n }'
profdata convert -q -t folded r.json | awk '{ n += $NF } END { printf "%.0f\n", n }'
