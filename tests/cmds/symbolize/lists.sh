# lists of code made at run time say addresses of memory: mappings of the same list and size are different code
cat >perf-7.map <<'END'
10000010 20 first
10200010 20 second
10400010 20 third
END
cat >in.dump <<END
profdata dump 1
mapping	1	0x10000000-0x10100000	offset=0x0	file=$PWD/perf-7.map
mapping	2	0x10200000-0x10300000	offset=0x0	file=$PWD/perf-7.map
mapping	3	0x10400000-0x10500000	offset=0x0	file=$PWD/perf-7.map
frame	a	address=0x10000018	mapping=1
frame	b	address=0x10200018	mapping=2
frame	c	address=0x10400018	mapping=3
frame	d	address=0x10400118	mapping=3
series	cpu
value	cpu	nanoseconds
1	a;b;c
2	a;d
END
profdata symbolize --force -q -t folded in.dump
rm -f perf-7.map in.dump
