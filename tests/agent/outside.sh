#!/bin/bash
# outside.sh PROFDATA FOLDER CASE: recording by perf events, of the programs in FOLDER. 77 where the kernel does not allow it.
set -u
profdata=$1 folder=$2 case=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$case: $*"; failed=1; }
target=$folder/target
skip() { echo "$case: $*"; exit 77; }

"$profdata" record -q --outside -o probe.pb.gz -- true 2>probe.err || skip "$(cat probe.err)"
may_see_kernel=$([ "$(id -u)" -eq 0 ] || [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 1 ] && echo 1)

record() { "$profdata" record -q "$@"; }
fact() { "$profdata" info "$2" | sed -n "s/.*record\.$1: //p"; }
folded() { "$profdata" convert -q -t folded -s "$1" "$2" 2>/dev/null; }

# lives FILE.pdrec: per thread, spells add up to its life to the nanosecond, by the records themselves; prints "NAME LIFE ON OFF" in ns
lives() {
	python3 - "$1" <<-'END'
	import struct, sys
	data = open(sys.argv[1], "rb").read()
	at = struct.unpack_from("<I", data, 12)[0]
	life, bad, images = {}, 0, 0
	while at + 40 <= len(data):
	    magic, size, pid, n, image, time, seq = struct.unpack_from("<IIIIQQQ", data, at)
	    end, r = at + size, at + 40
	    while r < end:
	        rsize, kind, fixed = struct.unpack_from("<IHH", data, r)
	        if kind == 5:
	            tid, _, t, cpu = struct.unpack_from("<IIQQ", data, r + 8)
	            life[(pid, image, tid)] = dict(start=t, on=0, off=0, name="", end=None)
	        elif kind == 6:
	            tid, k = struct.unpack_from("<II", data, r + 8)
	            life[(pid, image, tid)]["name"] = data[r + 16:r + 16 + k].decode()
	        elif kind == 7:
	            tid, _, t, cpu = struct.unpack_from("<IIQQ", data, r + 8)
	            l = life[(pid, image, tid)]
	            l["end"] = t
	        elif kind == 60:
	            t, ns, tid, stack, state, count = struct.unpack_from("<QQIIII", data, r + 8)
	            life[(pid, image, tid)]["on" if state == 1 else "off"] += ns
	        r += rsize
	    at = end
	for l in life.values():
	    if l["end"] is None or l["on"] + l["off"] != l["end"] - l["start"]:
	        print("thread %s: life %s, on + off %d" % (l["name"], l["end"] and l["end"] - l["start"], l["on"] + l["off"]), file=sys.stderr)
	        bad = 1
	    print(l["name"].replace(" ", "-"), l["end"] - l["start"], l["on"], l["off"])
	sys.exit(bad or not life)
	END
}

case $case in
cpu) # shares and sum of the CPU time of threads; functions by name, callers whole without frame pointers
	record --outside -F 499 -o cpu.pb.gz -- "$target" duty 3 2>truth.txt >/dev/null || fail "status $?"
	"$profdata" filter -s cpu -t dump cpu.pb.gz | awk '
		NR == FNR { if ($1 == "truth") { true_s[$2] = $3; all += $3 }; next }
		/^[0-9]+ [0-9]+\t/ { n = split($0, f, "\t"); split(f[1], v, " "); for (i = 2; i <= n; i++) if (f[i] ~ /^thread=/) seen[substr(f[i], 8)] += v[2] / 1e9 }
		END { for (name in true_s) got += seen[name]
			for (name in true_s) { off = 100 * (seen[name] / got - true_s[name] / all); bad += off > 2 || off < -2; printf "%s: %.3f s, profile %.3f s\n", name, true_s[name], seen[name] }
			printf "sum %.4f\n", got / all; exit bad || !(got / all > 0.95 && got / all < 1.03) }' truth.txt - >table || fail "$(cat table)"
	folded cpu cpu.pb.gz | grep -q 'clone3;start_thread;.*burn' || fail 'a thread from its root to burn()'
	[ "$(folded cpu cpu.pb.gz | awk '{ n++ } /incomplete|truncated/ { bad += $NF } { all += $NF } END { print (all > 0 && bad / all < 0.02) }')" = 1 ] || fail 'stacks are cut'
	;;
