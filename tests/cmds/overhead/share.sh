# a Go program: most of the work is JSON; labels are set by a function that calls the program back
profdata overhead share "$TESTDATA"/go/cpu.pb.gz
profdata overhead share "$TESTDATA"/perf/shop.perf.gz
# the frame nearest to the leaf decides; GC inside of allocation is GC; the profiler anywhere
printf '%s\n' 'main;runtime.mallocgc;runtime.gcAssistAlloc 4' 'main;runtime.mallocgc 3' 'main;encoding/json.Marshal;main.callback 2' \
	'main;runtime.sigprof;runtime.memmove 1' 'main;f 10' >stacks.folded
profdata overhead share stacks.folded
# classes of one's own: new ones come first, old ones get more
cat >classes.txt <<'E'
# mine
[database] tax
sql.*     # and what they call
*.(*Tx).Commit
module:libsqlite*
[GC]
main.myCollector
E
printf '%s\n' 'main;sql.Query;x 3' 'main;a.(*Tx).Commit 2' 'main;main.myCollector;f 4' 'main 1' | profdata overhead share --classes classes.txt
printf '%s\n' 'main;sql.Query;runtime.mallocgc 3' 'main 1' | profdata overhead share --json --classes classes.txt | grep -E '"(class|total)":"?(database|allocation|application|[0-9])' | cut -c1-120
for bad in 'x' '[a' '[]' '[a] big' '[a]
module:'; do
	printf '%s\n' "$bad" >bad.txt
	echo 'a 1' | profdata overhead share --classes bad.txt; echo "$?"
done
echo 'a 1' | profdata overhead share --classes /nowhere; echo "$?"
printf 'a;b 0\n' | profdata overhead share
