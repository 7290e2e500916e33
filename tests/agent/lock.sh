#!/bin/bash
# lock.sh PROFDATA FOLDER CASE: what locks answer is what they answer without the sampler, and waiting is in the profile where it happened.
set -u
profdata=$1 folder=$2 case=$3 source=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$case: $*"; failed=1; }
record() { timeout 120 "$profdata" record -q "$@"; }
# sum TYPE FILE REGULAR-EXPRESSION: of the stacks that match
sum() { "$profdata" convert -q -t folded -s "$1" "$2" | awk -v re="$3" '$0 ~ re { s += $NF } END { printf "%.0f\n", s }'; }

case $case in
semantics)
	timeout 60 "$folder/lock_target" semantics >alone || { echo "alone: $?"; exit 2; }
	for how in '--lock-rate 1' '' '--heap --lock-rate 1'; do
		# shellcheck disable=SC2086 # options
		record --lock $how -o x.pb.gz -- "$folder/lock_target" semantics >have
		status=$?
		[ $status -eq 0 ] || fail "--lock $how: status $status"
		cmp -s alone have || fail "--lock $how: $(diff alone have | head -n 6)"
	done
	;;
stress)
	record -F 1000 --lock --lock-rate 1 --cpu --wall --heap -o x.pb.gz -- "$folder/lock_target" stress 64 1 >have 2>err || fail "status $?: $(tail -n 3 err)"
	[ "$(cat have)" = 'sum 0, table 0, wrong 0, queue 0' ] || fail "$(cat have)"
	[ "$(sum block_delay x.pb.gz worker)" -gt 0 ] || fail 'nobody waited'
	;;
truth) # two threads hold a mutex for 30 ms and 10 ms while a third wants it; waits and blame by the program's own clock
	record --lock -o x.pb.gz -- "$folder/lock_truth" 15 >truth || fail "status $?"
	while read -r type pattern ns; do
		have=$(sum "$type" x.pb.gz "$pattern")
		awk -v a="$have" -v b="$ns" 'BEGIN { exit !(a > 0.95 * b - 2e6 && a < 1.05 * b + 2e6) }' || fail "$type of $pattern: $have ns, the program says $ns"
	done <truth
	;;
cxx) # C++: the kinds, the names as they are written, and the times by the program's own clock
	command -v g++ >/dev/null || { echo 'skipped: g++ is not installed'; exit 77; }
	g++ -std=c++17 -O1 -g -fno-optimize-sibling-calls -Wall -Wextra -pthread -o lock_cxx "$source/lock_cxx.cpp" || exit 2
	record --lock --lock-rate 1 -o x.pb.gz -- ./lock_cxx >truth || fail "status $?"
	[ "$(wc -l <truth)" -eq 10 ] || fail "$(cat truth)"
	while read -r type kind pattern ns; do
		"$profdata" filter -q --tagfocus "kind=^$kind\$" -o kind.pb.gz x.pb.gz
		have=$(sum "$type" kind.pb.gz "$pattern")
		awk -v a="$have" -v b="$ns" 'BEGIN { exit !(b > 1e8 && a > 0.95 * b - 2e6 && a < 1.05 * b + 2e6) }' || fail "$type of $pattern ($kind): $have ns, the program says $ns"
	done <truth
	;;
esac
exit $failed
