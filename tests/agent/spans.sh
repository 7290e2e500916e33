#!/bin/bash
# spans.sh PROFDATA FOLDER PROGRAM: what a program says by <profdata/agent.h> is in its timeline and on its samples.
set -u
profdata=$1 folder=$2 program=$folder/$3
[ -x "$program" ] || { echo "skipped: $3 was not built (no C++ compiler)"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$*"; failed=1; }
# is WHAT WANT HAVE
is() { [ "$2" = "$3" ] || fail "$1: want $2, have $3"; }

# slices FILE: how many of each name
slices() { "$profdata" convert -q -t chrome "$1" | grep -o '"ph":"[XiC]".*"name":"[a-z]*"' | sed 's/"ph":"\(.\)".*"name":"\(.*\)"/\1 \2/' | sort | uniq -c | awk '{ printf "%s%s:%s ", $2, $3, $1 }'; }

is alone done "$("$program")"
is 'alone, a child' 'done' "$("$program" fork)"
is 'with the sampler' 'done' "$("$profdata" record -q --trace --cpu -F 1000 -o run.pdrec -- "$program")"
have=$(slices run.pdrec)
case $have in *Cserved:100*Cshare:100*Xhandle:100*Xwork:100*ihandled:100*) ;; *) fail "events: $have" ;; esac

# what the samples are labelled with is what the program was doing: nearly all time is in work(), 4 to 1
"$profdata" convert -q -o run.pb.gz run.pdrec
slow=$("$profdata" tags -s cpu --json run.pb.gz | sed -n 's/.*"key":"route","value":"\/slow","flat":\([0-9]*\).*/\1/p')
all=$("$profdata" tags -s cpu --json run.pb.gz | sed -n 's/.*"key":"comm".*"flat":\([0-9]*\).*/\1/p')
[ "${slow:-0}" -gt $((${all:-0} / 2)) ] || fail "CPU time of /slow: ${slow:-none} of ${all:-none}"
self=$("$profdata" convert -q -t folded -s time run.pb.gz | sed -n 's/.*;handle;work //p')
[ "${self:-0}" -gt 1000000 ] || fail "self time of the span work: ${self:-none}"
"$profdata" record -q --trace -o run.trace.json -- "$program" >/dev/null || fail 'record -o run.trace.json'
is 'slices written at once' 100 "$(grep -c '"ph":"X".*"name":"work"' run.trace.json)"
"$profdata" record -q --trace -o run.perfetto-trace -- "$program" >/dev/null && [ -s run.perfetto-trace ] || fail 'record -o run.perfetto-trace'

# processes, and a child that is not wanted
"$profdata" record -q --trace -o fork.pdrec -- "$program" fork >/dev/null
is 'two processes' 2 "$("$profdata" convert -q -t chrome fork.pdrec | grep -c '"name":"handle"')"
"$profdata" record -q --trace --no-children -o one.pdrec -- "$program" fork >/dev/null
is 'one process' 1 "$("$profdata" convert -q -t chrome one.pdrec | grep -c '"name":"handle"')"

# calls
if [ -x "$program-calls" ]; then
	"$profdata" record -q --trace --functions -o calls.pdrec -- "$program-calls" >/dev/null
	is 'calls' 100 "$("$profdata" convert -q -t chrome calls.pdrec | grep '"cat":"function"' | grep -c '"name":"add_up[("]')"
	"$profdata" record -q --trace --functions -F 0.01 --min-duration 1000000 -o none.pdrec -- "$program-calls" >/dev/null
	is 'calls that take a second' 0 "$("$profdata" convert -q -t chrome none.pdrec | grep -c '"name":"add_up[("]')"
fi

# the program of docs/agent.md
awk '/^    #include <profdata\/agent.h>/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' "$(dirname "$0")/../../docs/agent.md" >example.c
if command -v cc >/dev/null; then
	cc -Wall -Wextra -Werror -I "$(dirname "$0")/../../libprofdata/include" -o example example.c || fail 'docs/agent.md: the program does not compile'
	is 'docs/agent.md' "$(./example)" "$("$profdata" record -q --trace -o example.pdrec -- ./example)"
	have=$(slices example.pdrec)
	case $have in *Ctotal:10*Xhandle:10*) ;; *) fail "docs/agent.md: events: $have" ;; esac
fi

# calls that are left by longjmp() are over, what is inlined is inside
cat >jump.c <<'END'
#include <setjmp.h>
static jmp_buf back;
static volatile int sum;
static inline __attribute__((always_inline)) void inlined(void) { sum++; }
__attribute__((noinline)) static void deep(int n)
{
	if (n == 0)
		longjmp(back, 1);
	deep(n - 1);
	sum++;
}
__attribute__((noinline)) static void after(void) { inlined(); }
__attribute__((noinline)) static void outer(void)
{
	if (!setjmp(back))
		deep(2);
	after();
}
int main(void)
{
	for (int i = 0; i < 10; i++)
		outer();
	return 0;
}
END
if cc -O2 -g -finstrument-functions -o jump jump.c 2>/dev/null; then
	"$profdata" record -q --trace --functions -F 0.01 -o jump.pdrec -- ./jump
	is 'calls around longjmp()' 'main 1,main;outer 10,main;outer;after 10,main;outer;after;inlined 10,main;outer;deep 10,main;outer;deep;deep 10,main;outer;deep;deep;deep 10' \
		"$("$profdata" convert -q -t folded -s slices jump.pdrec | LC_ALL=C sort | paste -sd,)"
fi

# the program has the switch
agent=$(dirname "$profdata")/libprofdata-agent.so
is 'switched by the program' '0 -2 0 0 0' "$(LD_PRELOAD=$agent "$program" switched "$dir/own.pdrec")"
is 'two of three rounds' 2 "$("$profdata" convert -q -t chrome own.pdrec 2>/dev/null | grep -c '"name":"handle"')"
is 'no sampler' '-1 -1 -1 -1 -1' "$("$program" switched "$dir/none.pdrec")"
exit $failed
