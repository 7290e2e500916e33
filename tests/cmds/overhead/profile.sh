# a CPU profile as it is, and with the CPU time known: expected, delivered, coverage and z
go=$TESTDATA/go/cpu.pb.gz
profdata overhead profile $go
profdata overhead profile --cpu-seconds 1.6 $go | grep -E '^(CPU|expected|note)'
profdata overhead profile --cpu-seconds 4 $go | grep -E '^(CPU|expected|note)'
profdata overhead profile --cpu-seconds 1 $go | grep -E '^(expected|note)'
profdata overhead profile --strict --cpu-seconds 4 $go >/dev/null; echo "strict: $?"
echo "== perf: threads, times, names"
profdata overhead profile "$TESTDATA"/perf/shop.perf.gz
profdata overhead profile --json "$TESTDATA"/perf/shop.perf.gz | tr -d '\n' | sed 's/.*"sample_type"/"sample_type"/; s/,"/,\n"/g'; echo
# events MICROSECONDS STEP FRAMES: a perf script of 1200 samples of one thread, STEP us apart, from a timer of 1000 Hz that was asked for by --hz
events() { awk -v step="$1" -v depth="$2" -v root="$3" 'BEGIN { for (i = 0; i < 1200; i++) {
	t = i * step; printf "app   7  %d.%06d:    1 cpu-clock: \n", t / 1000000 + 1, t % 1000000
	for (d = depth; d > 1; d--) printf "\t            %x f%d+0x1 (/bin/app)\n", 4096 + d, d
	printf "\t            %x %s+0x1 (/bin/app)\n\n", 4096, root } }'; }
echo "== in step with a clock of 4 ms, which is the kernel's tick too: a cap"
events 4000 3 main | profdata overhead profile --hz 1000 | grep -E '^(samples|rate|cap|in step|note)'
echo "== 997 Hz: neither"
events 1003 3 main | profdata overhead profile --hz 997 | grep -E '^(samples|rate|cap|in step|note)'
echo "== cut at 127 frames: the root is none; deeper limits; a program that is really that deep"
events 1003 127 f1 | profdata overhead profile | grep -E '^(truncated|broken|note)'
{ events 1003 127 f1; events 1003 5 main; events 1003 5 main; } | profdata overhead profile | grep -E '^(truncated|broken|note)'
events 1003 127 main | profdata overhead profile | grep -E '^(truncated|broken|note)'
events 1003 40 f1 | profdata overhead profile --max-depth 40 | grep -E '^(truncated|note)'
echo "== lost samples, names of addresses, marks of cut stacks"
printf '%s\n' 'main;0x4012ab 30' 'main;[unknown];f 10' 'main;f 50' '(truncated);f 5' 'runtime/pprof.lostProfileEvent 5' | profdata overhead profile
echo "== nothing to judge"
printf 'a;b 0\n' | profdata overhead profile; echo "$?"
printf 'main 5\n' | profdata overhead profile --cpu-seconds -1; echo "$?"
printf 'main 5\n' | profdata overhead profile --hz nan; echo "$?"
printf 'main 5\n' | profdata overhead profile --csv; echo "$?"
profdata overhead profile /nowhere; echo "$?"
