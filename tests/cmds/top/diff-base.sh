# percentages are relative to the base; nodes that cancel out are not shown
printf 'main;parse 50\nmain;load 30\nmain;gone 20\n' >before
printf 'main;parse 100\nmain;load 30\nmain;new 8\n' >after
profdata top --diff-base before after
profdata top --diff-base before --drop-negative after
profdata top --diff-base before --normalize --cum after
profdata top --diff_base before --json after
