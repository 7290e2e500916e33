#!/bin/sh
# includes.sh SOURCE: who may include whom, by folder. Prints every line that breaks a rule.
set -eu
cd "$1"

# FOLDER GLOB: names in quotes and in <profdata/…> that files of the folder may include, as an
# extended regular expression; every other quoted or <profdata/…> include is a violation.
allow() {
	folder=$1 allowed=$2
	set -- $folder
	[ -e "$1" ] || { echo "no file matches '$folder': the rules are out of date"; exit 1; }
	grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*\("\|<profdata/\)' "$@" /dev/null |
		sed 's/[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]\([^">]*\)[">].*/\1/' |
		awk -F: -v ok="^($allowed)\$" -v rule="$folder" '$3 !~ ok { print $1 ":" $2 ": " $3 " is not for " rule }'
}

# LIBRARY FOLDERS: a third-party header has its one place.
only() {
	header=$1 where=$2
	grep -rn --include='*.[ch]' "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$header" libprofdata formats cmds symbolizer |
		awk -F: -v ok="^($where)\$" '$1 !~ ok { print $1 ":" $2 ": " $3 ": only for " ok }'
}

{
	api='profdata/[a-z_]*\.h' # all of the public interface
	allow 'libprofdata/base/*.[ch]' 'base/.*|profdata/(base|opt)\.h'
	allow 'libprofdata/stats/*.[ch]' 'base/.*|stats/.*|profdata/(base|stats)\.h'
	allow 'libprofdata/io/*.[ch]' 'base/.*|io/.*|profdata/(base|bench|io|opt|out_limit)\.h'
	allow 'libprofdata/model/*.[ch]' 'base/.*|model/.*|profdata/(base|builder|profile|calltree|heat|metrics|trace|transform)\.h'
	allow 'libprofdata/xform/*.[ch]' 'base/.*|model/.*|xform/.*|class_patterns\.h|profdata/(base|builder|profile|calltree|diff|metrics|quality|report|stats|trace|transform|wall)\.h'
	allow 'libprofdata/symbols/*.[ch]' 'base/.*|model/.*|symbols/.*|profdata/(base|builder|profile|symbols)\.h'
	allow 'libprofdata/unwind/*.[ch]' 'base/.*|unwind/.*|profdata/(base|unwind)\.h'
	allow 'symbolizer/*.[ch]' 'symbolizer\.h|symbols/protocol\.h|profdata/symbols\.h|unwind/gopcln\.h'
	allow 'libprofdata/format/*.[ch]' "base/.*|io/.*|model/.*|format/.*|format_table\.h|$api"
	allow 'libprofdata/bench/*.[ch]' 'base/.*|io/.*|format/.*|bench/.*|benchmark_table\.h|profdata/(base|bench|format|io|stats)\.h'
	allow 'benchmarks/*.[ch]' 'base/.*|io/.*|bench/.*|common/.*|[a-z_]*\.h|profdata/(base|bench|format|io|stats)\.h'
	allow 'formats/common/*.[ch]' "base/.*|io/.*|model/.*|common/.*|(svg|page|heat)_[a-z]*\.h|$api"
	for format in $(sed -n 's/^PD_FORMAT(\([a-z0-9_]*\).*/\1/p' formats/formats.def); do
		own="base/.*|io/.*|model/.*|common/.*|$format/.*|(svg|page|heat)_[a-z]*\.h|$api"
		allow "formats/$format.c" "$own"
		[ ! -d "formats/$format" ] || allow "formats/$format/*.[ch]" "$own"
	done
	# beside the interface a command sees headers of its own folder and what the build makes
	allow 'cmds/*.[ch]' '[a-z_]*\.h|profdata/.*'
	allow 'agent/*.[ch]' '[a-z_]*\.h|unwind/cfi\.h|profdata/agent(_wire)?\.h' # loaded into other programs: nothing of ours but the layouts and the unwinder
	allow 'agent/heap/*.[ch]' '\.\./heap_gate\.h|hooks\.h'
	for header in $(grep -ho '^#include "[a-z_]*\.h"' cmds/*.[ch] | cut -d'"' -f2 | sort -u); do
		case $header in cmd_table.h | completion_scripts.h) continue ;; esac
		[ -f "cmds/$header" ] || echo "cmds: $header is neither in cmds/ nor generated"
	done
	for source in formats/*.c; do # a file that no line names is dead code
		name=$(basename "$source" .c)
		grep -q "^PD_FORMAT($name[,)]" formats/formats.def || echo "$source: no line in formats.def"
	done

	only 'zlib\.h' 'libprofdata/io/codec_gzip\.c|libprofdata/io/encoder\.c'
	only 'libdeflate\.h' 'libprofdata/io/[a-z_]*\.c'
	only 'zstd' 'libprofdata/io/codec_zstd\.c|libprofdata/io/encoder\.c'
	only 'pcre2\.h' 'libprofdata/xform/regex\.[ch]'
	only 'xxhash\.h' 'libprofdata/xform/hash\.c'
	only 'libxml' 'formats/common/xml_read\.c'
	only 'protobuf-c' 'formats/common/proto[a-z_/]*\.[ch]'
	only 'elfutils' 'symbolizer/(object|dwarf)\.c'
	only 'gelf\.h' 'symbolizer/go\.c'
	only 'libiberty' 'symbolizer/names\.c'
	only 'cmocka\.h' 'nowhere'
	only 'dlfcn\.h' 'formats/common/xml_read\.c|libprofdata/include/profdata/agent\.h' # no plugins; this one library waits until it is needed
} >"${TMPDIR:-/tmp}/includes.$$"
cat "${TMPDIR:-/tmp}/includes.$$"
broken=$(wc -l <"${TMPDIR:-/tmp}/includes.$$")
rm -f "${TMPDIR:-/tmp}/includes.$$"
[ "$broken" -eq 0 ]
