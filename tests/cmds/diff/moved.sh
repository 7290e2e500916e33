# A function under another name: one move instead of a loss and a gain.
printf 'main;f 500\nmain;g 800\nmain;h;f2 900\nmain;i 800\n' >a.folded
printf 'main;renamed 505\nmain;g 810\nmain;h;f2 890\nmain;i 795\n' >b.folded
profdata diff a.folded b.folded
profdata diff --csv a.folded b.folded
