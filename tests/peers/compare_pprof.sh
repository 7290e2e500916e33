#!/bin/sh
# Runs traces, tags, raw and comments of profdata and of Google's pprof over
# profiles with many selections, and compares the bytes.
#
#   compare_pprof.sh PROFDATA PROFILE.pb.gz...
#
# PPROF names the peer (default: `pprof`, else `go tool pprof`). Without a peer
# the script says so and ends with 77. QUIET=1 prints differences only.
# What may differ: raw durations (pprof cuts them to four characters), and
# -show of a binary on frames without lines (pprof empties the profile).
set -u
prog=${1:?usage: compare_pprof.sh PROFDATA PROFILE...}
shift
if [ -z "${PPROF:-}" ]; then
	if command -v pprof >/dev/null 2>&1; then
		PPROF=pprof
	elif command -v go >/dev/null 2>&1 && go tool pprof -h >/dev/null 2>&1; then
		PPROF='go tool pprof'
	else
		echo "compare_pprof.sh: no pprof found, skipped"
		exit 77
	fi
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
total=0
different=0

# One selection per line, in pprof's spelling without dashes, '|' between options.
selections() {
	cat <<'LIST'

focus=foo
focus=main|ignore=bar
ignore=runtime
ignore=.
focus=nothing at all
hide=foo
hide=runtime\.
hide=main|show=\.
hide=libc
hide=.*
show=foo
show=main|focus=foo
show=main\.
show_from=main
show_from=foo
show_from=server
show_from=nope
prune_from=foo
prune_from=main\.
prune_from=^baz$
prune_from=operator
prune_from=(?i)FOO
focus=^foo$|hide=bar|show_from=main|prune_from=baz
noinlines
noinlines|focus=bar
noinlines|hide=foo
noinlines|show=foo
tagfocus=client=3
tagfocus=client:3
tagfocus=3
tagfocus=gold,silver
tagfocus=gold,client:1
tagfocus=tier=gold,silver
tagfocus=tier=silver|tagignore=client=1
tagignore=gold
tagignore=nothing
tagfocus=1kb:1mb
tagfocus=bytes=1kb:1mb
tagfocus=bytes=512
tagfocus=bytes=512b:
tagfocus=:4096b
tagfocus=64kb:
tagfocus=latency=1ms:50ms
tagfocus=1ms:50ms
tagfocus=pid=2
tagfocus=2
tagfocus=pid=1:2
tagfocus=request=7b
tagfocus=+7b:
tagfocus=1kb:2ms
tagfocus=kind=b b
tagfocus=worker=[12]
tagignore=worker=1,2
tagshow=client
tagshow=^tier$
tagshow=nope
taghide=client
taghide=b
tagshow=e|taghide=tier
tagroot=client
tagroot=client,tier
tagroot=tier,client
tagroot=worker,kind
tagleaf=client
tagleaf=client,bytes
tagleaf=latency
tagleaf=request,pid,bytes
tagroot=bytes|tagleaf=tier
tagroot=nope
tagroot=client|focus=^3$
tagroot=tier|hide=gold
tagroot=tier|ignore=^$
tagleaf=tier|show=tier
tagroot=client|show_from=client
tagleaf=tier|prune_from=gold
tagroot=bytes|unit=kb
tagroot=latency|unit=auto
relative_percentages|focus=foo
relative_percentages|tagfocus=gold
sample_index=0
sample_index=0|focus=main
sample_index=samples|tagfocus=gold
divide_by=3
divide_by=0.5|focus=foo
mean
mean|focus=foo
unit=ms
unit=auto
unit=seconds|tagroot=latency
unit=gcu
focus=a|ignore=z|hide=q|show=.|show_from=.|tagfocus=:100mb|tagshow=.|prune_from=zzz
focus=\bfoo\b
focus=(?i)^FOO
focus=\d
focus=\(anonymous
focus=größe
focus=a|focus=b
focus=[[:upper:]]
focus=x.y
focus=main$
LIST
}

# Reports that pprof gives at several granularities.
granularities() {
	case $1 in
	traces) echo functions filefunctions files lines addresses ;;
	*) echo functions ;;
	esac
}

unify() {
	sed 's/^Duration: [^ ]*$/Duration: X/'
}

compare() { # report granularity profile selection
	theirs=
	ours=
	oldifs=$IFS
	IFS='|'
	set -f
	# options go through files, so that blanks and stars stay what they are
	set -- "$1" "$2" "$3" $4
	IFS=$oldifs
	set +f
	report=$1 granularity=$2 profile=$3
	shift 3
	ours_granularity=
	pprof_granularity=
	if [ "$report" = traces ]; then
		ours_granularity="--granularity=$granularity"
		pprof_granularity="-$granularity"
	fi
	: >"$tmp/args"
	n=$#
	i=0
	while [ $i -lt $n ]; do
		option=$1
		shift
		set -- "$@" "$option"
		i=$((i + 1))
	done
	run_theirs "$@" >"$tmp/theirs" 2>"$tmp/theirs.err"
	run_ours "$@" >"$tmp/ours" 2>"$tmp/ours.err"
	total=$((total + 1))
	if cmp -s "$tmp/theirs" "$tmp/ours"; then
		return
	fi
	different=$((different + 1))
	echo "DIFFERENT $report $pprof_granularity $profile: $*"
	head -1 "$tmp/ours.err"
	[ -n "${QUIET:-}" ] || diff "$tmp/theirs" "$tmp/ours" | head -6
}

run_theirs() {
	n=$#
	while [ $n -gt 0 ]; do
		option=$1
		shift
		set -- "$@" "-$option"
		n=$((n - 1))
	done
	$PPROF -symbolize=none "-$report" $pprof_granularity "$@" "$profile" | unify
}

run_ours() {
	n=$#
	while [ $n -gt 0 ]; do
		option=$1
		shift
		case $option in
		sample_index=*) option=sample_type=${option#sample_index=} ;;
		noinlines) option=no-inlines ;;
		esac
		set -- "$@" "--$option"
		n=$((n - 1))
	done
	"$prog" "$report" $ours_granularity "$@" "$profile" | unify
}

selections >"$tmp/selections"
for profile; do
	while IFS= read -r selection; do
		for report in traces tags raw; do
			case $report:$selection in
			raw:*relative*|raw:*divide_by*|raw:*mean*|raw:unit=*) continue ;; # raw does not have them
			esac
			for granularity in $(granularities $report); do
				[ "$granularity" = functions ] || [ -n "${FULL:-}" ] || case $selection in ''|noinlines*|tagroot=client|focus=foo) ;; *) continue ;; esac
				compare "$report" "$granularity" "$profile" "$selection"
			done
		done
	done <"$tmp/selections"
	report=comments
	compare comments functions "$profile" ''
done
echo "$total compared, $different different"
[ $different = 0 ]
