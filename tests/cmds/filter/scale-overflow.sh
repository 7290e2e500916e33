printf "a 9000000000000000000\n" | profdata filter --scale 2 -