wall) # on + off is life to the nanosecond
	record --outside --wall -F 200 -o wall.pdrec -- "$target" asleep 1 >/dev/null || fail "status $?"
	if command -v python3 >/dev/null; then
		lives wall.pdrec >lives.txt || fail 'on + off is not life'
		awk '{ life[$1] = $2; on[$1] = $3 } END { exit !(life["sleeper"] > 0.995e9 && life["sleeper"] < 1.3e9 && on["sleeper"] < 0.01e9 && on["target"] > 0.249e9 && on["target"] < 0.3e9) }' lives.txt ||
			fail "$(cat lives.txt)"
	fi
	fact balance wall.pdrec | grep -q '^on + off = life to the nanosecond for all of 2 threads' || fail "$(fact balance wall.pdrec)"
	record --outside --wall --cpu -F 200 -o wall.pb.gz -- "$target" asleep 1 >/dev/null || fail "status $?"
	if [ "$may_see_kernel" ]; then
		folded wall wall.pb.gz | awk '/;sleeper;nap;.*nanosleep/ { n += $NF } END { exit !(n > 0.99e9) }' || fail 'where the sleeper sleeps'
	else
		folded wall wall.pb.gz | grep -q 'burn.*;.not seen' || fail 'nobody says that it was not seen'
	fi
	;;
churn) # threads that come and go take nothing of what others have used with them
	record --outside --cpu -F 200 -o churn.pb.gz -- "$folder/churn" 2 >/dev/null || fail "status $?"
	rate=$(fact rate_delivered churn.pb.gz)
	case $(uname -r) in [0-5].* | 6.[0-9].* | 6.1[01].*) skip "this kernel lets threads swap their events: ${rate}" ;; esac
	[ "$(awk -v r="${rate%% *}" 'BEGIN { print (r > 150 && r < 210) }')" = 1 ] || fail "200 samples per second asked for, $rate"
	;;
lossy) # more than the rings hold, as nobody reads them: who ran and slept when is known all the same, and what is lost is told
	[ "$may_see_kernel" ] || skip 'without rights there are too few records'
	command -v python3 >/dev/null || skip 'no python3'
	record --outside --wall -F 200 -o whole.pdrec -- "$folder/churn" 1.5 calm >whole.txt || fail "status $?"
	"$profdata" record --outside --wall -F 200 -o lossy.pdrec -- "$folder/churn" 4 calm >lossy.txt 2>err &
	recorder=$!
	until [ -n "$(find . -name lossy.pdrec -size +40k)" ] || ! kill -0 $recorder; do sleep 0.1; done
	kill -STOP $recorder
	sleep 1.5
	kill -CONT $recorder
	wait $recorder || fail "status $?"
	grep -q 'warning: .*stacks of threads that went to sleep lost' err || skip "the machine is too slow to lose anything: $(cat err)"
	fact lost_stacks lossy.pdrec | grep -q '^[0-9]' || fail 'no comment'
	for how in whole lossy; do
		lives $how.pdrec >$how.lives || fail "$how: on + off is not life"
		# seconds on the CPU and by the threads' own clocks, which count switches, and what we do in them, too
		awk 'NR == FNR { truth[$1] = $2; next } $1 in truth { print $1, $3 / 1e9, truth[$1] }' $how.txt $how.lives | sort >$how.table
	done
	gaps=$(fact lost_records lossy.pdrec | sed 's/.*together \([0-9.]*\) ms.*/\1/') # of who runs then nothing is known
	paste whole.table lossy.table | awk -v gaps="${gaps:-0}" '{ n++; if ($5 < ($2 / $3 - 0.12) * $6 - gaps / 1e3 || $5 > 1.1 * $6 + gaps / 1e3) { bad = 1; print } } END { exit bad || n != 3 }' >table ||
		fail "$(cat table; fact lost_records lossy.pdrec)"
	;;
