# perf script as a timeline: nested slices per thread, closed where samples are missing
for t in 100.000000 100.010000 100.020000 105.000000; do printf "app 7/8 $t:   10000000 cycles: \n\t          401200 read+0x20 (/bin/app)\n\t          401300 main+0x20 (/bin/app)\n\n"; done >perf
profdata convert -t chrome perf
# written again it is the same; other members, order and white space are not
profdata convert -q -t chrome perf -o one.trace.json
profdata convert one.trace.json -t chrome | head -n -1 | cmp - <(head -n -1 one.trace.json)
profdata convert -q -t folded one.trace.json
profdata convert -q -t chrome "$CASEDIR/trace.json"
profdata convert -t chrome --opt no-args -q "$CASEDIR/trace.json" | grep -c args
profdata convert -t chrome -q "$CASEDIR/trace.json" -o a.json; profdata convert -t chrome a.json | cmp - a.json
# stacks of events come back: each is said before its first use, and all of them in the table at the end that viewers want
cat >s.json <<'J'
{"stackFrames":{"1":{"name":"main","category":"/app"},"2":{"name":"read","parent":1},"x":{"name":"write","parent":"1"}},"traceEvents":[
{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a","sf":2,"esf":"x"},{"ph":"B","pid":1,"tid":1,"ts":4,"name":"b","sf":1},{"ph":"E","pid":1,"tid":1,"ts":5,"sf":"x"}]}
J
profdata convert -t chrome s.json -o s1.json; cat s1.json; profdata convert -t chrome s1.json | cmp - s1.json
