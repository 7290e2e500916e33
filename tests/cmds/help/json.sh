# One document that a strict parser takes; options are unique within a command.
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
profdata help --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["schema"])
for c in d["commands"]:
    names = [o["name"] for o in c["options"]]
    letters = [o["letter"] for o in c["options"] if o["letter"]]
    for what in (names, letters):
        twice = {n for n in what if what.count(n) > 1}
        if twice: print(c["name"], "declares twice:", twice)
    for o in c["options"]:
        if o["help"][-1] == "." or "\n" in o["help"]: print(c["name"], o["name"], "help:", o["help"])
        if o["kind"] not in ("flag", "count") and not o["value"]: print(c["name"], o["name"], "has no placeholder")
    if not c["examples"]: print(c["name"], "has no example")
    for n in ("quiet", "verbose", "strict", "color", "help"):
        if n not in names: print(c["name"], "lacks", n)
'
