#!/bin/bash
# outside.sh BUILD [SECONDS] [HZ] [BLOCKS]: one program whose threads know their own CPU time, recorded from outside, from inside and by perf record, in turn,
# BLOCKS times: samples, shares of the threads beside the truth of the same run, what the recorder cost. Then what a context switch costs when it is recorded.
# Medians, with the least and the most. 5 blocks of 30 s: 16 minutes.
set -u
build=$(realpath "$1") seconds=${2:-5} hz=${3:-499} blocks=${4:-5}
here=$(dirname "$(realpath "$0")")
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
target=$build/tests/agent/target
${CC:-cc} -O2 -o switches "$here/switches.c" || exit 2
# row NAME: seen.txt has "THREAD SAMPLES", truth.txt what the threads measured, time.txt user and system time of all
row() {
	awk -v name="$1" -v hz="$hz" -v cost="$(awk '{ print $1 + $2 }' time.txt)" '
		NR == FNR { if ($1 == "truth") { true_s[$2] = $3; all += $3 }; next }
		$1 in true_s { seen[$1] += $2; got += $2 }
		END { for (t in true_s) { off = 100 * (got ? seen[t] / got : 0) - 100 * true_s[t] / all; if (off < 0) off = -off; if (off > most) most = off }
			printf "%s\t%d\t%.4f\t%.2f\t%.2f\n", name, got, got / hz / all, most, 100 * (cost - all) / all }' truth.txt seen.txt >>rows.txt
}
TIMEFORMAT='%U %S'
run() { { time "$@" >/dev/null 2>truth.txt; } 2>time.txt; }
type=samples # the column that counts them
ours() {
	run "$build/profdata" record -q --no-symbols -F "$hz" -o x.pb.gz "${@:2}" -- "$target" duty "$seconds"
	"$build/profdata" filter -s "$type" -t dump x.pb.gz | awk '/^[0-9]+( [0-9]+)*\t/ { n = split($0, f, "\t"); split(f[1], v, " ")
		for (i = 2; i <= n; i++) if (f[i] ~ /^thread=/) seen[substr(f[i], 8)] += v[1] } END { for (t in seen) print t, seen[t] }' >seen.txt
	row "$1"
}
peer() {
	run perf record -q -B -N -F "$hz" -e cpu-clock "${@:2}" -o x.data -- "$target" duty "$seconds"
	perf script -i x.data -F comm,tid,ip 2>/dev/null | awk '/^[^ \t]/ { print $1, 1 }' >seen.txt
	row "$1"
}
# switch NAME COMMAND...: with the recorder in front of it
switch() { printf '%s\t%s\n' "$1" "$("${@:2}" ./switches 50000 2>/dev/null | tail -1 | tr ' ' '\t')" >>switches.txt; }
# table FILE COLUMNS: median (least to most) of each, rows in the order of their first appearance
table() {
	awk -F'\t' -v columns="$2" '{ if (!($1 in n)) order[++rows] = $1; n[$1]++; for (c = 2; c <= columns; c++) v[$1, c, n[$1]] = $c }
		END { for (r = 1; r <= rows; r++) { k = order[r]; line = "| " k " |"
			for (c = 2; c <= columns; c++) { m = n[k]; for (i = 1; i <= m; i++) x[i] = v[k, c, i] + 0
				for (i = 2; i <= m; i++) for (j = i; j > 1 && x[j] < x[j - 1]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
				line = line sprintf(" %s (%s to %s) |", x[int((m + 1) / 2)], x[1], x[m]) }
			print line } }' "$1"
}
for ((block = 0; block < blocks; block++)); do
	ours 'outside, copies of stacks' --outside
	ours 'outside, frame pointers' --outside --call-graph fp
	type=cpu_samples
	ours 'outside, wall time as well' --outside --cpu --wall
	type=samples
	ours 'inside' --cpu
	if command -v perf >/dev/null; then
		peer 'perf record -g' -g
		peer 'perf record --call-graph dwarf' --call-graph dwarf,16384
	fi
	switch 'alone'
	switch 'outside' "$build/profdata" record -q --no-symbols --outside -o x.pb.gz --
	switch 'outside, wall time, frame pointers' "$build/profdata" record -q --no-symbols --outside --wall --call-graph fp -o x.pb.gz --
	switch 'outside, wall time' "$build/profdata" record -q --no-symbols --outside --wall -o x.pb.gz --
	if command -v perf >/dev/null; then
		switch 'perf record -g, switches' perf record -q -B -N --switch-events -e cpu-clock -g -o x.data --
		switch 'perf record -g -e cs' perf record -q -B -N -e cs -c 1 -g -o x.data --
		switch 'perf trace -s' perf trace -s -o x.txt --
	fi
done
echo '| recorder | samples | sum, profile / truth | largest error of a share, points | its CPU time, % of the program'"'"'s |'
echo '|---|---|---|---|---|'
table rows.txt 5
echo
echo '| recorded | ns elapsed per switch | ns of CPU time of the program per switch |'
echo '|---|---|---|'
table switches.txt 3
