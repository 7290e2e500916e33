/* The two encodings of OTLP's spans. */
#ifndef OTLP_SPANS_OTLP_H
#define OTLP_SPANS_OTLP_H

#include "common/pb_wire.h"
#include "common/spans_json.h"

bool otlp_json_document(struct pd_spans *s, struct pd_json *j, struct pd_sink *sink);
enum pd_status otlp_proto_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, bool profile);
/* Writes an ArrayValue (field 5 of AnyValue) or KeyValueList (6) as JSON; what is broken inside ends where it breaks. */
void otlp_value_json(struct pd_out *out, const struct pd_pb_field *value);
/* Does the head begin a TracesData message with a span in it? */
bool otlp_proto_looks_like(struct pd_span head, bool at_end);

#endif
