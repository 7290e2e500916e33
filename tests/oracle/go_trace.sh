#!/bin/bash
# go_trace.sh SOURCE BUILD: the events of Go traces, in order, with all their parts, are what Go's own parser
# (golang.org/x/exp/trace) says: for traces recorded here, one per kind of work, and for those of $PD_CORPUS.
# Skipped (77) without Go or without that module.
set -u
source=$1 build=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
command -v go >/dev/null || { echo "skipped: there is no Go here"; exit 77; }
cp -r "$source/tests/oracle/go_trace" "$tmp/src" || exit 1
(cd "$tmp/src" && go build -o "$tmp/oracle" . && go build -o "$tmp/work" ./work) 2>"$tmp/log" || { echo "skipped: cannot build the oracle: $(tail -n 1 "$tmp/log")"; exit 77; }

checks=0 failures=0
compare() { # FILE
	"$tmp/oracle" "$1" >"$tmp/want" 2>"$tmp/want.err" || { echo "$1: Go's parser refuses it: $(head -c 100 "$tmp/want.err")"; return; }
	"$build/tests/go_trace_list" "$1" >"$tmp/got" 2>"$tmp/got.err"
	checks=$((checks + 1))
	if ! cmp -s "$tmp/want" "$tmp/got" || [ -s "$tmp/got.err" ]; then
		failures=$((failures + 1))
		echo "$1: differs: $(cmp "$tmp/want" "$tmp/got" 2>&1) $(head -n 1 "$tmp/got.err")"
	fi
}
for kind in http chan gc sys net tasks many idle flight; do
	"$tmp/work" $kind "$tmp/$kind.trace" 300ms && compare "$tmp/$kind.trace"
done
for f in blocks busy generations go122 order; do
	compare "$source/tests/formats/go_trace/$f.in"
done
corpus=${PD_CORPUS:-$source/../shared/corpus}
for f in "$corpus"/go1.19/newer-go/go1.2[2-9]/*.trace; do
	[ -f "$f" ] && compare "$f"
done
echo "$checks traces compared, $failures differ"
[ $failures = 0 ]
