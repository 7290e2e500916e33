# a million brackets are one clear error to every reader of JSON, wherever they stand
many() { head -c 1000000 /dev/zero | tr '\0' "$1"; }
try() { # FORMAT BEFORE
	{ printf '%s' "$2"; many '['; } >deep
	profdata top --from $1 deep 2>err >/dev/null; echo "$1: status $?, $(sed 's/^.*error: //' err)"
}
try chrome '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a","args":{"x":'
try chrome '{"traceEvents":'
try chrome '{"stackFrames":{"1":{"name":'
try otlp-spans '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","attributes":[{"key":"k","value":{"arrayValue":'
try jaeger '{"data":[{"traceID":"1","spans":[{"tags":[{"key":"k","value":'
try zipkin '[{"traceId":"1","id":"2","timestamp":1,"duration":2,"name":"x","tags":{"k":'
try metrics '{"memstats":'
try bpftrace-json '{"type": "map", "data": {"@": '
try speedscope '{"shared":{"frames":'
