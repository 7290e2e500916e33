# The thread count changes nothing that can be seen.
for i in $(seq 60); do echo "main;f$((i % 7));g$i $i" >in$i; done
for j in 1 2 7 64; do profdata merge -j $j -t pprof --compress none -o out$j in*; cmp out1 out$j; done
profdata convert -t folded -j 3 in* | awk '{ n += $NF } END { print NR, n }'
profdata info -j 0 in1 >/dev/null; echo $?
profdata info -j -1 in1; echo $?
PROFDATA_JOBS=x profdata info in1; echo $?
