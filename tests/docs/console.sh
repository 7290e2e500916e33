#!/bin/sh
# console.sh FILE FOLDER [--update]: runs the commands of the ```console blocks of the Markdown FILE in FOLDER and
# compares what they print. --update writes what was seen into FILE instead.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
file=$1 folder=$2 update=${3:-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
awk -v dir="$dir" -f "$here/console.awk" "$file"
status=0 n=0
unset PROFDATA_LOG NO_COLOR CLICOLOR_FORCE 2>/dev/null || true
for cmd in "$dir"/*.cmd; do
	[ -e "$cmd" ] || { echo "no commands in $file"; exit 1; }
	n=$((n + 1))
	(cd "$folder" && LC_ALL=C.UTF-8 TZ=UTC bash "$cmd") >"${cmd%.cmd}.seen" 2>&1 </dev/null || true
	cmp -s "${cmd%.cmd}.out" "${cmd%.cmd}.seen" && continue
	[ -n "$update" ] && continue
	echo "$(basename "$file"): $(cat "$cmd")"
	diff -u --label written "${cmd%.cmd}.out" --label seen "${cmd%.cmd}.seen" || true
	status=1
done
if [ -n "$update" ]; then
	awk -v dir="$dir" '
		/^```console$/ { inside = 1; print; next }
		/^```/ { inside = 0; print; next }
		inside && /^\$ / { print; n++; f = sprintf("%s/%03d.seen", dir, n); while ((getline line < f) > 0) print line; next }
		!inside { print }' "$file" >"$dir/new"
	cat "$dir/new" >"$file"
fi
echo "$n commands of $(basename "$file")"
exit $status
