/* Whole profiles against each other: the G-test over all stacks and two distances. */
#include "stats/numbers.h"

#define KNOWN 64   /* small whole numbers whose terms are kept: most stacks of a long recording have few samples */
#define MANY 16384 /* classes from which on that is worth its memory */

/* What one class adds; `g` and `x2` of classes that only one side has are not used. */
struct terms {
	double g[2], x2, variation, divergence;
	bool known;
};

struct cells {
	double total_a, total_b;
	struct pd_sum g, x2, variation, divergence, one_sided[2];
	double rest_a, rest_b; /* pooled */
	size_t classes;
	struct terms *known;   /* [KNOWN][KNOWN], or NULL */
};

static struct terms terms_of(const struct cells *c, double a, double b)
{
	double all = c->total_a + c->total_b, both = (a + b) / all, miss = a - c->total_a * both;
	double p = a / c->total_a, q = b / c->total_b, m = (p + q) / 2;
	struct terms t = { .known = true, .variation = fabs(p - q) / 2 };

	if (a == 0 || b == 0) {
		t.divergence = m * 0.69314718055994530942;
		return t;
	}
	t.g[0] = pd_g_term(a, c->total_a * both);
	t.g[1] = pd_g_term(b, c->total_b * both);
	t.x2 = miss * miss * (1 / (c->total_a * both) + 1 / (c->total_b * both));
	t.divergence = (pd_g_term(p, m) + pd_g_term(q, m)) / 2;
	return t;
}

static struct terms look_up(const struct cells *c, double a, double b)
{
	struct terms *t;

	if (!c->known || !(a < KNOWN && b < KNOWN && a == (unsigned)a && b == (unsigned)b))
		return terms_of(c, a, b);
	t = &c->known[(unsigned)a * KNOWN + (unsigned)b];
	if (!t->known)
		*t = terms_of(c, a, b);
	return *t;
}

/* What only one side has is as far from what was expected as the sides are from each other in size: no logarithm each. */
static void cell_g(struct cells *c, double a, double b, const struct terms *t)
{
	c->classes++;
	if (a == 0 || b == 0) {
		pd_sum_add(&c->one_sided[b > 0], a + b);
		return;
	}
	pd_sum_add(&c->g, t->g[0]);
	pd_sum_add(&c->g, t->g[1]);
	pd_sum_add(&c->x2, t->x2);
}

static enum pd_stat totals(const double *a, const double *b, size_t n, struct cells *c)
{
	struct pd_sum sa = { 0, 0 }, sb = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		if (!stat_count(a[i]) || !stat_count(b[i]))
			return PD_STAT_RANGE;
		pd_sum_add(&sa, a[i]);
		pd_sum_add(&sb, b[i]);
	}
	c->total_a = pd_sum_value(&sa);
	c->total_b = pd_sum_value(&sb);
	return c->total_a > 0 && c->total_b > 0 ? PD_STAT_OK : PD_STAT_FLAT;
}

enum pd_stat pd_stat_homogeneity(const double *a, const double *b, size_t n, double min_expected, struct pd_homogeneity *out)
{
	struct cells c = { 0 };
	struct pd_homogeneity o = { 0 };
	enum pd_stat st = n ? totals(a, b, n, &c) : PD_STAT_FEW;
	double smaller = fmin(c.total_a, c.total_b) / (c.total_a + c.total_b);

	if (st != PD_STAT_OK)
		return st;
	if (n > MANY)
		c.known = calloc((size_t)KNOWN * KNOWN, sizeof *c.known); /* without memory it takes longer */
	for (size_t i = 0; i < n; i++) {
		struct terms t;

		if (a[i] + b[i] == 0)
			continue;
		t = look_up(&c, a[i], b[i]);
		pd_sum_add(&c.variation, t.variation);
		pd_sum_add(&c.divergence, t.divergence);
		if ((a[i] + b[i]) * smaller < min_expected) {
			o.pooled++;
			c.rest_a += a[i];
			c.rest_b += b[i];
		} else {
			cell_g(&c, a[i], b[i], &t);
		}
	}
	free(c.known);
	if (c.rest_a + c.rest_b > 0) {
		struct terms t = terms_of(&c, c.rest_a, c.rest_b);

		cell_g(&c, c.rest_a, c.rest_b, &t);
	}
	/* a ln(a / e) with e = a A / (A + B); the sum of e - a over all cells is 0 */
	for (int side = 0; side < 2; side++) {
		double here = side ? c.total_b : c.total_a, there = side ? c.total_a : c.total_b;

		pd_sum_add(&c.g, pd_sum_value(&c.one_sided[side]) * -log(here / (here + there)));
		pd_sum_add(&c.x2, pd_sum_value(&c.one_sided[side]) * there / here);
	}
	o.g = fmax(0, 2 * pd_sum_value(&c.g));
	o.df = (double)c.classes - 1;
	o.p = c.classes > 1 ? pd_chi2_tail(o.g, o.df) : (double)NAN;
	o.pearson = pd_sum_value(&c.x2);
	o.pearson_p = c.classes > 1 ? pd_chi2_tail(o.pearson, o.df) : (double)NAN;
	o.total_variation = stat_clamp(pd_sum_value(&c.variation), 0, 1);
	o.jensen_shannon = stat_clamp(pd_sum_value(&c.divergence) / 0.69314718055994530942, 0, 1);
	*out = o;
	return PD_STAT_OK;
}
