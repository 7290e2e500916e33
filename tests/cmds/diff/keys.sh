# what programs read: every key once, and the columns
printf 'main;a 500\nmain;b 300\nmain;old 200\nmain;gone 90\n' >before
printf 'main;a 900\nmain;b 310\nmain;new 205\n' >after
profdata diff --json before after | grep -o '"[a-z0-9_]*":' | sort -u | tr -d '\n'
echo
profdata diff --csv before after | cut -d , -f 1-9,15-17
