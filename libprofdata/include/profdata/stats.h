/*
 * The statistics under `diff`, `overhead` and `wall`: tests, intervals,
 * corrections, noise checks. Plain numbers in, plain numbers out.
 *
 * Every function is deterministic and thread-safe. A function that can refuse
 * returns enum pd_stat; on refusal the result is untouched unless its comment
 * says otherwise. NaN, infinities and negative counts are refused
 * (PD_STAT_RANGE), never computed with. `conf` is the confidence of an
 * interval, 0 < conf < 1, usually 0.95. p-values are two-sided.
 *
 * Counts are doubles so that effective numbers (weights) go through the same
 * functions; whole numbers up to 2^53 are exact. Exact tests round them.
 */
#ifndef PROFDATA_STATS_H
#define PROFDATA_STATS_H

#include <profdata/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pd_stat {
	PD_STAT_OK = 0,
	PD_STAT_FEW,   /* too few values for an answer */
	PD_STAT_RANGE, /* an argument is NaN, infinite, negative or contradicts another */
	PD_STAT_FLAT,  /* no variation (or no counts at all): the answer would be 0/0 */
	PD_STAT_LIMIT, /* more values than the method is bounded to */
	PD_STAT_NOMEM,
};

/* Why there is no answer, as a phrase: "too few values". Never NULL. */
PD_API const char *pd_stat_reason(enum pd_stat status);

/* An interval; an end without a bound is -INFINITY or INFINITY. */
struct pd_interval {
	double lo, hi;
};

/* ---- distributions. Out of range arguments give NaN. ---- */

/* P(Z > z), accurate in the far tail; P(|Z| > |z|); the z with P(Z <= z) = p. */
PD_API double pd_normal_tail(double z);
PD_API double pd_normal_p(double z);
PD_API double pd_normal_quantile(double p);
/* P(|T| > |t|) and the t with P(T <= t) = p; df > 0 need not be whole. */
PD_API double pd_t_p(double t, double df);
PD_API double pd_t_quantile(double p, double df);
/* P(X > x) and the x with P(X <= x) = p. */
PD_API double pd_chi2_tail(double x, double df);
PD_API double pd_chi2_quantile(double p, double df);
/* Regularised incomplete beta I_x(a, b) and gamma P(a, x), a, b > 0; `upper`: the complement, without cancellation. */
PD_API double pd_beta_inc(double a, double b, double x, bool upper);
PD_API double pd_gamma_inc(double a, double x, bool upper);
/* P(X = k), P(X <= k), P(X >= k) for n trials; k and n whole. */
PD_API double pd_binomial_pmf(double k, double n, double p);
PD_API double pd_binomial_cdf(double k, double n, double p);
PD_API double pd_binomial_sf(double k, double n, double p);
/* P(X <= k) for a Poisson mean. */
PD_API double pd_poisson_cdf(double k, double mean);

/* ---- sums, order, random numbers ---- */

/* A compensated sum (Neumaier). Zero it first. */
struct pd_sum {
	double sum, rest;
};
PD_API void pd_sum_add(struct pd_sum *s, double x);
PD_API double pd_sum_value(const struct pd_sum *s);

/* Sorts ascending (in place, no allocation; -0 before 0, NaN last). */
PD_API void pd_stat_sort(double *x, size_t n);
/* Of sorted values: the median (mean of the middle two), the type 7 quantile 0 <= q <= 1. NaN when n is 0. */
PD_API double pd_sorted_median(const double *x, size_t n);
PD_API double pd_sorted_quantile(const double *x, size_t n, double q);
/* Mean; sample standard deviation (n - 1; NaN below 2). */
PD_API double pd_stat_mean(const double *x, size_t n);
PD_API double pd_stat_sd(const double *x, size_t n);

/* splitmix64: the state starts at the seed. */
struct pd_rng {
	uint64_t state;
};
PD_API uint64_t pd_rng_next(struct pd_rng *r);
/* 0 .. n-1, the high 64 bits of next * n; 0 when n is 0. */
PD_API uint64_t pd_rng_below(struct pd_rng *r, uint64_t n);
/* In [0, 1), 53 bits. */
PD_API double pd_rng_unit(struct pd_rng *r);
/* A standard normal number (two units are drawn). */
PD_API double pd_rng_normal(struct pd_rng *r);
/* How often event `event` occurs in replicate `replicate` of a Poisson bootstrap: Poisson(1), a pure function of the arguments. */
PD_API unsigned pd_rng_poisson1(uint64_t seed, uint64_t replicate, uint64_t event);

