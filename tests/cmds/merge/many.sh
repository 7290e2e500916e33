# Far more inputs than are merged in one step.
for i in $(seq 700); do echo "main;f$((i % 13));g$((i % 101)) $i" >in$i; done
ls in* >list
profdata merge --files-from list -t pprof --compress none -o all.pb
profdata merge --files-from <(sort -R list) -j 5 -t pprof --compress none | cmp - all.pb
profdata convert -t folded all.pb | awk '{ n += $NF } END { print n, NR }'
split -l 90 -d list part; for p in part??; do profdata merge --files-from $p -t pprof -o $p.pb.gz; done
profdata merge -t pprof --compress none part*.pb.gz | cmp - all.pb
