#!/bin/bash
# outside.sh BUILD [SECONDS] [HZ]: one program whose threads know their own CPU time, recorded from outside, from inside and by perf record:
# samples, shares of the threads beside the truth of the same run, CPU time of program and recorder together.
set -u
build=$1 seconds=${2:-5} hz=${3:-499}
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
target=$build/tests/agent/target
echo '| recorder | samples | sum, profile / truth | largest error of a share, points | user + system |'
echo '|---|---|---|---|---|'
# row NAME: seen.txt has "THREAD SAMPLES", truth.txt what the threads measured, time.txt what it took
row() {
	awk -v name="$1" -v hz="$hz" -v cost="$(awk '{ printf "%.2f s", $1 + $2 }' time.txt)" '
		NR == FNR { if ($1 == "truth") { true_s[$2] = $3; all += $3 }; next }
		$1 in true_s { seen[$1] += $2; got += $2 }
		END { for (t in true_s) { off = 100 * (got ? seen[t] / got : 0) - 100 * true_s[t] / all; if (off < 0) off = -off; if (off > most) most = off }
			printf "| %s | %d | %.4f | %.2f | %s |\n", name, got, got / hz / all, most, cost }' truth.txt seen.txt
}
TIMEFORMAT='%U %S'
run() { { time "$@" >/dev/null 2>truth.txt; } 2>time.txt; }
ours() {
	run "$build/profdata" record -q --no-symbols -F "$hz" -o x.pb.gz "${@:2}" -- "$target" duty "$seconds"
	"$build/profdata" filter -s samples -t dump x.pb.gz | awk '/^[0-9]+ [0-9]+\t|^[0-9]+\t/ { n = split($0, f, "\t"); split(f[1], v, " ")
		for (i = 2; i <= n; i++) if (f[i] ~ /^thread=/) seen[substr(f[i], 8)] += v[1] } END { for (t in seen) print t, seen[t] }' >seen.txt
	row "$1"
}
ours 'outside, copies of stacks' --outside
ours 'outside, frame pointers' --outside --call-graph fp
ours 'inside' --cpu
command -v perf >/dev/null || exit 0
run perf record -q -F "$hz" -e cpu-clock -g -o x.data -- "$target" duty "$seconds"
perf script -i x.data -F comm,tid,ip 2>/dev/null | awk '/^[^ \t]/ { print $1, 1 }' >seen.txt
row 'perf record -g'
