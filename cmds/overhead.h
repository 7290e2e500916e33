/* What the files of `profdata overhead` share. */
#ifndef CMDS_OVERHEAD_H
#define CMDS_OVERHEAD_H

#include "cmd.h"

struct overhead_args {
	struct cmd_common common;
	struct cmd_input input;
	struct cmd_output output;
	struct cmd_select select;
	const char *baseline, *margin, *fail_above, *correct, *test, *ci;
	struct pd_list control, metric;
	double alpha;
	int64_t seed, warm_up;
	bool pair, matrix, json, csv, generalise;
	/* of run */
	int64_t blocks;
	double pause, interleave;
	const char *raw, *pin, *workload, *until;
	int64_t max_blocks, max_looks;
	char first[64];            /* the variant named first is the baseline */
	double look[PD_MAX_LOOKS]; /* when one has looked: shares of max_blocks */
	size_t looks;
	bool no_control, allow_errors;
	/* of profile and share */
	double hz, cpu_seconds;
	int64_t max_depth;
	struct pd_list classes, metrics;
	double margin_value, fail_value; /* fractions; fail_value is NaN when not asked */
};

/* Runs VARIANT=COMMAND operands in blocks and reads what was measured into b. 0 or 2. */
int overhead_measure(struct cmd_ctx *ctx, struct overhead_args *a, char **operands, size_t n, struct pd_bench *b);
/* The comparison that the options describe; NULL after printing the error. Ends before a->look changes. */
struct pd_overhead *overhead_compare(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b);
/* Does a verdict miss that more runs could bring? Controls do not count; `refused`: cells that cannot be compared do. */
bool overhead_open(const struct pd_overhead *o, bool refused);

/* profile and share: the operands are profiles. Exit status. */
int overhead_quality(struct cmd_ctx *ctx, const struct overhead_args *a, char **operands, size_t n);
int overhead_share(struct cmd_ctx *ctx, const struct overhead_args *a, char **operands, size_t n);

/* Reports on a comparison. */
void overhead_text(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b, const struct pd_overhead *o, struct pd_out *out);
void overhead_matrix(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_overhead *o, struct pd_out *out);
int overhead_json(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b, const struct pd_overhead *o, struct pd_out *out);
void overhead_csv(const struct pd_overhead *o, struct pd_out *out);

#endif
