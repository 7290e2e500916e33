profdata convert --fous x; echo $?
profdata convert --tag_focu x; echo $?
profdata convert --qwertyuiop; echo $?
profdata convert -Z; echo $?
profdata --halp; echo $?
profdata -x top; echo $?
