#!/bin/sh
# install.sh SOURCE BUILD CC VERSION PREFIX LIBDIR: what `cmake --install` writes is complete and usable, by hand
# (pkg-config), from CMake, shared and static, in a place of one's own and under DESTDIR.
set -eu
source=$1 build=$2 cc=$3 version=$4 prefix=$5 libdir=$6
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "install: $*"; exit 1; }
try() { "$@" >"$dir/log" 2>&1 || { cat "$dir/log"; fail "failed: $*"; }; }

# the programs of the manual
for program in use make; do
	awk -v head="<!-- file: $program.c -->" '$0 == head { on = 1 } /^```$/ { on = 0; inside = 0 } inside { print } on && /^```c$/ { inside = 1 }' "$source/docs/library.md" >"$dir/$program.c"
	grep -q '^int main' "$dir/$program.c" || fail "docs/library.md shows no $program.c"
done
for header in "$source"/libprofdata/include/profdata/*.h; do
	grep -q "profdata/${header##*/}" "$source/docs/library.md" || fail "docs/library.md does not name profdata/${header##*/}"
done

# ---- a place of one's own ----
own=$dir/own
try cmake --install "$build" --prefix "$own"
for file in bin/profdata "$libdir/libprofdata.so" "$libdir/libprofdata.so.0" "$libdir/libprofdata.a" include/profdata/profdata.h \
	"$libdir/pkgconfig/profdata.pc" "$libdir/cmake/profdata/profdataConfig.cmake" share/man/man1/profdata.1 \
	share/man/man5/profdata-formats.5 share/bash-completion/completions/profdata share/zsh/vendor-completions/_profdata \
	share/fish/vendor_completions.d/profdata.fish; do
	[ -s "$own/$file" ] || fail "$file is missing"
done
unset LD_LIBRARY_PATH
[ "$(PATH=$own/bin:$PATH profdata --version | head -n 1)" = "profdata $version" ] || fail "the installed profdata does not run: $("$own/bin/profdata" --version 2>&1)"
try ldd "$own/bin/profdata"
grep -q "$own/bin/.*libprofdata.so.0\|$own/$libdir/libprofdata.so.0" "$dir/log" || fail "it runs with another library: $(grep libprofdata "$dir/log")"
nm -D --undefined-only "$own/bin/profdata" | grep -q "@PROFDATA_0.1" || fail "symbols carry no version"

export PKG_CONFIG_PATH="$own/$libdir/pkgconfig"
pc() { pkg-config "$@" profdata; }
[ "$(pc --modversion)" = "$version" ] || fail "profdata.pc names version $(pc --modversion)"
# shellcheck disable=SC2046
try "$cc" -Wall -Wextra -Werror -o "$dir/shared" "$dir/use.c" $(pc --cflags --libs)
[ "$(LD_LIBRARY_PATH="$own/$libdir" "$dir/shared")" = 'total 4' ] || fail "a program linked by pkg-config does not work"
# shellcheck disable=SC2046
try "$cc" -Wall -Wextra -Werror -o "$dir/make" "$dir/make.c" $(pc --cflags --libs)
LD_LIBRARY_PATH="$own/$libdir" try "$dir/make" "$dir/made.pb.gz"
"$own/bin/profdata" top -s cpu "$dir/made.pb.gz" | grep -q '^ *20ms 66.67%.* parse$' || fail "the profile of make.c: $("$own/bin/profdata" top -s cpu "$dir/made.pb.gz")"
# shellcheck disable=SC2046
try "$cc" -o "$dir/static" "$dir/use.c" $(pc --cflags --libs --static | sed "s,-lprofdata,$own/$libdir/libprofdata.a,")
[ "$("$dir/static")" = 'total 4' ] || fail "a program with the static library does not work"

mkdir "$dir/project"
cp "$dir/use.c" "$dir/project"
cat >"$dir/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(use C)
find_package(profdata 0.1 CONFIG REQUIRED)
add_executable(shared use.c)
target_link_libraries(shared PRIVATE profdata::profdata)
add_executable(static use.c)
target_link_libraries(static PRIVATE profdata::static)
END
try cmake -G Ninja -S "$dir/project" -B "$dir/project/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$own"
try ninja -C "$dir/project/build"
for kind in shared static; do
	[ "$("$dir/project/build/$kind")" = 'total 4' ] || fail "a program linked by find_package ($kind) does not work"
done

# ---- the sampler, linked ----
if [ -e "$own/$libdir/profdata/libprofdata-agent.so" ]; then
	mkdir "$dir/sampled"
	cat >"$dir/sampled/sampled.c" <<'END'
#include <profdata/agent.h>
__attribute__((noinline)) static int asks(void) { int status = pda_dump(); return status - 1; }
int main(int argc, char **argv)
{
	return argc != 2 || pda_start("cpu=99", argv[1]) != PDA_OK || asks() + 1 != PDA_OK || pda_stop() != PDA_OK;
}
END
	cat >"$dir/sampled/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(sampled C)
find_package(profdata 0.1 CONFIG REQUIRED COMPONENTS agent)
add_executable(sampled sampled.c)
target_link_libraries(sampled PRIVATE profdata::agent)
END
	try cmake -G Ninja -S "$dir/sampled" -B "$dir/sampled/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$own"
	try ninja -C "$dir/sampled/build"
	# shellcheck disable=SC2046
	try "$cc" -Wall -Wextra -Werror -o "$dir/sampled/by-hand" "$dir/sampled/sampled.c" $(pkg-config --cflags --libs profdata-agent)
	for way in build/sampled by-hand; do
		try "$dir/sampled/$way" "$dir/s.pdrec"
		"$own/bin/profdata" convert -q -t threads "$dir/s.pdrec" | grep -q '^process .*: 1 thread' || fail "a program linked with the sampler ($way) records nothing"
		rm "$dir/s.pdrec"
	done
fi

# ---- as a package is made ----
DESTDIR=$dir/root try cmake --install "$build"
[ -x "$dir/root$prefix/bin/profdata" ] || fail "nothing under DESTDIR"
! grep -rq "$dir" "$dir/root$prefix/$libdir/pkgconfig" "$dir/root$prefix/$libdir/cmake" || fail "DESTDIR got into installed files"
[ "$("$dir/root$prefix/bin/profdata" --version | head -n 1)" = "profdata $version" ] || fail "profdata under DESTDIR does not run"
! readelf -d "$dir/root$prefix/bin/profdata" | grep -q "$build" || fail "the build folder is in the run path"
echo "installed, used by pkg-config, find_package, shared and static"
