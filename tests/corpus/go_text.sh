#!/bin/sh
# The text forms of Go's profiles say what the binary forms of the same moment say. usage: go_text.sh PROFDATA CORPUS
set -u
profdata=$1 corpus=$2/go1.19
[ -d "$corpus" ] || { echo "skipped: no corpus of Go profiles at $corpus"; exit 77; }
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
failed=0 compared=0

# The rows of a report; whether a function was inlined is not in the text of every version, shapes of generics in none.
rows() { # FILE TYPE
	"$profdata" top -q -s "$2" --no-trim --nodecount 1000000 "$1" 2>"$tmp/err" >"$tmp/top" || return 1
	sed -n '1,/flat%/d; s/ *([a-z-]*inline)$//; s/\[go\.shape\.[^ ()]*\]/[...]/g; s/^ *//; p' "$tmp/top" | awk '{ $3 = ""; print }' | sort # sum% depends on the order
}

total() { # FILE TYPE
	"$profdata" info -q --json "$1" | tr '{' '\n' | sed -n "s/.*\"type\":\"$2\".*\"total\":\([0-9]*\).*/\1/p"
}

for folder in "$corpus" "$corpus/newer-go/go1.27/profiles"; do
	for name in goroutine heap allocs block mutex threadcreate; do
		text=$folder/$name.debug1.txt binary=$folder/$name.pb.gz
		[ -f "$text" ] || text=$text.gz
		[ -f "$text" ] && [ -f "$binary" ] || continue
		case $name in
		heap | allocs) types='alloc_objects alloc_space inuse_objects inuse_space' ;;
		block | mutex) types='contentions delay' ;;
		*) types=$name ;;
		esac
		for type in $types; do
			compared=$((compared + 1))
			a=$(total "$text" "$type") b=$(total "$binary" "$type")
			[ -n "$a" ] && [ "$a" = "$b" ] || { echo "FAIL $text $type: total $a, $b in the binary form"; failed=$((failed + 1)); }
			case $name in goroutine | threadcreate) continue ;; esac # the text leaves out what belongs to the runtime
			rows "$text" "$type" >"$tmp/a" && rows "$binary" "$type" >"$tmp/b" && cmp -s "$tmp/a" "$tmp/b" ||
				{ echo "FAIL $text $type: other rows"; diff "$tmp/a" "$tmp/b" | head -n 6; failed=$((failed + 1)); }
		done
	done
	dump=$folder/goroutine.debug2.txt
	[ -f "$dump" ] || continue
	compared=$((compared + 1))
	a=$(total "$dump" goroutine) b=$(grep -c '^goroutine [0-9]* \[.*:$' "$dump")
	[ "$a" = "$b" ] || { echo "FAIL $dump: $a goroutines, $b in the text"; failed=$((failed + 1)); }
done
echo "$compared compared, $failed failed"
[ $failed -eq 0 ] && [ $compared -gt 0 ]
