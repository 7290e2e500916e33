# who waits for how long in a dump of goroutines: the leak view
cat >dump.txt <<'D'
goroutine 1 [running]:
main.main()
	/src/main.go:10 +0x1d

goroutine 18 [chan receive, 95 minutes]:
main.worker(0xc000012345)
	/src/worker.go:20 +0x45
created by main.start in goroutine 1
	/src/main.go:8 +0x25

goroutine 19 [chan receive, 90 minutes]:
main.worker(0xc000012346)
	/src/worker.go:20 +0x45
created by main.start in goroutine 1
	/src/main.go:8 +0x25

goroutine 20 [select, 3 minutes, locked to thread]:
main.loop()
	/src/loop.go:5 +0x15
created by main.main in goroutine 1
	/src/main.go:9 +0x30
D
profdata top -s wait dump.txt
profdata top -s wait --tagfocus state=select dump.txt | tail -n 1
profdata tags -s wait dump.txt
