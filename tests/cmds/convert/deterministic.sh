# The same content gives the same pprof bytes, whatever the order it came in.
printf 'a;b 1\na;c 2\nz 4\n' >one; printf 'z 4\na;c 2\na;b 1\n' >two
profdata convert -t pprof --compress none -o one.pb one
profdata convert -t pprof --compress none -o two.pb two
cmp one.pb two.pb
profdata convert -t pprof -o one.pb.gz one; sleep 1; profdata convert -t pprof -o again.pb.gz one; cmp one.pb.gz again.pb.gz
profdata convert -t pprof --compress none one.pb | cmp - one.pb
# comments keep their order in one profile
printf 'profdata dump 1\ncomment\tz first\ncomment\ta second\nseries\nvalue\tsamples\tcount\n1\tmain\n' >c
profdata convert -t pprof c | profdata comments
