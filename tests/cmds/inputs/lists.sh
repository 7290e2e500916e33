echo 'a 1' >'one two'; echo 'b 2' >b; echo 'c 4' >c; printf 'd 8\n' >$'new\nline'
printf 'one two\nb\r\n\nc' >list
profdata convert -t folded --files-from list
profdata convert -t folded @list
printf '%s\0' 'one two' $'new\nline' | profdata convert -t folded -0 --files-from -
gzip -c list >list.gz; profdata convert -t folded --files-from list.gz c
echo 'at 3' >@list; profdata convert -t folded @list
# odd ones
profdata convert -t folded --files-from /dev/null; echo $?
profdata convert -t folded --files-from nothing; echo $?
printf 'b\0c\0' >nul; profdata convert -t folded --files-from nul; echo $?
echo - >dash; profdata convert -t folded --files-from - - <dash; echo $?
profdata convert -t folded @dash - </dev/null; echo $?
echo 'a 1' | profdata convert -t folded @dash
