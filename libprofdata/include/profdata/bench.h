/*
 * Results of benchmarks, and what a variant costs against a baseline.
 *
 * A collection holds one row per measured run. Readers know the files of the
 * usual tools; a comparison groups the rows by workload, variant and metric and
 * answers with ratios, intervals, p-values and verdicts (see stats.h).
 */
#ifndef PROFDATA_BENCH_H
#define PROFDATA_BENCH_H

#include <profdata/io.h>
#include <profdata/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pd_bench;

PD_API struct pd_bench *pd_bench_new(void); /* NULL without memory */
PD_API void pd_bench_free(struct pd_bench *b);

/* One value of one run. Texts live as long as the collection. */
struct pd_bench_row {
	const char *group;    /* what else tells workloads apart (a Go package), or "" */
	const char *workload, *variant;
	const char *metric;   /* "time/op", "p99", "ops/s" */
	const char *unit;     /* base unit: "s/op", "B", "count", "1/s" */
	double value;         /* in `unit`; anything the input had, NaN and 0 included */
	int64_t block;        /* runs of one block belong together; -1 = no blocks */
	int64_t order;        /* position in time where the input says so, else -1 */
	double ops;           /* operations behind the value, 0 = unknown */
	bool higher;          /* more is better */
	uint32_t input;       /* number of the input */
	uint64_t line;        /* of the input, 0 = unknown */
};
PD_API size_t pd_bench_rows(const struct pd_bench *b);
PD_API void pd_bench_row(const struct pd_bench *b, size_t i, struct pd_bench_row *out);
/* Name of an input (0 = the first one read), NULL past the end; what was read from it as ("go", "hyperfine"). */
PD_API const char *pd_bench_input(const struct pd_bench *b, size_t i);
PD_API const char *pd_bench_input_kind(const struct pd_bench *b, size_t i);
/* What readers remarked, one line each: "a.txt: within one process: ..."; NULL past the end. */
PD_API const char *pd_bench_remark(const struct pd_bench *b, size_t i);

struct pd_bench_opts {
	size_t size;
	const char *kind;     /* a reader by name; NULL = by content */
	const char *label;    /* the variant of every row of this input; NULL = the input names variants */
	const struct pd_limits *limits;
};
/* Reads all rows of one input. PD_ERR_UNKNOWN when no reader knows it, PD_ERR_DATA with its place. */
PD_API enum pd_status pd_bench_read(struct pd_bench *b, struct pd_source *src, const struct pd_bench_opts *opts, struct pd_error *err);
/* Readers in alphabetical order: name and one line; false past the end. */
PD_API bool pd_bench_reader_at(size_t i, const char **name, const char **summary);

/* ---- comparison ---- */

enum pd_bench_test { PD_BENCH_TEST_RANK, PD_BENCH_TEST_T };
enum pd_bench_ci { PD_BENCH_CI_TEST, PD_BENCH_CI_BOOTSTRAP }; /* of the test itself, or a bootstrap of the ratio of medians */

struct pd_overhead_opts {
	size_t size;
	const char *baseline;       /* NULL: "base", "none", "baseline", "old" or "before", else the first variant read */
	const char *const *controls; /* NULL-terminated names of variants that equal the baseline; NULL: BASELINE2, "control" */
	const char *const *metrics; /* NULL-terminated: only these; NULL = all */
	double alpha;               /* 0 = 0.05 */
	double margin;              /* practical margin, a fraction; 0 = 0.02 */
	enum pd_adjust correct;
	enum pd_bench_test test;
	enum pd_bench_ci ci;
	bool pair;                  /* the i-th runs of every variant are one block, where the input names no blocks */
	uint64_t seed;              /* 0 = 42 */
	size_t warm_up;             /* runs (blocks) left out at the start of each variant */
	const double *looks;        /* NULL, or when one has looked, now last, as shares of the most data there can be: see pd_stat_look_levels() */
	size_t n_looks;
};

enum pd_verdict {
	PD_VERDICT_REFUSED,      /* see reason */
	PD_VERDICT_INCONCLUSIVE,
	PD_VERDICT_WITHIN,       /* the interval lies within the margin */
	PD_VERDICT_SLOWER,       /* worse: longer, or fewer per second */
	PD_VERDICT_FASTER,
};
PD_API const char *pd_verdict_name(enum pd_verdict v);

/* The median of one variant with the interval benchstat shows. */
struct pd_bench_side {
	size_t n;
	double median;
	struct pd_interval ci;
	unsigned noise;          /* enum pd_noise_flag; 0 also when fewer than 8 runs */
	double drift;            /* over the series, a fraction; NaN when unknown */
};

/* One cell: a variant against the baseline. Numbers that are not there are NaN. */
struct pd_overhead_row {
	const char *workload, *variant, *metric, *unit;
	bool higher;             /* more is better */
	bool control;
	struct pd_bench_side base, side;
	size_t blocks;           /* complete ones; 0 = runs were not paired */
	size_t left_out;         /* runs without a partner */
	double ratio;            /* of the variant to the baseline */
	struct pd_interval ci;
	uint64_t rank;           /* k of the interval, 0 = it has none */
	double confidence;       /* achieved */
	double p, q;             /* q: corrected over all rows that are no controls */
	double p_look;           /* p as if one had looked once only */
	bool exact;
	double greater;          /* P(a run of the variant is above one of the baseline), unpaired only */
	double mde;              /* relative change that would have been found with a power of 0.8 */
	double needed;           /* blocks (runs per side) for an mde equal to the margin */
	enum pd_verdict verdict;
	bool within;             /* the interval also lies within the margin */
	char reason[200];        /* why refused or inconclusive, or "" */
};

/* A variant over all workloads that have one metric. */
struct pd_overhead_mean {
	const char *variant, *metric;
	bool higher, control;
	size_t workloads, blocks;
	size_t missing;          /* workloads left out because the variant or a ratio is not there */
	double ratio;
	struct pd_interval ci;
	double p;
	struct pd_interval generalised; /* workloads as a sample of all workloads; NaN below 2 */
};

struct pd_overhead;
/* Compares; NULL with a reason in *err (no rows, no such baseline). */
PD_API struct pd_overhead *pd_overhead_new(const struct pd_bench *b, const struct pd_overhead_opts *opts, struct pd_error *err);
PD_API void pd_overhead_free(struct pd_overhead *o);
/* Rows in order of metric, workload, variant; NULL past the end. */
PD_API const struct pd_overhead_row *pd_overhead_row(const struct pd_overhead *o, size_t i);
PD_API const struct pd_overhead_mean *pd_overhead_mean(const struct pd_overhead *o, size_t i);
/* Remarks on the design, the data and the control rows, one line each; NULL past the end. */
PD_API const char *pd_overhead_remark(const struct pd_overhead *o, size_t i);
PD_API const char *pd_overhead_baseline(const struct pd_overhead *o);
/* "blocks", "fixed order in blocks", "sequential" or "mixed". */
PD_API const char *pd_overhead_design(const struct pd_overhead *o);
/* Level of the tests, 1 - confidence of the intervals: alpha, or less where one looks more than once. */
PD_API double pd_overhead_level(const struct pd_overhead *o);
/* Tests counted by the correction. */
PD_API size_t pd_overhead_tests(const struct pd_overhead *o);
/* A control row differs from the baseline. */
PD_API bool pd_overhead_control_failed(const struct pd_overhead *o);

#ifdef __cplusplus
}
#endif
#endif
