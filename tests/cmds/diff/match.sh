# Every rule by which functions of two builds meet, and what it takes to switch it off.
cat >a.folded <<'END'
java-1234/5678;addr;0x7f00aa stub 100
java-1234/5678;work.constprop.0 100
java-1234/5678;rust::run::h0123456789abcdef 100
java-1234/5678;LazyCompile:~tick app.js:1 100
java-1234/5678;main.run.func1 100
java-1234/5678;sort[int] 100
java-1234/5678;same 400
END
cat >b.folded <<'END'
java-99/100;addr;0x55bb stub 100
java-99/100;work.isra.1 100
java-99/100;rust::run::hfedcba9876543210 100
java-99/100;LazyCompile:*tick app.js:1 100
java-99/100;main.run.func2 100
java-99/100;sort[string] 100
java-99/100;same 400
END
show() {
	profdata diff --json "$@" a.folded b.folded | python3 -c '
import json, sys
d = json.load(sys.stdin)
print({k: v["functions"] for k, v in d["matched"].items() if v["functions"]}, d["only_before"], d["only_after"])
for r in d["rows"]:
    if r["match"] != "exact": print("  %s: %s <- %s %s" % (r["match"], r["function"], r.get("was"), r["class"]))'
}
show
for rule in address clone hash tier lambda generic root; do echo "--no-match $rule"; show --no-match $rule | sed -n 1p; done