attach) # processes that run: all threads, until the time is up, they end, or Ctrl-C
	"$target" spin 3 60 >/dev/null 2>&1 &
	pid=$!
	sleep 0.3
	record -p "$pid" -F 200 -d 1 -o attach.pb.gz || fail "status $?"
	[ "$("$profdata" tags attach.pb.gz 2>/dev/null | grep -c 'spin-[012]')" -eq 3 ] || fail 'three threads'
	folded cpu attach.pb.gz | grep -q 'burn' || fail 'names'
	for sig in INT TERM HUP; do
		rm -f stop.pb.gz
		"$profdata" record -q -p "$pid" --wall -o stop.pb.gz &
		recorder=$!
		until [ -n "$(find . -name 'profdata-*.pdrec' -size +4k)" ] || ! kill -0 $recorder; do sleep 0.1; done
		kill -s "$sig" $recorder
		wait $recorder || fail "SIG$sig: status $?"
		[ -s stop.pb.gz ] || fail "SIG$sig: no profile"
	done
	# as early as there is something to leave behind
	for how in "-p $pid" '-a --wall' "--outside -- $target spin 1 20"; do
		# shellcheck disable=SC2086
		"$profdata" record -q -o early.pb.gz $how >/dev/null 2>early.txt &
		recorder=$!
		until [ -n "$(find . -name 'profdata-*.pdrec')" ] || ! kill -0 $recorder 2>/dev/null; do :; done
		kill -TERM $recorder
		wait $recorder
		status=$?
		[ $status -eq 0 ] || [ $status -eq 143 ] || fail "$how: stopped at once: status $status: $(cat early.txt)"
		[ -z "$(find . -name 'profdata-*.pdrec')" ] || fail "$how: stopped at once: a stream was left behind"
	done
	fact balance stop.pb.gz | grep -q 'life to the nanosecond' || fail "$(fact balance stop.pb.gz)"
	{ sleep 0.7; kill -9 "$pid"; } &
	timeout 20 "$profdata" record -q -p "$pid" -o end.pb.gz || fail "when it ends: status $?"
	[ -s end.pb.gz ] || fail 'when it ends: no profile'
	wait 2>/dev/null
	[ -z "$(find . -name '*.pdrec')" ] || fail 'a stream was left behind'
	;;
tree) # children and what they exec; without them
	record --outside -F 999 -o tree.pb.gz -- sh -c '"$0" spin 1 0.2; "$0" spin 1 0.2 & wait; true' "$target" >/dev/null 2>&1 || fail "status $?"
	cpu=$(folded cpu tree.pb.gz | awk '/burn/ { n += $NF } END { printf "%.0f", n / 1e6 }')
	[ "$cpu" -gt 380 ] && [ "$cpu" -lt 420 ] || fail "$cpu ms in two children of 200 ms"
	record --outside --no-children -F 999 -o one.pb.gz -- sh -c '"$0" spin 1 0.2; true' "$target" >/dev/null 2>&1 || fail "status $?"
	folded cpu one.pb.gz | grep -q burn && fail '--no-children recorded a child'
	record --outside -o st.pb.gz -- sh -c 'exit 7'
	[ $? -eq 7 ] || fail 'status of the command'
	record --outside -o st.pb.gz -- sh -c 'kill -9 $$'
	[ $? -eq 137 ] || fail 'status of a killed command'
	;;
live) # a table meanwhile, whatever is recorded
	"$target" spin 1 60 >/dev/null 2>&1 &
	pid=$!
	for how in "-p $pid -d 5" "-a -d 8" "--outside -- $target spin 1 5"; do
		# shellcheck disable=SC2086
		"$profdata" record -q --live -F 200 -o live.pb.gz $how >/dev/null 2>table.txt || fail "$how: status $?"
		{ grep -q '^[0-9]* s: .*s of CPU time$' table.txt && grep -q '% *burn$' table.txt; } || fail "$how: $(cat table.txt)"
		folded cpu live.pb.gz | grep -q burn || fail "$how: no profile"
	done
	kill $pid
	;;
fixed) # what cannot be recorded from inside
	echo 'int main(void) { volatile unsigned n = 0; while (n < 400000000u) n++; return 3; }' >x.c
	${CC:-cc} -O1 -static -o fixed x.c 2>/dev/null || skip 'no static libc'
	"$profdata" record -F 499 -o fixed.pb.gz ./fixed 2>err
	[ $? -eq 3 ] || fail 'status'
	grep -q 'statically linked.*recorded from outside' err || fail "$(cat err)"
	folded cpu fixed.pb.gz | awk '/;main / { n = $NF } { all += $NF } END { exit !(n > 0.9 * all && n > 0) }' || fail 'main is not where the time went'
	;;
