/* Shares x/n: intervals of one, comparison of two, Fisher's exact test. */
#include "stats/numbers.h"

#define SAME (1 + 1e-10)        /* outcomes this close are equally likely: the same number, rounded twice */
#define FISHER_EXPECTED 1000.0  /* wider tables need no exact test, and would cost a term per count */

static bool share_ok(double x, double n) { return stat_count(x) && stat_count(n) && n > 0 && x <= n; }

static void wilson(double x, double n, double z, struct pd_interval *ci)
{
	double z2 = z * z, middle = (x + z2 / 2) / (n + z2), half = z / (n + z2) * sqrt(x * ((n - x) / n) + z2 / 4);

	ci->lo = x > 0 ? fmax(0, middle - half) : 0;
	ci->hi = x < n ? fmin(1, middle + half) : 1;
}

enum pd_stat pd_stat_wilson(double x, double n, double conf, struct pd_interval *ci)
{
	if (!share_ok(x, n) || !stat_conf(conf))
		return PD_STAT_RANGE;
	wilson(x, n, stat_z(conf), ci);
	return PD_STAT_OK;
}

enum pd_stat pd_stat_clopper_pearson(double x, double n, double conf, struct pd_interval *ci)
{
	double odds, tail = (1 - conf) / 2;

	if (!share_ok(x, n) || !stat_conf(conf))
		return PD_STAT_RANGE;
	*ci = (struct pd_interval){ 0, 1 };
	if (x > 0) {
		odds = pd_beta_quantile_odds(tail, x, n - x + 1, false);
		ci->lo = odds / (1 + odds);
	}
	if (x < n) {
		odds = pd_beta_quantile_odds(tail, x + 1, n - x, true);
		ci->hi = odds / (1 + odds);
	}
	return PD_STAT_OK;
}

enum pd_stat pd_stat_garwood(double x, double conf, struct pd_interval *ci)
{
	double tail = (1 - conf) / 2;

	if (!stat_count(x) || !stat_conf(conf))
		return PD_STAT_RANGE;
	ci->lo = x > 0 ? pd_gamma_quantile(tail, x, false) : 0;
	ci->hi = pd_gamma_quantile(tail, x + 1, true);
	return PD_STAT_OK;
}

/* One 2x2 table with its margins fixed: m marked among n1 + n2, k of them in the first row. */
struct table {
	double n1, n2, m;
	double lo, hi; /* possible k */
	double share, all; /* m/(n1+n2); probability of m marked in both rows */
};

static double table_at(const struct table *t, double k)
{
	if (k < t->lo || k > t->hi)
		return 0;
	return pd_binomial_pmf(k, t->n1, t->share) * pd_binomial_pmf(t->m - k, t->n2, t->share) / t->all;
}

/* Sum of the probabilities from k outwards (step -1 or 1) until they stop to matter. */
static double table_tail(const struct table *t, double k, double step)
{
	double p = table_at(t, k), sum = 0;

	while (p > 0 && p > sum * 1e-18) {
		sum += p;
		if (step > 0)
			p *= (t->n1 - k) / (k + 1) * ((t->m - k) / (t->n2 - t->m + k + 1));
		else
			p *= k / (t->n1 - k + 1) * ((t->n2 - t->m + k) / (t->m - k + 1));
		k += step;
	}
	return sum;
}

/* Sum over outcomes no more likely than k: its own tail and, found by bisection, the one beyond the mode. */
static double table_two_sided(const struct table *t, double k)
{
	double p = table_at(t, k), mode = floor((t->n1 + 1) * ((t->m + 1) / (t->n1 + t->n2 + 2)));
	double step = k < mode ? -1 : 1, in, out;

	if (p * SAME >= table_at(t, stat_clamp(mode, t->lo, t->hi)))
		return 1;
	in = mode;                        /* more likely than k */
	out = step < 0 ? t->hi + 1 : t->lo - 1; /* not */
	while (fabs(out - in) > 1) {
		double mid = floor((in + out) / 2);

		if (mid == in || mid == out)
			break;
		if (table_at(t, mid) > p * SAME)
			in = mid;
		else
			out = mid;
	}
	return fmin(1, table_tail(t, k, step) + table_tail(t, out, -step));
}

