# In a real bash: complete words the way readline would.
source "$SOURCE/completions/profdata.bash"
try() {
	COMP_LINE=$*; COMP_POINT=${#COMP_LINE}
	# what bash does: split at COMP_WORDBREAKS
	IFS=$'\n' read -r -d '' -a COMP_WORDS < <(sed 's/\([=:]\)/\n\1\n/g; s/ /\n/g' <<<"$COMP_LINE" | sed '/^$/d')
	[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_profdata profdata "${COMP_WORDS[COMP_CWORD]}" ""
	echo "$COMP_LINE| ${COMPREPLY[*]}"
}
printf 'a;b 1\n' >in
try profdata mer
try profdata convert --tag
try profdata convert --to fol
try profdata convert --to=fol
try profdata convert --compress=
try profdata convert in -s ''
try profdata convert in -s sam
try profdata completions f
try 'profdata convert '
complete -p profdata
