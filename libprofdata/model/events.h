/* What sinks of the library share: slices as rows, paired and put in order. */
#ifndef MODEL_EVENTS_H
#define MODEL_EVENTS_H

#include "model/model.h"
#include <profdata/trace.h>

/* ts + dur without overflow; negative durations count as 0. */
int64_t pd_slice_end(int64_t ts, int64_t dur);

struct pd_slice_row {
	int64_t ts, dur; /* dur: PD_SLICE_BEGIN and PD_SLICE_END until they are paired */
	uint32_t track, name, category;
};
#define PD_SLICE_BEGIN (-1)
#define PD_SLICE_END (-2)

struct pd_slice_rows {
	PD_VEC(struct pd_slice_row) row;
	uint64_t stray_ends, unclosed; /* ends without a begin; begins closed at the end of the trace */
};

/*
 * Pairs begins with ends (by time, ties as they came) and sorts by (track, ts, longest first). What is open at the end ends at
 * `last`. False when out of memory.
 */
bool pd_slice_rows_order(struct pd_slice_rows *s, int64_t last);

#endif
