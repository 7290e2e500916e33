/* What the files of `profdata diff` share. */
#ifndef CMDS_DIFF_H
#define CMDS_DIFF_H

#include "cmd.h"

struct diff_args {
	struct cmd_common common;
	struct cmd_input in;
	struct cmd_output out;
	struct cmd_select select;
	struct pd_list without, ops[2];
	const char *ops_both, *ops_label;
	const char *per, *granularity, *unit, *fail_on, *min_delta, *min_change, *test, *title;
	double alpha, confidence, interval;
	int64_t nodecount;
	bool json, csv, all, conservative, no_counts, no_slices;
};

/* A comparison being reported. */
struct diff_report {
	struct cmd_ctx *ctx;
	const struct diff_args *a;
	const struct pd_diff *diff;
	const struct pd_diff_summary *s;
	const struct cmd_loaded *in; /* all profiles, those before first */
	size_t n_before, n;
	bool color;
};

/* Is the row something to report: a change of its own, or a move? */
static inline bool diff_is_finding(const struct pd_diff_row *r)
{
	return r->klass >= PD_DIFF_NEW;
}
/* The test that speaks for the row. */
static inline const struct pd_diff_test *diff_row_test(const struct pd_diff_row *r)
{
	return r->by_total ? &r->total : &r->self;
}
/* "time", "cpu", "op", "total", "none" */
const char *diff_per_word(enum pd_diff_per per);

/* diff_metrics.c: inputs that hold metrics instead of samples. */
bool diff_has_metrics(const struct cmd_loaded *in, size_t n);
/* Compares them; exit status. */
int diff_metrics(struct cmd_ctx *ctx, const struct diff_args *a, const struct cmd_loaded *in, size_t n_before, size_t n, bool report);

/* diff_ops.c: do options tell numbers of operations? */
bool diff_ops_given(const struct diff_args *a);
/* Are operations whole runs of a recorded command? */
bool diff_by_runs(const struct diff_args *a, const struct cmd_loaded *in, size_t n);
/* Operations behind each of n profiles, 0 unknown. Status 0 or 2. */
int diff_operations(struct cmd_ctx *ctx, const struct diff_args *a, const struct cmd_loaded *in, size_t n_before, size_t n, double *out);
/* diff_text.c */
void diff_text(struct diff_report *r, struct pd_out *out);
/* diff_data.c */
void diff_json(struct diff_report *r, struct pd_out *out);
void diff_csv(struct diff_report *r, struct pd_out *out);

#endif
