printf 'main;parse 50\n' >before
printf 'main;parse 40\nmain;new 3\n' >after
profdata traces --base before after
profdata traces --diff-base before after
