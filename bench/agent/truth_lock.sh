#!/bin/bash
# truth_lock.sh BUILD [RUNS] [SECONDS] [RATE]: a program whose threads know how long they waited, and for whom (truth_lock.c), recorded with
# `--lock --lock-rate RATE` (ns, default 10,000,000: waits are shorter, and recorded in proportion): in how many of the runs (default 100 of SECONDS = 3)
# the true share of a function lies in the 95 % interval that the profile's own records give. A record that stands for c waits of d ns in all has the
# variance d^2 (1 - 1/c) (intervals as Wilson has them). 93 of 100 are asked for, all rows of a table together; with few runs what chance may take is allowed. Functions
# with less than 1 % are not rows: they have too few records for an interval. Tables for docs/agent.md. It hardly needs a CPU, but when it does at once: on a busy
# machine give it priority.
set -u
[ $# -ge 1 ] || { sed -n '2,7s/^# //p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1") runs=${2:-100} seconds=${3:-3} rate=${4:-10000000}
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
${CC:-cc} -O1 -g -pthread -fno-optimize-sibling-calls -o truth_lock "$here/truth_lock.c" || exit 2

# lines "truth RUN TABLE FUNCTION NS WAITS", "have RUN TABLE FUNCTION DELAY COUNT"
one() {
	"$build/profdata" record -q --lock --lock-rate "$rate" --timestamps -o x.pb.gz -- ./truth_lock "$seconds" "$1" >truth 2>err || { echo "run $1: status $?: $(tail -n 1 err)" >&2; exit 1; }
	sed "s/^truth/& $1/" truth
	"$build/profdata" convert -q -t dump x.pb.gz | awk -v run="$1" '
		/^[0-9]+ [0-9]+ [0-9]+ [0-9]+\t/ && match($0, /[\t;](hold|want|at)_[a-z]+/) {
			name = substr($0, RSTART + 1, RLENGTH - 1)
			split($0, f, "\t"); split(f[1], v, " ")
			if (v[2]) print "have", run, "block", name, v[2], v[1]
			if (v[4]) print "have", run, "mutex", name, v[4], v[3]
		}'
}

for ((k = 1; k <= runs; k++)); do
	one $k
done | awk -v runs="$runs" -v rate="$rate" '
	$1 == "truth" { truth[$2, $3, $4] = $5; all_true[$2, $3] += $5; pooled_true[$3, $4] += $5; if (!(($3, $4) in known)) { known[$3, $4]; order[$3, ++m[$3]] = $4 } }
	$1 == "have" { have[$2, $3, $4] += $5; sum[$2, $3] += $5; records[$3]++; v = $6 > 1 ? $5 * $5 * (1 - 1 / $6) : 0; var[$2, $3, $4] += v; all_var[$2, $3] += v }
	function table(t,    i, k, f, p, u, others, rest, d, inside, rows, total, total_true, have_all, share, need) {
		total = total_true = all_inside = rows = 0
		for (k = 1; k <= runs; k++) { total += sum[k, t]; total_true += all_true[k, t] }
		if (!total_true) return 1
		printf "\n| %s, `--lock-rate %d`, %d runs | true share | mean of the runs | true share in the 95 %% interval |\n|---|---|---|---|\n", t, rate, runs
		for (i = 1; i <= m[t]; i++) {
			f = order[t, i]; inside = have_all = 0
			if (pooled_true[t, f] < 0.01 * total_true) continue
			for (k = 1; k <= runs; k++) {
				p = truth[k, t, f] / all_true[k, t]
				if (sum[k, t]) {
					# variance per nanosecond, of this function and of the others: p is in the interval if the estimate is what p would give (as Wilson has it)
					rest = sum[k, t] - have[k, t, f]
					u = have[k, t, f] ? var[k, t, f] / have[k, t, f] : all_var[k, t] / sum[k, t]
					others = rest ? (all_var[k, t] - var[k, t, f]) / rest : u
					d = have[k, t, f] / sum[k, t] - p
					inside += d * d <= 1.96 ^ 2 * p * (1 - p) * ((1 - p) * u + p * others) / sum[k, t]
				}
				have_all += have[k, t, f]
			}
			printf "| %s | %.2f %% | %.2f %% | %d of %d |\n", f, 100 * pooled_true[t, f] / total_true, 100 * have_all / total, inside, runs
			all_inside += inside; rows++
		}
		share = all_inside / rows / runs
		need = 0.93 - (runs < 100 ? 2 * sqrt(0.95 * 0.05 / (runs * rows)) : 0)
		printf "\n%.0f records per run; waiting in the profile %+.2f %% of the true; %.1f %% of all shares in their 95 %% intervals\n", records[t] / runs, 100 * (total / total_true - 1), 100 * share
		return share < need
	}
	END { bad = table("block"); bad += table("mutex"); exit bad > 0 }' || { echo "less than what is asked for" >&2; exit 1; }
