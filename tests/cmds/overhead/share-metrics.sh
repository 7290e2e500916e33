# what the samples say of GC beside what the process counts itself; two files: in between
cat >after.json <<'E'
{"/cpu/classes/gc/total:cpu-seconds": 1.0, "/cpu/classes/idle:cpu-seconds": 90, "/cpu/classes/total:cpu-seconds": 100}
E
cat >before.json <<'E'
{"/cpu/classes/gc/total:cpu-seconds": 0.2, "/cpu/classes/idle:cpu-seconds": 50, "/cpu/classes/total:cpu-seconds": 59}
E
profdata info after.json | head -n 1
profdata overhead share --metrics after.json "$TESTDATA"/go/cpu.pb.gz | tail -n 1
profdata overhead share --metrics before.json --metrics after.json "$TESTDATA"/go/cpu.pb.gz | tail -n 1
profdata overhead share --json --metrics after.json "$TESTDATA"/go/cpu.pb.gz | tr -d '\n' | grep -o '"metrics":.*'
echo '{"/sched/goroutines:goroutines": 5, "/gc/cycles/total:gc-cycles": 3}' >none.json
profdata overhead share --metrics none.json "$TESTDATA"/go/cpu.pb.gz; echo "$?"
profdata overhead share --metrics none.json --metrics none.json --metrics none.json "$TESTDATA"/go/cpu.pb.gz; echo "$?"
profdata overhead share --metrics /nowhere "$TESTDATA"/go/cpu.pb.gz; echo "$?"
