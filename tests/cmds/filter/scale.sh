printf "a 1\nb 2\nc 5\n" | profdata filter --scale 1/2 -
