printf "profdata dump 1\nseries\nvalue\tcpu\tcount\n7\ta\\\\x1b[31mred\\\\n;b\\\\xff\n" | profdata top --compact-labels -
