#!/bin/bash
# truth_cpu.sh BUILD [RUNS] [SECONDS] [MODE...]: a program whose functions have known shares of CPU time and of wall time (truth_cpu.c, by its own clocks),
# recorded with `--cpu -F 250` (MODE cpu), `--wall -F 100` (wall), `--cpu --wall -F 100` (both; with "rare" a thread of which little is to be seen) and, with
# "outside", `--outside --wall -F 100`: in how many of the runs (default 100, SECONDS = 0.4 of CPU time for each of three threads, 10 times that for "rare") the
# true share of a function lies in the 95 % interval that the profile's own number of samples gives (Wilson; samples of unequal weight count as (sum of
# weights)^2 / sum of squares). 93 of 100 are asked for, all rows of a table together; with few runs what chance may take is allowed. From outside
# sleeps are not sampled but known: there every share is to be within a point.
# Tables for docs/agent.md. On a busy machine threads wait for a CPU together with the sampler: give it priority.
set -u
[ $# -ge 1 ] || { sed -n '2,8s/^# //p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1") runs=${2:-100} seconds=${3:-0.4}
modes=("${@:4}")
[ ${#modes[@]} -gt 0 ] || modes=(cpu wall both)
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
${CC:-cc} -O1 -g -pthread -fno-optimize-sibling-calls -o truth_cpu "$here/truth_cpu.c" || exit 2

# one MODE OPTIONS RUN PROGRAM: lines "truth RUN FUNCTION NS" and "have RUN FUNCTION WEIGHT LOOKS"
one() {
	# shellcheck disable=SC2086 # options
	"$build/profdata" record -q $2 --timestamps -o x.pb.gz -- ./truth_cpu "$4" "$seconds" "$3" >truth 2>err || { echo "run $3: status $?: $(tail -n 1 err)" >&2; exit 1; }
	awk -v run="$3" -v column=$([ "$1" = cpu ] && echo 3 || echo 4) '{ print "truth", run, $2, $column }' truth
	"$build/profdata" convert -q -t dump x.pb.gz | awk -v run="$3" -v mode="$1" '
		/^value\t/ { value[++values] = $2; if ($2 == "samples" || $2 == mode "_samples") looks = values }
		/^[0-9]+ [0-9 ]+\t/ && match($0, /[\t;](share|nap|wait|hold|feed)_[a-z0-9]+/) {
			name = substr($0, RSTART + 1, RLENGTH - 1)
			split($0, f, "\t"); split(f[1], v, " ")
			for (i = 1; i <= values; i++) if (value[i] == mode) print "have", run, name, v[i], v[looks]
		}'
}

status=0
for table in "${modes[@]}"; do
	case $table in
	cpu) mode=cpu options='--cpu -F 250' ;;
	wall) mode=wall options='--wall -F 100' ;;
	both | rare) mode=wall options='--cpu --wall -F 100' ;;
	outside) mode=wall options='--outside --wall -F 100' ;;
	*) echo "no such table: $table" >&2; exit 2 ;;
	esac
	program=$mode
	[ "$table" != rare ] || program=rare
	for ((k = 1; k <= runs; k++)); do
		one $mode "$options" $k "$program"
	done | awk -v runs="$runs" -v mode=$mode -v options="$options" -v outside=$([ "$table" = outside ] && echo 1 || echo 0) '
		$1 == "truth" { truth[$2, $3] = $4; all_true[$2] += $4; pooled_true[$3] += $4; if (!($3 in known)) { known[$3]; order[++m] = $3 } }
		$1 == "have" { have[$2, $3] += $4; sum[$2] += $4; pooled[$3] += $4; looks[$2] += $5; squares[$2] += $4 * $4 }
		END {
			if (!m) exit 1
			for (k = 1; k <= runs; k++) {
				# one look at a sleeper can stand for many: they count as what they are, looks
				n[k] = mode == "cpu" ? (squares[k] ? sum[k] ^ 2 / squares[k] : 0) : looks[k]
				samples += n[k] / runs; total += sum[k]; total_true += all_true[k]
			}
			printf "\n| `%s`, %d runs | true share | mean of the runs | true share in the 95 %% interval |\n|---|---|---|---|\n", options, runs
			for (i = 1; i <= m; i++) {
				f = order[i]; inside = 0
				for (k = 1; k <= runs; k++) {
					p = truth[k, f] / all_true[k]
					d = (sum[k] ? have[k, f] / sum[k] : 0) - p
					inside += n[k] > 0 && d * d <= 1.96 ^ 2 * p * (1 - p) / n[k] # p in the Wilson interval of the estimate
				}
				p = pooled_true[f] / total_true
				bias = pooled[f] / total - p
				z = bias / sqrt(p * (1 - p) / (samples * runs))
				off = bias < 0 ? -bias : bias; most = off > most ? off : most
				if (outside) { printf "| %s | %.2f %% | %.2f %% | |\n", f, 100 * p, 100 * pooled[f] / total; continue }
				printf "| %s | %.2f %% | %.2f %% (z = %+.1f) | %d of %d |\n", f, 100 * p, 100 * pooled[f] / total, z, inside, runs
				all_inside += inside; worst = z * z > worst ? z * z : worst
			}
			if (outside) { printf "\nat most %.2f points off; time in the profile %+.2f %% of the true\n", 100 * most, 100 * (total / total_true - 1); exit most > 0.01 }
			share = all_inside / m / runs
			need = 0.93 - (runs < 100 ? 2 * sqrt(0.95 * 0.05 / (runs * m)) : 0)
			printf "\n%.0f independent samples per run; time in the profile %+.2f %% of the true; %.1f %% of all shares in their 95 %% intervals\n", samples, 100 * (total / total_true - 1), 100 * share
			exit share < need
		}' || { status=1; echo "$options: less than what is asked for" >&2; }
done
exit $status
