/* Begins and ends of one track, in order of time, → what nests. */
#ifndef MODEL_SLICEPAIRS_H
#define MODEL_SLICEPAIRS_H

#include "model/slicelog.h"

struct pd_open_slice {
	int64_t ts;
	uint32_t name;
};

struct pd_slice_pairs {
	struct pd_builder *b;
	/* What becomes of them; `arg` is theirs. `undo` takes back a begin, which comes again. */
	void (*begin)(void *arg, const struct pd_open_slice *s);
	void (*end)(void *arg, const struct pd_open_slice *s, int64_t ts);
	void (*undo)(void *arg);
	void *arg;
	uint64_t stray, unclosed;
	PD_VEC(struct pd_open_slice) open;
	PD_VEC(struct pd_log_row) group; /* of one time */
};

/* The next begin or end. False when out of memory. */
bool pd_slice_pairs_add(struct pd_slice_pairs *p, const struct pd_log_row *row);
/* No more: what is open ends at `last`. */
void pd_slice_pairs_finish(struct pd_slice_pairs *p, int64_t last);
void pd_slice_pairs_release(struct pd_slice_pairs *p);

#endif
