#!/bin/bash
# rates.sh BUILD [SECONDS]: samples delivered per second of CPU time, by engine, rate and number of busy threads, as a table for docs/agent.md.
# "signals" is what arrived, "weight" what the profile says: signals and overruns.
set -u
build=$1 seconds=${2:-2}
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
target=$build/tests/agent/target
fact() { "$build/profdata" info x.pdrec | sed -n "s/.*record\.$1: \([0-9.]*\).*/\1/p"; }
echo '| engine | Hz asked | 1 thread: signals, weight | 2 threads | 4 threads | 16 threads |'
echo '|---|---|---|---|---|---|'
for engine in timer itimer; do
	for hz in 100 250 1000; do
		row="| $([ $engine = timer ] && echo timer_create || echo setitimer) | $hz |"
		for threads in 1 2 4 16; do
			each=$(awk -v s="$seconds" -v n="$threads" 'BEGIN { print (n > 2 ? 2 * s / n : s) }')
			"$build/profdata" record -q -F "$hz" --engine "$engine" -o x.pdrec -- "$target" spin "$threads" "$each" >/dev/null 2>&1
			row="$row $(printf '%.0f, %.0f' "$(fact signals)" "$(fact rate_delivered)") |"
		done
		echo "$row"
	done
done
