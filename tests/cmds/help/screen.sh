# Short help fits a screen, everything fits 80 columns, every command has examples and says what it does.
for c in $(profdata help --list | sed -n 's/profdata-\(.*\)\.1/\1/p'); do
	n=$(profdata $c --help | wc -l)
	[ "$n" -le 24 ] || echo "$c --help has $n lines"
	profdata $c --help | awk -v c=$c 'length($0) > 80 { print c " --help: " $0 }'
	profdata $c --help=full | awk -v c=$c 'length($0) > 80 && !/^  profdata|^  [a-z]+ .*\|/ { print c " --help=full: " $0 }'
	profdata $c --help | sed -n 3p | grep -q profdata || echo "$c has no example"
	profdata help $c | cmp - <(profdata $c --help=full)
	profdata $c -h | cmp - <(profdata $c --help)
done
