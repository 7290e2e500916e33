# Odd records: one warning of a kind and input, ten of a kind, then their number; --strict makes them fatal.
printf 'a;b 1\nno value here\nc;d 2\nno value either\n' >odd
profdata convert -f folded -t folded odd; echo $?
profdata convert -f folded -t folded -q odd; echo $?
profdata convert -f folded --strict -t folded -o out odd; echo $?
ls out
for i in $(seq 13); do cp odd odd$i; done
profdata convert -f folded -t folded odd?*; echo $?
profdata info -f folded --json odd odd1 | sed -n '/"notes"/,$p'
