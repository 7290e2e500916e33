#!/bin/bash
# edges.sh PROFDATA FOLDER CASE: the sampler where something runs out, or is not allowed. 77: cannot be tried here.
set -u
profdata=$1 target=$2/target case=$3
dir=$(mktemp -d)
mounted=
trap '[ -z "$mounted" ] || umount "$dir/small"; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$case: $*"; failed=1; }
skip() { echo "$case: skipped: $*"; exit 77; }
fact() { "$profdata" info "$2" 2>/dev/null | sed -n "s/.*record\.$1: //p"; }
cpu_ms() { "$profdata" info "$1" 2>/dev/null | sed -n 's,.*cpu/nanoseconds  total \([0-9]*\).*,\1,p' | awk '{ printf "%d", $1 / 1e6 }'; }

# limited LIMIT OUTPUT OPTIONS -- ARGUMENTS...: the target under a ulimit does what it does there alone
limited() {
	local limit=$1 output=$2 options=()
	shift 2
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	bash -c "ulimit $limit; exec \"\$0\" \"\$@\"" "$target" "$@" >want 2>/dev/null
	local want=$?
	timeout 60 "$profdata" record "${options[@]}" -o "$output" -- bash -c "ulimit $limit; exec \"\$0\" \"\$@\"" "$target" "$@" >have 2>err
	local have=$?
	[ $want -eq $have ] || fail "under ulimit $limit: status $have, alone $want: $(cat err)"
	cmp -s want have || fail "under ulimit $limit: $(diff want have | head -n 3)"
}

case $case in
file-size) # the stream may not grow: no SIGXFSZ for the program, what is there can be read, and it is said
	limited '-f 24' f.pdrec -F 1000 --cpu --wall -- churn 2000
	[ "$(stat -c %s f.pdrec)" -le $((24576 + 128)) ] || fail 'it grew' # record itself, without the limit, adds how it ended
	grep -q 'warning: .*no room to write' err || fail "nothing is said: $(cat err)"
	limited '-f 24' f.pdrec -F 1000 --cpu --wall -- spin 2 0.5 # of threads that come and go there is little in the first milliseconds
	[ "$("$profdata" convert -q -t dump f.pdrec 2>/dev/null | grep -c '^[0-9]* [0-9]* ')" -gt 0 ] || fail 'nothing kept'
	;;
