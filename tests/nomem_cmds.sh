#!/bin/sh
# nomem_cmds.sh PROFDATA PRELOAD: commands on a small profile with allocation 1, 2, 3, ... failing. Each run ends with
# status 2 and says that memory is short, or with exactly the output of a run in which nothing failed.
set -u
profdata=$1 preload=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
cat >in.dump <<'END'
profdata dump 1
period	10000000	cpu	nanoseconds
mapping	1	0x400000-0x501000	offset=0x0	file=/bin/app	flags=main,functions
frame	main.main	address=0x401234	mapping=1
	main.main	line=40	file=/src/app.go	start=30
series
value	samples	count
value	cpu	nanoseconds
3 30000000	@1000000000	thread=worker	client:=3	bytes:=4096 bytes	main.main;main.work
1 10000000	@2000000000	net/http.serve;main.main;runtime.mallocgc
1 10000000	@3500000000	net/http.serve;main.main;runtime.mallocgc;x\x01;y
END
"$profdata" convert -q in.dump -t pprof -o in.pb.gz || exit 2
failed=0 runs=0

starve() {
	FAIL_COUNT=count LD_PRELOAD=$preload "$profdata" "$@" >good 2>err </dev/null || { echo "profdata $*: fails with all memory:"; cat err; failed=1; return; }
	calls=$(od -An -td8 count | tr -d ' ') at=1
	[ "$calls" -gt 20 ] || { echo "profdata $*: only $calls allocations seen"; failed=1; }
	while [ $at -le "$calls" ]; do
		FAIL_AT=$at LD_PRELOAD=$preload "$profdata" "$@" >out 2>err </dev/null
		status=$? runs=$((runs + 1))
		if [ $status -eq 0 ] && cmp -s out good; then
			:
		elif [ $status -ne 2 ] || ! grep -q memory err; then
			echo "profdata $*: allocation $at of $calls: status $status: $(head -c 300 err)"
			failed=1
		fi
		at=$((at + 1))
	done
}

starve heatmap -q --json in.dump
starve heatmap -q -t html -s cpu --focus main --time-range 0:2 in.dump
starve flamegraph -q in.pb.gz
starve flamegraph -q -t html --flamechart in.dump
starve filter -q --focus main --tagfocus client=3 -t folded in.dump
starve filter -q --tagroot thread --tagleaf client --prune-from work -t dump in.pb.gz
starve top -q -g lines in.pb.gz
starve top -q --json in.pb.gz
starve top -q --csv -g addresses in.pb.gz
starve tree -q --json in.pb.gz
starve peek -q main in.pb.gz
starve tags -q in.pb.gz
starve traces -q -g lines in.pb.gz
starve raw -q in.pb.gz
starve list -q main in.pb.gz
starve info -q --json in.pb.gz
starve merge -q in.pb.gz in.pb.gz -t pprof
printf 'net/http.serve;main.main;runtime.gopark 5\n' >off.folded
starve wall -q -t folded --state-frames --hide-idle --off-unit ms on=in.dump off=off.folded
echo "$runs runs"
exit $failed
