# Metrics: what happened between two looks at a process.
look() {
	cat <<END
# TYPE orders_total counter
orders_total{shop="north"} $1
# TYPE lost_total counter
lost_total 3
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} $2
wait_seconds_bucket{le="0.2"} $3
wait_seconds_bucket{le="1"} $4
wait_seconds_bucket{le="+Inf"} $4
wait_seconds_sum $5
wait_seconds_count $4
# TYPE queue gauge
queue $6
# TYPE pay_seconds summary
pay_seconds{quantile="0.5"} 0.$6
pay_seconds_sum $5
pay_seconds_count $1
END
}
look 100 500 900 1000 200 4 >a.prom
look 400 600 2000 3000 900 5 >b.prom
look 50 10 20 30 9 4 >again.prom
(sed 's/orders/refunds/' b.prom; echo '# TYPE queue2 counter'; echo 'queue2 1') >other.prom
profdata diff --interval 10 a.prom b.prom; echo $?
profdata diff a.prom again.prom --focus 'orders|wait'
profdata diff a.prom other.prom --ignore 'wait|pay' --all
profdata diff --csv a.prom b.prom
profdata diff --json --interval 2.5 --focus wait a.prom b.prom
echo "# the gate"
gate() { profdata diff "$@" >out; echo "status $?: $*"; }
gate --fail-on 20% a.prom b.prom
gate --fail-on 30% --focus queue a.prom b.prom
gate --fail-on 50% --focus wait a.prom b.prom
gate --fail-on 1% a.prom a.prom
gate --fail-on 1pp a.prom b.prom
echo "# times in the files"
echo '{"time": 1700000000, "metrics": {"/gc/cycles/total:gc-cycles": 3, "/cpu/classes/gc/total:cpu-seconds": 1, "/cpu/classes/total:cpu-seconds": 10}}' >a.json
echo '{"time": 1700000004, "metrics": {"/gc/cycles/total:gc-cycles": 13, "/cpu/classes/gc/total:cpu-seconds": 3, "/cpu/classes/total:cpu-seconds": 18}}' >b.json
profdata diff a.json b.json
echo "# what cannot be"
echo 'main;f 1' >p.folded
gate a.prom p.folded
gate a.prom b.prom -t folded
gate before=a.prom before=a.prom after=b.prom
gate --interval=-1 a.prom b.prom
