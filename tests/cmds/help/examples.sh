# Every example of every command does what it says, with the files it names.
mkdir bin
cat >bin/perf <<'END'
#!/bin/sh
case $* in
*switch*)
	echo 'app 7/8 1.000000:     sched:sched_switch: prev_comm=app prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120'
	echo 'swapper 0/0 1.500000:     sched:sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=app next_pid=8 next_prio=120'
	echo 'app 7/8 1.750000:  250000000 cpu-clock: '
	exit ;;
esac
cat <<'SCRIPT'
java 4711/4712 1.000001:     250000 cycles:u: 
	          401234 Lmain;::work+0x4 (/tmp/app)
	          401200 main+0x20 (/tmp/app)

java 4711/4712 1.000251:     250000 cycles:u: 
	    7f0000001234 memcpy (/usr/lib/libc.so.6)
	          401200 main+0x20 (/tmp/app)

SCRIPT
END
chmod +x bin/perf
PATH=$PWD/bin:$PATH
cat >cpu.dump <<'END'
profdata dump 1
duration	1000000000
period	10000000	cpu	nanoseconds
mapping	1	0x400000-0x501000	offset=0x0	file=/bin/app	flags=main,functions
frame	main.main	address=0x401234	mapping=1
	main.main	line=40	file=/src/app.go	start=30
frame	main.work	address=0x401334	mapping=1
	main.helper	line=12	file=/src/help.go
	main.work	line=44	file=/src/app.go	start=41
series
value	samples	count
value	cpu	nanoseconds
3 30000000	thread=worker	client:=3	bytes:=4096 bytes	main.main;main.work
1 10000000	net/http.serve;main.main;runtime.mallocgc
END
mkdir -p profiles build target/debug && : >build/server
cp "$TESTDATA/overhead/base.txt" "$TESTDATA/overhead/cpu.txt" "$TESTDATA/overhead/blocks.csv" .
profdata convert -t pprof -o cpu.pb.gz cpu.dump && cp cpu.pb.gz a.pb.gz && cp cpu.pb.gz b.pb.gz && cp cpu.pb.gz heap.pb.gz && cp cpu.pb.gz raw.pb.gz && cp cpu.pb.gz profiles/x.pb.gz || exit
echo 'main.main;runtime.gopark 5000' >offcpu.folded
printf 'profdata dump 1\nduration\t1000000000\nperiod\t10000000\twallclock\tnanoseconds\nseries\nvalue\tsamples\tcount\nvalue\ttime\tnanoseconds\n100 1000000000\tmain.main;runtime.gopark\n50 500000000\tmain.main;main.work;main.helper\n50 500000000\tnet/http.serve;main.main;runtime.mallocgc\n' >fgprof.dump
profdata convert -t pprof -o fgprof.pprof fgprof.dump || exit
cp "$TESTDATA/../tests/formats/go_trace/busy.in" trace.out
mkdir -p .config/fish/completions
printf '# TYPE http_requests_total counter\nhttp_requests_total 10\n' >before.prom
printf '# TYPE http_requests_total counter\nhttp_requests_total 40\n' >after.prom
printf '#!/bin/bash\nfor ((i = 0; i < 50000; i++)); do :; done\n' >app && chmod +x app && cp app server
profdata help --examples >examples
printf '#!/bin/sh\nsleep 2 >/dev/null 2>&1 &\necho $!\n' >bin/pidof && chmod +x bin/pidof # some process that ends soon
may_record=
profdata record -q --outside -o probe.pb.gz true 2>/dev/null && may_record=1
while IFS=$'\t' read -r example does; do
	cp a.pb.gz cpu.pb.gz
	case $example in *' -p '* | *'record -a'*) [ "$may_record" ] || continue ;; esac
	bash -o pipefail -c "$example" >out 2>err </dev/null || { echo "status $?: $example"; cat err; }
	grep -v 'warning: lost: ' err >rest && { echo "not silent: $example"; cat err; }
done <examples
[ "$(wc -l <examples)" -gt 20 ] || echo "few examples"
