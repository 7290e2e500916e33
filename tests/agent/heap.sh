#!/bin/bash
# heap.sh PROFDATA FOLDER CASE: memory profiles of the programs in FOLDER (heap, handmade.so, target, plugin.so).
set -u
profdata=$1 folder=$2 case=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$case: $*"; failed=1; }
heap=$folder/heap
export LC_ALL=C

# run PERIOD OUTPUT COMMAND...: record; what the program says on standard output is what it says alone
run() {
	period=$1 output=$2
	shift 2
	"$@" >want 2>/dev/null
	want=$?
	timeout 300 "$profdata" record -q --heap --heap-period "$period" -o "$output" -- "$@" >have 2>truth
	have=$?
	[ $want -eq $have ] || fail "$*: status $have, alone $want: $(tail -n 2 truth)"
	cmp -s want have || fail "$*: $(diff want have | head -n 3)"
}

# A profdata with a sanitizer wants nothing before it.
preloads() { LD_PRELOAD=$1 "$profdata" --version >/dev/null 2>&1; }

# by_leaf FILE: "FUNCTION OBJECTS BYTES KEPT-OBJECTS KEPT-BYTES" by the function that allocated
by_leaf() {
	for type in alloc_objects alloc_space inuse_objects inuse_space; do
		"$profdata" convert -t folded --sample_type $type "$1" 2>/dev/null | awk -v type=$type '{ n = $NF; sub(/ [-0-9]*$/, ""); k = split($0, f, ";"); print type, f[k], n }'
	done | awk '{ sum[$2, $1] += $3; seen[$2] = 1 }
		END { for (f in seen) print f, sum[f, "alloc_objects"] + 0, sum[f, "alloc_space"] + 0, sum[f, "inuse_objects"] + 0, sum[f, "inuse_space"] + 0 }'
}

# Every function that said what it allocates is in the profile with exactly that.
exactly() { # FILE
	by_leaf "$1" >leaf
	awk 'NR == FNR { have[$1] = $2 " " $3 " " $4 " " $5; next }
		$1 == "truth" { want = $3 " " $4 " " $5 " " $6; n++
			if (have[$2] != want) { print $2 ": " want " were allocated and kept, the profile has " have[$2]; bad = 1 } }
		END { exit bad || !n }' leaf truth >table || { fail "$1"; cat table; }
}

fact() { "$profdata" info "$1" | sed -n "s/.*record\.$2: //p"; }
total() { "$profdata" info "$1" | sed -n "s,.* $2/[a-z]*  total \([-0-9]*\).*,\1,p"; }

case $case in
every) # all functions of the family, each object; and none of the sampler's own
	run 1 every.pb.gz "$heap" every
	exactly every.pb.gz
	grep -v '^by_\|^aligned \|_IO_\|file_doallocate' leaf && fail 'somebody else allocates'
	;;
balanced) # what is freed by others, and with all of it freed nothing is left
	run 1 balanced.pb.gz "$heap" balanced 4
	by_leaf balanced.pb.gz >leaf
	grep -q '^balanced_thread 120000 [0-9]* 0 0$' leaf || { fail 'not balanced'; cat leaf; }
	run 64K balanced.pb.gz "$heap" balanced 4
	by_leaf balanced.pb.gz >leaf
	grep -q '^balanced_thread [0-9]* [0-9]* 0 0$' leaf || { fail 'not balanced by samples'; cat leaf; }
	;;
forked) # a child has what it allocates, not what it inherits; --no-children leaves it out
	run 1 forked.pb.gz "$heap" forked
	exactly forked.pb.gz
	"$profdata" record -q --heap --heap-period 1 --no-children -o alone.pb.gz -- "$heap" forked >/dev/null 2>&1 || fail "status $?"
	by_leaf alone.pb.gz >leaf
	grep -q '^in_parent 1000 100000 1000 100000$' leaf || fail 'the parent alone'
	grep -q in_child leaf && fail '--no-children recorded the child'
	;;
interrupted) # handlers that allocate in the middle of everything; an allocator that was preloaded already
	for period in 1 1000; do # libc's own allocator does not allow it
		# shellcheck disable=SC2016
		run $period interrupted.pb.gz sh -c 'LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$0 exec "$@"' "$folder/handmade.so" "$heap" interrupted 1
		fact interrupted.pb.gz heap_warning | grep . && fail 'somebody is in the way'
		[ "$(total interrupted.pb.gz alloc_objects)" -gt 1000 ] || fail 'nothing sampled'
	done
	;;
