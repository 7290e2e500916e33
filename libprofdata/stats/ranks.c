/*
 * Rank tests: Mann-Whitney and Wilcoxon's signed ranks.
 *
 * Exact p-values count labellings (or sign patterns) in one table over sums of
 * doubled mid-ranks, so that everything compared is a whole number. The counts
 * are doubles: exact while the number of labellings is below 2^53 (28 + 28),
 * with a relative error of a few 1e-15 above.
 */
#include "stats/numbers.h"

#define EXACT_SIDE 50      /* without ties */
#define EXACT_SIDE_TIES 25
#define EXACT_SIGNED 40

/* Both sides sorted into one: groups of equal values with their doubled mid-rank. */
struct pool {
	uint32_t *rank2; /* per item in ascending order; only filled for exact tests */
	size_t n1, n2;
	double u1;       /* doubled: pairs with a > b count 2, ties 1 */
	double ties;     /* sum of t^3 - t */
};

static void pool_merge(struct pool *p, const double *a, const double *b)
{
	size_t i = 0, j = 0, done = 0;

	while (i < p->n1 || j < p->n2) {
		double v = j == p->n2 || (i < p->n1 && a[i] <= b[j]) ? a[i] : b[j], t;
		size_t from_a = i, from_b = j;

		while (i < p->n1 && a[i] == v)
			i++;
		while (j < p->n2 && b[j] == v)
			j++;
		p->u1 += (double)(i - from_a) * (double)(from_b + j);
		t = (double)(i - from_a + (j - from_b));
		p->ties += t * t * t - t;
		for (size_t k = done; p->rank2 && k < i + j; k++)
			p->rank2[k] = (uint32_t)(done + 1 + i + j); /* first + last rank of the group */
		done = i + j;
	}
}

double *pd_rank_sums(const uint32_t *rank, size_t n, size_t pick, size_t width)
{
	double *ways = calloc((pick + 1) * width, sizeof(*ways));
	size_t top = 0;

	if (!ways)
		return NULL;
	ways[0] = 1;
	for (size_t i = 0; i < n; i++) {
		size_t most = i < pick ? i : pick - 1, least = pick > n - i ? pick - (n - i) : 0;

		for (size_t c = most + 1; c-- > least;) {
			double *from = ways + c * width, *to = from + width + rank[i];

			for (size_t s = 0; s <= top && s + rank[i] < width; s++)
				to[s] += from[s];
		}
		top = top + rank[i] < width ? top + rank[i] : width - 1;
	}
	return ways;
}

/* Exact p from the distribution of the doubled U of side 1. */
static enum pd_stat u_exact(const struct pool *p, struct pd_mann_whitney *o)
{
	size_t n = p->n1 + p->n2, pick = p->n1 < p->n2 ? p->n1 : p->n2, width = 1;
	double *ways, *last, mean = (double)p->n1 * (double)p->n2, apart = fabs(p->u1 - mean), all = 0, far = 0, tail = 0;
	double least = fmin(p->u1, 2 * mean - p->u1), shift = (double)pick * (double)(pick + 1);

	for (size_t i = n - pick; i < n; i++)
		width += p->rank2[i];
	ways = pd_rank_sums(p->rank2, n, pick, width);
	if (!ways)
		return PD_STAT_NOMEM;
	last = ways + pick * width;
	for (size_t s = 0; s < width; s++) {
		double u = (double)s - shift; /* doubled U of the smaller side */

		if (last[s] == 0)
			continue;
		all += last[s];
		if (fabs(u - mean) >= apart)
			far += last[s];
		if ((pick == p->n1 ? u : 2 * mean - u) <= least)
			tail += last[s];
	}
	free(ways);
	o->p = far / all;
	/* a lopsided distribution may not reach the mirrored value: then there is no tail to double */
	o->p_doubled = p->u1 == mean ? 1 : tail > 0 ? fmin(1, 2 * tail / all) : o->p;
	return PD_STAT_OK;
}

static void u_normal(const struct pool *p, struct pd_mann_whitney *o)
{
	double n1 = (double)p->n1, n2 = (double)p->n2, n = n1 + n2, mean = n1 * n2 / 2, d = fabs(p->u1 / 2 - mean);
	double variance = n1 * n2 / 12 * (n + 1 - p->ties / (n * (n - 1)));

	o->p_normal = !(variance > 0) || d == 0 ? 1 : pd_normal_p(fmax(0, d - 0.5) / sqrt(variance));
}

static enum pd_stat mann_whitney(const double *a, size_t n1, const double *b, size_t n2, struct pd_mann_whitney *o)
{
	struct pool p = { .n1 = n1, .n2 = n2 };
	size_t larger = n1 > n2 ? n1 : n2;
	enum pd_stat st = PD_STAT_OK;