/* ---- one share, one count ---- */

/* Interval of a share x/n: Wilson's, and the exact one of Clopper and Pearson. */
PD_API enum pd_stat pd_stat_wilson(double x, double n, double conf, struct pd_interval *ci);
PD_API enum pd_stat pd_stat_clopper_pearson(double x, double n, double conf, struct pd_interval *ci);
/* Exact interval of a Poisson mean given the count x (Garwood). */
PD_API enum pd_stat pd_stat_garwood(double x, double conf, struct pd_interval *ci);

/* ---- one pair of profiles ---- */

/* x1 of n1 samples against x2 of n2. */
struct pd_shares {
	double share1, share2;
	double diff;                  /* share2 - share1 */
	struct pd_interval diff_ci;   /* Newcombe, from the two Wilson intervals */
	double ratio;                 /* share2 / share1; with 1/2 added to x and n of both sides when a count is 0 (half_added) */
	struct pd_interval ratio_ci;  /* Katz (log) */
	bool half_added;
	double z, p_z;                /* pooled two-proportion test; NaN when x1 + x2 is 0 or everything */
	double g, p_g;                /* G of the 2x2 table, 1 df */
	double p_fisher;              /* conditional exact; NaN where it was not computed, see `exact` */
	double p;                     /* the one to report: Fisher's when an expected count is below 10, else p_z */
	bool exact;                   /* p is Fisher's */
	double expected_min;          /* least expected count of the table */
};
/*
 * n1, n2 > 0, x <= n (PD_STAT_RANGE otherwise); x1 + x2 = 0 is PD_STAT_FLAT. Fisher's test is computed when the least expected count is
 * below 1000: the work is bounded by the width of the hypergeometric distribution there.
 */
PD_API enum pd_stat pd_stat_shares(double x1, double n1, double x2, double n2, double conf, struct pd_shares *out);

/* x1 events in exposure e1 (seconds, operations) against x2 in e2. */
struct pd_rates {
	double rate1, rate2;
	double ratio;          /* rate2 / rate1; INFINITY when only x1 is 0 */
	struct pd_interval ci; /* from Clopper-Pearson of x2/(x1+x2) */
	double p;              /* exact: outcomes no more likely than the observed one */
	double p_doubled;      /* twice the smaller tail, at most 1 */
};
/* Exposures > 0; both counts 0 is PD_STAT_FLAT. Above 1e9 events p is that of the normal approximation. */
PD_API enum pd_stat pd_stat_rates(double x1, double e1, double x2, double e2, double conf, struct pd_rates *out);

/* Whole profiles: n stacks with counts a[i] and b[i]. */
struct pd_homogeneity {
	double g, df, p;       /* G-test after pooling; NaN p when fewer than two classes are left */
	size_t pooled;         /* stacks put into "other" because an expected count was below `min_expected` */
	double total_variation; /* half the sum of |share differences|, over all stacks */
	double jensen_shannon; /* bits, 0..1 */
	/* Pearson's statistic of the same classes. Its mean is df however few samples a class has; that of G is a little more, which adds up over many classes. */
	double pearson, pearson_p;
};
PD_API enum pd_stat pd_stat_homogeneity(const double *a, const double *b, size_t n, double min_expected, struct pd_homogeneity *out);

/* Samples per side that find a relative change `change` (0.1 = +10 %) of a share at level alpha with the given power. */
PD_API double pd_stat_samples_needed(double share, double change, double alpha, double power);

/* ---- several profiles per side ---- */

enum pd_exposure {
	PD_EXPOSURE_SAMPLES, /* binomial: x of n samples */
	PD_EXPOSURE_RATE,    /* Poisson: x in exposure n (time, operations) */
};

/* Pearson's dispersion of k replicates of one side: about 1 when counting is all the noise there is. k >= 2; FLAT when all counts are 0 (or all). */
PD_API enum pd_stat pd_stat_dispersion(enum pd_exposure kind, const double *x, const double *n, size_t k, double *phi);

