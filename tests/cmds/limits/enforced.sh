# Each limit is named where it stops something.
printf 'a;b;c;d;e;f 1\n' >deep
PROFDATA_MAX_DEPTH=3 profdata convert -t folded deep
head -c 3000000 /dev/zero | tr '\0' 'x' >long; echo ' 1' >>long
profdata convert -f folded -t folded long | wc -c; echo "${PIPESTATUS[0]}"
PROFDATA_MAX_STRING=100 profdata convert -f folded -t folded long | wc -c; echo "${PIPESTATUS[0]}"
awk 'BEGIN { for (i = 0; i < 200000; i++) print "f" i ";g" i * 7 % 200003 " 1" }' >many
profdata info --max-memory 1M many; echo $?
gzip -c many >many.gz
profdata info --max-input 100K many.gz; echo $?
profdata info --max-input 100K many; echo $?
gzip -c many.gz >twice.gz; profdata info twice.gz; echo $?
