cd "$TESTDATA" && profdata overhead compare base=overhead/base.txt cpu=overhead/cpu.txt trace=overhead/trace.txt
