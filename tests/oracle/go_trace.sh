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
# Of traces before Go 1.22 Go's parser invents processors for the network poller and the like, says that a task without
# parent has parent 0 at its end, and lists the goroutines of the snapshot in the order of a map.
norm() { # FILE
	case $(head -c 8 "$1") in
	"go 1.1"[1-9]*|"go 1.21 "*|"go 1.20 "*)
		sed 's/P=100000[1-5] /P=-1 /; /TaskEnd/s/Parent=0 /Parent=18446744073709551615 /; /^M=-1 P=-1 G=-1 .*Undetermined->Runnable/s/GoID=[0-9]*/GoID=?/' ;;
	*) cat ;;
	esac
}
compare() { # FILE
	"$tmp/oracle" "$1" 2>"$tmp/want.err" | norm "$1" >"$tmp/want"; [ "${PIPESTATUS[0]}" = 0 ] || { echo "$1: Go's parser refuses it: $(head -c 100 "$tmp/want.err")"; return; }
	"$build/tests/go_trace_list" "$1" 2>"$tmp/got.err" | norm "$1" >"$tmp/got"
	checks=$((checks + 1))
	if ! cmp -s "$tmp/want" "$tmp/got" || [ -s "$tmp/got.err" ]; then
		failures=$((failures + 1))
		echo "$1: differs: $(cmp "$tmp/want" "$tmp/got" 2>&1) $(head -n 1 "$tmp/got.err")"
	fi
}
for kind in http chan gc sys net tasks many idle flight; do
	"$tmp/work" $kind "$tmp/$kind.trace" 300ms && compare "$tmp/$kind.trace"
done
for f in blocks busy generations go122 order go119 go121; do
	compare "$source/tests/formats/go_trace/$f.in"
done
corpus=${PD_CORPUS:-$source/../shared/corpus}
for f in "$corpus"/go1.19/trace.out "$corpus"/go1.19/newer-go/*/*.trace; do
	[ -f "$f" ] && compare "$f"
done
echo "$checks traces compared, $failures differ"
[ $failures = 0 ]
