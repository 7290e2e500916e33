printf "a 10\n" | profdata filter --normalize -
