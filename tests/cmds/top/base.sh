# a later snapshot minus earlier ones: equal samples cancel out, several bases add up
printf 'main;parse 50\nmain;load 30\nmain;gone 4\n' >one
printf 'main;parse 10\nmain;load 2\n' >two
printf 'main;parse 100\nmain;load 20\nmain;new 8\n' >after
profdata top --base one after
profdata top --base one --base two --no-trim after
profdata top --base after after
