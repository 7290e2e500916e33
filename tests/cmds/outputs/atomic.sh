# An old file survives a failure, is replaced by a success with its mode kept, and is never seen half.
echo old >out; chmod 640 out
printf 'a;b 1\nbroken line without\n' >odd
profdata convert --strict -f folded -t folded -o out odd; echo $?; cat out
profdata convert -f pprof -t folded -o out odd; echo $?; cat out
printf 'a;b 1\n' >in
profdata convert -t folded -o out in; cat out; stat -c %a out
# through a link; a link stays a link
ln -s out link; printf 'c 2\n' >in; profdata convert -t folded -o link in; cat out; test -L link && echo link
# in place: the input is read before the output appears
profdata convert -t folded -o in in; cat in
# devices and pipes are written directly
profdata convert -t folded -o /dev/null in; echo $?
profdata convert -t folded -o /dev/stdout in
mkfifo pipe; cat pipe & profdata convert -t folded -o pipe in; wait
profdata convert -t folded -o /dev/full in; echo $?
ls -A
