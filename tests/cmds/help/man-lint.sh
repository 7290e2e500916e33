# Every page is clean for mandoc.
command -v mandoc >/dev/null || { echo "no mandoc"; exit 77; }
for page in $(profdata help --list); do
	profdata help --man $page -o $page && mandoc -T lint $page
done
