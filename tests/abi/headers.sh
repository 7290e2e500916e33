#!/bin/sh
# headers.sh SOURCE CC: every public header compiles on its own, in strict C11 and C17, and all of them together.
set -eu
source=$1 cc=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for header in "$source"/libprofdata/include/profdata/*.h; do
	name=profdata/$(basename "$header")
	for std in c11 c17; do
		printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$name" "$name" >"$dir/use.c"
		"$cc" -std=$std -pedantic-errors -Wall -Wextra -Werror -I"$source/libprofdata/include" -fsyntax-only "$dir/use.c" || {
			echo "<$name> does not stand alone as $std"
			exit 1
		}
	done
	if command -v c++ >/dev/null; then # programs in C++ may use them
		c++ -x c++ -std=c++17 -pedantic-errors -Wall -Wextra -Werror -I"$source/libprofdata/include" -fsyntax-only "$dir/use.c" || {
			echo "<$name> is not for C++"
			exit 1
		}
	fi
done
