#!/bin/sh
# Writes cpu.pb.gz and heap.pb.gz: needs go, takes a few seconds. The figures differ each time.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp shop.go "$dir"
(cd "$dir" && printf 'module shop\n\ngo 1.19\n' >go.mod && go build -trimpath -o shop . && GODEBUG=asyncpreemptoff=1 ./shop)
cp "$dir/cpu.pb.gz" "$dir/heap.pb.gz" .
