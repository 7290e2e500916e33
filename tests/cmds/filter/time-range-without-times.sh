printf "a 1\n" | profdata filter --time-range 0:1 -
