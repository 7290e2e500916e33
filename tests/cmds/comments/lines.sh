printf "profdata dump 1\ncomment\ttwo\\\\nlines \\\\x1b[1m\nseries\nvalue\tcpu\tcount\n1\ta;b\n" | profdata comments -
