printf "profdata dump 1\nseries\nvalue\tmoney\teuro\tdecimals=2\n1.25\tmain;a\n0.5\tmain;b\n" > d; profdata top d; profdata top --csv d; profdata top --json d | grep -e total -e flat
