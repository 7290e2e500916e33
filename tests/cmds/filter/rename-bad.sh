printf "a 1\n" | profdata filter --rename "s/a/b" -
