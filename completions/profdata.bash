# bash completion for profdata: forwards the words, profdata knows the rest
_profdata()
{
	local words=() word line joined=0 i cur

	# bash splits words at = and : ; put them together again
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#words[@]})) && [[ $word == [=:] || $joined == 1 ]]; then
			if ((i == COMP_CWORD)) && [[ $word != [=:] && ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]]; then
				words+=("$word")
			else
				words[${#words[@]}-1]+=$word
			fi
		else
			words+=("$word")
		fi
		joined=0
		[[ $word == [=:] ]] && joined=1
	done
	cur=${words[${#words[@]}-1]}
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ $line == :files ]]; then
			compopt -o default 2>/dev/null
			continue
		fi
		line=${line%%$'\t'*}
		[[ $line == *[=:,] ]] && compopt -o nospace 2>/dev/null
		# bash puts the answer behind the last = or : itself
		[[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] && line=${line#"${cur%"${cur##*:}"}"}
		[[ $cur == *=* && $cur != *:* && $COMP_WORDBREAKS == *=* ]] && line=${line#"${cur%"${cur##*=}"}"}
		COMPREPLY+=("$line")
	done < <("$1" __complete "${words[@]}" 2>/dev/null)
}
complete -F _profdata profdata
