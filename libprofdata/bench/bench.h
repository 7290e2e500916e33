/* Inside of a collection of benchmark results, and what a reader of them is. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/arena.h"
#include "base/vec.h"

#include <profdata/bench.h>
#include <profdata/format.h>

struct pd_bench_input {
	const char *name, *kind;
	bool doubled_tail; /* the format's own tool doubles the smaller tail of the U-test */
	bool fixed_order;  /* blocks whose order was not drawn */
};

/* Something worth saying, once for all inputs that give reason to. */
struct pd_bench_remark {
	const char *what, *input, *text;
	size_t inputs, last; /* how many; the number of the last one */
};

struct pd_bench {
	struct pd_arena arena;
	const char **slot; /* open addressing over texts */
	size_t n_slots, n_texts;
	PD_VEC(struct pd_bench_row) row;
	PD_VEC(struct pd_bench_input) input;
	PD_VEC(struct pd_bench_remark) remark;
	const char *label; /* of the input being read */
	enum pd_status failed; /* sticky: PD_OK, PD_ERR_NOMEM, PD_ERR_LIMIT */
};

/* One value as a reader found it. */
struct pd_bench_value {
	struct pd_span group, workload, variant;
	struct pd_span metric; /* empty: made from the unit */
	struct pd_span unit;   /* as written: "ns/op", "ms", "MB/s"; empty = count */
	double value;
	int64_t block, order;  /* -1 = none */
	double ops;
	int better;            /* 1 higher, -1 lower, 0 by the unit */
	uint64_t line;
};
#define PD_BENCH_VALUE .block = -1, .order = -1

/* What a reader works with: pd_fail() and pd_note() take `sink`. */
struct pd_bench_sink {
	struct pd_sink sink;
	struct pd_bench *bench;
};

/* Adds a row in base units; the label of the input replaces the variant, which then becomes part of the workload. Failures are sticky. */
void pd_bench_add(struct pd_bench *b, const struct pd_bench_value *v);
/* "a.txt: text"; the same of several inputs is one remark. */
void pd_bench_remark_add(struct pd_bench *b, const char *fmt, ...) PD_PRINTF(2, 3);
/* The text, kept; NULL without memory. */
const char *pd_bench_text(struct pd_bench *b, struct pd_span s);

struct pd_benchmark {
	const char *name, *summary;
	bool doubled_tail;
	enum pd_sniff (*sniff)(const struct pd_probe *p);
	enum pd_status (*read)(struct pd_source *src, struct pd_bench_sink *sink);
};

/* Multiplies a value to its base unit: scale of the numerator, and the base unit's text ("s/op" of "ns/op") into buf. */
double pd_bench_unit(struct pd_span unit, char *buf, size_t size);

#endif
