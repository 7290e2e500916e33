#!/bin/sh
# hacking.sh SOURCE CC [--update]: follows docs/HACKING.md in a copy of the source: writes the files it shows, adds the
# lines, builds and compares what the commands print.
set -eu
source=$1 cc=$2 update=${3:-}
here=$source/tests/docs
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
guide=$source/docs/HACKING.md
tree=$dir/profdata
mkdir "$tree"
(cd "$source" && tar -cf - CMakeLists.txt CMakePresets.json agent benchmarks cmake cmds completions docs formats libprofdata scripts symbolizer testdata tests) | tar -xf - -C "$tree"

awk -v tree="$tree" '
	/^<!-- (file|line): [^ ]* -->$/ { kind = $2; path = tree "/" $3; next }
	/^```/ && path != "" && !inside { inside = 1; folder = path; sub("/[^/]*$", "", folder); system("mkdir -p " folder); next }
	/^```$/ && inside { inside = 0; close(path); path = ""; next }
	inside && kind == "file:" { print > path }
	inside && kind == "line:" { print >> path }' "$guide"
for file in formats/hits.c cmds/depth.c tests/formats/hits/plain.in tests/cmds/depth/plain.sh; do
	[ -s "$tree/$file" ] || { echo "$file was not found in the guide"; exit 1; }
done

cd "$tree"
# not optimised: this is about what is needed, not about speed
cmake --preset dev -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS_RELWITHDEBINFO=-O0 -DPD_HARDEN=OFF >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
cmake --build --preset dev --target profdata run_formats run_cmds run_detect >"$dir/log" 2>&1 || { tail -n 40 "$dir/log"; exit 1; }
PATH=$tree/build/dev:$PATH sh "$here/console.sh" "$guide" "$tree" $update
# the cases that the guide leaves behind pass, the rules hold, and nobody else takes the new input for theirs
build/dev/tests/run_formats tests/formats hits
build/dev/tests/run_cmds build/dev/profdata . depth
build/dev/tests/run_detect tests/formats
sh tests/layers/includes.sh .
build/dev/profdata formats | grep -q '^hits ' || { echo 'no row in profdata formats'; exit 1; }
