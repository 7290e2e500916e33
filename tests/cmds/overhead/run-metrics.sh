# figures of the command's own: rows like the measured ones, in the raw file and in the report
own='echo "rate,1/s,100,higher,50" >>$PROFDATA_METRICS'
profdata overhead run -n 6 --metric rate --no-control --raw rows.csv a="$own" b='printf "rate,1/s,90,higher,50\n\nrows,,3\n" >>$PROFDATA_METRICS'
grep -v '^#' rows.csv | sed -n '1p;/,rate,/p' | cut -d, -f1-5,8- | head -n 3
grep -c ,rows, rows.csv
for bad in 'rate,1/s' 'a,b,c' 'time,s,3' ',s,1' 'a,s,1,best' 'a,s,1,lower,0' 'a,s,1,lower,1,1' 'a,s,nan' 'a"b,s,1' "$(printf '%70s' x),s,1"; do
	profdata overhead run -n 2 a="echo '$bad' >\$PROFDATA_METRICS" b=true
	echo "$?"
done
profdata overhead run -n 2 a='printf "a\0b" >$PROFDATA_METRICS' b=true; echo "$?"
profdata overhead run -n 2 a='head -c 70000 /dev/zero | tr "\0" x >$PROFDATA_METRICS' b=true; echo "$?"
