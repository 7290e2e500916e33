printf "a 1\n" | profdata filter --tagfocus 99999999999999999999 -
