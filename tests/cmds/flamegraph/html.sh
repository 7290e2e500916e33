# A page: by name, by format, from flamegraph and convert, the same bytes; a picture for print, one data block, one script.
printf 'main;<b>&amp; 3\nmain;x 1\n' >x.folded
profdata flamegraph x.folded --title '<T>' -o a.html
profdata flamegraph x.folded --title '<T>' -o b.htm
cmp a.html b.htm && echo same
profdata flamegraph x.folded -t html | grep -v '"command"' >c
profdata convert x.folded -o d.html
grep -v '"command"' d.html | cmp c - && echo same
sed -n '1,/<title>/p' a.html | sed 's/profdata [0-9.]*/profdata V/'
sed -n '/^<body/,/<title>/p' a.html | sed 's/ font-family.*//'
sed -n '/id="profdata"/,/<\/script>/p' a.html | grep -v '"version"'
tail -n 4 a.html
grep -c '<b>' a.html
grep -o '<script' a.html | wc -l
