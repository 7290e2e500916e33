# No escape byte reaches a pipe unless asked for; on a terminal the environment decides.
printf 'main;a;b 5\nmain;c 7\n' >in
count() { grep -c $'\x1b' || true; }
for c in info formats limits help; do profdata $c $([ $c = info ] && echo in) | count; done
NO_COLOR= FORCE_COLOR= profdata top in | count
profdata top --color=never in | count
profdata top --colour=never in | count
