cat >perf.txt <<'END'
app 4711/4712 1.000001:     250000 cycles: 
	ffffffff81000010 do_syscall_64+0x10 ([kernel.kallsyms])
	          401200 main+0x20 (/tmp/app)

END
profdata convert -q -t folded perf.txt
profdata convert -q -t folded --annotate=kernel perf.txt
profdata convert -q -t folded --opt annotate=kernel perf.txt
profdata convert -q -t folded --annotate=nonsense perf.txt; echo $?
profdata convert -q -t pprof --annotate=kernel perf.txt; echo $?
profdata convert -q -t folded --opt nosuch=1 perf.txt; echo $?
profdata info --opt nosuch=1 perf.txt; echo $?
profdata filter -q -t folded --annotate=kernel perf.txt
profdata merge -q -t folded --annotate=kernel perf.txt perf.txt
profdata merge -q --annotate=kernel perf.txt; echo $?
