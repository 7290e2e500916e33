# The status is that of the command; its arguments are its own; streams pass through; options end at its name.
profdata record -q -o a.pb.gz -- sh -c 'echo "out $*"; echo err >&2; cat; exit 7' x -o y <<<'in'
echo "status $?"
profdata record -q -o a.pb.gz sh -c 'kill -9 $$' 2>/dev/null
echo "status $?"
profdata record -q -o a.pb.gz env --version | head -n 1 | grep -c env
ls
