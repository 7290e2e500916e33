profdata filter --tagfocus shop=oslo "$TESTDATA/go/cpu.pb.gz" -o oslo.pb.gz
profdata tags --diff-base oslo.pb.gz "$TESTDATA/go/cpu.pb.gz"
profdata tags --base oslo.pb.gz "$TESTDATA/go/cpu.pb.gz"
