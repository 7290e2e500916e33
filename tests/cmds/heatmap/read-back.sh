# A picture holds counts only; the page has stacks too, with the times of its bins.
printf 'profdata dump 1\nseries\nvalue\tcpu\tcount\n3\t@1000000000\tmain;f\n4\t@1005000000\tmain;f\n5\t@9000000000\tmain;g\n' > in.dump
profdata heatmap in.dump -o map.svg && profdata info map.svg; echo $?
profdata heatmap in.dump -o map.html && profdata convert -t dump map.html | grep '@'
