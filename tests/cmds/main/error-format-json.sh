# One object per line, usage errors included.
profdata convert --error-format=json --fous x; echo $?
profdata info --error-format=json 'no"such'; echo $?
profdata mrege --error-format=json; echo $?
