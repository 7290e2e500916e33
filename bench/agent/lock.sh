#!/bin/bash
# lock.sh BUILD [BLOCKS] [ROUNDS]: what --lock costs. First ns of a mutex locked and unlocked that nobody else wants (CPU time, least of 9 × 3 runs); then
# threads that share two mutexes, by `profdata overhead run`; the libraries are loaded by hand, as in overhead.sh.
set -u
build=$1 blocks=${2:-30} rounds=${3:-200000}
export LC_ALL=C
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
target=$build/tests/agent/lock_target
gate=$build/libprofdata-agent-lock.so
both=$build/libprofdata-agent.so:$gate
least() { for _ in 1 2 3; do "$@"; rm -f u.pdrec; done | sort -n | head -n 1; }
alone=$(least "$target" alone)
idle=$(least env LD_PRELOAD="$gate" "$target" alone)
on=$(least env LD_PRELOAD="$both" PROFDATA_AGENT="lock=10000,out=$dir/u.pdrec" "$target" alone)
echo '| lock and unlock, nobody waits | ns |'
echo '|---|---|'
echo "| alone | $alone |"
echo "| hooks loaded, nothing recorded | $idle |"
echo "| \`--lock\` | $on |"
agent() { echo "rm -f $dir/$1.pdrec; LD_PRELOAD=$both PROFDATA_AGENT=$2,out=$dir/$1.pdrec $target contended"; }
for threads in 4 32; do
	work=$((rounds * 4 / threads))
	echo
	echo "$threads threads, two mutexes, $work rounds each"
	"$build/profdata" overhead run -n "$blocks" --warm-up 2 --metric 'CPU time' --metric time \
		base="true; $target contended $threads $work" lock="$(agent a lock=10000) $threads $work" lock_all="$(agent b lock=1) $threads $work"
done
