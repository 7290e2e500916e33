#!/bin/bash
# heap.sh BUILD [BLOCKS] [PAIRS]: what recording memory costs, beside other heap profilers on the same programs. First ns per pair of malloc() and
# free() (least of 7), then the whole program by `profdata overhead run` (BLOCKS, default 30). Peers that are not installed are skipped with a
# line: google-perftools (libtcmalloc.so.4), libjemalloc2, heaptrack.
set -u
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
build=$(realpath "$1") blocks=${2:-30} pairs=${3:-20000000}
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
heap=$build/tests/agent/heap
before=$build/libprofdata-agent-heap.so
library() { ldconfig -p | sed -n "s,.*lib$1 .*=> ,,p" | head -n 1; }
sampled() { echo "LD_PRELOAD=$build/libprofdata-agent.so:$before PROFDATA_AGENT=heap=$1,out=$dir/x.pdrec"; }
tcmalloc=$(library tcmalloc.so.4) jemalloc=$(library jemalloc.so.2)
[ -n "$tcmalloc" ] || echo 'skipped: gperftools (package google-perftools) is not installed' >&2
[ -n "$jemalloc" ] || echo 'skipped: jemalloc (package libjemalloc2) is not installed' >&2
command -v heaptrack >/dev/null || echo 'skipped: heaptrack is not installed' >&2
# with profiling compiled in? Debian's is without
if [ -n "$jemalloc" ] && ! MALLOC_CONF=prof:true,abort_conf:true LD_PRELOAD=$jemalloc true 2>/dev/null; then
	echo 'skipped: this jemalloc was built without its profiler' >&2
	jemalloc_prof=
else
	jemalloc_prof=$jemalloc
fi

# least COUNT SIZES THREADS [VARIABLE=VALUE...]: ns of CPU time per pair, the least of 7
least() {
	n=$1 sizes=$2 threads=$3
	shift 3
	for k in 1 2 3 4 5 6 7; do
		rm -f "$dir"/x.pdrec "$dir"/gp.*
		env "$@" "$heap" pairs "$n" "$sizes" "$threads" 2>&1 >/dev/null | sed -n 's/^ns //p'
	done | sort -n | head -n 1
}
row() { # NAME DIVISOR VARIABLE=VALUE...: one object in DIVISOR of the pairs
	name=$1 n=$((pairs / $2))
	shift 2
	echo "| $name | $(least $n small 1 "$@") | $(least $((n / 2)) mixed 1 "$@") | $(least $((n / 4)) mixed 2 "$@") |"
}
echo '| ns per malloc() and free() | 16 to 79 bytes | mixed, 619 bytes on average | mixed, 2 threads |'
echo '|---|---|---|---|'
row 'libc alone' 1 A=b
row 'passed through' 1 LD_PRELOAD="$before"
# shellcheck disable=SC2046 # two words
{
	row '`--heap`, 512 KiB' 1 $(sampled 524288)
	row '`--heap-period 64K`' 1 $(sampled 65536)
	row '`--heap-period 4K`' 4 $(sampled 4096)
	row '`--heap-period 1`' 20 $(sampled 1)
}
if [ -n "$tcmalloc" ]; then
	row 'gperftools: its allocator alone' 1 LD_PRELOAD="$tcmalloc"
	row 'gperftools: HEAPPROFILE, every object' 20 LD_PRELOAD="$tcmalloc" HEAPPROFILE="$dir/gp" HEAP_PROFILE_ALLOCATION_INTERVAL=0 HEAP_PROFILE_INUSE_INTERVAL=0
	row 'gperftools: TCMALLOC_SAMPLE_PARAMETER=524288' 1 LD_PRELOAD="$tcmalloc" TCMALLOC_SAMPLE_PARAMETER=524288
fi
[ -z "$jemalloc" ] || row 'jemalloc: its allocator alone' 1 LD_PRELOAD="$jemalloc"
[ -z "$jemalloc_prof" ] || row 'jemalloc: prof, 512 KiB' 1 LD_PRELOAD="$jemalloc_prof" MALLOC_CONF=prof:true,lg_prof_sample:19

# ---- a program that allocates all the time: sorts and prints between, as much of it as many programs have ----
echo
work="$heap work 400"
commands=(base="true; $work" sample512K="rm -f $dir/x.pdrec; $(sampled 524288) $work" sample64K="rm -f $dir/x.pdrec; $(sampled 65536) $work" every="rm -f $dir/x.pdrec; $(sampled 1) $work")
[ -z "$tcmalloc" ] || commands+=(tcmalloc="LD_PRELOAD=$tcmalloc $work" gperftools="LD_PRELOAD=$tcmalloc HEAPPROFILE=$dir/gp $work 2>/dev/null")
command -v heaptrack >/dev/null && commands+=(heaptrack="rm -f heaptrack.*; heaptrack -r $work")
"$build/profdata" overhead run -n "$blocks" --warm-up 1 --metric 'CPU time' --metric time "${commands[@]}"
