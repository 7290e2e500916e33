#!/bin/bash
# overhead.sh BUILD [-n PERCENT] [-p PATTERN] [-k DIR]: what recording costs a program, beside other profilers on the same programs, by
# `profdata overhead run --interleave`: short runs of all variants that take turns on one processor (on all of them where threads are to meet). Prints the
# table of docs/agent.md, rows as soon as they are known. 15 minutes on an idle machine.
#   -n PERCENT  of the blocks (default 100)
#   -p PATTERN  only programs whose name matches: sort, python3, trees, perl, share, asleep
#   -k DIR      rows of runs are kept in DIR, and an experiment that is there already goes on where it ended
# The library is loaded by hand, so that the start of `profdata record` and the conversion at the end, which are not inside of the program, do not
# count. "work" is what a program measured around its work, the sampler's thread included; "process" all of it, beginning and end of the recording included.
# Peers that are not installed are left out with a line: google-perftools, heaptrack, perf, and jemalloc with its profiler (JEMALLOC=libjemalloc.so.2).
set -u
[ $# -ge 1 ] || { sed -n '2,11s/^# //p' "$0"; exit 2; }
build=$(realpath "$1") percent=100 pattern=. keep=
shift
while getopts n:p:k: option; do
	case $option in
	n) percent=$OPTARG ;;
	p) pattern=$OPTARG ;;
	k) keep=$(realpath "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
raw=${keep:-$dir}
mkdir -p "$raw"
cd "$dir" || exit 2
export LC_ALL=C PYTHONHASHSEED=0 PERL_HASH_SEED=0
turns="--interleave 50"
one="$turns --pin $(($(nproc) - 1))" # the first processor has most interrupts
cc -O2 -o load "$here/overhead.c" -pthread || exit 2

# ---- recorders: words before the command ----

agent=$build/libprofdata-agent.so
ours() { echo "PROFDATA_AGENT=$1,out=$dir/\$\$.pdrec LD_PRELOAD=$agent$2"; }
library() { ldconfig -p | sed -n "s,.*/\(.*\),/\1,; s,.*=> ,,p" | grep -m 1 "/$1\$"; }
missing() { echo "left out: $1" >&2; }
profiler=$(ldconfig -p | sed -n 's,.*libprofiler.so.0 .*=> ,,p' | head -n 1)
tcmalloc=$(ldconfig -p | sed -n 's,.*libtcmalloc.so.4 .*=> ,,p' | head -n 1)
[ -n "$profiler$tcmalloc" ] || missing 'gperftools (package google-perftools)'
heaptrack=$(ls /usr/lib/heaptrack/libheaptrack_preload.so /usr/lib/*/heaptrack/libheaptrack_preload.so 2>/dev/null | head -n 1)
[ -n "$heaptrack" ] || missing heaptrack
perf=$(command -v perf) && perf record -q -F 100 -o p.data true 2>/dev/null || { perf=; missing perf; }
jemalloc=${JEMALLOC:-$(ldconfig -p | sed -n 's,.*libjemalloc.so.2 .*=> ,,p' | head -n 1)}
if [ -n "$jemalloc" ] && ! MALLOC_CONF=prof:true,abort_conf:true LD_PRELOAD=$jemalloc true 2>/dev/null; then
	missing 'jemalloc: built without its profiler'
	jemalloc=
fi

# ---- the table ----

# row PROGRAM CSV VARIANT LABEL BAR: what CSV (of overhead compare) says about a variant; the bar is for the work where that is known
row() {
	awk -F , -v program="$1" -v variant="$3" -v label="$4" -v bar="$5" '
	$2 == variant && $12 != "" {
		gsub(/"/, "", $3)
		lo[$3] = 100 * ($13 - 1)
		hi[$3] = 100 * ($14 - 1)
		at[$3] = sprintf("%+.2f %% (%+.2f .. %+.2f)", 100 * ($12 - 1), lo[$3], hi[$3])
	}
	END {
		of = "work CPU" in at ? "work CPU" : "CPU time"
		verdict = bar == "" ? "" : hi[of] < bar ? "under " bar " %" : lo[of] > bar ? "**above " bar " %**" : "open (" bar " %)"
		printf "| %s | %s | %s | %s | %s |\n", program, label, "work CPU" in at ? at["work CPU"] : "-", at["CPU time"], verdict
	}' "$2"
}

# The same where next to nothing is used alone: milliseconds instead of a ratio.
row_ms() {
	awk -F , -v program="$1" -v variant="$3" -v label="$4" '
	$2 == variant { gsub(/"/, "", $3); base[$3] = 1000 * $10; at[$3] = 1000 * $11 }
	END {
		printf "| %s | %s | %.2f ms, alone %.2f | %.2f ms, alone %.2f | |\n", program, label, at["work CPU"], base["work CPU"], at["CPU time"], base["CPU time"]
	}' "$2"
}

# Of one program: add VARIANT LABEL BASE BAR WORDS..., then measure PROGRAM BLOCKS OPTIONS COMMAND FILE [ROW]. BASE: the variant it is compared with; BAR: in per cent, or nothing.
reset() { names=() labels=() bases=() bars=() words=(); }
add() {
	names+=("$1") labels+=("$2") bases+=("$3") bars+=("$4")
	shift 4
	words+=("$*")
}
measure() {
	local program=$1 blocks=$2 how_run=$3 command=$4 file=$5 how=${6:-row} commands=() i base
	echo "${program%%[ ,]*}" | grep -Eq -- "$pattern" || return
	blocks=$((blocks * percent / 100 > 6 ? blocks * percent / 100 : 6))
	for i in "${!names[@]}"; do commands+=("${names[i]}=${words[i]} $command"); done
	# shellcheck disable=SC2086 # options
	"$build/profdata" overhead run -q -n "$blocks" --warm-up 2 $how_run --raw "$raw/$file.csv" --csv "${commands[@]}" >/dev/null || { echo "| $program | failed | | | |"; return; }
	for base in $(printf '%s\n' "${bases[@]}" | sort -u); do
		"$build/profdata" overhead compare --csv --baseline "$base" --control base2 "$raw/$file.csv" >"$dir/$base.of"
	done
	$how "$program" base.of base2 'alone once more (control)' ''
	for i in "${!names[@]}"; do
		[ "${names[i]}" = "${bases[i]}" ] || $how "$program" "${bases[i]}.of" "${names[i]}" "${labels[i]}" "${bars[i]}"
	done
	rm -f "$dir"/*.pdrec "$dir"/gp* "$dir"/ht* "$dir"/p.data* "$dir"/je*
}

# What every sampler with a thread of its own costs: libc takes locks from the second thread on.
cat >thread.c <<'END'
#include <pthread.h>
#include <unistd.h>
static void *sleeper(void *arg) { for (;;) pause(); return arg; }
__attribute__((constructor)) static void begin(void) { pthread_t t; if (pthread_create(&t, NULL, sleeper, NULL) == 0) pthread_detach(t); }
END
cc -O2 -shared -fPIC -o thread.so thread.c -pthread || exit 2

cpu_recorders() { # with or without gperftools: python3 dies of its signals now and then
	reset
	add base alone base '' A=b
	add thread 'a thread that sleeps, nothing else' base '' "LD_PRELOAD=$dir/thread.so"
	add cpu '`--cpu`, 100 Hz' base 0.5 "$(ours cpu=100 '')"
	add cpu_wall '`--cpu --wall`, 100 Hz' base 1 "$(ours cpu=100,wall=100 '')"
	[ -z "$profiler" ] || [ "$1" = without ] || add gperftools 'gperftools, 100 Hz' base '' "CPUPROFILE=$dir/gp.\$\$ CPUPROFILE_FREQUENCY=100 LD_PRELOAD=$profiler"
	[ -z "$perf" ] || add perf '`perf record -g -F 100`' base '' "$perf record -q -g -F 100 -o $dir/p.data"
}
heap_recorders() {
	reset
	add base alone base '' A=b
	add thread 'a thread that sleeps, nothing else' base '' "LD_PRELOAD=$dir/thread.so"
	add hooks 'hooks loaded, nothing recorded' base '' "LD_PRELOAD=$build/libprofdata-agent-heap.so"
	add heap '`--heap`, 512 KiB' base 2 "$(ours heap=524288 ":$build/libprofdata-agent-heap.so")"
	[ -z "$tcmalloc" ] || add tcmalloc 'its allocator' tcmalloc '' "LD_PRELOAD=$tcmalloc"
	[ -z "$tcmalloc" ] || add tcmalloc_sample 'gperftools, samples of 512 KiB (against its allocator)' tcmalloc '' "TCMALLOC_SAMPLE_PARAMETER=524288 LD_PRELOAD=$tcmalloc"
	[ -z "$jemalloc" ] || add jemalloc 'its allocator' jemalloc '' "LD_PRELOAD=$jemalloc"
	[ -z "$jemalloc" ] || add jemalloc_prof 'jemalloc, `prof`, 512 KiB (against its allocator)' jemalloc '' "MALLOC_CONF=prof:true,lg_prof_sample:19,prof_prefix:$dir/je LD_PRELOAD=$jemalloc"
}
# those that record every object cost so much that a few runs will do
every_object() {
	reset
	add base alone base '' A=b
	[ -z "$heaptrack" ] || add heaptrack 'heaptrack, every object' base '' "DUMP_HEAPTRACK_OUTPUT=$dir/ht.\$\$ LD_PRELOAD=$heaptrack"
	[ -z "$tcmalloc" ] || add gperftools_heap 'gperftools, `HEAPPROFILE`, every object' base '' "HEAPPROFILE=$dir/gp.\$\$ LD_PRELOAD=$tcmalloc"
	add heap_all '`--heap-period 1`, every object' base '' "$(ours heap=1 ":$build/libprofdata-agent-heap.so")"
}

python='import json, re
for i in range(330):
    t = json.dumps([{"a": k, "b": str(k)} for k in range(300)])
    x = sum(len(w) for w in re.findall("[a-z]+|[0-9]+", t)) + sum(d["a"] for d in json.loads(t))'
perl='for $r (1 .. $ARGV[0]) { my %h; $h{$_ % 3000 . "x"} .= "word $_ " for 1 .. 20000; $s += length join ",", map { uc } sort keys %h } print $s'
printf '%s\n' "$python" >load.py
printf '%s\n' "$perl" >load.pl
python=$(python3 -c 'import sys; print(sys.executable)') # the interpreter, not a script that looks for one

echo "$(date -I), $(nproc) CPUs ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)), load at the beginning $(cut -d ' ' -f 1 /proc/loadavg)."
echo
echo '| program | recorder | CPU time of the work, 95 % interval | of the process | bar |'
echo '|---|---|---|---|---|'
cpu_recorders with
measure 'sort (1 thread, computes)' 100 "$one" "$dir/load sort 400" sort
cpu_recorders without
measure 'python3 (json, regular expressions)' 60 "$one" "$python -S $dir/load.py" python3
heap_recorders
measure 'trees (allocates all the time)' 100 "$one" "$dir/load trees 250" trees
measure 'perl (hashes and strings)' 100 "$one" "perl $dir/load.pl 28" perl
every_object
measure 'trees, every object' 10 "$one" "$dir/load trees 25" trees_every
measure 'perl, every object' 10 "$one" "perl $dir/load.pl 2" perl_every
reset
add base alone base '' A=b
add lock '`--lock`, 10 µs' base 2 "$(ours lock=10000 ":$build/libprofdata-agent-lock.so")"
measure 'share (2 threads, one mutex)' 100 "$turns" "$dir/load share 6000" share
reset
add base alone base '' A=b
add cpu '`--cpu`, 100 Hz' base '' "$(ours cpu=100 '')"
add cpu_wall '`--cpu --wall`, 100 Hz' base '' "$(ours cpu=100,wall=100 '')"
for threads in 16 256; do
	measure "asleep ($threads threads, 2 s)" 8 '' "$dir/load asleep 2 $threads" asleep$threads row_ms
done
