#!/bin/bash
# overhead.sh BUILD [BLOCKS] [ROUNDS]: what the sampler costs a program, by `profdata overhead run`. The library is loaded by hand,
# so that the start of `profdata record` and the conversion at the end, which are not inside of the program, do not count.
set -u
build=$1 blocks=${2:-30} rounds=${3:-250}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
work="$build/tests/agent/target work $rounds"
agent() { echo "rm -f $dir/$1.pdrec; PROFDATA_AGENT=$2,out=$dir/$1.pdrec LD_PRELOAD=$build/libprofdata-agent.so $work"; }
"$build/profdata" overhead run -n "$blocks" --warm-up 2 --metric 'CPU time' --metric time \
	base="true; $work" cpu100="$(agent a cpu=100)" cpu1000="$(agent b cpu=1000)" cpu100_wall100="$(agent c cpu=100,wall=100)"
