#!/bin/bash
# dumps.sh PROFDATA FOLDER CASE: dumps on a signal, from inside of programs whose threads are in known places. 77: cannot be tried here.
set -u
profdata=$1 program=$2/dumps case=$3 source=$(dirname "$0")
dir=$(mktemp -d)
recorder=
trap '[ -z "$recorder" ] || kill "$recorder" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
mkfifo go
failed=0
fail() { echo "$case: $*"; failed=1; }

# until COMMAND...: it becomes true
until_true() {
	for ((i = 0; i < 300; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	fail "never: $*"
	return 1
}
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
has() { [ -s "$1" ]; }

# begin OUTPUT SIGNAL ARGUMENTS...: the program runs and has said its pid; options in $options
options=()
begin() {
	local output=$1 signal=$2
	shift 2
	: >out
	"$profdata" record "${options[@]}" --dump-signal "$signal" -o "$output" -- "$program" "$@" <go >out 2>err &
	recorder=$!
	exec 9>go
	until_true has_lines out 1 || cat err
	pid=$(head -n 1 out)
	sleep 0.2
}
# finish STATUS: its input ends
finish() {
	exec 9>&-
	wait "$recorder"
	local have=$?
	recorder=
	[ $have -eq "$1" ] || fail "status $have, expected $1: $(cat err)"
}

# stack FILE THREAD FUNCTION...: the thread's stack has these functions in this order, leaf first
stack() {
	awk -v who="\"$2\" tid" -v want="${*:3}" '
		BEGIN { n = split(want, w, " "); k = 1 }
		index($0, who) == 1 { on = 1; next }
		/^"|^$|^[0-9]+ threads/ { on = 0 }
		on && k <= n && $1 == w[k] { k++ }
		END { exit k <= n }' "$1" || fail "$1: stack of $2 is not $(printf '%s < ' "${@:3}"): $(cat "$1")"
}
state() { grep -q "^\"$2\" tid [0-9]*: $3" "$1" || fail "$1: $2 is not $3: $(grep "^\"$2\"" "$1")"; }

states_of() { # FILE
	head -n 1 "$1" | grep -Eq "^process $pid \(dumps\), dump [0-9]+, 20[0-9-]+ [0-9:]+\.[0-9]+ UTC: 9 threads, 1 running, 8 sleeping$" || fail "$1: head: $(head -n 1 "$1")"
	state "$1" busy 'running'
	state "$1" on_mutex 'sleeping in futex for a mutex'
	state "$1" on_rwlock 'sleeping in futex for a rwlock'
	state "$1" on_cond 'sleeping in futex for a condition'
	state "$1" on_sem 'sleeping in futex for a semaphore'
	state "$1" in_sleep 'sleeping in clock_nanosleep'
	state "$1" in_epoll 'sleeping in epoll_wait'
	state "$1" in_read 'sleeping in read'
	state "$1" dumps 'sleeping in read'
	stack "$1" dumps until_input_ends main
	for thread in busy on_mutex on_rwlock on_cond on_sem in_sleep in_epoll in_read; do
		stack "$1" $thread "${thread}_place" $thread
	done
}

case $case in
states) # who waits for what; texts at once, all of it at the end, nothing else is recorded, and the program goes on
	begin s.pdrec USR2 states
	for n in 1 2 3; do
		kill -USR2 "$pid"
		until_true has s.dump-$n.txt && states_of s.dump-$n.txt
	done
	[ "$(grep -c "note: dump of process $pid, 9 threads: s.dump-" err)" -eq 3 ] || fail "$(cat err)"
	finish 0
	grep -q ended out || fail "it said $(cat out)"
	"$profdata" convert -q -t threads s.pdrec >all.txt || fail 'threads'
	[ "$(grep -c '^process ' all.txt)" -eq 3 ] || fail "$(grep '^process ' all.txt)"
	[ "$("$profdata" info s.pdrec | grep -c ' total ')" -eq 1 ] || fail 'sample types'
	"$profdata" convert -q -o s.pb.gz s.pdrec
	"$profdata" tags --json s.pb.gz >tags
	for label in dump dump_time state syscall reason thread tid; do
		grep -q "\"key\": *\"$label\"" tags || fail "label $label"
	done
	[ "$("$profdata" filter --tagfocus dump=2 -t dump s.pb.gz | grep -c 'state=sleeping')" -eq 8 ] || fail 'the second dump by its label'
	;;
combined) # with all the rest, as kinds of their own; by number, and as a signal of the terminal's
	options=(--cpu --wall --heap --heap-period 1 --lock --lock-rate 1 --split)
	begin c.pb.gz 3 states
	kill -QUIT "$pid"
	until_true has c.dump-1.txt && states_of c.dump-1.txt
	finish 0
	for kind in cpu wall heap threads; do
		"$profdata" info c.$kind.pb.gz >info 2>&1 || fail "$kind: $(cat info)"
	done
	[ "$("$profdata" filter -t dump c.threads.pb.gz 2>/dev/null | grep -c 'state=')" -eq 9 ] || fail 'threads'
	;;
handlers) # the program's own handler is called as it asked to be, and it sees nothing of ours
	for how in plain signal info once; do
		begin h.pb.gz SIGUSR2 handles $how
		for n in 1 2; do
			kill -USR2 "$pid"
			until_true has h.dump-$n.txt && stack h.dump-$n.txt dumps until_input_ends main
			rm -f h.dump-$n.txt
		done
		finish 0
		want='handled 2 value 0'
		[ $how = once ] && want='handled 1 value 0 default'
		[ "$(tail -n 1 out)" = "$want" ] || fail "$how: $(tail -n 1 out), expected $want"
	done
	begin l.pb.gz USR2 leaves
	kill -USR2 "$pid"
	until_true has l.dump-1.txt && stack l.dump-1.txt dumps leaves_handler until_input_ends
	finish 7
	;;
