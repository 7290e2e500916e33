#!/bin/bash
# spans.sh BUILD: what spans, counters, labels and recorded calls cost a thread, ns of CPU time (median, least of 201 bursts of 5,000), as a table
# for docs/agent.md; 45 s. "lost" must be 0: what is lost costs less.
set -u
build=$(cd "$1" && pwd) source=$(cd "$(dirname "$0")/../.." && pwd)
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
cc -O2 -I "$source/libprofdata/include" "$source/bench/agent/spans.c" -o plain || exit 2
cc -O2 -finstrument-functions -finstrument-functions-exclude-function-list=cpu_ns,by_size,pda_ -I "$source/libprofdata/include" "$source/bench/agent/spans.c" -o calls || exit 2
# row NAME PROGRAM WHAT OPTIONS: alone, loaded without events, recorded
row() {
	rm -f x.pdrec
	alone=$(./"$2" "$3")
	loaded=$(PROFDATA_AGENT=cpu=99,out=$dir/y.pdrec LD_PRELOAD=$build/libprofdata-agent.so ./"$2" "$3")
	recorded=$(PROFDATA_AGENT=$4,out=$dir/x.pdrec LD_PRELOAD=$build/libprofdata-agent.so ./"$2" "$3")
	lost=$("$build/profdata" info x.pdrec | sed -n 's/.*record.events: .* \([0-9]*\) lost.*/\1/p')
	rm -f y.pdrec
	echo "| $1 | $alone | $loaded | $recorded | $lost |"
}
echo '| ns | without the sampler | loaded, no events asked for | recorded | lost |'
echo '|---|---|---|---|---|'
row 'span, begin and end' plain s trace=1
row 'counter' plain c trace=1
row 'label, set and unset' plain l cpu=99,trace=1
row 'call and return (-finstrument-functions)' calls f functions=1
row 'the same, shorter than min-duration' calls f functions=1,min_duration=1000000
