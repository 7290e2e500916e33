printf "profdata dump 1\ntime\t-5\nduration\t1500\nseries\nvalue\tcpu\tcount\n1\ta;b\n" | TZ=UTC profdata raw - | sed -n 3,4p
