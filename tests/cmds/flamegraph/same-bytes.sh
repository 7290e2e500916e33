# The same input and options give the same bytes, whatever the order of the lines and the number of threads.
for i in $(seq 3000); do echo "main;f$((i % 7));g$((i % 113));h$((i * 7919 % 1009)) $i"; done > a.folded
sort -r a.folded > b.folded
profdata flamegraph a.folded -o 1.svg
profdata flamegraph a.folded -o 2.svg -j 1
mv b.folded a.folded
profdata flamegraph a.folded -o 3.svg
cmp 1.svg 2.svg && cmp 1.svg 3.svg && echo same
# a picture of a few thousand boxes at most, unless a width is asked for
test "$(grep -c '<rect x' 1.svg)" -le 5000 && echo pruned
profdata flamegraph --minwidth 0 a.folded | grep -c '<rect x'
profdata flamegraph --minwidth 0 a.folded | sed -n 's/.*"tree":{"n":\([0-9]*\).*/\1/p'
