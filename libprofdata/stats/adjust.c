/* Corrections for many tests. */
#include "stats/numbers.h"

struct test {
	double p;
	size_t i;
};

static int by_p(const void *pa, const void *pb)
{
	const struct test *a = pa, *b = pb;

	if (a->p != b->p)
		return a->p < b->p ? -1 : 1;
	return a->i < b->i ? -1 : a->i > b->i;
}

static double harmonic(size_t m)
{
	struct pd_sum s = { 0, 0 };

	for (size_t i = m; i > 0; i--)
		pd_sum_add(&s, 1 / (double)i);
	return pd_sum_value(&s);
}

/* Steps up from the largest p (BH, BY): factor m or m times the harmonic number, divided by the rank. */
static void step_up(const struct test *t, size_t m, double factor, double *out)
{
	double least = 1;

	for (size_t j = m; j-- > 0;) {
		least = fmin(least, factor * t[j].p / (double)(j + 1));
		out[t[j].i] = least;
	}
}

static void step_down(const struct test *t, size_t m, double *out)
{
	double most = 0;

	for (size_t j = 0; j < m; j++) {
		most = fmax(most, fmin(1, (double)(m - j) * t[j].p));
		out[t[j].i] = most;
	}
}

enum pd_stat pd_stat_adjust(enum pd_adjust kind, const double *p, size_t n, double *out)
{
	struct test *t;
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] < 0 || p[i] > 1)
			return PD_STAT_RANGE;
	if ((unsigned)kind > PD_ADJUST_BY)
		return PD_STAT_RANGE;
	t = calloc(n ? n : 1, sizeof(*t));
	if (!t)
		return PD_STAT_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!isnan(p[i]))
			t[m++] = (struct test){ p[i], i };
		out[i] = p[i];
	}
	qsort(t, m, sizeof(*t), by_p);
	if (kind == PD_ADJUST_HOLM)
		step_down(t, m, out);
	else if (kind == PD_ADJUST_BH)
		step_up(t, m, (double)m, out);
	else if (kind == PD_ADJUST_BY)
		step_up(t, m, (double)m * harmonic(m), out);
	for (size_t j = 0; kind == PD_ADJUST_BONFERRONI && j < m; j++)
		out[t[j].i] = fmin(1, t[j].p * (double)m);
	free(t);
	return PD_STAT_OK;
}
