#!/bin/sh
# Runs every libFuzzer target for SECONDS each, with the data cases as seeds,
# and the files under $PD_CORPUS where that is set.
# New inputs stay in $PD_FUZZ_DIR (default build-fuzz/corpus) for the next run;
# crashers land in $PD_FUZZ_DIR/../crashes. Status 1 when there are any.
#
# usage: tests/fuzz/run.sh SECONDS [TARGET...]
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${PD_FUZZ_BUILD:-$top/build-fuzz}
corpus=${PD_FUZZ_DIR:-$build/corpus}
crashes=$build/crashes
seconds=${1:?"usage: run.sh SECONDS [TARGET...]"}
shift

cmake -G Ninja -S "$top" -B "$build" -DCMAKE_C_COMPILER="${CC:-clang}" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	-DPD_FUZZ=ON -DPD_SANITIZE=address,undefined >/dev/null
[ $# -gt 0 ] || set -- $(cd "$build" && ninja -t targets all | sed -n 's,^tests/fuzz/\(fuzz_[a-z_0-9]*\): C_EXECUTABLE.*,\1,p' | grep -v fuzz_replay)
ninja -C "$build" "$@" >/dev/null
mkdir -p "$crashes"

failed=0
for target in "$@"; do
	seeds=$build/seeds/$target
	rm -rf "$seeds"
	mkdir -p "$seeds" "$corpus/$target"
	case $target in
	fuzz_read_*) from=$top/tests/formats/${target#fuzz_read_} ;;
	fuzz_bench_*) from=$top/tests/fuzz/benchmarks ;;
	fuzz_roundtrip) from=$top/tests/formats/dump ;;
	*) from=$top/tests/formats ;;
	esac
	# compressed seeds are unpacked: flipped bits of a gzip stream reach no reader
	for dir in "$from" "$top/tests/fuzz/corpus" ${PD_CORPUS:+"$PD_CORPUS"}; do
		[ ! -d "$dir" ] || find "$dir" -type f -size -64k ! -name '*.md' ! -name '*.err' ! -name '*.notes' | while read -r f; do
			to=$seeds/$(echo "$f" | tr / _)
			gzip -dc <"$f" >"$to" 2>/dev/null || cp "$f" "$to"
		done
	done
	dict=
	[ ! -f "$top/tests/fuzz/$target.dict" ] || dict=-dict=$top/tests/fuzz/$target.dict
	log=$build/$target.log
	if ! "$build/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=65536 \
		-print_final_stats=1 -artifact_prefix="$crashes/$target-" $dict "$corpus/$target" "$seeds" >"$log" 2>&1; then
		failed=1
		echo "$target: FAILED, see $log"
		grep -a -m 3 -E 'ERROR|SUMMARY|runtime error|deadly' "$log" || tail -n 3 "$log"
	fi
	echo "$target: $(sed -n 's/^stat::number_of_executed_units: */runs /p' "$log")$(grep -a -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1 | sed 's/^/, /')"
done
exit $failed
