/*
 * Distributed traces: spans of any format into a timeline, a profile and
 * figures. Spans come in any order and nothing says when a trace is whole, so
 * all of them are held, with tables and indexes about 280 bytes each, and 16 per attribute; limits.max_memory is
 * the ceiling.
 *
 *	s = pd_spans_new(src, sink, ev);
 *	pd_spans_arg(s, &arg);  pd_spans_event(s, ts, name);  ...
 *	row = pd_spans_add(s, &span);
 *	status = pd_spans_finish(s, ev, profile);
 */
#ifndef COMMON_SPANS_H
#define COMMON_SPANS_H

#include "base/vec.h"
#include <profdata/format.h>
#include <profdata/trace.h>

enum pd_span_kind { PD_SPAN_UNSET, PD_SPAN_INTERNAL, PD_SPAN_SERVER, PD_SPAN_CLIENT, PD_SPAN_PRODUCER, PD_SPAN_CONSUMER, PD_SPAN_KINDS };

struct pd_trace_id {
	uint64_t hi, lo;
};

struct pd_span_desc {
	struct pd_trace_id trace;
	uint64_t id, parent;   /* parent 0: a root */
	pd_str service, name;
	enum pd_span_kind kind;
	bool shared;           /* Zipkin: the server's half of a span that the client began, with its id */
	bool error;
	int64_t start, end;    /* Unix ns */
};

struct pd_spans;
/* `ev` may be NULL. NULL when out of memory, said already. */
struct pd_spans *pd_spans_new(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev);
void pd_spans_free(struct pd_spans *s);
/* Are attributes and events of spans wanted at all? */
bool pd_spans_wants_args(const struct pd_spans *s);
/* Of the span that pd_spans_add() follows for; after pd_spans_event() of that event until the next or pd_spans_of_span(). Texts are copied. */
void pd_spans_arg(struct pd_spans *s, const struct pd_arg *arg);
void pd_spans_event(struct pd_spans *s, int64_t ts, pd_str name);
void pd_spans_of_span(struct pd_spans *s);
void pd_spans_link(struct pd_spans *s, struct pd_trace_id trace, uint64_t id);
/* Takes the span; false when reading must stop (pd_spans_finish() says why). */
bool pd_spans_add(struct pd_spans *s, const struct pd_span_desc *d);
/* Number of spans, and the service of one of them where it is learnt later. */
uint32_t pd_spans_count(const struct pd_spans *s);
pd_str pd_spans_service(const struct pd_spans *s, uint32_t i);
void pd_spans_set_service(struct pd_spans *s, uint32_t i, pd_str service);
/* A reader could not keep something: pd_spans_finish() says so. */
void pd_spans_no_memory(struct pd_spans *s);
/* All spans are there. `profile`: rows go to sink->prof; `ev` gets what it wants. */
enum pd_status pd_spans_finish(struct pd_spans *s, struct pd_events *ev, bool profile);

/* Ids as hexadecimal digits, base64 (protobuf's JSON) or, anything else, by their hash. Empty is 0. */
uint64_t pd_span_id_text(struct pd_span s);
struct pd_trace_id pd_trace_id_text(struct pd_span s);
enum pd_span_kind pd_span_kind_text(struct pd_span s);

#endif
