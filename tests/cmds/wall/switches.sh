# One recording of samples and switches: a runs, reads, waits for the processor, runs; b is preempted and ends.
cat > in.dump <<'END'
profdata dump 1
series	sched:sched_switch
value	sched:sched_switch	count
1	@1000000000	comm=a	pid:=7	tid:=8	prev_state=S	next_comm=b	next_pid=9	main;read
1	@1400000000	comm=b	pid:=7	tid:=9	prev_state=R+	next_comm=a	next_pid=8	work
1	@1500000000	comm=a	pid:=7	tid:=8	prev_state=D	next_comm=b	next_pid=9	main;lock
1	@1900000000	comm=b	pid:=7	tid:=9	prev_state=X	next_comm=swapper/0	next_pid=0	exit
1	@1950000000	comm=swapper/0	prev_pid=0	next_comm=a	next_pid=8	idle
series	sched:sched_wakeup
value	sched:sched_wakeup	count
1	@1300000000	comm=b	pid:=7	tid:=9	payload.pid=8	work;wake
series	cpu-clock
value	samples	count
1	@990000000	comm=a	pid:=7	tid:=8	main;f
1	@995000000	comm=a	pid:=7	tid:=8	main;g
1	@1100000000	comm=b	pid:=7	tid:=9	work
1	@2000000000	comm=a	pid:=7	tid:=8	main;g
END
profdata wall -q -t folded --state-frames in.dump
profdata wall in.dump -v -o wall.pb.gz 2>&1
profdata wall -q -t chrome in.dump -o states.json && profdata info states.json | head -8
echo "- the timeline says the same"
profdata wall -q -t folded --state-frames=leaf states.json
profdata wall -t perfetto in.dump -o states.perfetto-trace && echo written
