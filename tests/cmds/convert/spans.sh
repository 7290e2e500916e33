# Spans as a timeline: processes, lanes, arrows, events, arguments; and what info says.
profdata convert -t chrome "$SOURCE/tests/formats/otlp_spans/json.in"
profdata convert -t chrome --opt no-args "$SOURCE/tests/formats/zipkin/shared.in" | grep -v '"ph":"M"'
profdata info "$SOURCE/tests/formats/jaeger/ui.in" | sed -n '/^events/,$p'
# a file of the collector: messages behind their lengths; values that nest are JSON
profdata convert -t chrome "$SOURCE/tests/formats/otlp_spans/framed.in" | grep -o '"args":{"trace_id.*}'
