/*
 * What changed between two sets of profiles: functions matched across the
 * sides, their own and cumulative values compared, every difference with its
 * interval and the odds that it is noise. Several documents per side are
 * replicates: their spread says how much chance there is.
 */
#ifndef PROFDATA_DIFF_H
#define PROFDATA_DIFF_H

#include <profdata/base.h>
#include <profdata/profile.h>
#include <profdata/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pd_diff;

enum { PD_BEFORE, PD_AFTER };

/* What values are divided by before they are compared. */
enum pd_diff_per {
	PD_DIFF_PER_AUTO,  /* operations where given, else time where every profile knows its duration, else total; none for heap in use, a level */
	PD_DIFF_PER_TIME,
	PD_DIFF_PER_CPU,   /* CPU seconds of the profile's column "cpu" */
	PD_DIFF_PER_OP,
	PD_DIFF_PER_TOTAL, /* shares */
	PD_DIFF_PER_NONE,
};

/* How a function of one side was found on the other. */
enum pd_diff_rule {
	PD_MATCH_EXACT,   /* name and file */
	PD_MATCH_NAME,    /* name; the file differs or is unknown */
	PD_MATCH_ADDRESS, /* 0x1234 → 0x, +0x12 dropped */
	PD_MATCH_CLONE,   /* .constprop.0 .isra.0 .part.1 .cold .lto_priv.3 dropped */
	PD_MATCH_HASH,    /* ::h0123456789abcdef dropped */
	PD_MATCH_TIER,    /* marks of JIT tiers dropped */
	PD_MATCH_LAMBDA,  /* numbers of lambdas and closures dropped */
	PD_MATCH_GENERIC, /* arguments of templates and generics dropped */
	PD_MATCH_ROOT,    /* root frames only: numbers of threads, processes and containers dropped */
	PD_MATCH_RULES,
};
/* "exact", "name", "address", ... */
PD_API const char *pd_diff_rule_name(enum pd_diff_rule rule);
/* `name` under one rule and all before it, at most `room` bytes; returns the length. For callers who align names themselves. */
PD_API size_t pd_diff_normalise(struct pd_span name, enum pd_diff_rule upto, uint32_t without, char *buf, size_t room);

enum pd_diff_class {
	PD_DIFF_UNCHANGED,  /* equal, or any change is smaller than matters */
	PD_DIFF_UNDECIDED,  /* the samples cannot tell */
	PD_DIFF_NEW, PD_DIFF_GONE, PD_DIFF_GROWN, PD_DIFF_SHRUNK,
	PD_DIFF_MOVED,      /* what it lost another function gained under the same caller, or the reverse */
};
/* "unchanged", "undecided", "new", ... */
PD_API const char *pd_diff_class_name(enum pd_diff_class c);

/* Why a row is not a claim though its numbers differ. */
enum pd_diff_flag {
	PD_DIFF_FEW_SAMPLES = 1 << 0, /* below 10 samples, or never 0.05 % of the total: not tested */
	PD_DIFF_SHARE_ONLY = 1 << 1,  /* moved with the bulk of the program: to make room for others, or with the load of the machine */
	PD_DIFF_SMALL = 1 << 2,       /* significant, but below the least change that matters */
	PD_DIFF_UNTESTABLE = 1 << 3,  /* totals without counts */
};

/* One comparison, by own or by cumulative value. */
struct pd_diff_test {
	double before, after;     /* per exposure: a share, or value units per second, operation, ... */
	double samples[2];        /* behind it; effective numbers where samples weigh differently */
	double ratio;             /* after / before; where one is 0, of shares with half a sample added, of rates INFINITY or 0; NaN without both */
	double lo, hi;            /* interval of the ratio; NaN when not tested */
	double diff_lo, diff_hi;  /* interval of after - before */
	double p, q;              /* NaN when not tested; q is adjusted within all functions of the same kind */
	double p_rank;            /* Mann-Whitney over replicates (4 and more per side), else NaN */
	double phi;               /* dispersion used; 1 when counting is all the noise there is */
	enum pd_diff_class klass;
	uint32_t flags;           /* enum pd_diff_flag */
};

enum pd_diff_role {
	PD_DIFF_ROLE_NONE,
	PD_DIFF_ORIGIN,  /* the change is its own */
	PD_DIFF_CARRIER, /* changed only by what it calls */
};

struct pd_diff_row {
	struct pd_span function, file, name; /* name: what to print; never empty */
	struct pd_span was;                  /* name on the side before where a rule matched another, else empty */
	int64_t line;
	int64_t flat[2], cum[2];             /* PD_BEFORE, PD_AFTER: sums over the profiles of a side */
	struct pd_diff_test self, total;
	enum pd_diff_class klass;            /* of the row: that of `self`, or of `total` where only that is a finding of its own */
	bool by_total;
	enum pd_diff_role role;
	enum pd_diff_rule rule;
	uint32_t partner;                    /* moved: row of the other function, else UINT32_MAX */
};

struct pd_diff_input {
	const struct pd_doc *doc;
	const struct pd_doc *whole; /* before selection: what shares are shares of; NULL = doc */
	double ops;                 /* operations done while it was recorded, 0 unknown */
};

enum pd_diff_test_kind { PD_DIFF_TEST_AUTO, PD_DIFF_TEST_RANK };

