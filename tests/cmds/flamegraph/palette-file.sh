# A palette file keeps colours; names with "->", backslashes and line ends survive; an unreadable line is an error.
printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n1\tmain;a\\x2d\\x3eb;c\\nd\n' > in.dump
printf 'main->rgb(1,2,3)\n' > p.map
profdata flamegraph --cp p.map --colors hot in.dump > 1.svg
cat p.map
cp p.map before
profdata flamegraph --cp p.map --colors blue in.dump > 2.svg
cmp p.map before && grep -c 'fill="#010203"' 2.svg
profdata flamegraph --cp new.map in.dump > 3.svg; wc -l < new.map
printf 'main->rgb(1,2,3)\nmain rgb\n' > bad.map
profdata flamegraph --cp bad.map in.dump -o 4.svg; echo $?
ls 4.svg 2>/dev/null
profdata flamegraph --cp no/such/dir/p.map in.dump -o 4.svg 2>/dev/null; echo $?
