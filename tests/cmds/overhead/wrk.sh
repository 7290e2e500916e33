run() {
	printf 'Running 30s test @ http://127.0.0.1:8080/\n  2 threads and 10 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency   %d.91us    0.89ms  12.92ms   93.69%%\n' "$1"
	printf '    Req/Sec    56.20k     8.07k   62.00k    86.54%%\n  Latency Distribution\n     50%%  %d.00us\n     99%%    1.%dms\n' "$1" "$1"
	printf '  22464657 requests in 30.00s, 17.76GB read\nRequests/sec: %d.53\nTransfer/sec:    606.33MB\n' $((800000 - $1 * 100))
}
for i in 1 2 3 4 5 6 7; do run $((500 + i * 3)) >a$i; run $((560 + i * 3)) >b$i; done
printf '  Non-2xx or 3xx responses: 7\n' >>b7
profdata overhead compare base=a1 base=a2 base=a3 base=a4 base=a5 base=a6 base=a7 cpu=b1 cpu=b2 cpu=b3 cpu=b4 cpu=b5 cpu=b6 cpu=b7
