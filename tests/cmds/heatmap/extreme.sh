# Times at both ends of what 64 bits hold make a map of ordinary size.
printf 'profdata dump 1\nseries\nvalue\tcpu\tcount\n1\t@-9223372036854775807\ta\n1\t@0\ta\n2\t@9223372036854775807\tb\n' > in.dump
profdata heatmap --csv in.dump
profdata heatmap in.dump -o out.svg && [ $(wc -c < out.svg) -lt 40000 ] && grep -o 'class="m summary".*' out.svg
printf 'profdata dump 1\nseries\nvalue\tcpu\tcount\n1\t@7\ta\n' | profdata heatmap -t html - | grep -E 'class="m summary"|^<body|^</html>|^<script>'
