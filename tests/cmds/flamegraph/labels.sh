# names that do not fit: without parameters, without their first parts, at last cut
for name in 'ns::Class<int, long>::method(char const*, int) const' 'f(int, void (*)(int)) [clone .cold]' 'net/http.(*persistConn).roundTrip' 'main.(*shop).serve.func1' \
	'do_sys_open.isra.0.constprop.3' 'libcrypto.so.1.1' 'node/lib/internal/util.js' 'io/netty/channel/Context:.flush' 'operator()(int)' 'a<b::c' 'Größe::Höhe::mächtig' '(anonymous namespace)::f()'
do
	printf 'main;%s 1\nmain;z 99\n' "$name" >in.folded
	for width in 3500 2000 1300 900 600; do
		profdata flamegraph --width $((width * 10)) in.folded | sed -n 's/^<text class="f".*>\(.*\)<\/text>$/\1/p' | grep -v -x -e z -e main -e all
	done | uniq
done
