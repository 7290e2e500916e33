profdata formats | head -1
profdata formats | awk '$1 == "pprof" || $1 == "folded" { print $1, $2, $3, $4, $5 }'
profdata formats -v | grep -A3 '^folded ' | head -2 | cut -c1-20
profdata formats x; echo $?
