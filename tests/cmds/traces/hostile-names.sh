printf "profdata dump 1\nseries\nvalue\tcpu\tcount\n7\tk\\\\n=v\\\\t\\\\x1b[2J\ta\\\\x1b[31mred\\\\n;b\n" | profdata traces -
