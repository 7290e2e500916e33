#!/bin/bash
# flame_svg.sh [FOLDED...]: folded stacks through the flame graphs of other tools and back give the same stacks.
#
# Exit status 1 when anything differs, 77 (skipped) when neither tool is here.
#
#   PROFDATA          the command under test (default: build/profdata beside this tree)
#   FLAMEGRAPH_DIR    folder of flamegraph.pl, PEERS that of inferno-flamegraph; both are looked for in PATH too
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
PROFDATA=${PROFDATA:-$here/build/profdata}
PATH=$PATH${FLAMEGRAPH_DIR:+:$FLAMEGRAPH_DIR}${PEERS:+:$PEERS}
[ -x "$PROFDATA" ] || { echo "skipped: $PROFDATA is not built" >&2; exit 77; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
runs=0 failed=0

# Suffixes like _[k] are not in the pictures, so they are taken off first.
if [ $# -eq 0 ]; then
	zcat "$here/testdata/perf/shop.perf.gz" | "$PROFDATA" convert -q -t folded - -o perf.folded || exit 1
	"$PROFDATA" convert -q -t folded "$here/testdata/go/cpu.pb.gz" -o go.folded || exit 1
	"$PROFDATA" convert -q -t folded "$here/testdata/go/heap.pb.gz" -o heap.folded || exit 1
	printf 'main;foo 60\nmain;foo.cold;x 20\nmain;foo;bar 20\n"q" & <b>;(x) [y] 7\n-;-- 1\n' >odd.folded
	set -- perf.folded go.folded heap.folded odd.folded
fi

# check NAME FOLDED READ-OPTIONS COMMAND...: COMMAND draws FOLDED
check() {
	local name=$1 folded=$2 options=$3

	shift 3
	command -v "$1" >/dev/null || return
	runs=$((runs + 1))
	"$@" "$folded" >picture.svg 2>/dev/null
	# shellcheck disable=SC2086 # a list
	"$PROFDATA" convert -q -t folded $options picture.svg -o back.folded 2>errors || cat errors
	"$PROFDATA" convert -q --from folded -t folded "$folded" -o want.folded
	if ! cmp -s want.folded back.folded; then
		echo "DIFFERS: $name of $folded"
		diff want.folded back.folded | head -n 6 | cut -c 1-160
		failed=$((failed + 1))
	fi
}

reversed='--from svg --opt reverse'
for folded; do
	check 'flamegraph.pl' "$folded" '' flamegraph.pl --minwidth 0
	check 'flamegraph.pl --inverted' "$folded" '' flamegraph.pl --minwidth 0 --inverted
	check 'flamegraph.pl --flamechart' "$folded" '' flamegraph.pl --minwidth 0 --flamechart
	check 'flamegraph.pl --width' "$folded" '' flamegraph.pl --minwidth 0 --width 4000
	check 'flamegraph.pl --reverse' "$folded" "$reversed" flamegraph.pl --minwidth 0 --reverse
	check 'flamegraph.pl --negate --hash --colors java' "$folded" '' flamegraph.pl --minwidth 0 --negate --hash --colors java
	check 'inferno-flamegraph' "$folded" '' inferno-flamegraph --minwidth 0
	check 'inferno-flamegraph -i' "$folded" '' inferno-flamegraph --minwidth 0 -i
	check 'inferno-flamegraph --flamechart' "$folded" '' inferno-flamegraph --minwidth 0 --flamechart
	check 'inferno-flamegraph --width --pretty-xml' "$folded" '' inferno-flamegraph --minwidth 0 --width 700 --pretty-xml
	check 'inferno-flamegraph --reverse' "$folded" "$reversed" inferno-flamegraph --minwidth 0 --reverse
done
[ $runs -gt 0 ] || { echo "skipped: no flamegraph.pl (FLAMEGRAPH_DIR) and no inferno-flamegraph (PEERS)" >&2; exit 77; }
echo "$runs pictures, $failed differ"
[ $failed -eq 0 ]
