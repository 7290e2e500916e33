printf "profdata dump 1\nseries\nvalue\tcpu\tcount\n1\ta;b\n" | profdata raw -
