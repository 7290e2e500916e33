# The candidates behind all three shells.
printf 'a;b 1\n' >in
two() { profdata __complete "$@" | cut -f1; echo "-- $?"; }
cat >labels <<'END'
profdata dump 1
series
value	samples	count
value	cpu	nanoseconds
1 10	thread=x	bytes:=5	main;a
END
two mer
two convert --tag
two convert --to fol
two convert --to=fol
two convert -tfolded -
two convert -o
two convert -o ''
two convert -s '' labels | head -3
two convert labels -s ''
two convert labels -s c
two convert labels --sample-type=c
two convert labels --tagfocus ''
two convert x=labels -s s
two convert 'lab\els' -s s
two convert --compress z
two convert -- --t
two help hel
two completions f
two nothing x
two convert nofile -s ''
two
