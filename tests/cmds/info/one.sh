# What was counted once reads as one.
printf 'a;b 1\njunk\n' >one; printf 'a;b 1\njunk\nc;d 2\nmore\ne;f 3\ng;h 4\n' >two; printf 'a;b 0.1234567891234\na;c 1\n' >rounded
profdata info -f folded one | grep notes
profdata info -f folded two | grep notes
profdata info -f folded rounded | grep notes
printf '{"traceEvents":[7,{"ph":"B","ts":1,"pid":1,"tid":1,"name":"a"},{"ph":"E","ts":5,"pid":1,"tid":1,"name":"a"},{"ph":"X","ts":6,"pid":1,"tid":1,"name":"b"}]}' >trace
profdata info -f chrome trace | sed -n '/^notes/,$p'
for i in 1 2 3 4 5 6 7 8 9 10 11; do cp one f$i; done
profdata hash -f folded f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 >/dev/null