struct pd_diff_opts {
	size_t size;
	const char *sample_type;         /* NULL: the default of the first document, or one that all have */
	enum pd_granularity granularity;
	enum pd_diff_per per;
	uint32_t without;                /* rules not to use: 1 << enum pd_diff_rule */
	enum pd_diff_test_kind test;
	bool conservative;               /* Benjamini-Yekutieli instead of Benjamini-Hochberg */
	bool no_counts;                  /* values are measured, not counted: no tests on one pair */
	bool no_slices;                  /* do not estimate the variation inside recordings */
	double alpha;                    /* 0 = 0.05 */
	double confidence;               /* 0 = 0.95 */
	double min_share, min_relative;  /* least change that matters: part of the total and of the function; negative = none, 0 = 0.001 and 0.01 */
	unsigned jobs;                   /* threads; 0 or 1 = one */
};

struct pd_diff_side {
	int64_t total;                   /* value, before selection */
	double samples;                  /* effective number */
	double exposure;                 /* seconds, CPU seconds, operations; 1 for none; NaN for total */
	double duration;                 /* seconds, 0 unknown */
	size_t profiles;
	bool has_inlines;
};

struct pd_diff_summary {
	struct pd_value_type type;       /* strings of the union document; see type_text */
	const char *type_text, *unit_text;
	enum pd_diff_per per;            /* as chosen */
	struct pd_diff_side side[2];
	bool testable;
	bool replicates, slices;         /* where phi comes from; neither: counting only */
	size_t n_slices;                 /* of both sides together */
	bool folded_inlines;             /* inlined frames were folded into their callers, as one side has none */
	double phi;                      /* median over the functions tested */
	size_t tests[2];                 /* functions tested by own and by cumulative value */
	double alpha[2];                 /* q at or below which a row of these is a finding */
	double total_ratio, total_lo, total_hi, total_p; /* whole value per exposure; NaN for shares */
	double g, g_df, g_p;             /* shape of the profiles: all stacks */
	bool shape_differs;
	double total_variation, jensen_shannon;
	double bulk_ratio;               /* how the functions that nothing else explains moved together; NaN when that is no pattern */
	size_t bulk_functions;
	double least_share;              /* power: of the largest function without a finding, share and the relative change that would have been seen in 4 of 5 cases */
	double least_change;
	struct pd_span least_name;
	size_t matched[PD_MATCH_RULES];  /* functions found by each rule */
	double matched_share[PD_MATCH_RULES]; /* part of both totals they stand for */
	size_t only[2];                  /* functions found on one side only */
};

/*
 * Compares. Documents are kept (referenced). NULL and *err: no document on a side, sample types that differ (PD_ERR_DATA),
 * an exposure that is not known (PD_ERR_USAGE), negative values, sums beyond 64 bits, memory.
 */
PD_API struct pd_diff *pd_diff_new(const struct pd_diff_input *before, size_t n_before, const struct pd_diff_input *after, size_t n_after,
				   const struct pd_diff_opts *opts, struct pd_error *err);
PD_API void pd_diff_free(struct pd_diff *d);

PD_API const struct pd_diff_summary *pd_diff_summary(const struct pd_diff *d);
/* Rows: findings by the size of their change, then the rest by value; the order depends on content only. */
PD_API size_t pd_diff_rows(const struct pd_diff *d);
PD_API void pd_diff_row(const struct pd_diff *d, size_t i, struct pd_diff_row *out);
/* What was decided or refused and why, one sentence each. */
PD_API size_t pd_diff_notes(const struct pd_diff *d, const char *const **out);

/*
 * Both sides in one document: sample types "before" and "after" (0 and 1) in the unit compared. Functions matched by a rule carry
 * the name of the side after, inlined frames are folded where the comparison did that. The caller's.
 */
PD_API struct pd_doc *pd_diff_doc(const struct pd_diff *d, struct pd_error *err);

/* One box of a picture: total values of both sides and what to think of them. */
struct pd_diff_box {
	int64_t before, after;
	double ratio, lo, hi, p, change; /* change: after - before per exposure, in parts of the larger total */
	enum pd_diff_class klass;        /* never moved */
};
/* Fills in everything after `after` for n boxes; findings are corrected for all of them together. */
PD_API enum pd_status pd_diff_boxes(const struct pd_diff *d, struct pd_diff_box *box, size_t n, struct pd_error *err);

/*
 * What it takes to judge boxes that a viewer puts together from others: the same test in terms of the normal distribution.
 * A value v of a side is x = v / total * samples[side] samples. The standard error e of the log of the ratio is
 * sqrt(1/x1 + 1/x2), for shares sqrt(1/x1 + 1/x2 - 1/samples[0] - 1/samples[1]).
 */
struct pd_diff_judge {
	double samples[2];   /* effective numbers of the whole sides; 0 where nothing can be tested */
	double interval;     /* reaches this many e to both sides */
	double finding;      /* a log ratio of fewer e is none */
	double bulk_ratio;   /* what moved with the bulk of the program; NaN: there is no such movement */
	double least_samples, least_share;    /* what has fewer of both sides together, or is smaller on both, is not tested */
	double least_change, least_relative;  /* findings below one of these do not matter: part of the larger total, part of the box */
};
/* For the boxes of a picture, after pd_diff_boxes(). */
PD_API void pd_diff_judge(const struct pd_diff *d, const struct pd_diff_box *box, size_t n, struct pd_diff_judge *out);

#ifdef __cplusplus
}
#endif
#endif
