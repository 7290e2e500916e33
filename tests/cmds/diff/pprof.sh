# -t pprof: BEFORE negated and labelled, so that it opens as a comparison; percentages are of BEFORE.
printf 'main;f 100\nmain;g 50\n' >a.folded
printf 'main;f 150\nmain;h 20\n' >b.folded
profdata diff -t pprof a.folded b.folded -o d.pb.gz
profdata top d.pb.gz | sed 1d
profdata tags d.pb.gz
