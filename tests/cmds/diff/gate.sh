# --fail-on: 1 when something grew that much, 3 when --strict wants an answer that the samples do not have.
printf 'main;f 1000\nmain;g 1000\nmain;h 1000\nmain;i 1000\n' >a.folded
printf 'main;f 1400\nmain;g 1000\nmain;h 1000\nmain;i 1000\n' >b.folded
printf 'main;f 10\nmain;g 10\nmain;h 10\n' >few.folded
printf 'main;f 13\nmain;g 10\nmain;h 10\n' >more.folded
gate() { profdata diff --per=none "$@" >out; echo "status $?: $*"; }
gate --fail-on 5% a.folded b.folded
gate --fail-on 50% a.folded b.folded
gate --fail-on 9pp a.folded b.folded
gate --fail-on 11pp a.folded b.folded
gate --fail-on 5% b.folded a.folded
gate --fail-on 5% a.folded a.folded
gate --fail-on 5% few.folded more.folded
gate --fail-on 5% --strict few.folded more.folded
gate --fail-on 5% --strict a.folded a.folded
gate --fail-on 5% --strict --no-counts a.folded a.folded
gate --fail-on five a.folded b.folded
