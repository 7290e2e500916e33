command -v fish >/dev/null || { echo "no fish"; exit 77; }
printf 'a;b 1\n' >in; mkdir -p .config .local/share
export XDG_CONFIG_HOME=$PWD/.config XDG_DATA_HOME=$PWD/.local/share
for line in 'profdata mer' 'profdata convert --tag' 'profdata convert --to=fol' 'profdata convert in -s s' 'profdata completions f' 'profdata convert -o i' 'profdata convert --output=i'; do
	echo "$line| $(fish --no-config -c "source $SOURCE/completions/profdata.fish; complete -C '$line'" | cut -f1 | tr '\n' ' ')"
done
