# Colours by the label state: where all samples have it, or where asked for; eight reasons are six hues and the rest.
{ printf 'profdata dump 1\nseries\nvalue\twall\tcount\n90\tstate=running\tmain;f\n9\tstate=R\tmain;g\n'; for i in 1 2 3 4 5 6 7 8; do printf '%d\tstate=S\treason=r%d\tmain;h%d\n' $((80 - i)) $i $i; done; } > all.dump
printf 'profdata dump 1\nseries\nvalue\twall\tcount\n9\tstate=off\tmain;f\n1\tmain;g\n' > some.dump
show() { sed '/<script>/,$d' | grep -oE '^"states.*|fill="#[0-9a-f]*"><title>[^ ]*|<text class="m"[^>]*>(on|off|run)[^<]*'; }
profdata flamegraph all.dump | show
echo "- not all samples"; profdata flamegraph some.dump | show
echo "- asked for"; profdata flamegraph --colors state some.dump | show
echo "- from the leaves, under the command"; sed '2i root-label\tcomm' all.dump | sed 's/\tstate/\tcomm=prog\tstate/' >comm.dump; profdata flamegraph --reverse comm.dump | show | grep -v '^"states'
echo "- in the order of time"; awk -F'\t' -v OFS='\t' 'NR > 3 { $1 = $1 "\t@" NR * 1000 } 1' all.dump >timed.dump; profdata flamegraph --flamechart timed.dump | show | grep title
echo "- another palette"; profdata flamegraph --colors hot all.dump | grep -c '"states"'
printf 'main;f 1\n' | profdata flamegraph --colors state -; echo $?
