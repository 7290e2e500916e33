profdata convert -j many; echo $?
profdata convert --max-memory 4X; echo $?
profdata convert --compress bzip2; echo $?
profdata convert --compress zst; echo $?
profdata convert --quiet=yes; echo $?
profdata convert -t; echo $?
profdata convert --help=half; echo $?
profdata convert --time-range 5 -t folded /dev/null; echo $?
