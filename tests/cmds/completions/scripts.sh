# The printed scripts are the files of the tree.
for s in bash:profdata.bash zsh:_profdata fish:profdata.fish; do
	profdata completions ${s%%:*} | cmp - "$SOURCE/completions/${s#*:}"
done
profdata completions; echo $?
profdata completions tcsh; echo $?
profdata completions bash zsh; echo $?
