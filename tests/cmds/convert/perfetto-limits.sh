# slices that do not nest are cut, and counted
cat >cross.json <<'J'
[{"ph":"X","pid":1,"tid":1,"ts":10,"dur":20,"name":"a"},{"ph":"X","pid":1,"tid":1,"ts":20,"dur":20,"name":"b"},
 {"ph":"X","pid":1,"tid":1,"ts":25,"dur":30,"name":"c"}]
J
profdata convert -t perfetto --compress none cross.json | wc -c
# arguments that have to wait have a limit, which is an error and no silent loss; slices alike share theirs
awk 'BEGIN { print "["; for (i = 0; i < 2000; i++) printf "%s{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%d,\"dur\":1,\"name\":\"a\",\"args\":{\"url\":\"/page/%d\"}}\n", i ? "," : "", 2 * i, i; print "]" }' >args.json
profdata convert -t perfetto --opt max-args=16K args.json -o args.pftrace; echo "status $?"; ls args.pftrace 2>/dev/null
profdata convert -t perfetto --opt max-args=16K --opt no-args args.json -o args.pftrace; echo "status $?"
sed 's,/page/[0-9]*,/page/7,' args.json | profdata convert -t perfetto --opt max-args=16K -o args.pftrace; echo "status $?"
# a thousand spans open at once, each with a track of its own; then as many of the same names on the tracks that are free
awk 'BEGIN { print "["; for (r = 0; r < 2; r++) { for (i = 0; i < 1000; i++) printf "%s{\"ph\":\"b\",\"cat\":\"c\",\"id\":\"0x%x\",\"pid\":1,\"tid\":1,\"ts\":%d,\"name\":\"span\"}\n", r + i ? "," : "", 1000 * r + i, 5000 * r + i
	for (i = 0; i < 1000; i++) printf ",{\"ph\":\"e\",\"cat\":\"c\",\"id\":\"0x%x\",\"pid\":1,\"tid\":1,\"ts\":%d,\"name\":\"span\"}\n", 1000 * r + i, 5000 * r + 2000 + i } print "]" }' >spans.json
profdata convert -t perfetto --compress none spans.json | grep -a -o 'span' | wc -l
