/*
 * What a track that comes in any order holds until its end: begins, ends and
 * slices in a few bytes each, in sorted runs, read back in order of time.
 */
#ifndef MODEL_SLICELOG_H
#define MODEL_SLICELOG_H

#include "base/vec.h"
#include "model/model.h"

enum pd_log_kind { PD_LOG_SLICE, PD_LOG_BEGIN, PD_LOG_END, PD_LOG_KINDS };

struct pd_log_row {
	int64_t ts, dur; /* dur of slices, not negative */
	uint32_t name;   /* less than 2^32 - 1; ends: 0 = of the innermost begin, whatever its name */
	uint32_t kind;
};

struct pd_log_run {
	size_t at;       /* in bytes */
	uint32_t n;
	int64_t first;
};

struct pd_slice_log {
	PD_VEC(struct pd_log_row) raw; /* the run being filled */
	PD_VEC(unsigned char) bytes;
	PD_VEC(struct pd_log_run) run;
	bool has[PD_LOG_KINDS];
	int64_t last; /* latest time; set by the owner */
};

/* False when out of memory, of which the builder is told; likewise below. */
bool pd_slice_log_add(struct pd_slice_log *log, struct pd_builder *b, const struct pd_log_row *row);
void pd_slice_log_release(struct pd_slice_log *log);

/*
 * Calls row() for every row by time; at one time slices come first, the longest
 * of them first, then begins and ends as they came. Stops when it returns false.
 */
bool pd_slice_log_read(struct pd_slice_log *log, struct pd_builder *b, bool (*row)(void *arg, const struct pd_log_row *), void *arg);

#endif
