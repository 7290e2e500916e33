# Without times there is no map; options that make no sense are told.
printf 'a 1\n' | profdata heatmap -; echo $?
printf 'a 1\n' | profdata heatmap --json -; echo $?
printf 'profdata dump 1\nseries\nvalue\tcpu\tcount\n1\t@0\ta\n1\t@9223372036854775807\tb\n' > in.dump
profdata heatmap --json --column 1s in.dump; echo $?
profdata heatmap --column 1s in.dump; echo $?
profdata heatmap --column 0 in.dump; echo $?
profdata heatmap --column 5parsecs --json in.dump; echo $?
profdata heatmap --column 10ns --rows 11 in.dump; echo $?
profdata heatmap --rows -1 in.dump; echo $?
profdata heatmap --rows 99999 in.dump; echo $?
profdata heatmap --width 10 in.dump; echo $?
profdata heatmap --height 1 in.dump; echo $?
profdata heatmap --json --csv in.dump; echo $?
profdata heatmap -t pprof in.dump; echo $?
profdata heatmap -o x.folded in.dump; echo $?
profdata heatmap -s memory in.dump; echo $?
profdata heatmap --focus nobody in.dump; echo $?
profdata heatmap --time-range 5 in.dump; echo $?
