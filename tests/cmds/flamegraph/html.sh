# A page around the picture: by name, by format, from flamegraph and convert, the same bytes.
printf 'main;<b>&amp; 3\nmain;x 1\n' >x.folded
profdata flamegraph x.folded --title '<T>' -o a.html
profdata flamegraph x.folded --title '<T>' -o b.htm
cmp a.html b.htm && echo same
profdata flamegraph x.folded -t html | grep -v '"command"' >c
profdata convert x.folded -o d.html
grep -v '"command"' d.html | cmp c - && echo same
head -n 11 a.html | sed 's/ font-family.*//'
tail -n 4 a.html
grep -c '<b>' a.html
sed -n '/^<svg/,/^<\/svg/p' a.html >svg.html
profdata flamegraph x.folded --title '<T>' | sed 1d | cmp - svg.html && echo the picture is the same
