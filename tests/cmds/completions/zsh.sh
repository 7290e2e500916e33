# In a real zsh, through a pseudo terminal: what the line holds after Tab.
command -v zsh >/dev/null || { echo "no zsh"; exit 77; }
printf 'a;b 1\n' >in
cat >rc.zsh <<'END'
PS1= PS2=
fpath=($SOURCE/completions $fpath)
autoload -Uz compinit
compinit -u -D
dump() { print -r -- "$BUFFER|" >>seen; BUFFER= }
zle -N dump
bindkey '^X' dump
zstyle ':completion:*' list-prompt ''
LISTMAX=10000
END
cat >try.zsh <<'END'
zmodload zsh/zpty || exit 77
drain() { while zpty -rt z out; do :; done }
zpty -b z "TERM=vt100 zsh -f -i"
zpty -w z "source ./rc.zsh; : >seen"
until [[ -e seen ]]; do sleep 0.05; drain; done
for line in 'profdata mer' 'profdata convert --tagfo' 'profdata convert --to=folded' 'profdata convert --to=spe' 'profdata completions fi' 'profdata convert in -s sam' 'profdata convert -o i' 'profdata convert --output=i'; do
	n=$(wc -l <seen)
	zpty -wn z "$line"$'\t'
	sleep 0.4
	drain
	zpty -wn z $'\C-x'
	for ((i = 0; i < 100 && $(wc -l <seen) == n; i++)); do sleep 0.05; drain; done
done
zpty -d z
cat seen
END
timeout 60 zsh -f try.zsh