full) # the same on a disk without room; the profile that cannot be written is an error, and the stream is kept
	mkdir small
	mount -t tmpfs -o size=64k none small 2>/dev/null || skip 'no right to mount a small disk'
	mounted=1
	"$target" churn 3000 >want
	"$profdata" record -F 1000 --cpu --wall -o small/full.pdrec -- "$target" churn 3000 >have 2>err || fail "status $?: $(cat err)"
	cmp -s want have || fail "$(diff want have | head -n 3)"
	grep -q 'warning: .*no room to write' err || fail "nothing is said: $(cat err)"
	grep -q 'warning: .*the disk is full' err || fail "that it is full is not said: $(cat err)"
	[ "$("$profdata" convert -q -t dump small/full.pdrec 2>/dev/null | grep -c '^[0-9]* [0-9]* ')" -gt 0 ] || fail 'nothing kept'
	rm small/full.pdrec
	"$profdata" record -F 1000 --cpu --wall -o small/full.pb.gz -- "$target" churn 3000 >have 2>err
	[ $? -eq 125 ] || fail 'a profile that cannot be written: status'
	{ grep -q 'full.pb.gz: error: .*No space left' err && grep -q 'note: what was recorded is kept in .*pdrec' err; } || fail "$(cat err)"
	[ ! -e small/full.pb.gz ] || fail 'half a profile'
	rm small/*.pdrec
	# room comes back: what is missing is counted
	"$profdata" record -F 1000 --cpu --wall -o small/gap.pdrec -- "$target" refill small/big >have 2>err || fail "status $?: $(cat err)"
	"$profdata" info small/gap.pdrec 2>/dev/null | grep -q 'record.lost_blocks: [1-9]' || fail "lost blocks: $("$profdata" info small/gap.pdrec 2>&1)"
	;;
memory) # little address space: the program has what it needs of it
	limited '-v 60000' m.pb.gz -q -F 1000 --cpu --wall -- spin 1 0.3
	[ "$(cpu_ms m.pb.gz)" -ge 270 ] || fail "$(cpu_ms m.pb.gz) ms of 300"
	limited '-v 60000' many.pb.gz -q -F 1000 -- many 100
	fact threads many.pb.gz | grep -Eq '\(([1-9][0-9]+) not sampled' || fail "threads: $(fact threads many.pb.gz)"
	for kb in 12500 14000; do # too little for the sampler: nothing is recorded, and the program lives
		limited "-v $kb" little.pb.gz -q -F 1000 --cpu --wall -- spin 1 0.3
	done
	bash -c 'ulimit -v 30000; exec "$0" --version' "$profdata" >/dev/null 2>&1 || exit $failed # one with a sanitizer has no room itself
	bash -c 'ulimit -v 30000; exec "$0" record -o none.pb.gz -- "$1" spin 1 0.1' "$profdata" "$target" >have 2>err || fail "status $?: $(cat err)"
	{ grep -q 'warning: nothing is recorded: .*30000 kB of address space' err && [ "$(grep -c profdata err)" -eq 1 ]; } || fail "$(cat err)"
	{ grep -q spun have && [ ! -e none.pb.gz ]; } || fail "$(cat have)"
	;;
threads) # more than there is room for: counted
	"$target" many 2100 >want || skip "$(cat want)"
	"$profdata" record -q -F 1000 --cpu --wall -o t.pb.gz -- "$target" many 2100 >have 2>err || fail "status $?: $(cat err)"
	cmp -s want have || fail "$(diff want have | head -n 3)"
	fact threads t.pb.gz | grep -Eq '^2101 \((5[3-9]|[6-9][0-9]) not sampled\)' || fail "threads: $(fact threads t.pb.gz)"
	;;
timers) # no timers to be had: one for all, and what that means
	limited '-i 0' i.pb.gz -q -F 100 -- spin 2 0.5
	case $(fact engine i.pb.gz) in
	setitimer*biased*) ;;
	*) fail "engine: $(fact engine i.pb.gz)" ;;
	esac
	[ "$(cpu_ms i.pb.gz)" -ge 500 ] || fail "$(cpu_ms i.pb.gz) ms of 1000"
	;;
setuid) # a program with more rights than its user is refused before it runs
	[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || skip 'needs root, to make one'
	chmod 755 .
	mkdir open && chmod 777 open
	cp "$(command -v touch)" suid && chmod 4755 suid
	setpriv --reuid=65534 --clear-groups test -x "$profdata" || skip 'other users cannot reach profdata'
	setpriv --reuid=65534 --clear-groups "$profdata" record -o open/s.pb.gz -- ./suid open/ran >out 2>&1
	[ $? -eq 125 ] || fail 'status'
	{ grep -q 'error: .*more rights than its user' out && [ "$(wc -l <out)" -eq 1 ]; } || fail "$(cat out)"
	[ -z "$(ls open)" ] || fail "there is $(ls open)"
	;;
users) # a program that changes its user does so with all its threads
	for n in 0 1; do
		for how in '' '--wall --cpu --heap --lock'; do
			timeout 20 "$target" users $n >want || fail 'alone'
			# shellcheck disable=SC2086
			timeout 20 "$profdata" record -q $how -o u.pb.gz -- "$target" users $n >have 2>err || fail "status $?: $(cat err)"
			cmp -s want have || fail "$n $how: $(diff want have)"
			grep -q '^child: 0 0 0 1, 0 strangers' have || fail "$(cat have)"
		done
	done
	if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then # one thread has the right to, the other has not
		"$profdata" record -q --cpu -o u.pb.gz -- setpriv --reuid=65534 --regid=65534 --clear-groups id -u >have 2>err || fail "setpriv: status $?: $(cat err)"
		[ "$(cat have)" = 65534 ] || fail "setpriv: $(cat have)"
	fi
	;;
filter) # filters of system calls, which need not let signals return: recorded up to there
	for way in 0 1; do
		"$target" filter $way >want || skip 'no filters here'
		for how in '' '--cpu --wall --heap --lock --trace'; do
			# shellcheck disable=SC2086
			"$profdata" record -q -F 1000 $how -o f.pb.gz -- "$target" filter $way >have 2>err || fail "$way $how: status $?: $(cat err)"
			cmp -s want have || fail "$way $how: $(diff want have)"
			[ "$(fact filtered f.pb.gz | cut -d' ' -f1)" = 1 ] || fail "$way $how: not told"
			ms=$("$profdata" convert -q -t folded -s cpu f.pb.gz -o - | awk '/;burn/ { s += $NF } END { printf "%d", s / 1e6 }')
			{ [ "$ms" -ge 150 ] && [ "$ms" -le 250 ]; } || fail "$way $how: $ms ms of the 200 before it"
		done
	done
	;;
alone) # a program of one thread is one for libc, too, and our own thread does nothing that would then be wrong
	"$2/alone" "$2/plugin.so" >want || fail 'alone'
	grep -q '^busy 1$' want && grep -q '^threads 0$' want || skip "this libc says $(tr '\n' ' ' <want)"
	for how in '--cpu' '--cpu --wall --heap --lock --trace --dump-signal USR2' '--cpu --heap --heap-period 1 --lock --lock-rate 1'; do
		# shellcheck disable=SC2086,SC2016 # options; for the inner shell
		"$profdata" record -q -F 1000 $how -o a.pb.gz -- bash -c 'LD_PRELOAD=$LD_PRELOAD:$0 exec "$@"' "$2/alone_watch.so" "$2/alone" "$2/plugin.so" >have 2>err
		status=$?
		[ $status -eq 0 ] || fail "$how: status $status (134: our thread calls what it may not): $(cat err)"
		cmp -s want have || fail "$how: $(diff want have)"
		[ ! -s err ] || fail "$how: $(cat err)"
		"$profdata" convert -q -t folded a.pb.gz -o - | grep -q in_namespace || fail "$how: nothing after unshare()"
	done
	;;
folder) # an output that cannot be written is known before the command runs
	for to in none/x.pb.gz none/x.pdrec /proc/x.pb.gz; do
		"$profdata" record -o $to -- touch ran >out 2>&1
		[ $? -eq 125 ] || fail "$to: status"
		{ grep -q "error: .*${to%/*}" out && [ "$(wc -l <out)" -eq 1 ]; } || fail "$to: $(cat out)"
	done
	[ ! -e ran ] || fail 'it ran'
	;;
outputs) # any format, wherever it goes; what is no file has no stream beside it
	"$profdata" record -q -t folded -o f.txt -- "$target" spin 1 0.3 >/dev/null || fail "status $?"
	grep -q ';burn' f.txt || fail "-t folded: $(head -n 3 f.txt)"
	mkfifo pipe && mkdir tmp
	cat pipe >piped &
	TMPDIR=$dir/tmp "$profdata" record -q -t folded -o pipe -- "$target" spin 1 0.3 >/dev/null 2>err || fail "pipe: $(cat err)"
	wait $!
	grep -q ';burn' piped || fail "pipe: $(cat piped)"
	[ -z "$(ls tmp)" ] && ! ls ./*.pdrec 2>/dev/null || fail 'a stream is left'
	"$target" spin 1 20 >/dev/null 2>&1 &
	for _ in $(seq 50); do # until it has begun
		"$profdata" record --dump -p $! -t folded >dump 2>err || fail "--dump -t: $(cat err)"
		! grep -q ';burn' dump || break
		sleep 0.1
	done
	grep -q ';burn' dump || fail "--dump -t: $(cat dump)"
	if "$profdata" record -q -p $! -d 0.5 -o - 2>err >p; then
		"$profdata" top p | grep -q burn || fail '-p -o -'
	else
		grep -q 'perf_event' err || fail "-p -o -: $(cat err)"
	fi
	kill $!
	for bad in '-o - -- touch ran' '-t nonsense touch ran' '--split -t folded touch ran'; do
		# shellcheck disable=SC2086
		"$profdata" record $bad >out 2>&1
		[ $? -eq 125 ] || fail "$bad: status"
		[ "$(grep -c error out)" -eq 1 ] || fail "$bad: $(cat out)"
	done
	[ ! -e ran ] || fail 'it ran'
	;;
musl) # where the sampler cannot be loaded the reason is said, and perf events are used if there are any
	command -v musl-gcc >/dev/null || skip 'no musl-gcc'
	echo 'int main(void) { return 7; }' >x.c
	musl-gcc -o dynamic x.c && musl-gcc -static -o static x.c || skip 'musl-gcc does not work'
	for kind in dynamic:musl static:statically; do
		"$profdata" record --heap -o x.pb.gz -- ./${kind%:*} 2>err
		[ $? -eq 125 ] || fail "${kind%:*}: status"
		grep -q "error: .*${kind#*:}" err || fail "${kind%:*}: $(cat err)"
		"$profdata" record -o x.pb.gz -- ./${kind%:*} 2>err
		status=$?
		[ $status -eq 7 ] || [ $status -eq 125 ] || [ $status -eq 127 ] || fail "${kind%:*} from outside: status $status"
		grep -q "${kind#*:}" err || [ $status -eq 127 ] || fail "${kind%:*} from outside: $(cat err)"
	done
	;;
interrupt) # SIGINT for record is for the command, and all of it is kept; SIGKILL of the program, too
	set -m
	"$profdata" record -q -F 200 -o int.pb.gz -- "$target" spin 1 60 >/dev/null 2>&1 &
	sleep 1.5
	kill -INT $!
	wait $!
	[ $? -eq 130 ] || fail 'SIGINT: status'
	[ "$(cpu_ms int.pb.gz)" -gt 200 ] || fail "SIGINT: $(cpu_ms int.pb.gz) ms"
	"$profdata" record -F 200 -o kill.pb.gz -- bash -c '(sleep 1.5; kill -9 $$) & exec "$0" spin 1 60' "$target" >/dev/null 2>err
	[ $? -eq 137 ] || fail 'SIGKILL: status'
	[ "$(cpu_ms kill.pb.gz)" -gt 200 ] || fail "SIGKILL: $(cpu_ms kill.pb.gz) ms"
	grep -q 'not ended (killed' err || fail "SIGKILL: $(cat err)"
	;;
split) # one profile per kind, with its own sample types and the sums it has in all of them together
	# the stream has another name before it goes: what is in it all together
	"$profdata" record -q --cpu --wall --heap --heap-period 1 --lock --lock-rate 1 --split -o s.pb.gz -- \
		bash -c 'ln profdata-*.pdrec all.pdrec && "$0" asleep 1 && "$1" 3' "$target" "${target%/*}/lock_truth" >/dev/null || fail "status $?"
	sums() { # FILE PREFIX-OF-COMMON-NAMES
		"$profdata" info "$1" 2>/dev/null | awk -v kind="$2" '{ sub(/^sample types/, "") } $2 == "total" { split($1, name, "/")
			print (kind != "" && name[1] ~ /^(samples|contentions|delay)$/ ? kind "_" : "") $1, $3 }' | sort
	}
	"$profdata" convert -q -o all.pb.gz all.pdrec || fail 'all of them together'
	for kind in cpu wall heap block mutex; do sums s.$kind.pb.gz $kind; done | sort >split.sums
	sums all.pb.gz '' >all.sums
	[ "$(wc -l <all.sums)" -eq 14 ] || fail "$(cat all.sums)"
	! grep -q ' 0$' all.sums || fail "nothing of $(grep ' 0$' all.sums)"
	cmp -s split.sums all.sums || fail "sums: $(diff split.sums all.sums)"
	for kind in cpu:nanoseconds wall:off_cpu heap:inuse_space block:delay mutex:delay; do
		"$profdata" info "s.${kind%:*}.pb.gz" >info 2>&1 || fail "${kind%:*}: $(cat info)"
		grep -q "${kind#*:}" info || fail "${kind%:*}: $(cat info)"
	done
	[ "$("$profdata" info s.heap.pb.gz | grep -c ' total ')" -eq 4 ] || fail 'memory has four sample types'
	[ ! -e s.pb.gz ] || fail 'and all of them together'
	;;
*) fail 'unknown case' ;;
esac
exit $failed
