printf 'a 1\n' >a
profdata top --base a --diff-base a a; echo $?
profdata top --normalize a; echo $?
profdata top --base - - <a; echo $?
profdata top --base missing a; echo $?
profdata top --base '' a; echo $?
profdata top --base a --time-range 0:1 a; echo $?
profdata top --base "$TESTDATA/go/heap.pb.gz" "$TESTDATA/go/cpu.pb.gz"; echo $?
profdata top --base "$TESTDATA/go/heap.pb.gz" --normalize "$TESTDATA/go/cpu.pb.gz"; echo $?
