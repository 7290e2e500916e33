/* Inside of the perfetto writer: packets in write.c, names and stacks in intern.c. */
#ifndef PERFETTO_H
#define PERFETTO_H

#include "base/vec.h"
#include "common/pb_wire.h"
#include <profdata/format.h>

struct pd_perfetto_opts {
	bool no_args;
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
	struct pd_pb_buf data, entry;      /* data: InternedData */
	bool failed;
};

enum perfetto_text { PERFETTO_CATEGORY, PERFETTO_NAME, PERFETTO_ARG, PERFETTO_FUNCTION, PERFETTO_SOURCE };

bool perfetto_intern_init(struct perfetto_intern *t, struct pd_error *err);
void perfetto_intern_release(struct perfetto_intern *t);
/* The number of a text as one of these; 0 for "". */
uint32_t perfetto_text(struct perfetto_intern *t, enum perfetto_text kind, struct pd_span s);
/* The number of a stack of `doc`. */
uint32_t perfetto_stack(struct perfetto_intern *t, const struct pd_doc *doc, uint32_t stack);

#endif
