sum() { printf '{"root_group":{},"metrics":{"http_req_duration":{"avg":5.%d,"min":1,"med":4.%d,"max":90,"p(90)":7.1,"p(95)":8.%d},"http_reqs":{"count":900,"rate":%d.5},"vus":{"value":3}}}' "$1" "$1" "$1" $((90 - $1)); }
handle() { printf '{"metrics":{"http_req_duration":{"type":"trend","contains":"time","values":{"avg":5.%d,"med":4.%d,"p(90)":7.1}},"http_reqs":{"type":"counter","values":{"count":9,"rate":80.5}}}}' "$1" "$1"; }
point() { echo '{"type":"Metric","data":{"name":"http_req_duration"},"metric":"http_req_duration"}'; for i in 1 2 3 4; do echo '{"type":"Point","data":{"time":"2024-01-01T00:00:00Z","value":'$i.5',"tags":{}},"metric":"http_req_duration"}'; done; }
for i in 1 2 3 4 5 6; do sum $((i + 10)) >a$i; sum $((i + 30)) >b$i; done
handle 11 >h; point >p
profdata overhead compare base=a1 base=a2 base=a3 base=a4 base=a5 base=a6 cpu=b1 cpu=b2 cpu=b3 cpu=b4 cpu=b5 cpu=b6
profdata overhead compare --csv base=h cpu=h | cut -d, -f1-12
profdata overhead compare --csv base=p cpu=p | cut -d, -f1-12
