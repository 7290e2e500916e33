/* Between the files of spans: rows, and what follows from all of them together. */
#ifndef COMMON_SPANS_ROWS_H
#define COMMON_SPANS_ROWS_H

#include "common/spans.h"
#include "model/index.h"

struct span_row {
	uint64_t id, parent;
	int64_t start, end;
	uint32_t trace, service, name;
	uint32_t args, n_args, events, n_events; /* into arg and event */
	uint32_t twin;                           /* the other half with the same id, row + 1 */
	uint8_t kind;
	bool shared, error;
};

struct span_arg {
	uint32_t key;
	enum pd_arg_kind kind;
	union { uint32_t str; int64_t i; uint64_t u; double real; bool yes; };
};

struct span_event {
	int64_t ts;
	uint32_t name, args, n_args;
};

struct span_link {
	uint32_t row, target; /* target: row + 1 once it is found */
	struct pd_trace_id trace;
	uint64_t id;
};

struct pd_spans {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	uint32_t wants;                   /* enum pd_events_wants of the sink */
	PD_VEC(struct span_row) row;
	PD_VEC(struct span_arg) arg;
	PD_VEC(struct span_event) event;
	PD_VEC(struct span_link) link;
	PD_VEC(struct pd_trace_id) trace;
	struct pd_index by_id, by_trace;  /* row + 1, trace + 1 */
	PD_VEC(struct span_arg) pending;  /* of the span whose end has not come */
	uint32_t first_event, first_link; /* of that span */
	bool in_event;
	enum pd_status status;            /* not PD_OK: reading stops */
	bool nomem;
	uint64_t key;

	/* what follows: one entry per row; rows are numbered from 1 in these, 0 is none */
	uint32_t *parent, *child, *sibling; /* children in order of begin */
	uint32_t *late, *earlier;           /* last child to end, and the one that ended before */
	uint32_t *order, *topo;             /* by begin; parents before children */
	int64_t *self, *critical;
	uint64_t orphans, cycles, early, outlive;
	int64_t most_early;
};

/* Parents, orders, self time and critical path. False when out of memory. */
bool pd_spans_relate(struct pd_spans *s);
/* spans_out.c */
bool pd_spans_timeline(struct pd_spans *s, struct pd_events *ev);
bool pd_spans_facts(struct pd_spans *s, struct pd_events *ev);
void pd_spans_profile(struct pd_spans *s);
const char *pd_span_kind_word(enum pd_span_kind kind);

#endif