struct pd_replicates {
	double share1, share2;       /* pooled: sum x / sum n */
	double dispersion1, dispersion2; /* NaN for a side with one profile or no variation to be had */
	double phi;                  /* what was used, >= 1 */
	double z, p_z;               /* naive: phi = 1 */
	double t, df, p;             /* z/sqrt(phi), k1+k2-2 */
	double diff;
	struct pd_interval diff_ci;  /* of share2 - share1, widened by phi */
	double ratio;
	struct pd_interval ratio_ci; /* of share2 / share1, widened by phi */
	bool half_added;
};
/*
 * Quasi-Poisson (quasi-binomial) comparison. k1 + k2 >= 3 and at least one side with two. `phi` = 0: the pooled dispersion of
 * these data (degrees of freedom weigh the sides), else the given one; never below 1.
 */
PD_API enum pd_stat pd_stat_replicates(enum pd_exposure kind, const double *x1, const double *n1, size_t k1, const double *x2, const double *n2, size_t k2,
				       double phi, double conf, struct pd_replicates *out);
/*
 * Steadier dispersions for rare functions: out[i] = max(1, median phi of the `width` functions (25) nearest to i in the order of `count`).
 * NaN phis are left out; a neighbourhood without any gives 1.
 */
PD_API enum pd_stat pd_stat_pool_phi(const double *count, const double *phi, size_t n, size_t width, double *out);

/* ---- rank tests ---- */

struct pd_mann_whitney {
	double u1;         /* pairs (a, b) with a > b, ties half */
	double p;          /* the one to report: exact when `exact`, else normal */
	double p_doubled;  /* 2 P(U1 <= min(u1, n1 n2 - u1)), at most 1: benchstat's; = p where that is 0 (ties), = p_normal when not exact */
	double p_normal;   /* tie-corrected, half towards the mean */
	double b_greater;  /* P(b > a) + P(tie)/2 */
	bool exact, ties;
};
/* Exact up to 50 per side without ties, 25 with ties. n1, n2 >= 1; all values equal: p = 1. */
PD_API enum pd_stat pd_stat_mann_whitney(const double *a, size_t n1, const double *b, size_t n2, struct pd_mann_whitney *out);

/* A location with the interval that inverts a rank test. */
struct pd_location {
	double center;
	struct pd_interval ci;
	uint64_t rank;     /* k: the interval runs from the k-th smallest to the k-th largest; 0 = no interval at this confidence, ci is infinite */
	double confidence; /* achieved */
};
/* Hodges-Lehmann shift: median of all b_j - a_i. */
PD_API enum pd_stat pd_stat_shift(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_location *out);
/* The same of logarithms, as a ratio b/a: all values must be > 0. */
PD_API enum pd_stat pd_stat_ratio(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_location *out);

struct pd_signed_rank {
	double w;          /* rank sum of the positive values */
	size_t n;          /* values that are not 0 */
	double p;
	bool exact;        /* n <= 40 */
};
PD_API enum pd_stat pd_stat_signed_rank(const double *d, size_t n, struct pd_signed_rank *out);
/* Median of the Walsh averages of d with the interval that inverts the signed-rank test (none below 6 at 95 %). */
PD_API enum pd_stat pd_stat_walsh(const double *d, size_t n, double conf, struct pd_location *out);

/* ---- t tests ---- */

struct pd_t_test {
	double diff, t, df, p;
	struct pd_interval ci; /* of diff */
};
/* Welch: mean b - mean a. n1, n2 >= 2. */
PD_API enum pd_stat pd_stat_welch(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_t_test *out);
/* Mean of d against 0. n >= 2. */
PD_API enum pd_stat pd_stat_paired_t(const double *d, size_t n, double conf, struct pd_t_test *out);

/* ---- many tests ---- */

enum pd_adjust {
	PD_ADJUST_NONE,
	PD_ADJUST_BONFERRONI,
	PD_ADJUST_HOLM,
	PD_ADJUST_BH, /* Benjamini-Hochberg */
	PD_ADJUST_BY, /* Benjamini-Yekutieli */
};
/* out[i] belongs to p[i] and may be the same array. A NaN p is no test: it stays NaN and is not counted. p outside of 0..1 is refused. */
PD_API enum pd_stat pd_stat_adjust(enum pd_adjust kind, const double *p, size_t n, double *out);

