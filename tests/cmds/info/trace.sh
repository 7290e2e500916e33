# a trace: its events, by kind, and the profile made of them
cat >t.json <<'J'
{"traceEvents":[{"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"w"}},
{"ph":"X","pid":1,"tid":2,"ts":10,"dur":30,"name":"serve"},{"ph":"B","pid":1,"tid":3,"ts":5,"name":"main"},{"ph":"E","pid":1,"tid":3,"ts":55},
{"ph":"i","pid":1,"tid":3,"ts":20,"name":"tick"},{"ph":"C","pid":1,"ts":21,"name":"heap","args":{"used":1}}]}
J
profdata info t.json
profdata info --json t.json
profdata info t.json t.json | grep -c span
