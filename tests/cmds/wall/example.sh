# The worked example: two threads in ten seconds, samples at 100 Hz and microseconds of waiting, as folded text.
cat > on.folded <<'END'
T1;main;compute 420
T1;main;parse 80
T2;worker;hash 150
END
cat > off.folded <<'END'
T1;main;read;sys_read 4600000
T1;main;lock;futex_wait 250000
T2;worker;cond_wait;futex_wait 8100000
END
wall() { profdata wall -q --hz 100 --off-unit us --duration 10 "$@"; }
wall -t folded on=on.folded off=off.folded
echo "- states as frames"
wall -t folded --state-frames on=on.folded off=off.folded
wall -t folded --state-frames=root off=off.folded on=on.folded
echo "- without what nobody explains, and without who waits for work"
wall -t folded --no-residual --hide-idle on=on.folded off=off.folded
echo "- the labels"
wall on=on.folded off=off.folded -o wall.pb.gz && profdata tags wall.pb.gz
echo "- the result is an input, too"
profdata wall -q -t folded wall.pb.gz
echo "- the report"
wall --report report.txt -o again.pb.gz on=on.folded off=off.folded && cat report.txt
wall --report report.json -o again.pb.gz on=on.folded off=off.folded && cat report.json
cmp wall.pb.gz again.pb.gz && echo same