/* ---- looking more than once ---- */

#define PD_MAX_LOOKS 50

/*
 * Levels for two-sided tests at n looks at growing data (at most PD_MAX_LOOKS), which together find something where nothing is with
 * probability `alpha`: t[i], growing, is the share of the most data there can be, 0 < t[i] <= 1. alpha is spent as by Lan and DeMets, near to
 * the bounds of O'Brien and Fleming: hardly anything at first, nearly all at the end. Intervals with confidence 1 - level[i] hold at all looks
 * together with confidence 1 - alpha, whatever made one stop.
 */
PD_API enum pd_stat pd_stat_look_levels(const double *t, size_t n, double alpha, double *level);
/* For the p-value of the last of n looks the least alpha whose level it reaches: a p-value for whoever may have stopped. 1 from 0.5 on. */
PD_API enum pd_stat pd_stat_look_p(const double *t, size_t n, double p, double *out);

/* ---- weights ---- */

struct pd_effective {
	double total;     /* sum of w */
	double n_eff;     /* (sum w)^2 / sum w^2 */
	double rel_error; /* of the total under independent sampling: sqrt(sum w^2) / sum w */
};
/* Weights >= 0; all 0 (or none) is PD_STAT_FLAT. */
PD_API enum pd_stat pd_stat_effective(const double *w, size_t n, struct pd_effective *out);
/* From sums: for callers that keep a sum and a sum of squares per function. */
PD_API enum pd_stat pd_stat_effective_of(double sum, double sum_squares, struct pd_effective *out);
/* Heap profiles (Poisson by bytes at mean `rate`): `count` recorded events of `size` bytes each stand for *total bytes with *variance. */
PD_API enum pd_stat pd_stat_heap_total(double size, double count, double rate, double *total, double *variance);
/*
 * Poisson bootstrap of the ratio (sum b / e2) / (sum a / e1) of weighted events: percentile interval from `replicates` (9999) draws.
 * The interval may be infinite above when replicates of side a come out empty. n1, n2 <= 1e7, n * replicates <= 1e10.
 */
PD_API enum pd_stat pd_stat_poisson_bootstrap(const double *a, size_t n1, double e1, const double *b, size_t n2, double e2, unsigned replicates,
					      uint64_t seed, double conf, double *ratio, struct pd_interval *ci);

/* ---- runs of a benchmark ---- */

/* 1-based ranks of the order statistics around a median. */
struct pd_ranks {
	size_t lo, hi;
	double confidence;
};
/* The narrowest symmetric pair that reaches `conf`; FEW when even the extremes do not (n <= 5 at 95 %). */
PD_API enum pd_stat pd_stat_median_ranks(size_t n, double conf, struct pd_ranks *out);
/*
 * The pair benchstat shows: binomial mass is gathered outwards from the middle, the left side first, up to n = 30; the normal
 * approximation above. lo = 0 or hi = n + 1 mean that this end is infinite.
 */
PD_API enum pd_stat pd_stat_median_ranks_left(size_t n, double conf, struct pd_ranks *out);
/* Ranks that enclose the q-quantile of n operations of one run (normal approximation, rounded outwards, within 1..n). */
PD_API enum pd_stat pd_stat_quantile_ranks(size_t n, double q, double conf, struct pd_ranks *out);

enum pd_center { PD_CENTER_MEDIAN, PD_CENTER_MEAN, PD_CENTER_QUANTILE };

struct pd_bootstrap {
	enum pd_center center;
	double q;            /* of PD_CENTER_QUANTILE */
	bool paired;         /* a[i] and b[i] are one block; n1 == n2 */
	unsigned replicates; /* 0 = 9999; 100 .. 1000000 */
	uint64_t seed;
	double conf;
};
struct pd_bootstrap_ratio {
	double ratio;                /* center b / center a */
	struct pd_interval ci;       /* percentiles, 1-based rank ceil(q (R + 1)) */
	struct pd_interval log_basic;
};
/* Values > 0. Fewer than 6 per side is FEW (below 10 the interval is too short: warn). n1 + n2 <= 100000. */
PD_API enum pd_stat pd_stat_bootstrap(const double *a, size_t n1, const double *b, size_t n2, const struct pd_bootstrap *how,
				      struct pd_bootstrap_ratio *out);

