profdata symbolize -v "$TESTDATA/go/cpu.pb.gz" -t folded 2>&1 >named.folded | grep every; profdata convert -q -t folded "$TESTDATA/go/cpu.pb.gz" | cmp - named.folded && echo same; rm named.folded
