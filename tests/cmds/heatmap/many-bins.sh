# Beyond 4000 bins with samples a level is one path and a column has the tooltip; the file stays small.
awk 'BEGIN { print "profdata dump 1\nseries\nvalue\tcpu\tcount"; for (i = 1; i <= 20000; i++) printf "1\t@%d000000\ta\n", i * 7 + i % 13 }' > in.dump
profdata heatmap in.dump -o out.svg
grep -o 'class="m summary".*' out.svg
grep -c '<path class="l' out.svg
grep -c '<path class="o"' out.svg
grep '<path class="o"' out.svg | head -n 2
if [ $(wc -c < out.svg) -lt 250000 ]; then echo small; else wc -c < out.svg; fi