	if (larger <= EXACT_SIDE && !(p.rank2 = calloc(n1 + n2, sizeof(*p.rank2))))
		return PD_STAT_NOMEM;
	pool_merge(&p, a, b);
	o->u1 = p.u1 / 2;
	o->ties = p.ties > 0;
	o->b_greater = 1 - p.u1 / 2 / ((double)n1 * (double)n2);
	u_normal(&p, o);
	o->exact = larger <= (o->ties ? EXACT_SIDE_TIES : EXACT_SIDE);
	o->p = o->p_doubled = o->p_normal;
	if (o->exact)
		st = u_exact(&p, o);
	free(p.rank2);
	return st;
}

enum pd_stat pd_stat_mann_whitney(const double *a, size_t n1, const double *b, size_t n2, struct pd_mann_whitney *out)
{
	struct pd_mann_whitney o = { 0 };
	double *sa = NULL, *sb = NULL;
	enum pd_stat st = pd_stat_sorted_copy(a, n1, &sa);

	if (st == PD_STAT_OK)
		st = pd_stat_sorted_copy(b, n2, &sb);
	if (st == PD_STAT_OK)
		st = mann_whitney(sa, n1, sb, n2, &o);
	free(sa);
	free(sb);
	if (st == PD_STAT_OK)
		*out = o;
	return st;
}

/* Share of the sign patterns over `rank` whose doubled rank sum is as far from the middle as w2. */
static enum pd_stat signs_exact(const uint32_t *rank, size_t n, double w2, double *p)
{
	size_t width = 1;
	double *ways, mean, far = 0;

	for (size_t i = 0; i < n; i++)
		width += rank[i];
	mean = (double)(width - 1) / 2;
	ways = calloc(width, sizeof(*ways));
	if (!ways)
		return PD_STAT_NOMEM;
	ways[0] = 1;
	for (size_t i = 0, top = 0; i < n; i++) {
		for (size_t s = top + 1; s-- > 0;)
			ways[s + rank[i]] += ways[s];
		top += rank[i];
	}
	for (size_t s = 0; s < width; s++)
		if (fabs((double)s - mean) >= fabs(w2 - mean))
			far += ways[s];
	free(ways);
	*p = ldexp(far, -(int)n);
	return PD_STAT_OK;
}

/* `m` sorted absolute values, negative ones given apart as sorted `neg`. */
struct signs {
	double *abs;      /* ascending, all */
	double *positive; /* ascending, the positive ones */
	size_t n, n_positive;
};

static void signs_rank(const struct signs *s, uint32_t *rank2, double *w2, double *ties)
{
	*w2 = *ties = 0;
	for (size_t i = 0, p = 0; i < s->n;) {
		size_t from = i, before = p;
		double t;

		while (i < s->n && s->abs[i] == s->abs[from])
			i++;
		while (p < s->n_positive && s->positive[p] == s->abs[from])
			p++;
		*w2 += (double)(p - before) * (double)(from + 1 + i);
		t = (double)(i - from);
		*ties += t * t * t - t;
		for (size_t k = from; rank2 && k < i; k++)
			rank2[k] = (uint32_t)(from + 1 + i);
	}
}

static double signs_normal(double n, double w2, double ties)
{
	double mean = n * (n + 1) / 4, variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48, d = fabs(w2 / 2 - mean);

	return variance > 0 && d > 0 ? pd_normal_p(fmax(0, d - 0.5) / sqrt(variance)) : 1;
}

static enum pd_stat signed_rank(const struct signs *s, struct pd_signed_rank *o)
{
	uint32_t *rank2 = s->n && s->n <= EXACT_SIGNED ? calloc(s->n, sizeof(*rank2)) : NULL;
	double w2, ties;
	enum pd_stat st = PD_STAT_OK;

	o->n = s->n;
	o->exact = s->n <= EXACT_SIGNED;
	if (s->n && o->exact && !rank2)
		return PD_STAT_NOMEM;
	signs_rank(s, rank2, &w2, &ties);
	o->w = w2 / 2;
	o->p = 1;
	if (s->n && o->exact)
		st = signs_exact(rank2, s->n, w2, &o->p);
	else if (s->n)
		o->p = signs_normal((double)s->n, w2, ties);
	free(rank2);
	return st;
}

enum pd_stat pd_stat_signed_rank(const double *d, size_t n, struct pd_signed_rank *out)
{
	struct pd_signed_rank o = { 0 };
	struct signs s = { 0 };
	double *both;
	enum pd_stat st;

	if (!n)
		return PD_STAT_FEW;
	if (!pd_stat_all_finite(d, n))
		return PD_STAT_RANGE;
	both = calloc(n, 2 * sizeof(*both));
	if (!both)
		return PD_STAT_NOMEM;
	s.abs = both;
	s.positive = both + n;
	for (size_t i = 0; i < n; i++) {
		if (d[i] != 0)
			s.abs[s.n++] = fabs(d[i]);
		if (d[i] > 0)
			s.positive[s.n_positive++] = d[i];
	}
	pd_stat_sort(s.abs, s.n);
	pd_stat_sort(s.positive, s.n_positive);
	st = signed_rank(&s, &o);
	free(both);
	if (st == PD_STAT_OK)
		*out = o;
	return st;
}
