#!/bin/sh
# Real traces: events by kind as counted by other means, the same profile after they were written again as JSON, and that
# they can be written as protobuf. usage: chrome.sh PROFDATA CORPUS
set -u
profdata=$1 corpus=$2/chrome-trace
[ -d "$corpus" ] || { echo "skipped: no corpus at $corpus"; exit 77; }
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
failed=0

fail() {
	failed=$((failed + 1))
	echo "FAIL $*"
}

while read -r file facts; do
	[ -e "$corpus/$file" ] || continue
	"$profdata" info -q --json "$corpus/$file" >"$tmp/info" || fail "info $file"
	for fact in $facts; do
		grep -q "^\"${fact%=*}\":${fact#*=},\?\$" "$tmp/info" || fail "$file: $fact"
	done
done <<'FACTS'
chromium-devtools.json.gz slice=1405 begin=3 instant=470 flow_begin=475 flow_end=475 async_begin=29 async_end=29 async_instant=7 sample=1832
chromium-startup.json.gz slice=5707 begin=2 instant=270 flow_begin=2650 flow_end=2650 async_begin=8 async_end=8
node-trace-events.json slice=45 begin=32 end=32 instant=6 async_begin=5 async_end=5
tsc-generateTrace.json slice=16 begin=12 end=12
clang-ftime-trace.json slice=472
uftrace-no-tid.json.gz begin=3485 end=3486
chrome116-devtools.json.gz slice=2456 async_begin=235 async_end=234 sample=1600
chrome70-worker.json.gz sample=3380
chrome65-timeline.json.gz begin=437 end=441 sample=4081
chrome141-no-arg-data.json sample=421
FACTS

for f in "$corpus"/*.json* "$corpus"/edge/*.json; do
	types=$("$profdata" info -q --json "$f" | grep -c '"type":"slices"')
	[ "$types" -gt 0 ] || continue
	"$profdata" convert -q -s time -t folded "$f" >"$tmp/want" || fail "convert $f"
	"$profdata" convert -q -t chrome "$f" -o "$tmp/again.json" || fail "write $f"
	"$profdata" convert -q -s time -t folded "$tmp/again.json" >"$tmp/got" || fail "read again $f"
	cmp -s "$tmp/want" "$tmp/got" || fail "another profile after writing: $f"
	"$profdata" convert -q -t perfetto "$f" -o "$tmp/p" || fail "perfetto $f"
done
[ $failed -eq 0 ] && echo "all facts hold"
exit $((failed > 0))
