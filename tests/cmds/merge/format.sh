# The format of the first input, where it can be written; else pprof.
printf 'a;b 1\n' >f; profdata convert -t pprof -o p.pb.gz f
printf 'app 4711/4712 1.000001:     250000 cycles: \n\t          401200 main+0x20 (/tmp/app)\n\n' >perf
profdata merge f p.pb.gz
profdata merge p.pb.gz f | profdata info - | head -1
profdata merge perf | profdata info - | head -1
profdata merge -t folded p.pb.gz f
profdata merge -o out.folded p.pb.gz f; cat out.folded
profdata merge -t svg f | head -c 5
