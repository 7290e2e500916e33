# The time of a sample is a label in a pprof file, and selects as well.
printf 'profdata dump 1\nseries\nvalue\tcpu\tcount\n1\t@1000000000\ta\n2\t@2000000000\tb\n4\t@3000000000\tc\n8\td\n' >in
profdata convert -t pprof in -o in.pb
for r in 0.5:1.5 1: :1 0:9; do
	profdata convert -q -t folded --time-range $r in >want
	profdata filter -q -t folded --time-range $r in.pb | cmp - want && tr '\n' ' ' <want
	profdata filter --time-range $r in.pb | profdata top --json - | grep '"total"'
done
profdata top --time-range 5: in.pb | tail -n 2
profdata tags --time-range 1:2 in.pb