events) # other events than the clock
	record --event page-faults -F 5000 -o faults.pb.gz -- "$target" work 20 >/dev/null 2>&1 || fail "status $?"
	"$profdata" info faults.pb.gz | grep -q 'page-faults/count' || fail 'page faults'
	"$profdata" record --event cpu-cycles -F 200 -o cycles.pb.gz -- "$target" spin 1 0.3 2>err >/dev/null || fail "status $?"
	"$profdata" info cycles.pb.gz | grep -qE 'cpu-cycles/count|cpu/nanoseconds' || fail 'cycles'
	if [ "$(id -u)" -eq 0 ] && [ -r /sys/kernel/tracing/events/sched/sched_switch/id ]; then
		record --event sched:sched_switch -F 5000 -o switch.pb.gz -- "$target" asleep 1 >/dev/null 2>&1 || fail "tracepoint: status $?"
		folded sched:sched_switch switch.pb.gz | grep -q 'sleeper;nap;.*schedule' || fail "tracepoint: $("$profdata" info switch.pb.gz)"
		"$profdata" record --event sched:no_such -- true 2>err && fail 'no such tracepoint'
		grep -q 'error: --event sched:no_such: this kernel has no such tracepoint; hint: ' err || fail "$(cat err)"
	fi
	case $(uname -r) in
	[0-5].* | 6.[0-9].* | 6.1[01].*) ;; # events of threads that are inherited have no values of their own
	*) # what is counted is never more than there was, whatever the kernel takes for a period
		true_faults=$(python3 -c 'import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt)' \
			"$folder/churn" 1 calm 2>/dev/null) || true_faults=
		record --event page-faults -F 99 -o few.pb.gz -- "$folder/churn" 1 calm >/dev/null || fail "status $?"
		few=$("$profdata" info few.pb.gz | sed -n 's|.*page-faults/count  total \([0-9]*\).*|\1|p')
		[ -z "$true_faults" ] || [ "${few:-9999}" -le $((true_faults + 100)) ] || fail "$few page faults of $true_faults"
		;;
	esac
	for how in fp dwarf dwarf,4096 auto; do
		record --outside --call-graph "$how" -F 499 -o how.pb.gz -- "$target" spin 1 0.3 >/dev/null 2>&1 || fail "$how: status $?"
		folded cpu how.pb.gz | grep -q burn || fail "$how: no burn()"
	done
	;;
jit) # addresses that several functions use one after the other have the name of their time, by a jitdump; from inside, too
	for how in --outside --cpu '--wall -F 250'; do
		for try in 1 2 3 4; do # by looks while others have the CPUs it is less exact
			# shellcheck disable=SC2086
			record $how -F 499 -o jit.pb.gz -- "$folder/jit" 1.5 || fail "$how: status $?"
			folded cpu jit.pb.gz >jit.txt
			[ -s jit.txt ] || folded on_cpu jit.pb.gz >jit.txt
			awk -v how="$how" '{ n = split(substr($0, 1, length($0) - length($NF) - 1), f, ";"); s = $NF; all += s; for (i = 1; i <= n; i++) if (f[i] ~ /^(first|second|third)$/) { sum[f[i]] += s; break } }
				END { all = sum["first"] + sum["second"] + sum["third"]; a = sum["first"] / all; b = sum["second"] / all; c = sum["third"] / all
					if (!(all > 0.5e9 && a > 0.14 && a < 0.26 && b > 0.5 && b < 0.7 && c > 0.14 && c < 0.26)) { print how ": first, second, third:", a, b, c; exit 1 } }' jit.txt >table && break
			[ $try -lt 4 ] || fail "shares, $(cat table)"
			rm -f jit-*.dump
		done
		grep -q 'main;run;second' jit.txt || fail "$how: who calls it"
		rm -f jit-*.dump
	done
	# attached to when code and list are there already; a stream that is read when the list is gone
	"$folder/jit" 6 &
	sleep 0.5
	record -p $! -F 499 -d 0.5 -o jit.pb.gz || fail 'attached'
	kill $!
	folded cpu jit.pb.gz | grep -q ';first' || fail 'attached: no name'
	record --outside -F 499 -o jit.pdrec -- "$folder/jit" 0.5
	rm -f jit-*.dump
	folded cpu jit.pdrec | grep -q ';second' || fail 'the stream has no names'
	;;
