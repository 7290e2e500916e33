# The keys of the contract, and what holds for every format.
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
profdata formats --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["schema"], list(d)[:4])
names = [r["name"] for r in d["rows"]]
print(names == sorted(names), len(names) == len(set(names)))
for r in d["rows"]:
    for k, t in (("name", str), ("aliases", list), ("extensions", list), ("read", bool), ("write", bool), ("keeps", list)):
        if not isinstance(r[k], t): print(r["name"], k, r[k])
    if not (r["read"] or r["write"]): print(r["name"], "neither reads nor writes")
    for e in r["extensions"]:
        if e[0] != ".": print(r["name"], e)
print([(r["extensions"], r["keeps"]) for r in d["rows"] if r["name"] == "pprof"])
'
