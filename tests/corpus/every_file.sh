#!/bin/sh
# Every file of the corpus through info: it is read, or refused with one clear line; never anything else. What is read
# must also convert, draw and hash. usage: every_file.sh PROFDATA CORPUS
set -u
profdata=$1 corpus=$2
[ -d "$corpus" ] || { echo "skipped: no corpus at $corpus"; exit 77; }
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
failed=0 read=0 refused=0

fail() {
	failed=$((failed + 1))
	echo "FAIL $*"
	cat "$tmp/err"
}

find "$corpus" -type f -size -3000k >"$tmp/list"
while IFS= read -r f; do
	"$profdata" info -q "$f" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status -eq 2 ]; then
		refused=$((refused + 1))
		[ "$(wc -l <"$tmp/err")" -eq 1 ] && [ ! -s "$tmp/out" ] || fail "refused without exactly one line: $f"
		grep -q "^profdata info: .*: error: " "$tmp/err" || fail "form of the message: $f"
		continue
	fi
	read=$((read + 1))
	[ $status -eq 0 ] && [ ! -s "$tmp/err" ] || fail "info ends with $status: $f"
	if head -n 1 "$tmp/out" | grep -q ': metrics'; then # no samples: there is nothing to draw or add up
		"$profdata" convert -q -t dump -o "$tmp/a.dump" "$f" 2>"$tmp/err" && "$profdata" convert -q -t dump -o "$tmp/b.dump" "$tmp/a.dump" 2>"$tmp/err" || fail "dump: $f"
		cmp -s "$tmp/a.dump" "$tmp/b.dump" || fail "a dump of the dump differs: $f"
		"$profdata" diff -q "$f" "$f" >"$tmp/out" 2>"$tmp/err" || fail "diff with itself: $f"
		continue
	fi
	"$profdata" convert -q --compress none -t pprof -o "$tmp/a.pb" "$f" 2>"$tmp/err" || fail "convert: $f"
	"$profdata" convert -q --compress none -t pprof -o "$tmp/b.pb" "$tmp/a.pb" 2>"$tmp/err" || fail "convert again: $f"
	"$profdata" convert -q --compress none -t pprof -o "$tmp/c.pb" "$tmp/b.pb" 2>"$tmp/err" || fail "convert a third time: $f"
	cmp -s "$tmp/b.pb" "$tmp/c.pb" || fail "pprof to pprof is not the identity: $f"
	[ "$("$profdata" hash -q "$tmp/a.pb" | cut -c1-32)" = "$("$profdata" hash -q "$tmp/b.pb" | cut -c1-32)" ] || fail "digest differs: $f"
	"$profdata" convert -q -t dump -o "$tmp/a.dump" "$f" 2>"$tmp/err" || fail "dump: $f"
	"$profdata" convert -q -t dump -o "$tmp/b.dump" "$tmp/a.dump" 2>"$tmp/err" || fail "dump again: $f"
	cmp -s "$tmp/a.dump" "$tmp/b.dump" || fail "a dump of the dump differs: $f"
	"$profdata" flamegraph -q -o "$tmp/a.svg" "$f" 2>"$tmp/err" || grep -q "nothing to draw\|no samples\|adds up to" "$tmp/err" || fail "flamegraph: $f"
	"$profdata" top -q "$f" >"$tmp/out" 2>"$tmp/err" || fail "top: $f"
done <"$tmp/list"
echo "$read read, $refused refused, $failed failed"
[ $failed -eq 0 ] && [ $read -gt 0 ]