node) # the list of a real compiler, as it is written while it runs and by the loader of names
	command -v node >/dev/null || skip 'no node'
	echo 'function hotOne(n){let s=0;for(let i=0;i<n;i++)s=(s*31+i)%1000003;return s} const t=Date.now();let x=0;while(Date.now()-t<+process.argv[2])x+=hotOne(20000);' >w.js
	for how in '--outside --perf-prof' '--cpu --perf-prof' '--outside --perf-basic-prof' '--cpu --perf-basic-prof'; do
		record "${how% *}" -F 299 -o n.pb.gz -- node "${how#* }" w.js 1000 || fail "$how: status $?"
		folded cpu n.pb.gz | awk '/JS:.hotOne/ { n += $NF } { all += $NF } END { exit !(n > 0.3 * all) }' || fail "$how: $(folded cpu n.pb.gz | head -3)"
	done
	node --perf-basic-prof w.js 20000 & # what it writes of a jitdump comes in blocks, the last of them when it ends
	pid=$!
	sleep 1
	record -p $pid -F 299 -d 1 -o n.pb.gz || fail 'attached'
	"$profdata" record -q --dump -p $pid >dump.txt || fail 'dump'
	kill $pid
	folded cpu n.pb.gz | grep -q 'JS:.*w.js' || fail 'attached: no name'
	grep -q 'JS:.*w.js' dump.txt || fail "$(head -5 dump.txt)"
	;;
go) # callers of functions without a frame, stacks that runtime functions leave; names and lines when everything is stripped
	command -v go >/dev/null || skip 'no go'
	cat >app.go <<-'END'
		package main

		import "time"

		//go:noinline
		func leaf(n int) (s int) {
			for i := 0; i < n; i++ {
				s = (s*31 + i) % 1000003
			}
			return
		}

		//go:noinline
		func once(n int) int { return leaf(n) + 1 }

		//go:noinline
		func thrice(n int) int { return leaf(2*n) + leaf(n) }

		var kept [][]byte

		func main() {
			go func() {
				for {
					kept = append(kept[max(0, len(kept)-500):], make([]byte, 5000))
				}
			}()
			x := 0
			for t := time.Now(); time.Since(t) < 2*time.Second; {
				x += once(100000) + thrice(100000)
			}
			println(x > 0)
		}
	END
	export GOCACHE="$dir/cache" GO111MODULE=off GOFLAGS=
	for how in '' -s '-s -w' pie; do
		if [ "$how" = pie ]; then go build -buildmode=pie -o app app.go; else go build -ldflags="$how" -o app app.go; fi 2>err || skip "$(cat err)"
		record --outside -F 999 -o go.pb.gz -- ./app 2>/dev/null || fail "$how: status $?"
		folded cpu go.pb.gz >go.txt
		awk '/main.main;main.thrice;main.leaf/ { three += $NF } /main.main;main.once;main.leaf/ { one += $NF } /main.main;main.leaf/ { bad += $NF } /incomplete/ { cut += $NF } { all += $NF }
			END { if (!(one > 0 && three > 2.4 * one && three < 3.7 * one && bad == 0 && cut < 0.02 * all)) { print one, three, bad, cut, all; exit 1 } }' go.txt >table || fail "$how: $(cat table; head -3 go.txt)"
		"$profdata" list main.once go.pb.gz 2>/dev/null | grep -q 'func once' || fail "$how: no lines"
	done
	;;
