# Every option of the full help is in the manual page.
for c in $(profdata help --list | sed -n 's/profdata-\(.*\)\.1/\1/p'); do
	profdata help --man $c | sed 's/\\-/-/g; s/\\f[BIR]//g' >page
	profdata $c --help=full | grep -o '^  \(-., \)\? *--[a-z-]*' | grep -o -- '--[a-z-]*' | while read -r o; do
		grep -q -- "$o" page || echo "$c: $o is not in the manual"
	done
done
