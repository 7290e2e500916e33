printf "a 10\nb 10\n" > one; printf "a 1\nc 3\n" > two; profdata filter --normalize one two
