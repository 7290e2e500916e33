printf "a 1\n" | profdata filter --focus "(" -
