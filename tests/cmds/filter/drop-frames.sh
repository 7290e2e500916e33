printf "profdata dump 1\ndrop-frames\tmalloc\nseries\nvalue\tcpu\tcount\n1\tmain;malloc;brk\n" > in; profdata filter --hide zzz -q in -t folded; profdata filter --drop-frames in -t folded