blocked) # blocked everywhere, and taken by other ways than a handler
	begin b.pb.gz USR2 blocks only
	for n in 1 2; do
		kill -USR2 "$pid"
		until_true has b.dump-$n.txt && stack b.dump-$n.txt in_sleep in_sleep_place
	done
	finish 0
	grep -q blocked out || fail "only: $(cat out)"
	begin d.pb.gz USR2 blocks handled
	kill -USR2 "$pid"
	until_true has d.dump-1.txt
	finish 0
	grep -q 'before 0 after 1' out || fail "handled: $(cat out)"
	[ ! -e d.dump-2.txt ] || fail 'handled: a second dump'
	for how in wait info fd; do
		begin w.pb.gz USR2 blocks $how
		for n in 1 2 3; do
			kill -USR2 "$pid"
			until_true has_lines out $((n + 1))
			[ $how = fd ] || until_true has w.dump-$n.txt
			rm -f w.dump-$n.txt
		done
		finish 0
		[ ! -e w.dump-4.txt ] || fail "$how: more dumps than signals"
	done
	"$profdata" info w.pb.gz | grep -q 'record.dump_warning: .*signalfd' || fail 'fd: nothing is said of it'
	;;
many) # 200 threads, some of them running
	begin m.pb.gz RTMIN+3 many 200
	kill -s RTMIN+3 "$pid"
	until_true has m.dump-1.txt
	head -n 1 m.dump-1.txt | grep -q ': 201 threads' || fail "$(head -n 1 m.dump-1.txt)"
	awk '/^ *"busy" tid/ { b++ } /^ *"in_sleep" tid/ { s++ } /no stack/ { no++ } END { exit !(b == 25 && s == 175 && !no) }' m.dump-1.txt || fail "$(grep -c 'no stack' m.dump-1.txt) without a stack"
	finish 0
	;;
processes) # the child of a fork has it too; one that is not recorded does what the system does
	begin f.pb.gz USR2 forks
	child=$pid
	until_true has_lines out 2
	pid=$(tail -n 1 out)
	kill -USR2 "$child"
	until_true has f.dump-1.txt && stack f.dump-1.txt dumps child_place main
	kill -USR2 "$pid"
	until_true has f.dump-2.txt && stack f.dump-2.txt dumps until_input_ends main
	finish 0
	options=(--no-children)
	begin n.pb.gz USR2 forks
	child=$pid
	kill -USR2 "$child"
	until_true bash -c "! kill -0 $child 2>/dev/null || grep -q '^State:.Z' /proc/$child/status"
	finish 0
	[ ! -e n.dump-1.txt ] || fail 'a dump of a process that is not recorded'
	;;
within) # pda_dump(), whatever is recorded
	for kind in --cpu '--dump-signal USR1'; do
		# shellcheck disable=SC2086 # options
		"$profdata" record -q $kind -o a.pdrec -- "$program" asks >out 2>err || fail "status $?: $(cat err)"
		[ "$(grep -c 'asked 0' out)" -eq 3 ] || fail "$(cat out)"
		"$profdata" convert -q -t threads a.pdrec >all.txt 2>&1
		[ "$(grep -c '^process .*2 threads' all.txt)" -eq 3 ] || fail "$(cat all.txt)"
		"$profdata" symbolize a.pdrec -o a.pb.gz && "$profdata" convert -q -t threads a.pb.gz >all.txt
		[ "$(grep -c ' asks_place ' all.txt)" -eq 3 ] || fail "$(cat all.txt)"
	done
	[ "$("$program" asks)" = "$(printf 'asked -1\nasked -1\nasked -1')" ] || fail 'without the sampler'
	;;
usage) # what cannot be asked for
	for sig in KILL TERM SEGV 9 0 65 X '' QUITX RTMIN+99; do
		"$profdata" record --dump-signal "$sig" -- touch ran >out 2>&1
		[ $? -eq 125 ] || fail "$sig: status"
		grep -q 'dump-signal .*: expected QUIT' out || fail "$sig: $(cat out)"
	done
	"$profdata" record --dump-signal USR2 --outside -- touch ran >out 2>&1
	grep -q 'from inside of a command only' out || fail "outside: $(cat out)"
	"$profdata" record --dump-signal USR2 -o /dev/null -- touch ran >out 2>&1
	grep -q 'error: .*beside the profile, and /dev/null is no file; hint: -o FILE' out || fail "no file: $(cat out)"
	[ ! -e ran ] || fail 'it ran'
	"$profdata" record --dump-signal USR2 -o q.pb.gz -- true 2>err || fail "status $?"
	grep -q 'warning: no dumps: no recorded process got the signal USR2' err || fail "$(cat err)"
	;;
sanitized) # a program that brings a sanitizer along
	${CC:-cc} -D_GNU_SOURCE -g -O1 -fsanitize=address -static-libasan -pthread -I"$source/../../libprofdata/include" -o dumps "$source/dumps.c" 2>err || { echo "skipped: $(head -n 1 err)"; exit 77; }
	program=$dir/dumps
	export ASAN_OPTIONS=detect_leaks=0
	begin a.pb.gz USR2 states
	for n in 1 2; do
		kill -USR2 "$pid"
		until_true has a.dump-$n.txt
		for thread in busy in_sleep in_epoll in_read on_mutex on_cond; do
			stack a.dump-$n.txt $thread "${thread}_place"
		done
	done
	finish 0
	;;
*) fail 'unknown case' ;;
esac
exit $failed
