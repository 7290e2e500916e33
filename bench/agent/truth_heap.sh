#!/bin/bash
# truth_heap.sh BUILD [RUNS] [PERIOD] [SCALE]: a program whose functions allocate known numbers of bytes, from 16 bytes to 4 MiB at a time, some of it
# kept: how often the share of each function lies in its 95 % interval (93 of 100 runs are asked for), and how far the sums are off.
# With the defaults (one sample per 512 bytes of 260 MB) a run has about 105,000 sampled objects. By chance alone one row in eight has less than 93.
set -u
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
build=$(realpath "$1") runs=${2:-100} period=${3:-512} scale=${4:-10}
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
for ((k = 0; k < runs; k++)); do
	"$build/profdata" record -q --heap --heap-period "$period" -o x.pb.gz -- "$build/tests/agent/heap" shares "$scale" >/dev/null 2>truth || { echo "run $k: status $?: $(tail -n 1 truth)" >&2; exit 1; }
	for type in alloc_space inuse_space; do
		"$build/profdata" convert -t folded --sample_type $type x.pb.gz 2>/dev/null | awk -v run=$k -v type=$type '{ n = $NF; sub(/ [-0-9]*$/, ""); c = split($0, f, ";")
			if (f[c] ~ /^share_/) print "have", run, type, f[c], n }'
	done
	"$build/profdata" info x.pb.gz | sed -n "s/.*record.heap_sampled: \([0-9]*\) allocated.*/sampled $k \1/p"
	sed -n "s/^truth/truth $k/p" truth
done | awk -v period="$period" -v runs="$runs" '
	$1 == "have" { have[$2, $3, $4] += $5 }
	$1 == "sampled" { sampled += $3 }
	$1 == "truth" { name[$3] = $5 / $4; bytes["alloc_space", $3] = $5; bytes["inuse_space", $3] = $7 }
	function variance(b, size) { return b * size * (1 / (1 - exp(-size / period)) - 1) }
	END {
		for (t = 1; t <= 2; t++) {
			type = t == 1 ? "alloc_space" : "inuse_space"
			all = all_var = 0
			for (f in name) { all += bytes[type, f]; all_var += variance(bytes[type, f], name[f]) }
			printf "\n| %s, %d runs | true bytes | mean of the runs | share in its 95 %% interval |\n|---|---|---|---|\n", type, runs
			m = 0
			for (f in name) order[++m] = f
			for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (name[order[j]] < name[order[i]]) { x = order[i]; order[i] = order[j]; order[j] = x }
			for (i = 1; i <= m; i++) {
				f = order[i]; b = bytes[type, f]; inside = mean = 0
				if (!b) continue
				for (k = 0; k < runs; k++) {
					sum = 0
					for (g in name) sum += have[k, type, g]
					pi = b / all; v = variance(b, name[f])
					sd = sqrt((1 - pi) ^ 2 * v + pi ^ 2 * (all_var - v)) / all # of a share: by its own error and that of the others
					d = have[k, type, f] / sum - pi
					inside += d <= 1.96 * sd + 1e-9 && d >= -1.96 * sd - 1e-9
					mean += have[k, type, f] / runs
				}
				printf "| %d bytes at a time | %.0f | %.0f (%+.2f %%) | %d of %d |\n", name[f], b, mean, 100 * (mean - b) / b, inside, runs
				bad += inside < 0.88 * runs; below += inside < 0.93 * runs; pooled += inside; rows++
			}
			worst = 0
			for (k = 0; k < runs; k++) {
				sum = 0
				for (g in name) sum += have[k, type, g]
				off = 100 * (sum - all) / all; off = off < 0 ? -off : off
				worst = off > worst ? off : worst
				near += off <= 2
			}
			printf "| together | %.0f | at most %.2f %% off | |\n", all, worst
			bad += worst > 2
		}
		printf "\n%.0f objects sampled per run; %s\n", sampled / runs, below ? below " of " rows " rows below 93 %" : "no row below 93 %"
		printf "%.1f %% of all shares in their 95 %% intervals\n", 100 * pooled / rows / runs
		exit bad > 0 || pooled < 0.93 * rows * runs
	}'
