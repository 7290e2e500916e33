mkdir -p a/codec/decode/new b/codec/decode/new
sample() {
	printf '{"sampling_mode":"Linear","iters":[10,20,30,40,50,60,70,80],"times":['
	for i in 1 2 3 4 5 6 7 8; do printf '%s%d' "$([ $i = 1 ] || echo ,)" $((i * 10 * ($1 + i * 7 % 5))); done
	printf ']}'
}
sample 1200 >a/codec/decode/new/sample.json; sample 1260 >b/codec/decode/new/sample.json
printf '{"mean":{"point_estimate":1203.5},"median":{"point_estimate":1203},"median_abs_dev":{"point_estimate":1},"slope":null}' >e.json
cp a/codec/decode/new/sample.json a/codec/decode/new/raw.csv
profdata overhead compare base=a new=b
profdata overhead compare base=e.json new=e.json
