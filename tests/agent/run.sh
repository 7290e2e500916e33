#!/bin/bash
# run.sh PROFDATA FOLDER CASE: the sampler inside of the programs in FOLDER (target, plugin.so).
set -u
profdata=$1 folder=$2 case=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
failed=0
fail() { echo "$case: $*"; failed=1; }
target=$folder/target

record() { "$profdata" record "$@"; }

# same ARGUMENTS...: output and status are those of the program alone, at a high rate with everything on
same() {
	"$target" "$@" >want 2>want.err
	want=$?
	for how in '--cpu --wall' '--cpu' '--wall'; do
		# shellcheck disable=SC2086 # options
		timeout 120 "$profdata" record -q -F 1000 $how -o same.pb.gz -- "$target" "$@" >have 2>have.err
		have=$?
		[ "$want" -eq "$have" ] || fail "$* under $how: status $have, alone $want: $(tail -n 3 have.err)"
		cmp -s want have || fail "$* under $how: $(diff want have | head -n 4)"
	done
}

# cpu_by_thread FILE: "NAME SECONDS" per thread
cpu_by_thread() {
	"$profdata" filter -s cpu -t dump "$1" | awk '
		/^[0-9]+ [0-9]+\t/ { name = ""; n = split($0, f, "\t"); split(f[1], v, " ")
			for (i = 2; i <= n; i++) if (f[i] ~ /^thread=/) name = substr(f[i], 8)
			sum[name] += v[2] }
		END { for (name in sum) printf "%s %.6f\n", name, sum[name] / 1e9 }'
}

# Each thread's share of the profile is its share of the CPU time, within 1 point; the sum within 2 percent.
against_truth() { # FILE
	cpu_by_thread "$1" | awk -v file="$1" '
		NR == FNR { if ($1 == "truth") { true_s[$2] = $3; all += $3 }; next }
		$1 in true_s { seen[$1] = $2; got += $2 }
		END { for (name in true_s) {
				off = 100 * (seen[name] / got - true_s[name] / all)
				printf "%s: %.2f s of CPU time, profile %.2f s, %+.2f points\n", name, true_s[name], seen[name], off
				bad += off > 1 || off < -1 }
			ratio = got / all
			printf "sum: %.4f\n", ratio
			exit bad || !(ratio > 0.98 && ratio < 1.02) }' truth.txt - >table || { fail "$1"; cat table; }
}

case $case in
live) # a table of what is recorded while it is recorded; the recording is none the worse for it
	record --live -F 200 -o live.pb.gz -- "$target" spin 1 3 >/dev/null 2>table.txt || fail "status $?"
	grep -q '^[0-9]* s: .*s of CPU time$' table.txt || fail "no head: $(cat table.txt)"
	grep -q '% *burn$' table.txt || fail "burn() is not in it: $(cat table.txt)"
	[ "$("$profdata" info live.pb.gz | grep -c 'cpu/nanoseconds  total [23][0-9]*')" -eq 1 ] || fail 'the profile'
	;;
same) # whatever a program does, it does the same
	same spin 2 0.2
	same churn 400
	same forks 48
	same signals 0.3
	same plugins "$folder/plugin.so" 40
	same stacks
	same closer 0.2
	same asleep 0.4
	same execs
	;;
rate) # what is sampled is the CPU time that was used, below and above what the kernel can deliver
	for hz in 99 250 1000; do
		record -q -F "$hz" -o rate.pb.gz -- "$target" spin 4 1 2>truth.txt >/dev/null || fail "status $?"
		against_truth rate.pb.gz
	done
	record -q -F 500 -o rate.pb.gz -- "$target" duty 5 2>truth.txt >/dev/null || fail "status $?"
	against_truth rate.pb.gz
	;;
