printf "profdata dump 1\nseries\nvalue\tcpu\tcount\n1\tk=v\ta;b\n" | profdata raw --tagroot k -
