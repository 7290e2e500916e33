# Time order: rows are sorted by time, thread after thread; only neighbours become one box.
cat > in.dump <<'EOF'
profdata dump 1
series
value	samples	count
1	@300	tid:=1	m;a
1	@100	tid:=1	m;a
2	@200	tid:=1	m;b
4	@150	tid:=2	m;a
EOF
profdata flamegraph --flamechart in.dump | grep -oE '<title>.*</title>'
profdata flamegraph --flamechart --reverse in.dump; echo $?
