printf "profdata dump 1\nseries\nvalue\tcpu\tnanoseconds\n" | profdata top -
