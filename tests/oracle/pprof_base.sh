#!/bin/bash
# pprof_base.sh SOURCE BUILD [BASE PROFILE]...: differences that top, tree, peek, traces and raw show with --base, --diff-base and
# --normalize are google pprof's, line by line, but for what is meant to differ: percentages have their sign (pprof drops it), and
# the durations of both sides are not added up. $PD_PPROF is pprof, else `pprof`, else that of Go. Skipped (77) without any.
set -u
source=$1 build=$2
shift 2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export PPROF_TMPDIR=$tmp
if [ -n "${PD_PPROF:-}" ]; then
	pprof=("$PD_PPROF")
elif command -v pprof >/dev/null; then
	pprof=(pprof)
elif command -v go >/dev/null && go tool pprof -raw "$source/testdata/go/cpu.pb.gz" >/dev/null 2>&1; then
	pprof=(go tool pprof)
else
	echo "skipped: there is no pprof here"
	exit 77
fi

profdata() { "$build/profdata" "$@"; }
# Header lines of where and when, signs of percentages, blanks.
plain() {
	sed -E '/^(File|Build ID|Time|Duration|Doc|Main binary filename|DefaultSampleType):?/d; s/(^|[[:space:]])-([0-9.]+(e[-+]?[0-9]+)?%)/\1\2/g; s/[[:space:]]+/ /g; s/^ //; s/ $//'
}

# The edges of a node in one order: pprof leaves that of +30ms and -30ms to chance.
blocks() {
	awk '/^-+\+-+/ { n++ } { print n + 0 "\t" $0 }' "$1" | sort -s -t '	' -k 1,1n -k 2
}

failures=0 checks=0
compare() { # BASE PROFILE
	local base report normal name side
	for base in base diff_base; do
		for normal in '' -normalize; do
			for report in top tree peek traces raw; do
				local theirs=(-$report) ours=($report)
				[ $report = peek ] && { theirs=(-peek=.); ours=(peek .); }
				name="$report --$base $normal, $(basename "$1") and $(basename "$2")"
				checks=$((checks + 1))
				"${pprof[@]}" "${theirs[@]}" -symbolize=none -$base="$1" $normal "$2" 2>"$tmp/err" | plain >"$tmp/theirs"
				grep -q 'no matches found' "$tmp/err" && ! profdata "${ours[@]}" --$base="$1" ${normal:+-$normal} "$2" >/dev/null 2>&1 && continue
				[ -s "$tmp/theirs" ] || { failures=$((failures + 1)); echo "$name: pprof says nothing: $(tail -n 1 "$tmp/err")"; continue; }
				profdata "${ours[@]}" --$base="$1" ${normal:+-$normal} "$2" 2>"$tmp/err" | plain >"$tmp/ours"
				case $report in tree | peek) for side in theirs ours; do blocks "$tmp/$side" >"$tmp/sorted" && mv "$tmp/sorted" "$tmp/$side"; done ;; esac
				cmp -s "$tmp/theirs" "$tmp/ours" && continue
				failures=$((failures + 1))
				echo "$name:"
				diff "$tmp/theirs" "$tmp/ours" | head -n 6
				head -n 1 "$tmp/err"
			done
		done
	done
}

if [ $# -ge 2 ]; then
	for (( ; $# >= 2; )); do
		compare "$1" "$2"
		shift 2
	done
else
	go=$source/testdata/go
	# less of everything, and a part of it gone
	profdata filter --ignore selectOrders --scale 0.7 "$go/cpu.pb.gz" -o "$tmp/cpu.pb.gz" || exit 1
	profdata filter --ignore compress --scale 0.8 "$go/heap.pb.gz" -o "$tmp/heap.pb.gz" || exit 1
	compare "$tmp/cpu.pb.gz" "$go/cpu.pb.gz"
	compare "$tmp/heap.pb.gz" "$go/heap.pb.gz"
	more=${PD_CORPUS:-$source/../shared/corpus}/go1.19
	if [ -r "$more/cpu.pb.gz" ]; then
		compare "$more/cpu.pb.gz" "$go/cpu.pb.gz"
	else
		echo "no profiles at $more: set PD_CORPUS"
	fi
fi
echo "$checks reports compared, $failures differ"
[ $failures = 0 ]
