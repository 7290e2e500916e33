printf "profdata dump 1\nseries\nvalue\tcpu\tcount\n9223372036854775807\tk=v\ta\n9223372036854775807\tk=v\tb\n" | profdata tags --relative-percentages -
