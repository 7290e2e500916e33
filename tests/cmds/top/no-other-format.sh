# Reports are text: --to has nothing to choose, and where there is no --json it is refused.
printf 'a 1\n' >x.folded
for c in top tree 'peek a' tags traces raw comments 'list a'; do
	profdata $c -t folded x.folded; echo $?
done
profdata traces --json x.folded; echo $?
profdata traces --csv x.folded; echo $?
