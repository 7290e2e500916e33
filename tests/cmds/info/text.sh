cat >in <<'END'
profdata dump 1
period	10000000	cpu	nanoseconds
mapping	1	0x400000-0x501000	offset=0x0	file=/bin/app	flags=main,functions
frame	main.main	address=0x401234	mapping=1
	main.main	line=40	file=/src/app.go	start=30
series
value	samples	count
value	cpu	nanoseconds
3 30000000	thread=worker	bytes:=64 bytes	main.main
1 10000000	thread=other	main.main
1 10000000	main.main;a;b
END
profdata info in
profdata info in in
gzip -c in | profdata info
