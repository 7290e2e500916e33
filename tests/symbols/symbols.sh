#!/bin/sh
# symbols.sh PROFDATA CC SOURCE: what `profdata symbolize` says of objects made here.
set -eu
profdata=$1 cc=$2 source=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
status=0
fail() { echo "FAILED: $*"; status=1; }
same() { cmp -s "$2" "$3" || { fail "$1"; diff "$2" "$3" | head -n 20; }; }
says() { grep -q -- "$2" "$3" || { fail "$1: expected '$2' in:"; cat "$3"; }; }

"$cc" -std=c17 -O2 -g -no-pie -Wl,--build-id=sha1 -o prog "$source/truth.c"
id=$(readelf -n prog | sed -n 's/.*Build ID: //p')
# the segment of code: where it is in the file and in memory
set -- $(readelf -lW prog | sed -n 's/^ *LOAD *\(0x[0-9a-f]*\) \(0x[0-9a-f]*\) [^ ]* \(0x[0-9a-f]*\) .* R E .*/\1 \2 \3/p' | head -n 1)
offset=$1 address=$2 size=$3
base=$((0x7f1200000000)) # where the loader is said to have put it

# dump PATH BUILD-ID: a profile with a sample at every third byte of the functions
dump() {
	printf 'profdata dump 1\nmapping\t1\t0x%x-0x%x\toffset=%s\tfile=%s%s\n' $base $((base + size + 4096)) "$offset" "$1" "${2:+	build-id=$2}"
	sed 's/.*/frame	f&	address=0x&	mapping=1/' moved
	printf 'series\nvalue\tsamples\tcount\n'
	sed 's/.*/1	f&/' moved
}

# addresses of the functions, as the file counts and as the profile does
nm -S prog | awk '$3 == "T" || $3 == "t" { print $1, $2, $4 }' | grep -E ' (main|lone|_ZN.*)$' |
while read -r at length name; do
	i=0
	while [ $i -lt $((0x$length)) ]; do
		printf '%x\n' $((0x$at + i))
		i=$((i + 3))
	done
done >places
while read -r at; do printf '%x\n' $((0x$at - address + base)); done <places >moved

# "ADDRESS FUNCTION FILE:LINE FUNCTION FILE:LINE ...", innermost first
ours() {
	awk -F '\t' '
	function flush() { if (at != "") print at lines; at = ""; lines = "" }
	/^frame/ { flush(); for (i = 3; i <= NF; i++) if ($i ~ /^address=0x/) at = substr($i, 11); next }
	/^\t/ && at != "" {
		file = "??"; line = 0
		for (i = 3; i <= NF; i++) {
			if ($i ~ /^file=/) file = substr($i, 6)
			if ($i ~ /^line=/) line = substr($i, 6)
		}
		lines = lines " " $2 " " file ":" line
		next
	}
	{ flush() }
	END { flush() }' "$1" | sort
}
addr2line -afi -e prog $(cat places) | awk -v moved="$(tr '\n' ' ' <moved)" '
	BEGIN { split(moved, to, " ") }
	/^0x/ { if (n) print text; text = to[++n]; next }
	{ sub(/ \(discriminator [0-9]*\)/, ""); text = text " " $0 }
	END { print text }' | sed 's/_ZN3app3runILi3EEEii/mangled/g; s/_ZN4core3fmt5write17h0123456789abcdefE/rusty/g' | sort >want

dump "$dir/prog" "$id" >raw.dump
"$profdata" symbolize --demangle none -t dump -o named.dump raw.dump
ours named.dump | sed 's/_ZN3app3runILi3EEEii/mangled/g; s/_ZN4core3fmt5write17h0123456789abcdefE/rusty/g' >got
same 'functions, inlined functions and lines are those of addr2line' want got
[ "$(grep -c 'inner.*middle.*lone' got)" -gt 3 ] || fail 'nothing is inlined: the comparison says nothing'

# names as people read them
"$profdata" symbolize -t dump raw.dump >names.dump
says 'C++ without parameters' '	app::run<3>	' names.dump
says 'Rust without its hash' '	core::fmt::write	' names.dump
says 'the mangled name stays' 'system=_ZN3app3runILi3EEEii' names.dump
"$profdata" symbolize --demangle full -t dump raw.dump >names.dump
says 'C++ with parameters' '	int app::run<3>(int)	' names.dump
"$profdata" symbolize --no-inlines -t dump raw.dump >names.dump
[ "$(grep -c '^	lone	' names.dump)" -gt 3 ] && ! grep -q '^	inner	' names.dump || fail '--no-inlines gives physical functions'

# a second time there is nothing to do
"$profdata" symbolize -v -t dump -o again.dump named.dump 2>message
same 'names are kept' named.dump again.dump
says 'nothing to do is said' 'every frame has a name already' message

