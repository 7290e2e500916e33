# '_' is '-', '--opt v' is '--opt=v', letters bundle, options stand anywhere, -- ends them.
echo 'a;b 1' >-x
profdata convert --error_format=text -qt folded -- -x
profdata convert -- -x -t folded; echo $?
profdata convert ./-x --to=folded -q
profdata convert ./-x -tfolded -qv 2>/dev/null
POSIXLY_CORRECT=1 profdata convert -t folded ./-x -t speedscope; echo $?
