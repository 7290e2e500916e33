# -s names the column of formats that have one, and the default of formats that have all.
cat >two.folded-diff <<'END'
a;b 1 20
a 2 30
END
profdata convert -f folded-diff -t pprof two.folded-diff -o two.pb.gz
for s in before 0 after 1; do
	profdata convert -q -t folded -s $s two.pb.gz | tail -n 1
	profdata convert -s $s -t pprof two.pb.gz | profdata info --json - | grep default
	profdata convert -s $s -t dump two.pb.gz | grep default
	profdata filter -s $s two.pb.gz | profdata top --json -n 1 - | grep '"total"'
	profdata merge -s $s two.pb.gz two.pb.gz | profdata top --json -n 1 - | grep '"total"'
	profdata merge -q -t folded -s $s two.pb.gz two.pb.gz | tail -n 1
done
for c in "convert -t pprof" filter merge; do
	profdata $c -s nosuch two.pb.gz; echo $?
done