java) # a code cache has several areas, all of one list; without a list somebody is told how to get one
	{ command -v javac && command -v jcmd; } >/dev/null || skip 'no JDK'
	cat >App.java <<-'END'
		public class App {
			static int leaf(int n) { int s = 0; for (int i = 0; i < n; i++) s = (s * 31 + i) % 1000003; return s; }
			static int once(int n) { return leaf(n) + 1; }
			public static void main(String[] a) {
				int x = 0;
				for (long until = System.nanoTime() + (long)(Double.parseDouble(a[0]) * 1e9); System.nanoTime() < until;) x += once(20000) + String.valueOf(x).hashCode();
				System.out.println(x != 1);
			}
		}
	END
	javac App.java 2>err || skip "$(cat err)"
	named() {
		folded cpu "$1" >java.txt
		awk '/ App\.(leaf|once|main)/ { n += $NF } { k = split(substr($0, 1, length($0) - length($NF) - 1), f, ";"); all += $NF; if (f[k] ~ /^\[perf-/) un += $NF; if (/incomplete/) cut += $NF }
			END { if (!(n > 0.3 * all && un < 0.05 * all && cut < 0.05 * all)) { print n / all, un / all, cut / all; exit 1 } }' java.txt >table || fail "$2: $(cat table; tail -3 java.txt)"
	}
	for how in --outside --cpu; do
		"$profdata" record $how -F 299 -o j.pb.gz -- java -XX:+PreserveFramePointer -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit App 3 >/dev/null 2>err || fail "$how: status $?"
		named j.pb.gz "$how"
		grep -q 'has no names' err && fail "$how: $(cat err)"
		"$profdata" record $how -F 299 -o j.pb.gz -- java -XX:+PreserveFramePointer App 2 >/dev/null 2>err || fail "$how: status $?"
		grep -q 'note: [0-9]* % is in code made at run time that has no names; hint: java .*jcmd PID Compiler.perfmap' err || fail "$how: no hint: $(cat err)"
	done
	java -XX:+PreserveFramePointer App 60 >/dev/null &
	pid=$!
	sleep 2
	"$profdata" record -q -p $pid -F 299 -o j.pb.gz &
	recorder=$!
	sleep 1
	jcmd $pid Compiler.perfmap >/dev/null 2>&1 || { kill $pid; skip 'an old JDK'; }
	kill -TERM $recorder
	wait $recorder
	named j.pb.gz attached
	kill $pid
	rm -f "/tmp/perf-$pid.map"
	;;
container) # other roots (mount namespace, chroot), other numbers of processes: objects are found there, not at the same path here
	[ "$(id -u)" -eq 0 ] || skip 'for root only'
	unshare -m -p -f true 2>/dev/null || skip 'no namespaces'
	mkdir -p root/old root/proc root/tmp root/lib64 && cp "$target" root/app || exit 2
	for object in $(ldd "$target" | grep -o '/[^ ]*'); do
		mkdir -p "root$(dirname "$object")" && cp -L "$object" "root$object"
	done
	loader=$(readlink -f "$(ldd "$target" | grep -o '/[^ ]*ld-linux[^ ]*')") chroot=$(command -v chroot)
	cat >enter <<-END
		mount --bind "$dir/root" "$dir/root" && cd "$dir/root" && pivot_root . old || exit 9
		exec /old$loader --library-path "/old$(dirname "$(ldd "$chroot" | grep -o '/[^ ]*libc.so.6' | head -1)")" /old$chroot . "\$@"
	END
	try() {
		"$@" spin 1 9 >/dev/null 2>&1 &
		sleep 1
		pid=$(pgrep -x -f '/app spin 1 9') || { fail "$*: does not run"; return; }
		record -p "$pid" -F 299 -d 0.5 -o c.pb.gz || fail "$*: attached: status $?"
		folded cpu c.pb.gz | grep -q 'spin_thread;.*burn' || fail "$*: attached: $(folded cpu c.pb.gz | head -2)"
		"$profdata" record -q --dump -p "$pid" >dump.txt
		grep -q 'burn' dump.txt || fail "$*: dump: $(cat dump.txt)"
		kill -9 "$pid"
		wait 2>/dev/null
		record --outside -F 299 -o c.pb.gz -- "$@" spin 1 0.5 >/dev/null 2>&1 || fail "$*: status $?"
		folded cpu c.pb.gz | grep -q 'spin_thread;.*burn' || fail "$*: $(folded cpu c.pb.gz | head -2)"
	}
	try chroot root /app
	try unshare -m -p -f --mount-proc chroot root /app
	try unshare -m -p -f sh enter /app
	# a list in a folder that goes with the container, and numbers that are other ones there; as another user, too
	for users in '' '-U -r'; do
		# shellcheck disable=SC2086
		unshare $users -m -p -f --mount-proc true 2>/dev/null || continue
		cp "$folder/jit" jit && mkdir -p inner || exit 2
		# shellcheck disable=SC2086
		record --outside -F 499 -o c.pb.gz -- unshare $users -m -p -f --mount-proc sh -c 'mount -t tmpfs tmpfs inner && cd inner && exec ../jit 1' || fail "list: status $?"
		folded cpu c.pb.gz | grep -q ';second' || fail "unshare $users: no names: $(folded cpu c.pb.gz | tail -2)"
	done
	;;
