# Attributes of boxes as flamegraph.pl reads them; what could do harm is refused with its line.
printf 'main;f;g 5\nmain;f 2\nmain;h;f 1\n' >in.folded
printf 'f\thref=https://example.com/?a=1&b=2\ttitle=<b> "f"\tclass=own hot\tid=the-f\ttarget=_blank\n\nh\tclass=cold\ng\thref=#there\nabsent\ttitle=x\n' >attrs
profdata flamegraph --nameattr attrs in.folded | grep -o '<a .*\|<g class="cold.*\|^</[ag]>' | sed 's/<rect[^>]*>/<rect>/g'
profdata flamegraph --nameattr attrs in.folded | grep '"attrs"'
refused() { printf 'ok\tclass=x\n%b\n' "$1" >bad; profdata flamegraph --nameattr bad in.folded -o no.svg; echo $?; }
for href in 'javascript:alert(1)' 'JavaScript:alert(1)' ' javascript:x' 'java\x09script:x' 'data:text/html,x' 'vbscript:x' 'blob:x' '' 'x\x01'; do refused "f\thref=$href"; done
for attr in 'onclick=x' 'style=x' 'g_extra=onload=x' 'a_extra=x' 'xlink:href=x' 'HREF=x' 'class=a"b' 'id=1' 'id=pd-1' 'target=a b' 'nothing'; do refused "f\t$attr"; done
refused 'f'
refused 'ok\ttitle=again'
for href in 'http://x' 'HTTPS://x' 'file:///x' '/x' '../x:y' '?a:b' '#a:b' '//host/x' 'x.html'; do
	printf 'f\thref=%s\n' "$href" >good
	profdata flamegraph --nameattr good in.folded | grep -q '^<a href' && echo "$href"
done
profdata flamegraph --nameattr none in.folded; echo $?
ls no.svg
