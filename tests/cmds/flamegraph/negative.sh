# Values of both signs: nothing vanishes, colours tell more from less.
printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n10\tm;a\n-10\tm;a\n-5\tm;b\n20\tm;c\n' > in.dump
profdata flamegraph in.dump | sed "/<script>/,\$d" | grep -oE 'fill="#......"><title>.*</title>|^"(node|frame|values)".*'
profdata flamegraph --negate in.dump | grep -oE 'fill="#......"><title>[bc] .*</title>'
