# One of something is said of one: "1 sample", not "1 samples"; units and names that only look like plurals stay.
one() { printf 'profdata dump 1\nseries\nvalue\t%s\tcount\n1\tmain\n' "$1" | profdata flamegraph - | grep -o '>main ([^,]*'; }
for type in samples inuse_objects cache-misses switches status series ms hits x; do one "$type"; done
printf 'main 1\nmain;f 1\n' | profdata flamegraph --countname events - | grep -o '<title>[^,]*'
printf 'main 0\n' | profdata flamegraph -
