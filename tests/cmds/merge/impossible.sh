# Sums that do not fit are an error, and so is nothing in common; nothing is written.
d() { printf "profdata dump 1\nseries\nvalue\t$1\t$2\n$3\tmain\n"; }
d samples count 2 >one; d space bytes 2 >other; d samples count 9223372036854775807 >big
profdata merge -t folded one other -o out 2>err; echo $? $(wc -l <err)
profdata merge -t folded one big -o out 2>err; echo $? $(wc -l <err)
ls out 2>/dev/null
exit 0
