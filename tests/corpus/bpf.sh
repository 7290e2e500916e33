#!/bin/sh
# Real output of bpftrace and bcc: sums of maps as counted by other means, and of the folded form of the same tool.
# usage: bpf.sh PROFDATA CORPUS
set -u
profdata=$1 corpus=$2/perf
[ -d "$corpus/bpf" ] || { echo "skipped: no corpus at $corpus"; exit 77; }
failed=0

fail() {
	failed=$((failed + 1))
	echo "FAIL $*"
}

# sum FILE TYPE [OPTION...]
sum() {
	file=$1 type=$2
	shift 2
	"$profdata" info -q --json "$@" "$file" | tr -d '\n' | grep -o "{\"type\":\"$type\",[^}]*" | sed 's/.*"total"://;s/[,}].*//'
}

tail -n +2 "$corpus/expected/bpftrace-totals.tsv" | while read -r file map entries want; do
	type=${map#@}
	got=$(sum "$corpus/bpf/$file" "${type:-samples}")
	[ "$got" = "$want" ] || echo "$file $map: $got, not $want"
done | grep . && fail "sums of maps"

for f in bcc-offcputime.txt libbpf-offcputime.txt bcc-profile.txt; do
	want=$(awk '/^        [0-9]+$/ { s += $1 } END { print s }' "$corpus/bpf/$f")
	type=off_cpu
	[ $f = bcc-profile.txt ] && type=samples
	got=$(sum "$corpus/bpf/$f" $type)
	[ "$got" = "$want" ] || fail "$f: $got, not $want"
done
want=$(awk '{ s += $NF } END { print s }' "$corpus/bpf/bcc-offcputime.folded")
got=$(sum "$corpus/bpf/bcc-offcputime.folded" time --opt unit=us)
[ "$got" = "$want" ] || fail "bcc-offcputime.folded: $got, not $want"

# records of the scheduler, by thread and kind, as perf's own report counts them
records=$corpus/text/switch-events.all-records.txt.gz
want=$(gzip -dc "$records" | grep -c PERF_RECORD_SWITCH)
got=$(sum "$records" switches --opt sched)
[ "$got" = "$want" ] || fail "records of switches: $got, not $want"
[ $failed -eq 0 ] && echo "all sums hold"
exit $((failed > 0))
