# frames are numbered anew by the samples that are left; the base keeps its label, the duration is not added up
printf 'profdata dump 1\ntime\t1000000000\nduration\t5000000000\nseries\nvalue\thits\tcount\n1\tmain;gone\n9\tmain;more\n' >before
printf 'profdata dump 1\ntime\t2000000000\nduration\t7000000000\nseries\nvalue\thits\tcount\n1\tmain;gone\n12\tmain;more\n2\tmain;new\n' >after
profdata raw --base before after
profdata raw --diff-base before after
