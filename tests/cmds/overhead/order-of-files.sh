# the order of files changes nothing but the names of inputs
cd "$TESTDATA/overhead"
profdata overhead compare --csv base=base.txt cpu=cpu.txt trace=trace.txt >"$OLDPWD/a"
profdata overhead compare --csv trace=trace.txt base=base.txt cpu=cpu.txt >"$OLDPWD/b"
cmp "$OLDPWD/a" "$OLDPWD/b"
