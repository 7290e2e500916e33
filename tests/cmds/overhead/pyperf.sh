file() {
	printf '{"benchmarks":[{"runs":[{"warmups":[[1,0.5]]}'
	for i in 0 1 2 3 4 5 6 7; do printf ',{"warmups":[[1,0.5]],"values":[0.%d,0.%d]}' $(($1 + i * 7 % 5)) $(($1 + i * 3 % 5)); done
	printf ']}],"metadata":{"name":"telco","unit":"second"},"version":"1.0"}'
}
file 221 >a.json; file 224 >b.json
profdata overhead compare old=a.json new=b.json
