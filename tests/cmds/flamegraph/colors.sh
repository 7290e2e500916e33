# Palettes by name, colours that depend on the name alone, kernel frames by their mark.
printf 'main;java/util/X.y;do_sys_[k];std::f 1\n' > in.folded
for p in package hot mem io wakeup chain java js perl python rust red green blue aqua yellow purple orange; do
	printf '%-8s' $p
	profdata flamegraph --colors $p in.folded | grep -o '<rect x.*fill="#......"' | grep -o 'fill="#......"' | cut -c6-14 | tr -d '"' | tr '\n' ' '
	echo
done
for m in --hash --random; do profdata flamegraph --colors hot $m in.folded | grep -o '<rect x.*fill="#......"' | grep -o 'fill="#......"' | cut -c6-14 | tr -d '"' | tr '\n' ' '; echo; done
profdata flamegraph --colors rainbow in.folded; echo $?
