#!/bin/sh
# Writes shop.perf.gz: needs cc and perf, takes a second. The figures differ each time.
set -eu
cd "$(dirname "$0")"
here=$PWD
dir=/tmp/profdata-example # its name is in the recording
rm -rf "$dir"
mkdir "$dir"
trap 'rm -rf "$dir"' EXIT
cc -Wall -Wextra -O1 -fno-inline -fno-omit-frame-pointer -fno-optimize-sibling-calls -g -static -pthread -o "$dir/shop" shop.c
perf record -q -F 499 -g -o "$dir/perf.data" -- "$dir/shop"
perf script -i "$dir/perf.data" 2>/dev/null | gzip -9n >"$here/shop.perf.gz"
