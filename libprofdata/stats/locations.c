/*
 * Locations with intervals that invert the rank tests: Hodges-Lehmann shifts
 * and Walsh averages. The n1 n2 differences (n (n+1)/2 averages) are never
 * stored: how many of them are below a value is counted in one walk over the
 * sorted sides, and the k-th is found by bisection over the doubles.
 */
#include "stats/numbers.h"

#define EXACT_SIDE 50
#define EXACT_SIGNED 40

struct sides {
	const double *a, *b; /* ascending */
	size_t n1, n2;
};

static uint64_t differences_below(const void *ctx, double v)
{
	const struct sides *s = ctx;
	uint64_t n = 0;
	size_t j = 0;

	for (size_t i = 0; i < s->n1; i++) { /* a grows, so more of b qualifies */
		while (j < s->n2 && s->b[j] - s->a[i] <= v)
			j++;
		n += j;
	}
	return n;
}

static uint64_t averages_below(const void *ctx, double v)
{
	const struct sides *s = ctx;
	uint64_t n = 0;
	size_t j = s->n1;

	for (size_t i = 0; i < s->n1; i++) { /* pairs (i, j) with j >= i */
		while (j > i && s->a[i] / 2 + s->a[j - 1] / 2 > v)
			j--;
		if (j <= i)
			break;
		n += j - i;
	}
	return n;
}

/*
 * The largest k with P(X <= k - 1) <= alpha/2 for a statistic with the given number of ways per value (symmetric, `n` values);
 * *confidence becomes what the interval achieves.
 */
static uint64_t rank_of(const double *ways, size_t n, double alpha, double *confidence)
{
	double all = 0, below = 0, kept = 0;
	uint64_t k = 0;

	for (size_t i = 0; i < n; i++)
		all += ways[i];
	for (; k < n; k++) {
		below += ways[k];
		if (2 * below > alpha * all)
			break;
		kept = below;
	}
	*confidence = 1 - 2 * kept / all;
	return k;
}

static uint64_t rank_normal(double mean, double sd, double alpha, double *confidence)
{
	double k = floor(mean + 0.5 + pd_normal_quantile(alpha / 2) * sd);

	if (!(k >= 1))
		k = 0;
	*confidence = k > 0 ? 1 - 2 * pd_normal_tail((mean - k + 0.5) / sd) : 1;
	return (uint64_t)k;
}

static enum pd_stat shift_rank(size_t n1, size_t n2, double alpha, struct pd_location *o)
{
	uint32_t rank[2 * EXACT_SIDE];
	double m1 = (double)n1, m2 = (double)n2, *ways;
	size_t least = n1 * (n1 - 1) / 2, width = least + n1 * n2 + 1; /* sums of n1 of the ranks 0 .. n1+n2-1 */

	if (n1 > EXACT_SIDE || n2 > EXACT_SIDE) {
		o->rank = rank_normal(m1 * m2 / 2, sqrt(m1 * m2 * (m1 + m2 + 1) / 12), alpha, &o->confidence);
		return PD_STAT_OK;
	}
	for (size_t i = 0; i < n1 + n2; i++)
		rank[i] = (uint32_t)i;
	ways = pd_rank_sums(rank, n1 + n2, n1, width);
	if (!ways)
		return PD_STAT_NOMEM;
	o->rank = rank_of(ways + n1 * width + least, width - least, alpha, &o->confidence);
	free(ways);
	return PD_STAT_OK;
}

static enum pd_stat walsh_rank(size_t n, double alpha, struct pd_location *o)
{
	size_t width = n * (n + 1) / 2 + 1;
	double *ways, m = (double)n;

	if (n > EXACT_SIGNED) {
		o->rank = rank_normal(m * (m + 1) / 4, sqrt(m * (m + 1) * (2 * m + 1) / 24), alpha, &o->confidence);
		return PD_STAT_OK;
	}
	ways = calloc(width, sizeof(*ways));
	if (!ways)
		return PD_STAT_NOMEM;
	ways[0] = 1;
	for (size_t i = 1; i <= n; i++)
		for (size_t s = i * (i + 1) / 2; s >= i; s--)
			ways[s] += ways[s - i];
	o->rank = rank_of(ways, width, alpha, &o->confidence);
	free(ways);
	return PD_STAT_OK;
}

static void locate(struct pd_location *o, uint64_t members, double lo, double hi, uint64_t (*count)(const void *, double), const void *ctx)
{
	o->center = pd_stat_select_median(members, lo, hi, count, ctx);
	o->ci = (struct pd_interval){ -HUGE_VAL, HUGE_VAL };
	if (!o->rank)
		return;
	o->ci.lo = pd_stat_select(o->rank, lo, hi, count, ctx);
	o->ci.hi = pd_stat_select(members + 1 - o->rank, lo, hi, count, ctx);
}

enum pd_stat pd_stat_shift(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_location *out)
{
	struct pd_location o = { 0 };
	double *sa = NULL, *sb = NULL;
	enum pd_stat st = !stat_conf(conf) || n1 > UINT32_MAX || n2 > UINT32_MAX ? PD_STAT_RANGE : pd_stat_sorted_copy(a, n1, &sa);

	if (st == PD_STAT_OK)
		st = pd_stat_sorted_copy(b, n2, &sb);
	if (st == PD_STAT_OK)
		st = shift_rank(n1, n2, 1 - conf, &o);
	if (st == PD_STAT_OK) {
		struct sides s = { sa, sb, n1, n2 };

		locate(&o, (uint64_t)n1 * n2, sb[0] - sa[n1 - 1], sb[n2 - 1] - sa[0], differences_below, &s);
		*out = o;
	}
	free(sa);
	free(sb);
	return st;
}

enum pd_stat pd_stat_ratio(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_location *out)
{
	double *la = NULL, *lb = NULL;
	enum pd_stat st = pd_stat_logs(a, n1, &la);

	if (st == PD_STAT_OK)
		st = pd_stat_logs(b, n2, &lb);
	if (st == PD_STAT_OK)
		st = pd_stat_shift(la, n1, lb, n2, conf, out);
	free(la);
	free(lb);
	if (st == PD_STAT_OK) {
		out->center = exp(out->center);
		out->ci.lo = exp(out->ci.lo);
		out->ci.hi = exp(out->ci.hi);
	}
	return st;
}

enum pd_stat pd_stat_walsh(const double *d, size_t n, double conf, struct pd_location *out)
{
	struct pd_location o = { 0 };
	double *s = NULL;
	enum pd_stat st = !stat_conf(conf) || n > UINT32_MAX ? PD_STAT_RANGE : pd_stat_sorted_copy(d, n, &s);

	if (st == PD_STAT_OK)
		st = walsh_rank(n, 1 - conf, &o);
	if (st == PD_STAT_OK) {
		struct sides one = { s, s, n, n };

		locate(&o, (uint64_t)n * (n + 1) / 2, s[0], s[n - 1], averages_below, &one);
		*out = o;
	}
	free(s);
	return st;
}
