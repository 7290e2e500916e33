# A line after half a second, gone at the end; none in a pipe, none when it is fast.
slow() { echo 'a;b 1'; sleep 0.9; }
slow | profdata convert -t folded --progress=always - 2>err
grep -q 'reading 1 of 1' err && echo drawn
[ "$(tail -c 4 err | od -An -c | tr -d ' ')" = '\r033[K' ] && echo erased
slow | profdata convert -t folded - 2>err; wc -c <err
echo 'a;b 1' | profdata convert -t folded --progress=always - 2>err; wc -c <err
command -v script >/dev/null || exit 0
script -qec '{ echo "a;b 1"; sleep 0.9; } | profdata convert -t folded - >out' /dev/null </dev/null | grep -c 'reading 1 of 1'
script -qec '{ echo "a;b 1"; sleep 0.9; } | profdata convert -q -t folded - >out' /dev/null </dev/null | grep -c 'reading 1 of 1'
exit 0
