# A directory is all files in it, in order of their names; hidden ones and links are left out.
mkdir -p d/sub d/empty d/.git
echo 'a 1' >d/z; echo 'b 2' >d/sub/y; echo 'c 4' >d/x; echo 'junk' >d/.hidden; echo 'junk' >d/.git/config
ln -s ../d d/loop; mkfifo d/fifo
profdata info --json d | grep -o '"path":"[^"]*"'
profdata info d/empty; echo $?
profdata convert -t folded d/ d/sub
