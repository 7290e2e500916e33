printf "profdata dump 1\nseries\nvalue\tcpu\tnanoseconds\n9223372036854775807\ta\n1\tb\n" | profdata top -
