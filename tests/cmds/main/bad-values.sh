profdata convert -j many; echo $?
profdata convert --max-memory 4X; echo $?
profdata convert --compress bzip2; echo $?
profdata convert --compress zst; echo $?
profdata convert --quiet=yes; echo $?
profdata convert -t; echo $?
profdata convert --help=half; echo $?
echo "a;b 1" >in
for range in 5 : 5:3 x:1 1:y; do profdata convert --time-range $range -t folded in; echo $?; done
