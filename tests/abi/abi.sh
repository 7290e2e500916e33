#!/bin/sh
# abi.sh SOURCE LIBRARY: the functions the headers declare with PD_API, the names in the version
# script and the names the library exports are the same set, all in one version node.
set -eu
source=$1 library=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat "$source"/libprofdata/include/profdata/*.h | grep '^PD_API' >"$dir/lines"
sed -n 's/^PD_API[^(]*[ *]\(pd_[a-z0-9_]*\)(.*/\1/p' "$dir/lines" | LC_ALL=C sort >"$dir/headers"
sed -n 's/^\t\(pd_[a-z0-9_]*\);.*/\1/p' "$source/libprofdata/libprofdata.map" | LC_ALL=C sort >"$dir/map"
nm -D --defined-only "$library" | awk '$2 != "A" { sub("@@PROFDATA_0.1$", "", $3); print $3 }' | LC_ALL=C sort >"$dir/exports"

status=0
differ() {
	diff "$dir/$1" "$dir/$2" >"$dir/diff" && return
	echo "names in $1 (<) and $2 (>) differ:"
	grep '^[<>]' "$dir/diff"
	status=1
}
[ "$(wc -l <"$dir/lines")" -eq "$(wc -l <"$dir/headers")" ] || { echo "a PD_API line of a header names no function"; status=1; }
[ "$(wc -l <"$dir/headers")" -gt 100 ] || { echo "only $(wc -l <"$dir/headers") functions found in the headers"; status=1; }
differ headers map
differ map exports
soname=$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')
[ "$soname" = libprofdata.so.0 ] || { echo "SONAME is '$soname', not libprofdata.so.0"; status=1; }
[ $status -ne 0 ] || echo "$(wc -l <"$dir/exports") exported functions"
exit $status
