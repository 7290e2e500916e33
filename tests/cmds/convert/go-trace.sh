# A Go trace becomes a timeline: what happens to the two goroutines, on the rows asked for.
cp $SOURCE/tests/formats/go_trace/busy.in $SOURCE/tests/formats/go_trace/contradiction.in .
profdata convert -t chrome --view goroutines --opt no-flows busy.in
for view in procs threads all; do
	echo "$view: $(profdata convert -t chrome --view $view busy.in | grep -c '"ph":"X"')"
done
profdata convert -t chrome busy.in | grep '"ph":"[sf]"'
profdata convert -t chrome contradiction.in -o out.json; echo $?
profdata convert -t chrome --strict contradiction.in -o strict.json; echo $?
ls
profdata convert -t chrome --view nonsense busy.in; echo $?
profdata convert -t folded busy.in
