echo 'a;b 1' >in
magic() { od -An -tx1 -N4 "$1" | tr -d ' \n'; echo " $1"; }
for o in x.pb.gz x.pb x.pprof x.folded.gz x.folded.zst x.pb.zst; do profdata convert -o $o in && magic $o | sed 's/^\(1f8b\).*  *\(.*\)/\1 \2/'; done
profdata convert -o x.folded in && cat x.folded
profdata convert -o x.pb.gz --compress none -t folded in && cat x.pb.gz
profdata convert -o x in; echo $?
profdata convert -o x.unknown in; echo $?
profdata convert in; echo $?
profdata convert -t nosuch in; echo $?
profdata convert -t fold in; echo $?
profdata convert -o '' -t folded in; echo $?
profdata convert -o nodir/x.folded in; echo $?
profdata convert --level 99 -t folded --compress gzip in; echo $?
mkdir dir; profdata convert -t folded -o dir in; echo $?
