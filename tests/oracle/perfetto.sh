#!/bin/bash
# perfetto.sh SOURCE BUILD: traces written as protobuf, read with Perfetto's own schema, say what they say as Chrome JSON.
# Needs a Python with the package perfetto (PD_PYTHON, else python3); skipped (77) without.
set -u
source=$1 build=$2 corpus=${PD_CORPUS:-$1/../shared/corpus}
traces=("$source"/tests/formats/go_trace/{busy,blocks,go122,go119}.in)
for f in "$corpus"/chrome-trace/{chromium-startup.json.gz,chromium-devtools.json.gz,clang-ftime-trace.json} "$corpus"/go1.19/trace.out; do
	[ ! -f "$f" ] || traces+=("$f")
done
exec "${PD_PYTHON:-python3}" "$source/tests/oracle/perfetto_trace.py" "$build/profdata" "${traces[@]}"
