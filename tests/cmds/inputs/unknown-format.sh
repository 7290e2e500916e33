printf 'hello\nworld\n' >text
profdata info text; echo $?
head -c 64 /dev/zero >zeros
profdata info zeros; echo $?
profdata info -f foldde text; echo $?
profdata info -f heatmap text; echo $?
profdata info -f pprof text; echo $?
printf '\x1f\x8b\x08' >cut.gz
profdata info cut.gz; echo $?
