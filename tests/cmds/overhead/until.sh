# stops at a look when every verdict is in, and says at which; intervals and p-values allow for the looks
fast='echo "cost,s,0.1,lower,5" >>$PROFDATA_METRICS' slow='echo "cost,s,0.2,lower,5" >>$PROFDATA_METRICS'
run() { profdata overhead run --until decided --metric cost "$@"; }
run --max-blocks 20 --looks 2 --raw rows.csv base="$fast" slow="$slow"
grep -c 'end of block' rows.csv
# too few blocks for the level of the first look: the second decides
run --max-blocks 12 --looks 2 --raw again.csv base="$fast" slow="$slow" | sed -n '2,3p;/^note: look/p'
# an interrupted experiment goes on, and looks where it would have looked
sed '/end of block 8/,$d' again.csv >torn.csv
run --max-blocks 12 --looks 2 --raw torn.csv base="$fast" slow="$slow" | sed -n '/^note: look/p'
grep -c 'end of block' torn.csv
# the plan belongs to the experiment
run --max-blocks 24 --looks 2 --raw torn.csv base="$fast" slow="$slow" >/dev/null; echo "another plan: $?"
# the variant named first is the baseline, whichever was run first
run --max-blocks 20 --looks 1 --json --no-control b="$slow" a="$fast" | grep -oE '"(baseline|looks|p_look|ratio)": *[^,]*'
for bad in '--max-blocks 10' '--looks 2' '--until decided -n 5' '--until decided --max-blocks 5' '--until decided --looks 51' '--until decided --max-blocks 6 --looks 7' '--until then'; do
	profdata overhead run $bad a=true b=true; echo "$?"
done
