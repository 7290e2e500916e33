#!/bin/sh
# links.sh SOURCE OBJECTS CC [LIBRARIES...]: each layer links with the layers below it and nothing
# else, so that a call upwards or to a sibling is an undefined symbol.
set -eu
source=$1 objects=$2 cc=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0
tried=0

# NAME FLAGS FOLDER...: one throw-away shared object
layer() {
	name=$1 flags=$2
	shift 2
	files=
	for part in "$@"; do
		set -- "$objects"/$part.o
		[ -e "$1" ] || { echo "$name: no objects in $part"; status=1; return; }
		files="$files $*"
	done
	tried=$((tried + 1))
	# shellcheck disable=SC2086 # lists
	if ! "$cc" -shared -Wl,-z,defs -o "$dir/layer.so" $files $flags $libraries 2>"$dir/log"; then
		echo "$name reaches outside of: $(echo "$files" | tr ' ' '\n' | sed -n "s,^$objects/,,;s,/[^/]*\$,,p" | sort -u | tr '\n' ' ')"
		grep -o '[^ /]*\.c:[0-9]*: undefined.*\|[^ /]*\.c:(.*undefined.*\|undefined reference.*' "$dir/log" | sort -u | head -20
		status=1
	fi
}

libraries=$*
# the table of formats names every format: here they are only addresses
table=$(sed -n 's/^PD_FORMAT(\([a-z0-9_]*\).*/-Wl,--defsym=pd_format_\1=0/p' "$source/formats/formats.def" | tr '\n' ' ')
base='libprofdata/base/*' io='libprofdata/io/*' model='libprofdata/model/*' format='libprofdata/format/*' stats='libprofdata/stats/*'

layer base '' "$base"
layer stats '' "$base" "$stats"
layer io '' "$base" "$io"
layer model '' "$base" "$model"
layer xform '' "$base" "$model" "$stats" 'libprofdata/xform/*'
layer symbols '' "$base" "$model" 'libprofdata/symbols/*'
layer unwind '' "$base" 'libprofdata/unwind/*'
layer format "$table" "$base" "$io" "$model" "$format"
# writers of pictures ask a comparison about its boxes
layer formats/common "$table" "$base" "$io" "$model" "$format" "$stats" 'libprofdata/xform/*' 'formats/common/*'
readers=$(sed -n 's/^PD_BENCHMARK(\([a-z0-9_]*\).*/-Wl,--defsym=pd_benchmark_\1=0/p' "$source/benchmarks/benchmarks.def" | tr '\n' ' ')
layer bench "$table $readers" "$base" "$io" "$model" "$format" "$stats" 'libprofdata/bench/*'
layer benchmarks "$table" "$base" "$io" "$model" "$format" "$stats" 'libprofdata/xform/*' 'formats/common/*' 'libprofdata/bench/*' 'benchmarks/*'
for name in $(sed -n 's/^PD_FORMAT(\([a-z0-9_]*\).*/\1/p' "$source/formats/formats.def"); do
	others=$(echo "$table" | sed "s/-Wl,--defsym=pd_format_$name=0 //")
	set -- "$base" "$io" "$model" "$format" "$stats" 'libprofdata/xform/*' 'formats/common/*' "formats/$name.c"
	[ ! -d "$source/formats/$name" ] || set -- "$@" "formats/$name/*.c"
	layer "formats/$name" "$others" "$@"
done
echo "$tried layers linked"
exit $status
