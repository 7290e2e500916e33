run() {
	printf '\nSummary:\n  Total:\t2.0 secs\n  Slowest:\t0.02 secs\n  Average:\t0.00%d secs\n  Requests/sec:\t%d.5\n\nLatency distribution:\n  10%%%% in 0.0010 secs\n  50%%%% in 0.00%d secs\n  99%% in 0.01%d secs\n' \
		"$1" $((9500 - $1)) "$1" "$1"
}
csv() { echo 'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset'; for i in $(seq 1 40); do printf '0.00%d,0.0001,0,0,0.0049,0,200,%d.5\n' $((10 + i % 4)) $((i / 10)); done; }
for i in 1 2 3 4 5; do run $((50 + i)) >a$i; run $((56 + i)) >b$i; done
csv >c
profdata overhead compare base=a1 base=a2 base=a3 base=a4 base=a5 cpu=b1 cpu=b2 cpu=b3 cpu=b4 cpu=b5
profdata overhead compare --csv base=c cpu=c | cut -d, -f1-12
