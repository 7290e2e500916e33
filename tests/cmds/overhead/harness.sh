run() { # profiler iteration microseconds
	d=out/json/60s/8/$1/$2; mkdir -p "$d"
	{
		printf 'config:\n    name: json\n    workload: json\n    iteration: %d\n    concurrency: 8\n    duration: 60s\n    profile:\n        period: 10s\n' "$2"
		for p in cpu mem block goroutine; do printf '        %s: %s\n' $p "$([ $p = "$1" ] && echo true || echo false)"; done
		printf 'result:\n    start: 2021-10-14T14:13:28Z\n    duration: 1m0.5s\n    stats:\n        ops_count: 40\n        avg_duration: %d.5\xc2\xb5s\n' "$3"
		printf '    profiles:\n'
		[ "$1" != cpu ] || printf '        - kind: cpu\n          file: cpu.0.pprof\n          stop_duration: 1.5ms\n'
		printf '    before_rusage:\n        user: 10ms\n        system: 1000000\n    after_rusage: {user: 1s, system: %dms, maxrss: 20480}\n' "$3"
	} >"$d/meta.yaml"
	{ echo start,duration,error; for k in $(seq 1 40); do printf '2021-10-14T14:13:28.123Z,%d.%dms,%s\n' "$3" $((k * 7 % 10)) "$([ "$1$2$k" != cpu37 ] || echo timeout)"; done; } >"$d/ops.csv"
	echo x >"$d/cpu.0.pprof"
}
for i in 1 2 3 4 5 6 7; do run none $i $((100 + i)); run cpu $i $((104 + i)); run goroutine $i $((101 + i * 2 % 3)); done
profdata overhead compare out
