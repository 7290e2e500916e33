rows() {
	printf '{"context":{"num_cpus":2,"library_build_type":"release"},"benchmarks":['
	for i in 0 1 2 3 4 5 6 7; do
		printf '{"name":"BM_copy/8","run_type":"iteration","repetitions":8,"repetition_index":%d,"iterations":100,"real_time":%d.5,"cpu_time":%d.25,"time_unit":"us","bytes_per_second":%d,"misses":NaN},' \
			$i $(($1 + i * 7 % 5)) $(($1 + i * 3 % 5)) $((100000000 / $1 + i))
	done
	printf '{"name":"BM_copy/8_mean","run_type":"aggregate","real_time":1,"time_unit":"us"},{"name":"BM_bad","error_occurred":true,"error_message":"x"}]}'
}
rows 100 >a.json; rows 130 >b.json
profdata overhead compare base=a.json new=b.json
