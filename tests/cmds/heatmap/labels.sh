# pprof files have times as labels; hiding labels does not lose them. Several inputs are one map.
printf 'profdata dump 1\nseries\nvalue\tcpu\tcount\n1\t@1000000000\tthread=w\ta\n2\t@3500000000\tb\n' > a.dump
profdata convert -q a.dump -t pprof -o a.pb
profdata heatmap --csv a.dump > want
profdata heatmap --csv a.pb | cmp - want && cat want
profdata heatmap --csv --tagshow thread a.pb | cmp - want && echo same
profdata heatmap --csv --tagfocus thread=w a.pb
profdata heatmap --csv a.pb a.dump
