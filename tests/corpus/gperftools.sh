#!/bin/sh
# What libprofiler and libtcmalloc wrote: totals and the places it belongs to. usage: gperftools.sh PROFDATA CORPUS
set -u
profdata=$1 corpus=$2/gperftools
[ -d "$corpus" ] || { echo "skipped: no corpus of gperftools at $corpus"; exit 77; }
failed=0

expect() { # WHAT EXPECTED ACTUAL
	[ "$2" = "$3" ] || { echo "FAIL $1: $3, expected $2"; failed=1; }
}

totals() { "$profdata" info -q --json "$1" | tr '{' '\n' | sed -n 's/.*"type":"\([a-z]*\)".*"total":\([0-9]*\).*/\1 \2/p' | tr '\n' ' '; }

expect cpu 'samples 77 cpu 308000000 ' "$(totals "$corpus/loop.cpu.prof")"
expect heap 'objects 2004 space 113080 ' "$(totals "$corpus/loop.heap.0002.heap")"
expect 'bytes of the one place' '2000 112000' "$("$profdata" raw -q "$corpus/loop.heap.0002.heap" | awk '$1 == 2000 { print $1, $2 + 0 }')"
exit $failed
