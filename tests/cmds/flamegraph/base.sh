# differences as boxes: what cancels out is not there, what went away has a negative value
printf 'main;parse 50\nmain;load 30\nmain;gone 20\n' >before
printf 'main;parse 100\nmain;load 30\nmain;new 8\n' >after
for how in --base=before --diff-base=before '--diff-base=before --normalize'; do
	profdata flamegraph $how after -o x.svg
	profdata convert -q -t folded x.svg
	grep -o "<title>[a-z]* ([^)]*)" x.svg | grep -v all # per cent as in top
	profdata flamegraph -t html $how after | grep -o '"hundreds":[^]]*]'
done
