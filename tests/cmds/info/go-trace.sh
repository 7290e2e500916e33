# Figures of Go traces: since Go 1.22, before it, and with a part missing.
cp "$SOURCE"/tests/formats/go_trace/{busy,go119,gap}.in .
profdata info busy.in
profdata info --json go119.in | grep -A 400 '"events"'
profdata info -q gap.in | grep -E 'gaps|generations'
