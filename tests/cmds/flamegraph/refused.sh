# What cannot be drawn: status 2, a reason, and no file.
printf 'main;a 30\n' > in.folded
try() { profdata flamegraph "$@" -o out.svg; echo "$? $(ls out.svg 2>/dev/null)"; }
: > empty.folded
printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n' > none.dump
printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n0\tmain\n' > zero.dump
printf 'profdata dump 1\n' > notype.dump
try none.dump
try zero.dump
try notype.dump
try --flamechart in.folded
try --ignore main in.folded
try --minwidth 1em in.folded
try --minwidth -1 in.folded
try --minwidth '' in.folded
try --bgcolors 'url(x)' in.folded
try --search-color 'red;x' in.folded
try --width 10 in.folded
try --fontsize 1e9 in.folded
try --total -5 in.folded
try -t pprof in.folded
try -s nosuch in.folded
