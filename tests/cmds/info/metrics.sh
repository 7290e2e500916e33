# Metrics: numbers by kind, percentiles with the bucket they were read from, the share of the garbage collector.
cat >a.prom <<'END'
# TYPE orders_total counter
orders_total{shop="north"} 811 1700000000250
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 50
wait_seconds_bucket{le="0.2"} 94
wait_seconds_bucket{le="1"} 98
wait_seconds_bucket{le="+Inf"} 100
wait_seconds_sum 20
wait_seconds_count 100
# TYPE pay_bytes summary
pay_bytes{quantile="0.5"} 2500
pay_bytes_sum 9000
pay_bytes_count 3
# TYPE temperature gauge
temperature 12.5
END
profdata info a.prom
profdata info --json a.prom
printf '{"/cpu/classes/gc/total:cpu-seconds": 0.25, "/cpu/classes/idle:cpu-seconds": 1, "/cpu/classes/total:cpu-seconds": 5}' | profdata info
# they are no samples
profdata top a.prom; echo $?
profdata convert a.prom -t folded; echo $?
profdata convert a.prom -t dump | head -n 3
profdata info a.prom a.prom | head -n 4
