# Columns and rows of chosen lengths, samples and values per bin; empty bins are not listed; time 0 is the first sample.
cat > in.dump <<'END'
profdata dump 1
series
value	samples	count
value	cpu	nanoseconds
1 10	@5000000000	main;a
1 20	@5019999999	main;a
1 40	@5020000000	main;b
1 80	@6999999999	main;b
1 0	@8500000000	main;b
1 160	main;c
END
profdata heatmap --csv in.dump
echo "- columns of 200 ms"
profdata heatmap --csv --column 200ms --rows 2 in.dump
echo "- a selection keeps time 0"
profdata heatmap --csv --column 1s --rows 10 --focus b in.dump
profdata heatmap --csv --column 1s --rows 10 --time-range 1:3 in.dump
profdata heatmap --json --column 1s --rows 4 --time-range 1.5:3.6 in.dump
