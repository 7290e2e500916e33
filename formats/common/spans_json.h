/* What readers of spans as JSON share. */
#ifndef COMMON_SPANS_JSON_H
#define COMMON_SPANS_JSON_H

#include "common/json_read.h"
#include "common/spans.h"

/* A string, interned; "" for anything else. */
bool pd_spans_json_str(struct pd_json *j, struct pd_builder *b, pd_str *out);
/* A span id or a trace id; anything else than a string is 0. */
bool pd_spans_json_id(struct pd_json *j, uint64_t *out);
bool pd_spans_json_trace(struct pd_json *j, struct pd_trace_id *out);
/* A number, also as text, × 10^shift; 0 for anything else. */
bool pd_spans_json_time(struct pd_json *j, int shift, int64_t *out);
/* Any value as an argument of the span (event) at hand; null is none. The argument waits in *out until its key is known. */
bool pd_spans_json_value(struct pd_json *j, struct pd_builder *b, struct pd_arg *out, bool *has);

/* Runs `document` for each JSON value of the source, then pd_spans_finish(). */
enum pd_status pd_spans_json_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, bool profile, bool (*document)(struct pd_spans *, struct pd_json *, struct pd_sink *));

#endif
