#!/bin/bash
# dump.sh PROFDATA FOLDER: stacks and states of all threads of a program that runs, by ptrace; it goes on as if nothing had been. 77 where that is not allowed.
set -u
profdata=$1 target=$2/target
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$*"; failed=1; }

sleep 60 &
pid=$!
sleep 0.2
if ! "$profdata" record --dump -p "$pid" >probe.txt 2>probe.err; then
	grep -q 'ptrace' probe.err && { echo "skipped: $(cat probe.err)"; exit 77; }
	fail "$(cat probe.err)"
fi
kill "$pid"

"$target" asleep 8 >alone.txt 2>&1 &
pid=$!
sleep 0.5
"$profdata" record --dump -p "$pid" >dump.txt || fail "status $?"
grep -q "^process $pid (target).*: 2 threads, " dump.txt || fail "head: $(head -n 1 dump.txt)"
grep -q '^"sleeper" tid [0-9]*: sleeping in [a-z_]*' dump.txt || fail 'what the sleeper does'
awk '/^"sleeper"/ { on = 1 } on && / nap / { nap = NR } on && / sleeper / { s = NR } on && /clone3|start_thread/ { r = NR } END { exit !(nap && s > nap && r > s) }' dump.txt || fail "the sleeper's stack: $(cat dump.txt)"
grep -q ' main ' dump.txt || fail 'the stack of main'
"$profdata" record --dump -p "$pid" -o dump.pb.gz || fail "-o: status $?"
[ "$("$profdata" tags dump.pb.gz 2>/dev/null | grep -c 'sleeper')" -eq 1 ] || fail 'labels'
"$profdata" record --dump -p "$pid" -o dump.pdrec || fail "-o dump.pdrec: status $?"
"$profdata" convert -q -t threads dump.pdrec | grep -q '"sleeper" tid' || fail 'text of a stream'

# a stopped process stays stopped
kill -STOP "$pid"
sleep 0.1
"$profdata" record --dump -p "$pid" >stopped.txt || fail "stopped: status $?"
[ "$(ps -o stat= -p "$pid" | cut -c1)" = T ] || fail "it was stopped and is $(ps -o stat= -p "$pid")"
kill -CONT "$pid"
wait "$pid" || fail "the program ended with $?"
pid=
grep -q slept alone.txt || fail "the program said $(cat alone.txt)"

refused() { # WHAT COMMAND...
	local want=$1
	shift
	"$@" >out 2>&1
	[ $? -eq 125 ] || fail "$*: status"
	{ grep -q "error: .*$want" out && [ "$(wc -l <out)" -eq 1 ]; } || fail "$*: $(cat out)"
}
refused 'does not exist' "$profdata" record --dump -p 4194301
refused 'needs -p PID' "$profdata" record --dump
refused 'expected numbers' "$profdata" record --dump -p x
sh -c 'sleep 0 & exec sleep 5' &
sleep 0.3
zombie=$(ps -o pid= --ppid $! | tr -d ' ')
[ -z "$zombie" ] || refused 'ended' "$profdata" record --dump -p "$zombie"
kill $!
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	refused 'belongs to' setpriv --reuid=65534 --clear-groups "$profdata" record --dump -p $$
fi
exit $failed
