# Beyond 200,000 nodes the lightest subtrees become one node per parent, with exact sums, and the file stays small.
seq 150000 | sed 's/.*/main;f&;g 1/' > in.folded
printf 'main;big;x 7\nmain;big;y 5\nmain 3\n' >> in.folded
profdata flamegraph --minwidth 0 in.folded -o out.svg
sed -n '/<metadata/,/<\/metadata>/p' out.svg
grep '<text class="m"' out.svg
test "$(wc -c < out.svg)" -lt 3000000 && echo small
