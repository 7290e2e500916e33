printf "a;x 1\na;y 2\nb 4\n" | profdata filter --hide "x|y" -