wall) # the sums are the lives of the threads, and the clocks say how much of them was spent running
	for how in '--wall' '--cpu --wall'; do
		# shellcheck disable=SC2086 # options
		record -q -F 200 $how -o wall.pdrec -- "$target" asleep 1 >/dev/null || fail "$how: status $?"
		"$profdata" convert -t dump wall.pdrec >wall.dump
		awk '/^series\t/ { n = 0 } /^value\t/ { column[$2] = ++n }
			/^[0-9]+ [0-9 ]+\t/ { split($0, f, "\t"); split(f[1], v, " "); on += v[column["on_cpu"]]; off += v[column["off_cpu"]]; wall += v[column["wall"]]
				name = $0 ~ /thread=sleeper/ ? "sleeper" : "main"; life[name] += v[column["wall"]]; ran[name] += v[column["on_cpu"]] }
			END { printf "main %.3f s, ran %.3f; sleeper %.3f s, ran %.4f\n", life["main"] / 1e9, ran["main"] / 1e9, life["sleeper"] / 1e9, ran["sleeper"] / 1e9
				exit !(on + off == wall && life["sleeper"] > 0.995e9 && life["sleeper"] < 1.25e9 && ran["sleeper"] < 0.01e9 &&
				       ran["main"] > 0.249e9 && ran["main"] < 0.275e9 && life["main"] > life["sleeper"]) }' wall.dump >table || { fail "$how: $(cat table)"; }
		# who sleeps is interrupted once, not once per look
		signals=$("$profdata" info wall.pdrec | sed -n 's/.*record.samples: \([0-9]*\) taken.*/\1/p')
		[ "${signals:-999}" -lt 250 ] || fail "$how: $signals signals for 2 threads that sleep most of the time"
	done
	# nor is who sleeps as long as its stack can be had without: only signals for a thread that still ran come too late
	for how in '--wall' '--cpu --wall'; do
		# shellcheck disable=SC2086 # options
		record -q -F 500 $how -o polls.pb.gz -- "$folder/polls" >out || fail "polls, $how: status $?"
		[ "$(cut -d' ' -f1 out)" -le 60 ] || fail "polls, $how: $(cat out)"
		"$profdata" convert -q -t folded -s off_cpu polls.pb.gz | awk '/main;.*poll/ { p += $NF } /main;.*select/ { s += $NF } /main;.*nanosleep/ { n += $NF } /main;.*epoll_wait/ { e += $NF } { all += $NF }
			END { printf "%.3f of poll, select, nanosleep, epoll_wait: %.3f %.3f %.3f %.3f\n", all / 1e9, (p - e) / all, s / all, n / all, e / all; exit !(e > 0.15 * all && n > 0.15 * all && s > 0.15 * all && p - e > 0.15 * all) }' >table || fail "$how: $(cat table)"
	done
	;;
naps) # short sleeps are not taken for the long ones between them, nor the other way round
	for how in '--wall' '--cpu --wall'; do
		for try in 1 2 3 4; do # on a starved machine the sampler gets a CPU when the program does: one fair try is enough, a wrong sampler has none
			# shellcheck disable=SC2086 # options
			record -q -F 100 $how -o naps.pb.gz -- "$target" naps 6 2>truth.txt >/dev/null || fail "status $?"
			"$profdata" convert -t folded -s wall naps.pb.gz 2>/dev/null | awk 'NR == FNR { truth[$2] = $3; all += $3; next } match($0, /nap_[a-z]+/) { have[substr($0, RSTART, RLENGTH)] += $NF; sum += $NF }
				END { t = 100 * truth["nap_briefly"] / all; h = sum ? 100 * have["nap_briefly"] / sum : 0; printf "brief naps have %.1f %% of the time, %.1f %% is true\n", h, t
					exit !(h - t < 6 && t - h < 6) }' truth.txt - >table && break
			[ $try -lt 4 ] || fail "$how: $(cat table)"
		done
	done
	;;
ready) # four that only run, on one CPU: they wait for it, and nobody says that they sleep
	for how in '--wall' '--cpu --wall'; do
		# shellcheck disable=SC2086 # options
		record -q -F 100 $how -o ready.pdrec -- taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$target" spin 4 0.25 >/dev/null 2>&1 || fail "$how: status $?"
		"$profdata" convert -t dump ready.pdrec | awk '/^series\t/ { n = 0 } /^value\t/ { n++; if ($2 == "wall") wall = n }
			/^[0-9]+ [0-9 ]+\t/ && /thread=spin/ && match($0, /state=[a-z]+/) { state = substr($0, RSTART + 6, RLENGTH - 6); split($0, f, "\t"); split(f[1], v, " "); s[state] += v[wall] }
			END { printf "running %.3f s, runnable %.3f s, sleeping %.3f s\n", s["running"] / 1e9, s["runnable"] / 1e9, s["sleeping"] / 1e9
				exit !(s["running"] > 0.99e9 && s["runnable"] > 2 * s["running"] && s["sleeping"] < 0.05 * s["runnable"]) }' >table || fail "$how: $(cat table)"
	done
	;;
stacks) # deep stacks say that they are cut, broken ones that they are; coroutines are walked
	record -q --no-symbols -F 100 -o stacks.pb.gz -- "$target" stacks >/dev/null || fail "status $?"
	"$profdata" convert -t folded stacks.pb.gz >stacks.folded 2>/dev/null
	grep -q '\[truncated stack\]' stacks.folded || fail 'no truncated stack'
	awk '{ n = gsub(/;/, ";"); if (/truncated/ && n == 513) whole++; if (n > 513) exit 1 } END { exit !whole }' stacks.folded ||
		{ fail 'truncated stacks have not 512 frames:'; awk '{ print gsub(/;/, ";"), /truncated/ }' stacks.folded | sort | uniq -c; }
	# the coroutine's stack has a beginning; assembly without unwind information that breaks the frame pointer has not
	awk '{ all += $NF } /incomplete/ { n += $NF } /truncated/ { t += $NF } END { exit !(n > 0 && n < all / 2 && t > 0) }' stacks.folded ||
		fail 'incomplete stacks'
	# such stacks fill a ring fast: on a busy machine the writer may come late now and then
	"$profdata" info stacks.pb.gz | awk '/record.samples:/ { seen = 1; sub(/.*samples: /, ""); if ($3 * 20 > $1) exit 1 } END { exit !seen }' ||
		fail "samples lost: $("$profdata" info stacks.pb.gz | grep record.samples)"
	;;
