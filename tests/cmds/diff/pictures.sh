# One picture for both sides: what went away stays in it, hatched; classes by shape and hue; the block has both sides.
printf 'main;eval;add 400\nmain;eval;mul 300\nmain;parse;lex 500\nmain;parse;oldlex;scan 300\nmain;gc 400\n' >a.folded
printf 'main;eval;add 410\nmain;eval;mul 500\nmain;parse;lex 300\nmain;gc 395\nmain;io;deflate 350\n' >b.folded
for t in svg html; do
	profdata diff --per=none a.folded b.folded -o d.$t || exit
	profdata diff --per=none a.folded b.folded -o again.$t && cmp d.$t again.$t || exit
	python3 - d.$t <<'END'
import json, re, sys
text = open(sys.argv[1]).read()
block = json.loads(re.search(r'<metadata class="profdata">(.*?)</metadata>', text, re.S).group(1) if '<metadata class="profdata">' in text
                   else re.search(r'<script type="application/json" id="profdata">(.*?)</script>', text, re.S).group(1))
d = block['diff']
print({k: d[k] for k in ('before', 'after', 'exposure', 'scale_before', 'scale_after', 'total_before', 'total_after')})
strings = []
for i, s in enumerate(block['strings']):
    strings.append(strings[i - 1][:block['prefix'][i]] + s if i and block['prefix'][i] else s)
names, at = [], 0
for step in block['frames']['name']:
    at += step
    names.append(strings[at])
words = ['unchanged', 'new', 'gone', 'grown', 'shrunk', 'not significant']
for i, f in enumerate(block['tree']['frame']):
    print(names[f], words[d['class'][i]], d['ratio'][i], d['lo'][i], d['hi'][i])
END
done
grep -o '<title>\(scan\|deflate\|mul\|gc\)[^<]*' d.svg
sed '/<script>/,$d' d.svg | grep -o '<path class="f"[^>]*stroke="#123".*' # hatched, dotted; never a pattern: printing would make an image of each
grep -c 'pattern id' d.svg
profdata diff --per=none a.folded b.folded -t svg --opt reverse; echo "status $?"
