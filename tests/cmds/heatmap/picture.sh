# What the picture says: totals, what a bin is, tooltips, colours, legend, times of day.
cat > in.dump <<'END'
profdata dump 1
series
value	cpu	nanoseconds
10000000	@1700000000000000000	main;a
10000000	@1700000000010000000	main;a
-5000000	@1700000001500000000	main;b
0	@1700000002700000000	main;b
30000000	@1700000012300000000	main;b
40000000	main;late
END
show() { sed '/<metadata/,$d' out.svg | grep -vE '^\.pdhm|^@media|^\}|^<style|^</style'; }
profdata heatmap --title 'a <b> & "c"' in.dump -o out.svg && show
echo "- by value, even ratios"
profdata heatmap -s cpu --scale log --subtitle 'x < y' in.dump -o out.svg && show | grep -E 'legend|swatch|x &lt;|class="[lzn]'
echo "- the data"
sed -n '/<metadata/,/<\/metadata/p' out.svg
echo "- same bytes"
profdata heatmap -s cpu --scale log --subtitle 'x < y' in.dump | cmp - out.svg && echo same
echo "- one script, no event attributes"
grep -c '<script' out.svg; grep -cE ' on[a-z]+="' out.svg
