/*
 * Inside of comparisons. The way of the data: names of the frames of every
 * document become keys, keys become functions by the rules (diff_match.c); sums
 * per function and profile (diff_sum.c); counts behind them and tests
 * (diff_test.c); who is to blame (diff_why.c); pictures (diff_doc.c).
 */
#ifndef XFORM_DIFF_H
#define XFORM_DIFF_H

#include "base/arena.h"
#include "base/vec.h"
#include "xform/nodes.h"
#include "xform/stackwalk.h"
#include <profdata/diff.h>
#include <profdata/stats.h>

#define PD_DIFF_MIN_SAMPLES 10.0  /* of a function on both sides together */
#define PD_DIFF_MIN_SHARE 0.0005  /* on either side */
#define PD_DIFF_MILLI 1000        /* counts that are not whole are kept in thousandths */

enum { DIFF_SELF, DIFF_TOTAL, DIFF_KINDS };

/* One distinct name of a frame, whatever document it is in. */
struct diff_key {
	struct pd_span name, file, object;
	uint64_t address;
	int64_t line;
	uint32_t parent; /* of the union of equal keys; itself when it leads */
	uint32_t func;   /* once numbered */
	struct pd_span shown; /* what to print where it is not the name */
	uint8_t own;     /* sides that have it: 1 before, 2 after */
	uint8_t sides;   /* of the whole union, for the leader */
	uint8_t rule;    /* by which it joined */
	bool root;       /* seen as the outermost frame */
};

/* A function: a union of keys. */
struct diff_func {
	uint32_t key;    /* that names it: after, if it is there */
	uint32_t was;    /* key of the side before when it has another name, else 0 */
	uint8_t sides, rule;
};

/* Sums of one function in one profile (or slice of one). */
struct diff_cell {
	double value;    /* in the unit compared */
	double samples;  /* effective number */
	double squares;  /* for weights: sum of value^2 per sample; 0 where all weigh the same */
};

/* A profile. */
struct diff_unit {
	struct pd_doc *doc, *whole;
	unsigned side, series, column;
	int count_column;       /* of the same series, -1 none */
	int64_t to_unit;        /* this document's unit in the unit compared */
	double per_count;       /* value of one sample where all weigh the same, else 0 */
	bool heap;              /* objects scaled up from a sample every `period` bytes */
	bool counted;           /* counts are known at all */
	double ops, exposure, duration;
	int64_t value;          /* total, before selection */
	double samples, squares;
	uint32_t *first, *func, *only; /* frame → functions, as in struct pd_nodes */
	int64_t *own;           /* [stacks]: value of its rows, in the document's unit */
	int64_t *below;         /* [stacks]: room for sums that include the stacks below, and for the hashes that pd_diff_scan() makes of them */
};

/* What is compared with what: profiles, or slices of one per side. */
struct diff_column {
	unsigned side;
	double value, samples, squares, exposure; /* of the whole column */
	struct diff_cell *cell[DIFF_KINDS];       /* [functions] */
};

/* Sums of the functions of one document, in its unit. */
struct diff_sums {
	int64_t *v[DIFF_KINDS]; /* [functions] */
	uint8_t *recursive;     /* [functions]: set where one is twice on some path */
};

struct pd_diff {
	struct pd_diff_opts o;
	struct pd_diff_summary s;
	PD_VEC(struct diff_unit) unit;
	PD_VEC(struct diff_key) key;           /* row 0 unused */
	PD_VEC(uint32_t) key_slot;
	uint64_t hash_key;
	struct pd_arena text;
	PD_VEC(struct diff_func) func;         /* row 0 unused: no function */
	PD_VEC(struct diff_column) unit_sum;   /* per profile */
	PD_VEC(struct diff_column) slice;      /* per slice, when slices are replicates */
	bool brief;                            /* slices are shorter than a second */
	struct diff_column whole[2];           /* of a side; without cells */
	struct diff_cell *side_sum[2][DIFF_KINDS];
	int64_t *exact[2][DIFF_KINDS];         /* values as integers */
	struct pd_diff_test *test[DIFF_KINDS];
	uint8_t *recursive;                    /* [functions]: twice on some path */
	uint8_t *role;                         /* enum pd_diff_role */
	uint32_t *partner;                     /* function moved to or from, 0 none */
	uint32_t *order, *place;               /* rows, and row of a function */
	size_t n_rows;
	double bulk[2];                        /* samples of the functions that moved together */
	PD_VEC(const char *) note;
};

