# What the target cannot hold is named in one warning; --strict makes it fatal and writes nothing.
cat >in <<'END'
profdata dump 1
series
value	samples	count
value	cpu	nanoseconds
1 10	thread=x	main;a
END
profdata convert -t folded in; echo $?
profdata convert -t folded -q in; echo $?
profdata convert -t folded --strict -o out in; echo $?
ls out 2>&1 | wc -l
