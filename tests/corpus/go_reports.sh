#!/bin/sh
# The reports of pprof on real Go profiles, byte for byte: the corpus holds
# what the Go tool printed. usage: go_reports.sh PROFDATA CORPUS
# Ends with 77 (skipped) where there is no corpus.
set -u
profdata=$1 corpus=$2/go1.19
[ -d "$corpus/expected" ] || { echo "skipped: no corpus of Go profiles at $corpus"; exit 77; }
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
export TZ=UTC
passed=0 failed=0

# The Go 1.19 tool differs from today's in the form of Time: and knew no columns; a Duration in -raw it cut to four characters.
plain() {
	sed -e 's/^Time: .*/Time:/' -e 's/^Duration: [^ ,]*$/Duration:/' -e '/ s=[0-9]*$/s/\(:[0-9]*\):[0-9]* s=/\1 s=/'
}

# check NAME EXPECTED COMMAND...: standard output equals EXPECTED.
check() {
	name=$1 want=$2
	shift 2
	case $want in
	*.gz) gzip -dc "$want" ;;
	*) cat "$want" ;;
	esac | plain >"$tmp/want"
	"$profdata" "$@" 2>"$tmp/err" | plain >"$tmp/got"
	if cmp -s "$tmp/want" "$tmp/got"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $name: profdata $*"
		diff "$tmp/want" "$tmp/got" | head -5
		head -2 "$tmp/err"
	fi
}

expected() {
	for e in "$corpus/expected/pprof/$1" "$corpus/expected/pprof/$1.gz"; do
		[ -f "$e" ] && echo "$e" && return
	done
}

for p in "$corpus"/*.pb.gz; do
	n=$(basename "$p" .pb.gz)
	# not raw and tags: today's tool keeps unused mappings, and lays tags out differently
	for kind in top-default.txt cum.txt traces.txt tree.txt; do
		e=$(expected "$n.$kind")
		[ -n "$e" ] || continue
		case $kind in
		top-default.txt) check "$n.$kind" "$e" top "$p" ;;
		cum.txt) check "$n.$kind" "$e" top --cum --nodefraction=0 --edgefraction=0 "$p" ;;
		tree.txt) check "$n.$kind" "$e" tree --no-trim "$p" ;;
		*) check "$n.$kind" "$e" "${kind%.txt}" "$p" ;;
		esac
	done
	for e in "$corpus/expected/pprof/$n".*.top.txt*; do
		type=$(basename "$e" .gz)
		type=${type#"$n".} type=${type%.top.txt}
		set -- top --nodefraction=0 --edgefraction=0
		case $type in
		lines | files | addresses | filefunctions) check "$n.$type" "$e" "$@" -g "$type" "$p" ;;
		noinlines) check "$n.$type" "$e" "$@" --no-inlines "$p" ;;
		default) check "$n.$type" "$e" "$@" "$p" ;;
		*) [ -f "$e" ] && check "$n.$type" "$e" "$@" -s "$type" "$p" ;;
		esac
	done
done

# The command lines of the manifest, with the words of our grammar. Comparisons (-base, -diff_base) and -call_tree, which
# changes nothing in -top, are other commands' business.
while IFS='	' read -r file line; do
	case $line in
	*base=* | *call_tree* | *-proto*) continue ;;
	esac
	line=${line#go tool pprof }
	eval "set -- $line"
	cmd=
	report=
	n=$#
	while [ "$n" -gt 0 ]; do
		a=$1
		shift
		n=$((n - 1))
		case $a in
		-top | -traces | -raw) cmd=${a#-} ;;
		-peek=*) cmd=peek report=${a#-peek=} ;;
		-sample_index=*) set -- "$@" "--sample-type=${a#*=}" ;;
		-*) set -- "$@" "-$a" ;;
		merged.pb.gz) set -- "$@" "$corpus/expected/filters/$a" ;;
		*) set -- "$@" "$corpus/$a" ;;
		esac
	done
	e=$corpus/expected/filters/$file
	[ -f "$e" ] || e=$e.gz
	check "$file" "$e" "$cmd" ${report:+"$report"} "$@"
done <"$corpus/expected/filters/MANIFEST.tsv"

# What the Go tool wrote back, and what it merged: the same content as the original, and as our sum.
same() {
	a=$("$profdata" "$1" "$2" 2>/dev/null) b=$(shift 2 && "$profdata" "$@" 2>/dev/null)
	if [ -n "$a" ] && [ "$a" = "$b" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL same: $*"
	fi
}
for n in cpu heap; do
	same tags "$corpus/expected/pprof/$n.rewritten.pb.gz" tags "$corpus/$n.pb.gz"
done
same tags "$corpus/expected/filters/merged.pb.gz" tags "$corpus/cpu.pb.gz" "$corpus/cpu-in-trace.pb.gz"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