static double fisher(double x1, double n1, double x2, double n2)
{
	struct table t = { .n1 = nearbyint(n1), .n2 = nearbyint(n2), .m = nearbyint(x1) + nearbyint(x2) };

	if (t.m > (t.n1 + t.n2) / 2) { /* count the rarer kind */
		x1 = t.n1 - nearbyint(x1);
		t.m = t.n1 + t.n2 - t.m;
	}
	x1 = nearbyint(x1);
	if (t.n1 < 1 || t.n2 < 1 || x1 < 0 || x1 > t.n1)
		return (double)NAN;
	t.lo = fmax(0, t.m - t.n2);
	t.hi = fmin(t.n1, t.m);
	t.share = t.m / (t.n1 + t.n2);
	t.all = pd_binomial_pmf(t.m, t.n1 + t.n2, t.share);
	if (t.lo >= t.hi)
		return 1;
	return t.all > 0 ? table_two_sided(&t, x1) : (double)NAN;
}

static void shares_tests(double x1, double n1, double x2, double n2, struct pd_shares *o)
{
	double p = (x1 + x2) / (n1 + n2), q = (n1 - x1 + (n2 - x2)) / (n1 + n2);
	double e[4] = { n1 * p, n2 * p, n1 * q, n2 * q };

	o->expected_min = fmin(fmin(e[0], e[1]), fmin(e[2], e[3]));
	o->z = o->p_z = o->g = o->p_g = o->p_fisher = (double)NAN;
	o->exact = false;
	if (q > 0) {
		o->z = o->diff / sqrt(p * q * (1 / n1 + 1 / n2));
		o->p_z = pd_normal_p(o->z);
		o->g = 2 * (pd_g_term(x1, e[0]) + pd_g_term(x2, e[1]) + pd_g_term(n1 - x1, e[2]) + pd_g_term(n2 - x2, e[3]));
		o->p_g = pd_chi2_tail(o->g, 1);
	}
	if (o->expected_min < FISHER_EXPECTED) {
		o->p_fisher = fisher(x1, n1, x2, n2);
		o->exact = o->expected_min < 10 && !isnan(o->p_fisher);
	}
	o->p = o->exact ? o->p_fisher : o->p_z;
}

enum pd_stat pd_stat_shares(double x1, double n1, double x2, double n2, double conf, struct pd_shares *out)
{
	struct pd_shares o = { 0 };
	struct pd_interval w1, w2;
	double z, half, se;

	if (!share_ok(x1, n1) || !share_ok(x2, n2) || !stat_conf(conf))
		return PD_STAT_RANGE;
	if (x1 + x2 == 0)
		return PD_STAT_FLAT;
	z = stat_z(conf);
	o.share1 = x1 / n1;
	o.share2 = x2 / n2;
	o.diff = o.share2 - o.share1;
	wilson(x1, n1, z, &w1);
	wilson(x2, n2, z, &w2);
	o.diff_ci.lo = o.diff - hypot(o.share2 - w2.lo, w1.hi - o.share1);
	o.diff_ci.hi = o.diff + hypot(w2.hi - o.share2, o.share1 - w1.lo);
	o.half_added = x1 == 0 || x2 == 0;
	half = o.half_added ? 0.5 : 0;
	o.ratio = (x2 + half) / (n2 + half) / ((x1 + half) / (n1 + half));
	se = sqrt(fmax(0, 1 / (x2 + half) - 1 / (n2 + half) + (1 / (x1 + half) - 1 / (n1 + half))));
	o.ratio_ci.lo = o.ratio * exp(-z * se);
	o.ratio_ci.hi = o.ratio * exp(z * se);
	shares_tests(x1, n1, x2, n2, &o);
	*out = o;
	return PD_STAT_OK;
}

double pd_stat_samples_needed(double share, double change, double alpha, double power)
{
	double p2 = share * (1 + change), mean = (share + p2) / 2, z;

	if (!(share > 0 && share < 1) || !(p2 > 0 && p2 < 1) || change == 0 || !stat_conf(alpha) || !stat_conf(power))
		return (double)NAN;
	z = -pd_normal_quantile(alpha / 2) * sqrt(2 * mean * (1 - mean)) + pd_normal_quantile(power) * sqrt(share * (1 - share) + p2 * (1 - p2));
	return ceil(z * z / ((p2 - share) * (p2 - share)));
}
