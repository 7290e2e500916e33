# Names with control bytes and bytes that are no UTF-8 do not make a short text binary.
printf 'a;\033[31m;\377;\002 1\nb;c 2\n' | profdata convert -t folded
