# Several inputs of several formats are summed up.
printf 'a;b 1\n' >x; printf 'a;b 2\na;c 3\n' | gzip >y.gz
profdata convert -t folded x y.gz x
profdata convert -t folded -v x y.gz
profdata convert -t pprof x | profdata convert -t folded - x
