# Operations of each side: numbers, files, values of a label, or what the profiles say.
printf 'main;f 1000\n' >a.folded
printf 'main;f 1100\n' >b.folded
compared() { profdata diff "$@" | sed -n '/^compared/p; /^whole/p; s/ *profdata: //'; }
compared --ops 120000,144000 a.folded b.folded
compared --ops-before 120000 --ops-after 144000 a.folded b.folded
echo '-- files'
echo ' 120000 ' >a.ops
printf 'start,duration,error\n2024-01-02T15:04:05.1Z,7.9ms,\n2024-01-02T15:04:05.2Z,8ms,\n2024-01-02T15:04:05.3Z,71us,"reset,\nby peer"\n' >b.csv
compared --ops a.ops,b.csv a.folded b.folded
compared --ops 1,3 a.folded b.folded
profdata diff --json --ops a.ops,b.csv a.folded b.folded | tr -d ' \n' | grep -o '"exposure":[^}]*' | head -n 3
echo '-- two profiles a side share the number'
compared --ops 2,4 before=a.folded before=a.folded after=b.folded after=b.folded
compared --ops-before 1 --ops-before 1 --ops-after 1 --ops-after 3 before=a.folded before=a.folded after=b.folded after=b.folded
echo '-- four and five requests'
for side in 4 5; do
	printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n'
	for i in 1 2 3 4 5 6 7 8 9 10; do printf '100\trequest=r%d\tmain;f\n' $((i % side)); done
	printf '7\tmain;idle\n'
done >both.dump
csplit -s -f side. both.dump '/^profdata dump/' '{1}' && mv side.01 4.dump && mv side.02 5.dump
compared --ops-label request 4.dump 5.dump
echo '-- a comment'
sed '2i comment\tops: 40' 4.dump >4c.dump
sed '2i comment\tops: 50' 5.dump >5c.dump
compared 4c.dump 5c.dump
compared --per=total 4c.dump 5c.dump
compared 4c.dump 5.dump
compared --ops-label request 4c.dump 5c.dump
echo '-- whole runs of a recorded command, one or several, if they are all of the profile'
run() { # FILE DURATION VALUE NS...: a recording with these runs
	file=$1 duration=$2 value=$3
	shift 3
	printf 'profdata dump 1\n' >$file
	for ns; do printf 'comment\trecord.run: from its begin to its end, %d ns\n' $ns >>$file; done
	printf 'duration\t%d\nseries\nvalue\tsamples\tcount\nvalue\tcpu\tnanoseconds\n%d %d000000\tmain;f\n' $duration $value $value >>$file
}
run one.dump 2000000000 100 2000000000
run two.dump 5000000007 220 2000000000 3000000007
run part.dump 7000000000 100 2000000000
run none.dump 2000000000 100
for pair in 'one two' 'one part' 'one none'; do profdata diff ${pair% *}.dump ${pair#* }.dump | sed -n '/^compared/p; /^before/p; /^after/p; /^whole/p'; done
compared --ops 10,20 one.dump two.dump
compared --per=time one.dump two.dump
echo '-- memory in use is a level: more operations do not make it larger, unless somebody says so'
for ops in 40 80; do
	printf 'profdata dump 1\ncomment\tops: %d\nduration\t1000000000\nseries\nvalue\tinuse_objects\tcount\nvalue\tinuse_space\tbytes\n2 1000\tmain;f\n' $ops >in$ops.dump
	sed 's/inuse/alloc/g' in$ops.dump >all$ops.dump
done
for kind in in all; do profdata diff ${kind}40.dump ${kind}80.dump | sed -n '/^compared/p; /^whole/p'; done
profdata diff --per=op in40.dump in80.dump | sed -n '/^compared/p; /^whole/p'
profdata diff --ops 40,80 in40.dump in80.dump | sed -n '/^compared/p; /^whole/p'
echo '-- refused'
profdata diff --ops 5 a.folded b.folded; echo "status $?"
profdata diff --ops 5, a.folded b.folded; echo "status $?"
profdata diff --ops 1,2 --ops-before 3 a.folded b.folded; echo "status $?"
profdata diff --ops-before 3 a.folded b.folded; echo "status $?"
profdata diff --per=time --ops 1,2 a.folded b.folded; echo "status $?"
profdata diff --ops 0,2 a.folded b.folded; echo "status $?"
profdata diff --ops 1,a.folded a.folded b.folded; echo "status $?"
profdata diff --ops 1,. a.folded b.folded; echo "status $?"
profdata diff --ops-label request a.folded b.folded; echo "status $?"
profdata diff --ops-before 1 --ops-after 2 --ops-after 3 a.folded b.folded; echo "status $?"
profdata diff --per=op a.folded b.folded; echo "status $?"
