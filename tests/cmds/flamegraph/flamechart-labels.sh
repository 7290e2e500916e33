# pprof files have times as labels: the chart is the same, and without any time it is refused.
cat > in.dump <<'END'
profdata dump 1
series
value	samples	count
1	@300	m;a
1	@100	m;a
2	@200	m;b
END
profdata convert -q in.dump -t pprof -o in.pb
profdata flamegraph --flamechart in.dump | grep -oE '<title>.*</title>' > want
profdata flamegraph --flamechart in.pb | grep -oE '<title>.*</title>' | diff - want && cat want
printf 'm;a 1\n' | profdata flamegraph --flamechart -
printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n1\ttimestamp:=300 bytes\tm;a\n' | profdata flamegraph --flamechart -