linked) # segments that share a page of the file, as some linkers make them: callers are found; epilogues have theirs, too
	cat >x.c <<-'END'
		#include <stdlib.h>
		__attribute__((noinline)) static int less(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
		__attribute__((noinline)) static void sort(int *v, int n) { for (int i = 0; i < n; i++) v[i] = (i * 7919) % 10007; qsort(v, (size_t)n, sizeof(*v), less); v[0]++; }
		int main(void) { static int v[20000]; for (int i = 0; i < 300; i++) sort(v, 20000); return 0; }
	END
	done=
	for linker in bfd lld gold; do
		${CC:-cc} -O2 -fuse-ld=$linker -o linked x.c 2>/dev/null || continue
		record --outside -F 999 -o l.pb.gz -- ./linked || fail "$linker: status $?"
		folded cpu l.pb.gz | awk '/main;sort[.;]/ { n += $NF } /incomplete|truncated/ { bad += $NF } { all += $NF } END { if (!(n > 0.9 * all) || bad > 0.01 * all) { print n / all, bad / all; exit 1 } }' ||
			fail "$linker: $(folded cpu l.pb.gz | head -3)"
		done=1
	done
	[ "$done" ] || skip 'no linker'
	;;
gone) # programs that were deleted or replaced since they began
	[ "$(id -u)" -eq 0 ] || skip 'for root only'
	cp "$target" app
	./app spin 1 9 >/dev/null &
	sleep 0.3
	rm app
	for then in deleted replaced; do
		record -p $! -F 299 -d 0.5 -o g.pb.gz || fail "$then: status $?"
		folded cpu g.pb.gz | grep -q 'spin_thread;.*burn' || fail "$then: $(folded cpu g.pb.gz | head -2)"
		"$profdata" record -q --dump -p $! | grep -q burn || fail "$then: dump"
		cp "$(type -P true)" app
	done
	kill $!
	;;
refused) # one line each, status 125
	try() {
		local want=$1
		shift
		"$@" >out 2>&1
		[ $? -eq 125 ] || fail "$*: status"
		{ grep -q "error: .*$want" out && [ "$(grep -c error out)" -eq 1 ]; } || fail "$*: $(cat out)"
	}
	try 'no such process' "$profdata" record -p 4194301 -d 1
	try 'this very process' sh -c 'exec "$0" record -d 1 -p $$' "$profdata"
	try 'expected numbers' "$profdata" record -p 1x -d 1
	try 'three different things' "$profdata" record -p 1 -- true
	try 'from inside of a command only' "$profdata" record -p 1 --lock
	try 'expected one of cpu-clock' "$profdata" record --event nonsense -- true
	try 'measures time' "$profdata" record --event page-faults --wall -- true
	try 'call-graph: expected' "$profdata" record --call-graph lbr -- true
	sh -c 'sleep 0 & exec sleep 5' &
	sleep 0.3
	zombie=$(ps -o pid= --ppid $! | tr -d ' ')
	[ -z "$zombie" ] || try 'has ended already' "$profdata" record -p "$zombie" -d 1
	kill $! 2>/dev/null
	sh -c 'sleep 0.05' & # ends while it is attached to, or just then
	"$profdata" record -p $! -d 1 -o e.pb.gz >out 2>&1
	status=$?
	{ [ $status -eq 0 ] || { [ $status -eq 125 ] && grep -qE 'error: .*(has ended|ended before|no such process)' out && [ "$(grep -c error out)" -eq 1 ]; }; } || fail "ends meanwhile: $status: $(cat out)"
	if [ -x "$folder/noperf" ]; then
		try 'seccomp filter' "$folder/noperf" "$profdata" record -p $$ -d 1
	fi
	if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
		chmod 755 . && mkdir -m 777 free && cd free || exit 2
		nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
		if $nobody "$profdata" record -q --outside -o n.pb.gz -- true 2>/dev/null; then
			[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 0 ] || try 'perf_event_paranoid is .*sysctl kernel.perf_event_paranoid=0' $nobody "$profdata" record -a -d 1
			$nobody "$profdata" record -q --outside --wall -o n.pb.gz -- true 2>err || fail "rings of a user: $(cat err)"
			try 'belongs to root' $nobody "$profdata" record -p $$ -d 1
		fi
	fi
	;;
*) fail 'unknown case' ;;
esac
exit $failed
