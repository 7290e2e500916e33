/* What the files of the statistics share: checks of arguments, copies, selection without memory. */
#ifndef STATS_NUMBERS_H
#define STATS_NUMBERS_H

#include "base/compiler.h"

#include <math.h>
#include <profdata/stats.h>

static inline bool stat_conf(double conf) { return conf > 0 && conf < 1; } /* false for NaN */
static inline bool stat_count(double x) { return x >= 0 && x <= 0x1p64; }
static inline double stat_clamp(double x, double lo, double hi) { return x < lo ? lo : x > hi ? hi : x; }

/* The z of a two-sided interval: 1.96 for 0.95. */
static inline double stat_z(double conf) { return -pd_normal_quantile((1 - conf) / 2); }

/* False when one of the values is NaN or infinite. */
bool pd_stat_all_finite(const double *x, size_t n);
/* A sorted copy to be freed; PD_STAT_FEW for n = 0, RANGE, NOMEM. */
enum pd_stat pd_stat_sorted_copy(const double *x, size_t n, double **copy);
/* Natural logarithms in new memory; RANGE when a value is not > 0. */
enum pd_stat pd_stat_logs(const double *x, size_t n, double **logs);

/* Doubles in the order of integers: a < b exactly when key(a) < key(b); -0 is below 0. */
static inline int64_t stat_key(double x)
{
	int64_t i;

	memcpy(&i, &x, sizeof(i));
	return i < 0 ? INT64_MIN - i - 1 : i;
}

static inline double stat_unkey(int64_t i)
{
	double x;

	if (i < 0)
		i = INT64_MIN - i - 1;
	memcpy(&x, &i, sizeof(x));
	return x;
}

/*
 * The k-th smallest (1-based) of a multiset that is not stored: count(ctx, v) says how many of its members are <= v.
 * All members lie in lo..hi.
 */
double pd_stat_select(uint64_t k, double lo, double hi, uint64_t (*count)(const void *ctx, double v), const void *ctx);
/* Median of such a multiset of m members. */
double pd_stat_select_median(uint64_t m, double lo, double hi, uint64_t (*count)(const void *ctx, double v), const void *ctx);

/*
 * Row c of the result (`width` doubles): in how many ways c of the n items have rank sum s. The row of interest is the last, c = pick.
 * To be freed; NULL without memory.
 */
double *pd_rank_sums(const uint32_t *rank, size_t n, size_t pick, size_t width);

/* Percentile interval of sorted replicates: 1-based ranks ceil(q (R + 1)). */
struct pd_interval pd_stat_percentiles(const double *r, size_t n, double conf);

/* Stirling's remainder ln G(a) - [(a - 1/2) ln a - a + ln(2 pi)/2] for a > 0. */
double pd_stirling_rest(double a);
/* u - ln(1 + u), without cancellation near 0. */
double pd_log1p_rest(double u);
/* x^a y^b / B(a, b), y = 1 - x; x^a e^-x / G(a + 1). */
double pd_beta_front(double a, double b, double x, double y);
double pd_gamma_front(double a, double x);
/* o ln(o/e) - (o - e), the share of one cell in G/2: the excesses of all cells cancel before they are rounded. e > 0. */
double pd_g_term(double o, double e);
/* pd_beta_inc() of x with y = 1 - x given, so that both ends keep their precision. */
double pd_beta_inc_xy(double a, double b, double x, double y, bool upper);
/* The odds x/(1 - x) with I_x(a, b) = p, 0 < p < 1, or with 1 - I_x(a, b) = p when `upper`. */
double pd_beta_quantile_odds(double p, double a, double b, bool upper);
/* x with P(a, x) = p, or with 1 - P(a, x) = p when `upper`. */
double pd_gamma_quantile(double p, double a, bool upper);

#endif
