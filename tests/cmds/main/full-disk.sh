# A write that fails is noticed, also when it fails late.
profdata help >/dev/full; echo $?
profdata help --json >/dev/full; echo $?
profdata --version >/dev/full; echo $?
