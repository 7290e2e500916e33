# Order of lines, format and compression do not matter; values do. One line per input, names made harmless.
printf 'a;b 1\na;c 2\n' >one; printf 'a;c 2\na;b 1\n' >two; printf 'a;c 2\na;b 2\n' >three
profdata convert -t pprof -o one.pb.gz one; profdata convert -t pprof --compress none -o two.pb two
profdata hash one two | cut -d' ' -f1 | uniq | wc -l
profdata hash one.pb.gz two.pb | cut -d' ' -f1 | uniq | wc -l
profdata hash one three | cut -d' ' -f1 | uniq | wc -l
profdata hash one | grep -c '^[0-9a-f]\{32\}  one$'
cp one $'x\e[31m\ny'; profdata hash $'x\e[31m\ny' | cut -c35-
profdata hash --json one | grep -c '"hash":"[0-9a-f]*"'
profdata hash one nothing; echo $?