static inline const struct diff_column *diff_columns(const struct pd_diff *d, size_t *n)
{
	*n = d->s.slices ? d->slice.n : d->unit_sum.n;
	return d->s.slices ? d->slice.v : d->unit_sum.v;
}

/* Keeps a sentence for pd_diff_notes(); false when out of memory. */
bool pd_diff_note(struct pd_diff *d, const char *fmt, ...) PD_PRINTF(2, 3);

/* diff_match.c: numbers the functions and fills the tables of every unit. False when out of memory. */
bool pd_diff_match(struct pd_diff *d, struct pd_error *err);

/* diff_count.c: which column, which counts, which exposure. */
bool pd_diff_columns_init(struct pd_diff *d, struct pd_error *err);
bool pd_diff_exposures(struct pd_diff *d, struct pd_error *err);

/* diff_sum.c */
bool pd_diff_sums(struct pd_diff *d, struct pd_error *err);
/* Own values with those of all stacks below, into u->below. */
void pd_diff_below(const struct diff_unit *u);
/* Function that a stack ends in; 0 none. */
uint32_t pd_diff_leaf(const struct diff_unit *u, uint32_t stack);
/*
 * diff_scan.c: sums of all functions from those per stack (`own`, and u->below made of it). In u->below stands for every stack that has a value
 * a hash of the functions on its path afterwards. False when out of memory.
 */
bool pd_diff_scan(const struct pd_diff *d, const struct diff_unit *u, const int64_t *own, struct diff_sums *out);
/* Is the function of a recursive kind on the path above a place of a run? Looks a bounded way. */
bool pd_diff_above(const struct diff_unit *u, uint32_t func, uint32_t stack, uint32_t at);
/* diff_shape.c: all distinct stacks with the samples of both sides, arrays of *n, to be freed. The hashes of the whole profiles must be in place. */
bool pd_diff_shapes(struct pd_diff *d, double **a, double **b, size_t *n, struct pd_error *err);

/* diff_permute.c: odds of sides this different in shape when the profiles are dealt anew; NaN with too few. False when out of memory. */
bool pd_diff_permute(const struct pd_diff *d, double *p);

/* diff_test.c */
bool pd_diff_tests(struct pd_diff *d, struct pd_error *err);
/* A sum of a side as the tests want it: x of n samples, or x samples in exposure n. */
struct diff_number {
	double x, n;
};
struct diff_number pd_diff_number(const struct pd_diff *d, const struct diff_column *whole, const struct diff_cell *c);
static inline enum pd_adjust pd_diff_correction(const struct pd_diff *d) { return d->o.conservative ? PD_ADJUST_BY : PD_ADJUST_BH; }
/* One comparison of sums of the two sides: everything but q, rank and class. `df` as long as phi > 1. */
void pd_diff_compare(const struct pd_diff *d, const struct diff_cell *a, const struct diff_cell *b, double phi, double df, struct pd_diff_test *out);
/* The class of a comparison whose q is final. */
void pd_diff_classify(const struct pd_diff *d, bool before, bool after, double alpha, struct pd_diff_test *t);
static inline bool pd_diff_is_finding(const struct pd_diff_test *t) { return t->klass >= PD_DIFF_NEW && t->klass <= PD_DIFF_SHRUNK; }
/* Degrees of freedom of the dispersion: replicates (or slices) of both sides less two. */
double pd_diff_df(const struct pd_diff *d);

/* diff_why.c: the bulk that moved together, then origins, carriers. */
bool pd_diff_bulk(struct pd_diff *d); /* false when out of memory */
/* p of t having a change of its own: neither none nor that of the bulk, where there is one. NaN where nothing was tested. */
double pd_diff_p(const struct pd_diff *d, const struct pd_diff_test *t);
/* Largest such p of a finding of a kind, alpha / tests at least: what a second question has to pass too. */
double pd_diff_cutoff(const struct pd_diff *d, int kind);
bool pd_diff_blame(struct pd_diff *d, struct pd_error *err);

/* diff_moved.c: cost that one function lost and another gained. */
bool pd_diff_moves(struct pd_diff *d, struct pd_error *err);

#endif
