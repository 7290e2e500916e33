# Two inputs, or labels on all of them; several of a side are replicates.
for i in 48:952 61:959 39:941 70:940 42:948; do printf 'main;f %s\nmain;rest %s\n' ${i%:*} ${i#*:} >a$((++n)).folded; done
for i in 66:934 85:945 60:910 79:926 71:929; do printf 'main;f %s\nmain;rest %s\n' ${i%:*} ${i#*:} >b$((++m)).folded; done
profdata diff before=a1.folded before=a2.folded before=a3.folded before=a4.folded before=a5.folded \
	after=b1.folded after=b2.folded after=b3.folded after=b4.folded after=b5.folded
profdata diff --json before=a1.folded before=a2.folded before=a3.folded before=a4.folded before=a5.folded \
	after=b1.folded after=b2.folded after=b3.folded after=b4.folded after=b5.folded >1.json
profdata diff --json after=b5.folded before=a3.folded before=a2.folded after=b2.folded before=a1.folded before=a5.folded \
	after=b3.folded after=b4.folded before=a4.folded after=b1.folded >2.json
python3 - <<'END'
import json
a, b = json.load(open('1.json')), json.load(open('2.json'))
print('order of files does not matter:', all(a[k] == b[k] for k in a if k != 'inputs'))
f = [r for r in a['rows'] if r['function'] == 'f'][0]
print('p %.6f rank %.6f phi %.4f class %s' % (f['p'], f['self']['p_rank'], f['self']['phi'], f['class']))
END
profdata diff a1.folded; echo "status $?"
profdata diff a1.folded a2.folded b1.folded; echo "status $?"
profdata diff before=a1.folded b1.folded; echo "status $?"
profdata diff before=a1.folded before=b1.folded; echo "status $?"
profdata diff before=a1.folded next=b1.folded; echo "status $?"
profdata diff -t speedscope a1.folded b1.folded; echo "status $?"
profdata diff -s cpu a1.folded b1.folded; echo "status $?"
profdata diff --per=time a1.folded b1.folded; echo "status $?"
profdata diff --per=op a1.folded b1.folded; echo "status $?"
profdata diff --no-match nonsense a1.folded b1.folded; echo "status $?"
