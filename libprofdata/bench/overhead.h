/* Inside of a comparison: cells of runs, and what is made of them. */
#ifndef BENCH_OVERHEAD_H
#define BENCH_OVERHEAD_H

#include "bench/bench.h"

#include <math.h>

/* The runs of one variant of one workload and metric: rows [first, first + n) of the sorted order. */
struct cell {
	size_t first, n;
};

struct pd_overhead {
	const struct pd_bench *bench;
	struct pd_overhead_opts opts;
	struct pd_arena arena;
	const char *baseline;
	bool groups;             /* more than one group: shown before the workload */
	size_t *order;           /* rows of the bench by metric, group, workload, variant, time */
	size_t n_order;
	PD_VEC(struct pd_overhead_row) row;
	PD_VEC(struct pd_overhead_mean) mean;
	PD_VEC(const char *) remark;
	PD_VEC(double) logs;     /* per row `blocks` log ratios, from log_at[row] on */
	PD_VEC(size_t) log_at;
	double level;            /* of the tests at this look */
	size_t tests;
	size_t blocked, unblocked;
	bool fixed_order, doubled_tail, control_failed, nomem;
};

static inline const struct pd_bench_row *over_row(const struct pd_overhead *o, size_t i) { return &o->bench->row.v[o->order[i]]; }

void pd_overhead_remark_add(struct pd_overhead *o, const char *fmt, ...) PD_PRINTF(2, 3);
/* Sorts the rows; false without memory. */
bool pd_overhead_sort(struct pd_overhead *o);
/* Fills one row from two cells (base may be empty). */
void pd_overhead_compare(struct pd_overhead *o, const struct cell *base, const struct cell *side, struct pd_overhead_row *r);
/* After all rows: corrections, verdicts, means over workloads, remarks. */
void pd_overhead_correct(struct pd_overhead *o);
void pd_overhead_means(struct pd_overhead *o);
void pd_overhead_design_remarks(struct pd_overhead *o);

#endif
