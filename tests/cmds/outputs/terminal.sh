# Binary to a terminal is refused before any work, unless forced; text is not.
command -v script >/dev/null || { echo "no script"; exit 77; }
echo 'a;b 1' >in
script -qec 'profdata convert -t pprof in; echo $?' /dev/null </dev/null | tr -d '\r'
script -qec 'profdata convert -t folded --compress gzip in; echo $?' /dev/null </dev/null | tr -d '\r'
script -qec 'profdata convert -t folded in; echo $?' /dev/null </dev/null | tr -d '\r'
script -qec 'profdata merge -t pprof nothing; echo $?' /dev/null </dev/null | tr -d '\r'
script -qec 'profdata merge -t pprof --force in | od -An -tx1 -N2; profdata merge -t pprof --compress none --force in >copy; echo $?' /dev/null </dev/null | tr -d '\r'
