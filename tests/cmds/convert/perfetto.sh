# packets: tracks, then events with their names told once; a tie of begins has the longer slice first
cat >t.json <<'J'
[{"ph":"X","pid":7,"tid":8,"ts":10,"dur":2,"name":"parse","args":{"n":3,"s":"x","f":0.5}},
 {"ph":"X","pid":7,"tid":8,"ts":10,"dur":30,"name":"serve","cat":"http"},
 {"ph":"M","pid":7,"tid":8,"name":"thread_name","args":{"name":"worker"}},
 {"ph":"i","pid":7,"tid":8,"ts":11,"name":"tick"},{"ph":"C","pid":7,"ts":21,"name":"heap","args":{"used":100}}]
J
profdata convert -t perfetto --compress none t.json | od -An -v -tx1
profdata convert -t perfetto t.json | gzip -dc | cmp - <(profdata convert -t perfetto --compress none t.json)
profdata convert -t perfetto --compress none --opt no-args t.json | wc -c
