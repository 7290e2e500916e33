# Any order and any grouping give the same bytes.
for i in 1 2 3 4 5 6 7; do awk -v i=$i 'BEGIN { for (k = 0; k < 40; k++) print "main;f" (k * i) % 11 ";g" (k + i) % 7 " " k * i + 1 }' >p$i; done
m() { profdata merge -t pprof --compress none "$@"; }
m p1 p2 p3 p4 p5 p6 p7 >all
m p7 p3 p5 p1 p6 p2 p4 | cmp - all
m p1 p2 >a.pb; m p3 p4 p5 >b.pb; m b.pb p6 >c.pb
m c.pb a.pb p7 | cmp - all
m all | cmp - all
profdata merge p1 p2 p3 p4 p5 p6 p7 | awk '{ n += $NF } END { print n }'
cat p? | awk '{ n += $NF } END { print n }'
