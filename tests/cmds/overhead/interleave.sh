# runs that take turns: each goes on between the beginning and the end of the other; their time is not measured, their own figures are
say='for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.01; printf LETTER >>order; done; echo "letters,,12" >>$PROFDATA_METRICS'
profdata overhead run --interleave 15 -n 2 --no-control --raw rows.csv a="${say/LETTER/a}" b="${say/LETTER/b}" >/dev/null
grep -v '^#' rows.csv | cut -d, -f1-5,8 | head -n 9
grep -c '^.*a.*b.*a' order
grep -c '^.*b.*a.*b' order
head -n 1 rows.csv | cut -c1-60
# a group is stopped as a whole, and one that fails takes the others with it
profdata overhead run --interleave 5 -n 2 --no-control a=true b='sleep 0.01 & sleep 0.02; wait' | grep -c '^b '
profdata overhead run --interleave 5 -n 2 --no-control a=false b='sleep 100'; echo "fails: $?"
profdata overhead run --interleave 5 -n 2 --allow-errors --no-control a=false b=true | grep -c '^b '
profdata overhead run --interleave 0.5 a=true b=true; echo "too short: $?"
profdata overhead run --interleave 20 -n 3 --raw rows.csv a=true b=true; echo "other: $?"