shares) # by samples: each function within 4.5 standard errors of what it allocated and kept, the sum within 4.5
	period=16384
	run $period shares.pb.gz "$heap" shares 20
	by_leaf shares.pb.gz >leaf
	awk -v period=$period 'NR == FNR { alloc[$1] = $3; kept[$1] = $5; next }
		function off(what, estimate, bytes, size,    sd) { # an object of size s counts 1 / (1 - exp(-s / period)) times or not at all
			sd = sqrt(bytes * size * (1 / (1 - exp(-size / period)) - 1)); sum_var += sd * sd
			printf "%s: %.0f bytes, by sample %.0f (%+.2f standard errors)\n", what, bytes, estimate, sd ? (estimate - bytes) / sd : 0
			return estimate - bytes > 4.5 * sd + 1 || bytes - estimate > 4.5 * sd + 1 }
		$1 == "truth" { size = $4 / $3; bad += off($2, alloc[$2], $4, size); if ($5) bad += off($2 ", kept", kept[$2], $6, size); n++ }
		END { exit bad || n != 7 }' leaf truth >table || { fail 'shares'; cat table; }
	percent=$(fact shares.pb.gz heap_allocated | sed 's/.*(\([-+0-9.]*\) %).*/\1/')
	awk -v p="$percent" 'BEGIN { exit !(p != "" && p < 3 && p > -3) }' || fail "count and sample differ by $percent %"
	;;
plugins) # libraries that come and go: stacks of those that are gone have names
	"$profdata" record -q --heap --heap-period 1 -o plugins.pb.gz -- "$folder/target" plugins "$folder/plugin.so" 40 >/dev/null || fail "status $?"
	"$profdata" convert -t folded --sample_type alloc_space plugins.pb.gz >plugins.folded 2>/dev/null
	grep -q 'plugin_user;.*dlopen' plugins.folded || fail 'what dlopen() allocates for a plugin is missing'
	grep -q 'incomplete stack' plugins.folded && fail "$(grep -c 'incomplete stack' plugins.folded) stacks that end somewhere"
	;;
combined) # with CPU and wall time in one recording, killed in the middle
	"$profdata" record -q --heap --cpu --wall -F 500 --heap-period 4K -o combined.pdrec -- "$heap" shares 40 >/dev/null 2>&1 || fail "status $?"
	for type in cpu wall alloc_space; do
		[ "$(total combined.pdrec $type)" -gt 0 ] || fail "no $type"
	done
	"$profdata" record -q --heap --heap-period 4K -o killed.pdrec -- sh -c '"$0" shares 4000 & sleep 3; kill -9 $!; wait' "$heap" >/dev/null 2>&1
	[ "$(total killed.pdrec alloc_space)" -gt 1000000 ] || fail 'nothing is left of a program that was killed'
	;;
cxx) # operator new in all its forms; the leaf is who said it
	command -v g++ >/dev/null || { echo 'skipped: g++ is not installed'; exit 77; }
	cat >new.cpp <<'END'
#include <cstdio>
#include <new>
#include <string>
#include <vector>
struct alignas(256) Wide { char c[256]; };
__attribute__((noinline)) void plain() { for (int i = 0; i < 50; i++) { int *p = new int[25]; asm volatile("" ::"r"(p) : "memory"); if (i % 2) delete[] p; } }
__attribute__((noinline)) void wide() { for (int i = 0; i < 50; i++) { Wide *p = new Wide; asm volatile("" ::"r"(p) : "memory"); if (i % 2) delete p; } }
__attribute__((noinline)) void quiet() { for (int i = 0; i < 50; i++) { char *p = new (std::nothrow) char[70]; asm volatile("" ::"r"(p) : "memory"); if (i % 2) delete[] p; } }
int main()
{
	plain(); wide(); quiet();
	try { volatile std::size_t n = (std::size_t)1 << 62; char *p = new char[n]; asm volatile("" ::"r"(p) : "memory"); } catch (const std::bad_alloc &) { std::puts("bad_alloc"); }
	std::fprintf(stderr, "truth plain 50 5000 25 2500\ntruth wide 50 12800 25 6400\ntruth quiet 50 3500 25 1750\n");
}
END
	g++ -std=c++17 -O1 -o new new.cpp || exit 2
	run 1 new.pb.gz ./new
	by_leaf new.pb.gz | sed 's/()//' >leaf.cxx
	by_leaf() { cat leaf.cxx; }
	exactly new.pb.gz
	;;
allocators) # a program with an allocator of its own is not recorded, and says so; one that is linked to one is
	printf '%s\n' '#include <stdlib.h>' '#include <stdio.h>' 'static char s[1 << 20]; static size_t at;' \
		'void *malloc(size_t n) { void *p = s + at; at += (n + 31) & ~(size_t)15; return p; } void free(void *p) { (void)p; }' \
		'void *calloc(size_t n, size_t m) { return malloc(n * m); } void *realloc(void *p, size_t n) { (void)p; return malloc(n); }' \
		'int main(void) { free(malloc(100)); puts("own"); return 0; }' >own.c
	command -v gcc >/dev/null || { echo 'skipped: gcc is not installed'; exit 77; }
	gcc -O1 -fno-builtin -rdynamic -o own own.c || exit 2
	run 1 own.pb.gz ./own
	fact own.pb.gz heap_warning | grep -q 'allocator of its own' || fail 'nobody says that nothing is seen'
	for name in jemalloc.so.2 tcmalloc.so.4 tcmalloc_minimal.so.4; do
		lib=$(ldconfig -p 2>/dev/null | sed -n "s,.*lib$name .*=> ,,p" | head -n 1)
		[ -n "$lib" ] && preloads "$lib" || continue
		LD_PRELOAD=$lib run 1 "$name.pb.gz" "$heap" every
		exactly "$name.pb.gz"
	done
	;;
*) fail 'unknown case' ;;
esac
exit $failed
