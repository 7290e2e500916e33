#!/bin/bash
# go_pprof.sh SOURCE BUILD: how often and how long goroutines waited is what `go tool trace -pprof` says, to the nanosecond, for
# traces recorded here: of what begins and ends within the trace, which is all that Go's tool counts. Skipped (77) without Go.
set -u
source=$1 build=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
command -v go >/dev/null || { echo "skipped: there is no Go here"; exit 77; }
cp -r "$source/tests/oracle/go_trace" "$tmp/src" || exit 1
(cd "$tmp/src" && go build -o "$tmp/work" ./work) 2>"$tmp/log" || { echo "skipped: cannot build what is traced: $(tail -n 1 "$tmp/log")"; exit 77; }

# A row: COUNT RUNNING RUNNABLE SYSCALL WAITING WALL, @BEGIN, labels, frames. A goroutine that is new has nothing but its entry
# function: Go's tool knows it only from when it runs.
rows='
	function of(kind) {
		if (kind == "net") return /\treason=network\t/
		if (kind == "sync") return /\tstate=waiting\t/ && /\treason=[^\t]*(chan|sync|select)/
		if (kind == "syscall") return /\tstate=syscall\t/
		return /\tstate=runnable\t/
	}
	/^[0-9]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+\t@/ {
		split($1, v, " ")
		t = substr($2, 2) + 0
		n++
		begin[n] = t; end[n] = t + v[6]; wall[n] = v[6]
		fits[n] = of(kind) && !(kind == "sched" && $NF !~ /[;#]/ && !/\treason=/)
		if (!first || t < first) first = t
		if (t + v[6] > last) last = t + v[6]
	}
	END {
		for (i = 1; i <= n; i++)
			if (fits[i] && begin[i] > first && end[i] < last && wall[i] > 0) { count++; sum += wall[i] }
		printf "%d %d\n", count, sum
	}'
failures=0 checks=0
for work in http chan net; do
	"$tmp/work" $work "$tmp/trace" 100ms || exit 1
	"$build/profdata" convert -q -t dump --opt times "$tmp/trace" -o "$tmp/dump" || exit 1
	for kind in net sync syscall sched; do
		go tool trace -pprof=$kind "$tmp/trace" >"$tmp/go.pb.gz" 2>"$tmp/log" || { echo "$work: go tool trace -pprof=$kind: $(tail -n 1 "$tmp/log")"; continue; }
		want=$("$build/profdata" info -q --json "$tmp/go.pb.gz" | grep -o '"total":[0-9]*' | cut -d: -f2 | xargs)
		got=$(awk -F '\t' -v kind=$kind "$rows" "$tmp/dump")
		checks=$((checks + 1))
		[ "${want:-0 0}" = "$got" ] || { failures=$((failures + 1)); echo "$work, $kind: Go ${want:-nothing}, profdata $got"; }
	done
done
echo "$checks sums compared, $failures differ"
[ $failures = 0 ]
