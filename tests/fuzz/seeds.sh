#!/bin/sh
# seeds.sh PROFDATA: records traces of a thousandth of a second with the Go of this machine, of three kinds of work, and
# writes them to tests/fuzz/corpus, one of them as Chrome JSON too: real inputs for the readers of traces.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
profdata=${1:-$top/build/profdata}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp -r "$top/tests/oracle/go_trace" "$tmp/src"
(cd "$tmp/src" && go build -trimpath -o "$tmp/work" ./work)
for kind in idle tasks flight; do
	for try in 1 2 3 4 5 6 7 8; do # a busy machine makes more of it
		"$tmp/work" $kind "$tmp/trace" 1ms
		[ "$(wc -c <"$tmp/trace")" -gt 16000 ] || break
	done
	mv "$tmp/trace" "$top/tests/fuzz/corpus/go-trace-$kind"
done
"$profdata" convert -q -t chrome "$top/tests/fuzz/corpus/go-trace-idle" -o "$tmp/chrome.json"
mv "$tmp/chrome.json" "$top/tests/fuzz/corpus/chrome-go-idle"
