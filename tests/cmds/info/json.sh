# Exactly the keys of the contract, whole and decimal totals.
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
printf 'a;b 1\nno value\na;c 2\n' >in
profdata info -q -f folded --json in | python3 -c '
import json, sys
d = json.load(sys.stdin)
for k in ("schema", "inputs", "sample_types", "default_sample_type", "samples", "stacks", "frames", "functions", "mappings", "labels", "threads", "period", "time_nanos", "duration_nanos", "notes"):
    print(k, "=", d[k])
print(d["warnings"])
'
printf 'a;b 1.25\na;c 2\n' | profdata info -q --json | grep total