plugins) # libraries that are gone when the profile is written are in it
	record -q -F 1000 -o plugins.pb.gz -- "$target" plugins "$folder/plugin.so" 60 >/dev/null || fail "status $?"
	"$profdata" convert -t dump plugins.pb.gz >plugins.dump
	grep -q '^mapping.*plugin.so' plugins.dump || fail 'no mapping of the plugin'
	share=$("$profdata" convert -t folded plugins.pb.gz 2>/dev/null | awk '{ all += $NF } /\[plugin.so\]|plugin_work/ { in_it += $NF } END { if (all) print int(100 * in_it / all) }')
	[ "${share:-0}" -ge 50 ] || fail "only $share % in the plugin, which used nearly all of the time"
	;;
killed) # all but the last moments of a program that was killed
	record -q -F 200 -o killed.pdrec -- sh -c '"$0" spin 1 30 & sleep 2; kill -9 $!; wait' "$target" 2>/dev/null
	"$profdata" convert -t dump killed.pdrec >killed.dump 2>killed.notes
	grep -q 'killed, still running' killed.notes || fail 'nobody says that it was killed'
	cpu=$(awk '/^[0-9]+ [0-9]+\t.*spin-0/ { split($0, f, "\t"); split(f[1], v, " "); sum += v[2]; last = substr(f[2], 2) } END { printf "%.0f", sum / 1e6 }' killed.dump)
	[ "${cpu:-0}" -gt 300 ] || fail "only $cpu ms before the kill after 2 s"
	;;
processes) # children, programs after exec, descriptors closed, the limits of a child
	record -q -F 500 -o all.pb.gz -- "$target" execs >/dev/null 2>&1 || fail "status $?"
	[ "$("$profdata" info all.pb.gz | grep -c 'record.processes: 2')" -eq 1 ] || fail 'an exec is a second image'
	record -q -F 500 -o all.pb.gz -- "$target" forks 12 >/dev/null 2>&1 || fail "status $?"
	n=$("$profdata" info all.pb.gz | sed -n 's/.*record.processes: \([0-9]*\).*/\1/p')
	[ "${n:-0}" -gt 8 ] || fail "$n processes of 12 children"
	record -q -F 500 --no-children -o one.pb.gz -- "$target" forks 12 >/dev/null 2>&1 || fail "status $?"
	n=$("$profdata" info one.pb.gz | sed -n 's/.*record.processes: \([0-9]*\).*/\1/p')
	[ "${n:-0}" -eq 1 ] || fail "--no-children recorded $n processes"
	for try in 1 2 3 4; do # what the host takes from a machine can end a program between two ticks
		record -q -F 500 -o closed.pb.gz -- "$target" closer 0.3 >/dev/null || fail "status $? with descriptors left open"
		cpu=$("$profdata" info closed.pb.gz | sed -n 's,.*cpu/nanoseconds  total \([0-9]*\).*,\1,p')
		[ "${cpu:-0}" -le 285000000 ] || break
		[ $try -lt 4 ] || fail "only $cpu ns after all descriptors were closed"
	done
	;;
stop) # the time is up; a signal for record is for the command; what was recorded is kept
	record -q -d 1 -F 200 -o d.pb.gz -- "$target" spin 1 60 >/dev/null 2>&1
	status=$?
	[ $status -eq 0 ] || fail "-d: status $status"
	[ -s d.pb.gz ] || fail '-d: no profile'
	"$profdata" record -q -F 200 -o t.pb.gz -- "$target" spin 1 60 >/dev/null 2>&1 &
	sleep 1.5
	kill -TERM $!
	wait $!
	[ $? -eq 143 ] || fail 'SIGTERM: status'
	[ -s t.pb.gz ] || fail 'SIGTERM: no profile'
	record -q -F 200 -o w.pb.gz -- sh -c '"$0" spin 1 0.2 >/dev/null; exit 3' "$target"
	[ $? -eq 3 ] || fail 'status'
	ns=$("$profdata" info w.pb.gz | sed -n 's/^duration .*(\([0-9]*\) ns)$/\1/p')
	"$profdata" comments w.pb.gz | grep -q "^record.run: from its begin to its end, $ns ns$" || fail 'that it is all of a run is not said'
	for part in d t; do "$profdata" comments $part.pb.gz | grep -q '^record.run' && fail "$part.pb.gz: not all of a run"; done
	"$profdata" record -q -d 0.001 -o k.pb.gz -- sleep 9 2>err || [ $? -eq 0 ] || fail "killed at once: $(cat err)"
	[ -z "$(find . -name '*.pdrec')" ] || fail 'a stream was left behind'
	;;
*) fail 'unknown case' ;;
esac
exit $failed
