/* Inside of the perfetto writer: packets in write.c, names and stacks in intern.c. */
#ifndef PERFETTO_H
#define PERFETTO_H

#include "base/vec.h"
#include "common/pb_wire.h"
#include "model/index.h"
#include <profdata/format.h>

struct pd_perfetto_opts {
	bool no_args;
	int64_t max_args; /* bytes; 0: 128 MiB */
};

struct pd_events *pd_perfetto_write(struct pd_out *out, const struct pd_save_opts *o, const void *opts, struct pd_error *err);

/* What has been told by number. Entries wait in `data` for the packet that first uses them. */
struct perfetto_intern {
	struct pd_builder *b;              /* numbers of texts */
	PD_VEC(uint8_t) told;              /* by text: a bit per kind of entry */
	PD_VEC(uint32_t) frame_iid;        /* by frame of the document: number of its first line, 0 not told */
	PD_VEC(uint64_t) stack_told;       /* a bit per stack */
	PD_VEC(pd_frame) path;
	uint32_t frames;
	struct { uint64_t hash; uint32_t id; } value[4096]; /* texts that are values, met lately */
	size_t values;                     /* bytes of those told */
	struct pd_pb_buf data, entry;      /* data: InternedData */
	bool failed;
};

enum perfetto_text { PERFETTO_CATEGORY, PERFETTO_NAME, PERFETTO_ARG, PERFETTO_FUNCTION, PERFETTO_SOURCE, PERFETTO_VALUE };

bool perfetto_intern_init(struct perfetto_intern *t, struct pd_error *err);
void perfetto_intern_release(struct perfetto_intern *t);
/* The number of a text as one of these; 0 for "". */
uint32_t perfetto_text(struct perfetto_intern *t, enum perfetto_text kind, struct pd_span s);
/* The number of the value of an argument that has been met before; 0 when it is better written out. */
uint32_t perfetto_value(struct perfetto_intern *t, struct pd_span s);
/* The number of a stack of `doc`. */
uint32_t perfetto_stack(struct perfetto_intern *t, const struct pd_doc *doc, uint32_t stack);

/* ---- async spans ---- */

struct perfetto_map_row { uint64_t key; uint32_t value; }; /* value 0: empty */
struct perfetto_map {
	struct perfetto_map_row *v;
	size_t n, cap; /* cap: a power of two */
};

struct perfetto_lane {
	uint64_t name;
	int64_t last;         /* where the last span on it ended */
	uint32_t next, depth; /* next idle one of this name; spans open on it, of one id */
};

struct perfetto_spans {
	struct perfetto_map open, idle; /* lanes by id; the first of those without a span by name */
	PD_VEC(struct perfetto_lane) lane; /* row 0 is none */
};

/* Lane of the span with this key, 0 when none is open. */
uint32_t perfetto_span_find(const struct perfetto_spans *s, uint64_t key);
/* The lane a span begins on; *fresh when it is a new one. 0 when out of memory. */
uint32_t perfetto_span_begin(struct perfetto_spans *s, uint64_t key, uint64_t name, int64_t ts, bool *fresh);
void perfetto_span_end(struct perfetto_spans *s, uint64_t key, int64_t ts);
void perfetto_spans_release(struct perfetto_spans *s);

#endif