/* What a design could have seen, as a difference of logarithms: two groups of n runs with coefficient of variation cv (`rank`: for a rank
 * test); n pairs with standard deviation sd. NaN below 2 runs. */
PD_API double pd_stat_mde(double cv, size_t n, double alpha, double power, bool rank);
PD_API double pd_stat_mde_paired(double sd, size_t n, double alpha, double power);
/* Runs per side that see a relative difference `delta` (normal approximation). */
PD_API double pd_stat_runs_needed(double cv, double delta, double alpha, double power);
/* Blocks for which pd_stat_mde_paired() is at most `delta`; 0 when more than 1e6 would be needed. */
PD_API size_t pd_stat_blocks_needed(double sd, double delta, double alpha, double power);
/* Blocks below which no signed-rank test of `tests` can survive Holm's correction. */
PD_API unsigned pd_stat_holm_blocks(size_t tests, double alpha);

/*
 * Geometric mean of n ratios given their logarithms. With standard errors: the interval for these very workloads; without (NULL) or with
 * `generalise`: workloads are a sample (t, n - 1 df; FEW below 2).
 */
PD_API enum pd_stat pd_stat_geomean(const double *logs, const double *se, size_t n, bool generalise, double conf, double *ratio, struct pd_interval *ci);

/* ---- is a series of runs steady? Values in the order of time. ---- */

struct pd_trend {
	double s;        /* Mann-Kendall: rising minus falling pairs */
	double z, p;     /* z is NaN where p is exact */
	bool exact;      /* n <= 10 without ties */
	double slope;    /* Theil-Sen, per run */
};
PD_API enum pd_stat pd_stat_trend(const double *x, size_t n, struct pd_trend *out); /* 3 <= n <= 2048 */

struct pd_serial {
	double lag1, limit;  /* correlation of neighbours; beyond 1.96/sqrt(n) it is no accident */
	double n_eff;        /* n (1 - lag1)/(1 + lag1), at most n */
	double von_neumann;  /* 2 when independent */
};
PD_API enum pd_stat pd_stat_serial(const double *x, size_t n, struct pd_serial *out); /* n >= 3; FLAT when all are equal */

struct pd_outliers {
	double median, mad;
	bool mean_deviation; /* mad is 0: the mean absolute deviation was used instead */
	size_t n;            /* values with a modified z above 3.5 */
	size_t worst;        /* index of the largest |z| */
	double worst_z;
	struct pd_interval quartiles, inner, outer; /* type 7; Tukey's fences at 1.5 and 3 */
	size_t mild, severe; /* outside of the inner (outer) fence */
};
/* `z`: room for n modified z-scores, or NULL. FLAT when all values are equal. */
PD_API enum pd_stat pd_stat_outliers(const double *x, size_t n, double *z, struct pd_outliers *out);

struct pd_modes {
	double coefficient;  /* of bimodality; above 5/9 suspicious */
	size_t low, high;    /* sizes of the best two groups */
	double separation;   /* their distance in pooled standard deviations; INFINITY when they do not vary */
	bool two;            /* coefficient > 5/9, separation > 4, each group >= 20 % */
};
PD_API enum pd_stat pd_stat_modes(const double *x, size_t n, struct pd_modes *out); /* n >= 4 */

enum pd_noise_flag {
	PD_NOISE_DRIFT = 1,       /* trend with p < 0.05 */
	PD_NOISE_SERIAL = 2,
	PD_NOISE_OUTLIERS = 4,
	PD_NOISE_MODES = 8,
	PD_NOISE_FIRST_RUN = 16,  /* the first value lies outside of the outer fence of the rest */
};
struct pd_noise {
	unsigned flags;
	double drift; /* slope (n - 1) / median: change over the whole series */
	struct pd_trend trend;
	struct pd_serial serial;
	struct pd_outliers outliers;
	struct pd_modes modes;
};
/* All of them; n >= 8, else FEW. A series of equal values has no flags. */
PD_API enum pd_stat pd_stat_noise(const double *x, size_t n, struct pd_noise *out);

#ifdef __cplusplus
}
#endif
#endif
