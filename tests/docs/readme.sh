#!/bin/sh
# readme.sh SOURCE PROFDATA [--update]: the commands README.md shows print what it says, its links lead somewhere, and
# the change log names every command.
set -eu
source=$1 profdata=$2 update=${3:-}
PATH=$(dirname "$profdata"):$PATH sh "$source/tests/docs/console.sh" "$source/README.md" "$source/testdata" $update
status=0
for doc in $(cd "$source" && ls README.md docs/*.md docs/formats/*.md); do
	folder=$source/$(dirname "$doc")
	for link in $(grep -o '](\([^)#]*\))' "$source/$doc" | sed 's/^](//; s/)$//' | grep -v '^https\?:' || true); do
		[ -e "$folder/$link" ] || { echo "$doc: no $link"; status=1; }
	done
done
for cmd in $(sed -n 's/^PD_CMD(\([a-z0-9_]*\)).*/\1/p' "$source/cmds/cmds.def"); do
	grep -qw "$cmd" "$source/CHANGELOG.md" || { echo "CHANGELOG.md does not name the command $cmd"; status=1; }
done
exit $status
