# a cell that cannot be compared says why; the others are compared
{
	echo workload,variant,metric,unit,value
	for i in 1 2 3 4 5 6; do
		printf 'fine,base,time,ms,%d\nfine,new,time,s,0.0%d\n' $((50 + i)) $((55 + i))
		printf 'zero,base,time,ms,%d\nzero,new,time,ms,%d\n' $((i - 1)) $i
		printf 'none,base,allocs,,0\nnone,new,allocs,,0\nnan,base,time,ms,1\nnan,new,time,ms,NaN\n'
		printf 'units,base,size,B,%d\nunits,new,size,s,%d\nminus,base,time,s,1\nminus,new,time,s,-1\n' $i $i
		printf 'flat,base,time,s,5\nflat,new,time,s,5\nalone,new,time,s,%d\n' $i
	done
	printf 'once,base,time,s,1\nonce,new,time,s,2\n'
} >rows.csv
profdata overhead compare rows.csv
printf 'workload,variant,block,position,metric,value\nw,base,1,1,t,5\nw,base,1,1,t,5\nw,base,2,1,t,6\nw,new,1,2,t,5\nw,new,2,2,t,6\n' | profdata overhead compare -
