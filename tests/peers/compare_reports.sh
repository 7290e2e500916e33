#!/bin/bash
# compare_reports.sh [PROFILE...]: the text of the reports against the pprof of this machine, byte for byte.
#
# Runs every profile and sample type through a list of options with both tools, and every pair of profiles
# through a list of options about a base, and prints the first differences. With a base two things are meant to
# differ and are made equal first: percentages have signs, and durations of both sides are not added up. Exit status 1 when anything differs, 77 (skipped) when there is no Go pprof or no profile.
#
#   PROFDATA   the command under test (default: build/profdata beside this tree)
#   PPROF      the peer, may have words (default: pprof, else "go tool pprof")
#   PD_CORPUS  folder with go1.19/*.pb.gz, used when no profile is named
#   JOBS       parallel comparisons (default 2)
#   ONLY       regular expression over "report options": compare only those
#   PAIRS      0: no pairs; 1: only pairs
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
PROFDATA=${PROFDATA:-$here/build/profdata}
PD_CORPUS=${PD_CORPUS:-$here/../shared/corpus}
if [ -z "${PPROF:-}" ]; then
	if command -v pprof >/dev/null; then
		PPROF=pprof
	elif command -v go >/dev/null && go tool pprof -h 2>&1 | grep -q -- -top; then
		PPROF="go tool pprof"
	else
		echo "skipped: no pprof and no go tool pprof on this machine" >&2
		exit 77
	fi
