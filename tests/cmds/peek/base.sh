# callers and callees of what changed
printf 'main;parse 50\nmain;load 30\nmain;gone 20\n' >before
printf 'main;parse 100\nmain;load 30\nmain;new 8\n' >after
profdata peek main --base before after
profdata peek main --diff-base before after
profdata peek parse --diff-base before --normalize after
