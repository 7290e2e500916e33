printf 'main;parse;read 50\nmain;load;read 30\nmain;gone 20\n' >before
printf 'main;parse;read 40\nmain;load;read 60\n' >after
profdata tree --diff-base before after
profdata peek --base before read after
