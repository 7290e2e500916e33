# docs/man is what the program prints; `cmake --build . --target man` rewrites it.
for page in $(profdata help --list); do
	profdata help --man $page | cmp - "$SOURCE/docs/man/$page"
done
for page in "$SOURCE"/docs/man/*.[15]; do
	profdata help --list | grep -qx "${page##*/}" || grep -q 'hand-written' "$page" || echo "stale: ${page##*/}"
done