# debug information in a file of its own, by build id and by link
objcopy --only-keep-debug prog prog.debug
objcopy --strip-debug --strip-unneeded prog bare
mkdir -p "store/.build-id/$(echo "$id" | cut -c 1-2)"
cp prog.debug "store/.build-id/$(echo "$id" | cut -c 1-2)/$(echo "$id" | cut -c 3-).debug"
mv prog kept
dump "$dir/bare" "$id" >bare.dump
"$profdata" symbolize --debug-dir store --demangle none -t dump bare.dump >by-id.dump
ours by-id.dump | sed 's/_ZN3app3runILi3EEEii/mangled/g; s/_ZN4core3fmt5write17h0123456789abcdefE/rusty/g' >got
same 'debug file by build id' want got
objcopy --add-gnu-debuglink=prog.debug bare linked
dump "$dir/linked" "$id" >linked.dump
"$profdata" symbolize --demangle none -t dump linked.dump >by-link.dump
ours by-link.dump | sed 's/_ZN3app3runILi3EEEii/mangled/g; s/_ZN4core3fmt5write17h0123456789abcdefE/rusty/g' >got
same 'debug file by link' want got
# the object is gone, only its debug file is left
dump "$dir/prog" "$id" >gone.dump
"$profdata" symbolize --debug-dir store --demangle none -t dump gone.dump >by-debug.dump
ours by-debug.dump | sed 's/_ZN3app3runILi3EEEii/mangled/g; s/_ZN4core3fmt5write17h0123456789abcdefE/rusty/g' >got
same 'the debug file alone' want got
# ... and the object under another name, or below another root
"$profdata" symbolize --object prog=kept --demangle none -t dump gone.dump >object.dump
same '--object' named.dump object.dump
mkdir -p "root$dir" && cp kept "root$dir/prog"
"$profdata" symbolize --symfs root --demangle none -t dump gone.dump >symfs.dump
same '--symfs' named.dump symfs.dump

# what must not be taken, and what there is not
dump "$dir/kept" 00112233445566778899aabbccddeeff00112233 >other.dump
"$profdata" symbolize -t dump -o other2.dump other.dump 2>message
says 'another build is refused' "kept: .* addresses without a name: .*kept is another build: build id $id, the profile has 0011" message
"$profdata" convert -t dump -o other3.dump other.dump
same 'and nothing changes' other3.dump other2.dump
"$profdata" symbolize --strict -t dump -o /dev/null other.dump 2>/dev/null && fail '--strict ends with 2' || [ $? = 2 ] || fail '--strict ends with 2'
dump /nowhere/prog '' >nowhere.dump
"$profdata" symbolize -t dump nowhere.dump 2>message >/dev/null
says 'no object' 'no such object here' message
dump relative/prog '' >relative.dump
mkdir -p relative && cp kept relative/prog
"$profdata" symbolize -t dump relative.dump 2>message >/dev/null
says 'a path that is not whole is not opened' 'no such object here' message
mkfifo fifo
dump "$dir/fifo" '' >fifo.dump
"$profdata" symbolize -t dump fifo.dump 2>message >/dev/null
says 'nobody waits for a FIFO' 'no such object here' message

# symbols alone
strip -g -o plain kept
dump "$dir/plain" "$id" >plain.dump
"$profdata" symbolize -v -t dump plain.dump 2>message >plain2.dump
says 'symbols alone give names' '	lone	' plain2.dump
says 'and that is said' 'no debug information: names without files and lines' message

# code made at run time
printf '%x 40 Lfirst; java.lang.String.hash(int)\n%x 10 second\n' $base $((base + 64)) >perf.map
{ printf 'profdata dump 1\nframe\ta\taddress=0x%x\nframe\tb\taddress=0x%x\nframe\tc\taddress=0x%x\nseries\nvalue\tsamples\tcount\n1\ta\n1\tb\n1\tc\n' $((base + 63)) $((base + 65)) $((base + 80)); } >jit.dump
"$profdata" symbolize --perf-map perf.map -t folded jit.dump >jit.folded 2>message
says 'perf map: a name with blanks' 'java.lang.String.hash(int) 1' jit.folded
says 'perf map: the next one' 'second 1' jit.folded
says 'beyond the last one is nothing' '1 of 3 addresses without a name' message

# damaged objects: an answer, never a crash of profdata itself
i=0
length=$(wc -c <kept)
while [ $i -lt 40 ]; do
	cp kept damaged
	at=$(( (i * 7919 * 13) % length ))
	printf '\377\377\377\377\177\001\200\377' | dd of=damaged bs=1 seek=$at conv=notrunc 2>/dev/null
	[ $((i % 4)) != 0 ] || head -c $((length * (i + 1) / 41)) kept >damaged
	rc=0
	"$profdata" symbolize --object "prog=damaged" -t dump -o damaged.dump gone.dump 2>message || rc=$?
	[ $rc = 0 ] || { fail "damage at $at: status $rc"; cat message; }
	i=$((i + 1))
done
exit $status
