try() { profdata overhead compare "$@"; echo "status $?"; }
printf '{"results":[{"command":"a","times":[1,2' >cut.json; try base=cut.json
printf 'nothing here\n' >text; try base=text
: >empty; try base=empty
printf 'goos: linux\nPASS\n' >none.txt; try base=none.txt
printf 'BenchmarkA 1 2 ns/op\nBenchmarkA 1 2 ns/op\n' >a.txt; try base=a.txt
try base=a.txt new=missing
try --baseline old base=a.txt new=a.txt
try --metric speed base=a.txt new=a.txt
printf 'BenchmarkA 1 x ns/op\nBenchmarkB 1 2 ns/op 3\n' >odd.txt; try base=odd.txt new=odd.txt
printf 'variant,metric,value\nbase,t,\n' | try -
printf 'variant,metric,value\nbase,t,1,2\n' | try -
printf 'config:\n\tworkload: x\n  concurrency: 1\n' >meta.yaml; try meta.yaml
try --from perl base=a.txt new=a.txt
profdata overhead; echo "status $?"
profdata overhead conquer; echo "status $?"
