# A page whose samples all have states colours by them, whatever other labels they have; the first label of a key counts.
{ printf 'profdata dump 1\nroot-label\tcomm\nseries\nvalue\twall\tnanoseconds\n'
  for i in 1 2 3; do printf '5000000\t@%d000000000\tcomm=prog\tstate=on\ttid:=%d\tmain;work\n3000000\t@%d000000000\tcomm=prog\treason=futex\tstate=off\ttid:=9\tmain;lock\n' $i $i $i; done; } > all.dump
show() { grep -o '"states":{[^}]*}'; }
profdata heatmap -t html all.dump | show
profdata heatmap -t html all.dump -o all.html && profdata convert -q -t dump all.html | tail -n 6
echo "- not all samples"; sed 's/\tstate=on//' all.dump >some.dump; profdata heatmap -t html some.dump | show || echo none
