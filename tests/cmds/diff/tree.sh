# One function grew; its caller grew with it and is no finding of its own.
cat >a.folded <<'END'
main;parse 300
main;parse;lex 500
main;eval 900
main;eval;add 200
main;eval;mul 100
main;gc 400
main;io 600
END
cat >b.folded <<'END'
main;parse 305
main;parse;lex 640
main;eval 905
main;eval;add 210
main;eval;mul 95
main;gc 395
main;io 590
END
profdata diff a.folded b.folded
echo
profdata diff --all --per=none a.folded b.folded
echo
profdata diff --csv a.folded b.folded
echo
profdata diff -t folded a.folded b.folded
echo
profdata diff --json --per=none a.folded b.folded | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["schema"], d["exposure"], d["before"]["total"], d["before"]["samples"], d["after"]["total"], d["after"]["samples"])
for r in d["rows"]:
    print(r["function"], r["before"], r["after"], r["delta"], r["class"], r["role"], r["p"] and "%.6f" % r["p"], r["self"]["q"] and "%.6f" % r["self"]["q"])'