fi
[ -x "$PROFDATA" ] || { echo "skipped: $PROFDATA is not built" >&2; exit 77; }
if [ $# -eq 0 ]; then
	set -- "$PD_CORPUS"/go1.19/*.pb.gz
	[ -e "$1" ] || { echo "skipped: no profiles named and none in $PD_CORPUS/go1.19" >&2; exit 77; }
fi

# Nothing of this machine may get in: symbols of installed binaries, settings, zones.
export PPROF_BINARY_PATH=/nonexistent HOME=/nonexistent TZ=${TZ:-UTC} NO_COLOR=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# REPORT [OPTIONS]: as profdata takes them; `=` binds values so that they can be renamed for pprof.
cat >"$work/cases" <<'CASES'
top
top --cum
top --nodecount=10
top --nodecount=1
top --nodecount=0
top --nodecount=100000
top --cum --nodecount=7
top --no-trim
top --no-trim --nodecount=5
top --cum --no-trim
top --nodefraction=0.05
top --nodefraction=0.2 --nodecount=3
top --nodefraction=0
top --nodefraction=0 --nodecount=30
top --nodefraction=2
top --edgefraction=0.1
top --edgefraction=0 --nodefraction=0.001
top --granularity=functions
top --granularity=filefunctions
top --granularity=files
top --granularity=lines
top --granularity=addresses
top --granularity=lines --no-trim
top --granularity=addresses --no-trim
top --granularity=files --cum --no-trim
top --granularity=filefunctions --cum --nodecount=20
top --granularity=addresses --nodecount=25 --cum
top --no-inlines
top --no-inlines --granularity=lines
top --no-inlines --granularity=addresses --no-trim
top --unit=auto
top --unit=auto --no-trim
top --unit=ms
top --unit=seconds
top --unit=kb
top --unit=MB --no-trim
top --unit=count
top --unit=nonsense
top --unit=hours
top --divide-by=2
top --divide-by=1000
top --divide-by=0.5
top --divide-by=3.7 --no-trim
top --divide-by=-2
top --mean
top --mean --no-trim --cum
top --mean --unit=auto
top --drop-negative
top --relative-percentages
top --compact-labels
top --focus=main
top --focus=main --relative-percentages
top --focus=runtime --nodecount=10 --cum
top --focus=nosuchfunctionanywhere
top --ignore=runtime
top --ignore=. 
top --hide=runtime
top --hide=runtime --granularity=lines
top --show=main|runtime
top --show-from=main
top --show-from=mallocgc --relative-percentages
top --prune-from=mallocgc|Sprintf
top --focus=main --ignore=fmt --hide=sync --cum
top --focus=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|main
top --tagfocus=worker
top --tagfocus=worker=w1
top --tagignore=kind=a
top --tagfocus=1kb:
top --tagfocus=bytes=:1mb
top --tagroot=worker
top --tagroot=worker,kind --nodecount=40
top --tagleaf=bytes
top --tagleaf=nosuchkey --granularity=lines
top --tagroot=kind --granularity=files
top --taghide=worker
top --tagshow=kind
tree
tree --cum
tree --nodecount=10
tree --nodecount=0
tree --nodecount=3 --cum
tree --no-trim
tree --nodefraction=0.1
tree --edgefraction=0.2
tree --edgefraction=0.05 --nodefraction=0
tree --granularity=filefunctions
tree --granularity=files
tree --granularity=lines
tree --granularity=lines --no-trim
tree --granularity=addresses
tree --granularity=addresses --nodecount=30 --cum
tree --no-inlines
tree --unit=auto
tree --divide-by=7
tree --mean
tree --drop-negative --no-trim
tree --focus=main
tree --hide=runtime --nodecount=20
tree --show-from=main
tree --focus=nosuchfunctionanywhere
tree --tagroot=worker
peek main
peek runtime
peek . 
peek ^runtime\.mallocgc$
peek work|alloc --cum
peek main --granularity=lines
peek [0-9] --granularity=addresses
peek main --no-inlines
peek main --nodecount=3 --nodefraction=0.2
peek go:1 --granularity=lines
peek \.go$ --granularity=files
peek main --divide-by=10 --unit=auto
peek (?i)MAIN
peek nosuchfunctionanywhere
peek main --focus=runtime
CASES

# --base and --diff-base get the other profile of the pair.
cat >"$work/base-cases" <<'CASES'
top --base
top --diff-base
top --base --normalize
top --diff-base --normalize
top --base --no-trim
top --diff-base --no-trim --cum
top --diff-base --drop-negative
top --base --drop-negative --no-trim
top --diff-base --granularity=lines --nodecount=20
top --diff-base --focus=runtime
top --diff-base --focus=runtime --relative-percentages
top --base --unit=auto --no-trim
top --diff-base --mean
top --diff-base --normalize --mean --cum
top --diff-base --divide-by=3
tree --base
tree --diff-base
tree --diff-base --normalize --nodecount=20
tree --base --normalize --no-trim
tree --diff-base --drop-negative
peek . --base --normalize
peek main --diff-base
traces --base
traces --diff-base --normalize
tags --base
tags --diff-base
tags --diff-base --normalize
raw --base
raw --diff-base
raw --base --normalize
raw --diff-base --normalize
CASES

to_pprof() { # options in $@, result in array `peer`
	peer=()
	for o in "$@"; do
		case $o in
		--granularity=*) peer+=("-${o#*=}") ;;
		--no-trim) peer+=("-trim=false") ;;
		--no-inlines) peer+=("-noinlines") ;;
		*) o=${o#-}; name=${o%%=*}; peer+=("${name//-/_}${o:${#name}}"); peer[-1]=-${peer[-1]#_} ;;
		esac
	done
}

# Nodes that print alike come from pprof in the order of a hash map, so its output may change from run to run.
unstable() { # DIR COMMAND...
	local dir=$1
	shift
	for _ in 1 2 3 4 5 6 7 8; do
		"$@" 2>/dev/null | plain | cmp -s - "$dir/want" || return 0
	done
	return 1
}

# Of reports with a base, what is meant to be equal.
plain() {
	if [ -n "${base:-}" ]; then
		sed -E 's/([ (])-([0-9.]+(e-[0-9]+)?%)/\1\2/g; s/ +/ /g; s/[(] /(/g; /^Duration: /d'
	else
		cat
	fi
}

compare() { # PROFILE TYPE "REPORT OPTIONS" [BASE]
	local profile=$1 type=$2 report rest dir status mine ours base=${4:-}
	read -ra words <<<"$3"
	report=${words[0]} rest=("${words[@]:1}")
	[ -n "$base" ] && rest=("${rest[@]/%base/base=$base}")
	dir=$(mktemp -d "$work/run.XXXXXX")
	if [ "$report" = peek ]; then
		pattern=${rest[0]} rest=("${rest[@]:1}")
		to_pprof "${rest[@]}"
		peer=($PPROF -symbolize=none "-peek=$pattern" "-sample_index=$type" "${peer[@]}" "$profile")
		ours=("$PROFDATA" peek -s "$type" "${rest[@]}" -- "$pattern" "$profile")
	else
		to_pprof "${rest[@]}"
		peer=($PPROF -symbolize=none "-$report" "-sample_index=$type" "${peer[@]}" "$profile")
		ours=("$PROFDATA" "$report" -s "$type" "${rest[@]}" "$profile")
	fi
	"${peer[@]}" 2>"$dir/want.err" | plain >"$dir/want"
	status=${PIPESTATUS[0]}
	"${ours[@]}" 2>"$dir/got.err" | plain >"$dir/got"
	mine=${PIPESTATUS[0]}
	if [ $mine -eq $status ] && cmp -s "$dir/want" "$dir/got"; then
		rm -r "$dir"
	elif [ $mine -eq $status ] && unstable "$dir" "${peer[@]}"; then
		touch "$dir/unstable"
	else
		{
			echo "DIFFERS: profdata $3 $base -s $type $profile (pprof $status)"
			diff "$dir/want" "$dir/got" | head -"${LINES_SHOWN:-8}"
			head -3 "$dir/got.err"
		} >"$dir/differs"
	fi
}

types_of() {
	$PPROF -symbolize=none -raw "$1" 2>/dev/null | sed -n '/^Samples:/{n;p;q}' | wc -w
}

queue() { # as compare
	compare "$@" &
	n=$((n + 1))
	while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-2}" ]; do wait -n; done
}

# Can the two be compared at all? Other pairs fail in both tools, with words of their own.
comparable() {
	$PPROF -symbolize=none -raw "-base=$2" "$1" >/dev/null 2>&1
}

n=0
for profile in "$@"; do
	types=$(types_of "$profile")
	[ "$types" -gt 0 ] || { echo "not compared: pprof cannot read $profile" >&2; continue; }
	for ((t = 0; t < types && ${PAIRS:-0} == 0; t++)); do
		while IFS= read -r case; do
			[[ "$case" =~ ${ONLY:-.} ]] && queue "$profile" "$t" "$case"
		done <"$work/cases"
	done
	for other in "$@"; do
		[ "${PAIRS:-1}" = 1 ] && comparable "$profile" "$other" || continue
		for ((t = 0; t < types; t++)); do
			while IFS= read -r case; do
				[[ "$case" =~ ${ONLY:-.} ]] && queue "$profile" "$t" "$case" "$other"
			done <"$work/base-cases"
		done
	done
done
wait
find "$work" -name differs -print0 | sort -z | xargs -0r cat
bad=$(find "$work" -name differs | wc -l)
unstable=$(find "$work" -name unstable | wc -l)
echo "compared $n reports of $# profiles, $bad differ, $unstable not comparable because pprof's own output changes from run to run"
[ "$bad" -eq 0 ]
