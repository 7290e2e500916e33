echo 'a;b 5' | profdata convert -t folded
echo 'a;b 5' | profdata convert -t folded -
profdata convert -t folded </dev/null; echo $?
profdata info - - </dev/null; echo $?
printf 'a;b 5' | gzip | profdata convert -t folded -v
