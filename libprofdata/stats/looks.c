/*
 * Looking at growing data more than once: how much of alpha each look may spend.
 *
 * The statistic is taken for a Brownian motion B(t), t the share of the data that is there: sums of independent terms are one in the
 * limit, and signed-rank statistics behave so from some ten pairs on. alpha is spent as a(t) = 4 (1 - Phi(z_{1 - alpha/4} / sqrt(t))),
 * half of it per side (Lan and DeMets 1983), which comes near to the bounds of O'Brien and Fleming. The bound c_k of look k solves
 *
 *	P(|B(t_i)| < c_i for all i < k, |B(t_k)| >= c_k) = a(t_k) - a(t_{k-1}),
 *
 * where the density of B(t_k) on the paths that went on is integrated from look to look (Armitage, McPherson and Rowe 1969).
 */
#include "stats/numbers.h"

#define POINTS 129 /* of Simpson's rule between the bounds; odd */
#define FAR 9.0    /* standard deviations: nothing is beyond */

/* The density of B(t) on paths that have not crossed a bound yet, at points s with their weights of Simpson's rule. */
struct going {
	double t, s[POINTS], mass[POINTS]; /* mass: density times weight */
};

static double normal_density(double z) { return 0.39894228040143267794 * exp(-z * z / 2); }

/* Share of all paths that went on and lie beyond +-c at time t. */
static double crossing(const struct going *g, double t, double c)
{
	double sd = sqrt(t - g->t), out = 0;

	if (g->t == 0)
		return pd_normal_p(c / sd);
	for (size_t i = 0; i < POINTS; i++)
		out += g->mass[i] * pd_normal_tail((c - g->s[i]) / sd);
	return 2 * out; /* the other side is alike */
}

static void go_on(struct going *g, double t, double c)
{
	double sd = sqrt(t - g->t), h = 2 * c / (POINTS - 1), mass[POINTS];

	for (size_t k = 0; k < POINTS; k++) {
		double s = -c + h * (double)k, density = 0;

		for (size_t i = 0; g->t > 0 && i < POINTS; i++)
			density += g->mass[i] * normal_density((s - g->s[i]) / sd);
		if (g->t == 0)
			density = normal_density(s / sd);
		mass[k] = density / sd * h / 3 * (k == 0 || k == POINTS - 1 ? 1 : k % 2 ? 4 : 2);
	}
	for (size_t k = 0; k < POINTS; k++) {
		g->s[k] = -c + h * (double)k;
		g->mass[k] = mass[k];
	}
	g->t = t;
}

/* Both sides. */
static double spent(double alpha, double t) { return 2 * pd_normal_p(pd_normal_quantile(alpha / 4) / sqrt(t)); }

/* The bound with the wanted share of crossings. */
static double bound(const struct going *g, double t, double share)
{
	double lo = 0, hi = FAR * sqrt(t);

	for (unsigned i = 0; i < 60 && hi - lo > 1e-13; i++) {
		double c = (lo + hi) / 2;

		if (crossing(g, t, c) > share)
			lo = c;
		else
			hi = c;
	}
	return (lo + hi) / 2;
}

static bool good_looks(const double *t, size_t n)
{
	if (!n || n > PD_MAX_LOOKS)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(t[i] > (i ? t[i - 1] : 0) && t[i] <= 1))
			return false;
	return true;
}

enum pd_stat pd_stat_look_levels(const double *t, size_t n, double alpha, double *level)
{
	struct going g = { .t = 0 };

	if (!good_looks(t, n) || !(alpha > 0 && alpha < 1))
		return PD_STAT_RANGE;
	for (size_t k = 0; k < n; k++) {
		double c = bound(&g, t[k], spent(alpha, t[k]) - (k ? spent(alpha, t[k - 1]) : 0));

		level[k] = pd_normal_p(c / sqrt(t[k]));
		if (k + 1 < n)
			go_on(&g, t[k], c);
	}
	return PD_STAT_OK;
}

/* ln of the last level for exp(x), against ln p. */
static double above(const double *t, size_t n, double x, double p)
{
	double level[PD_MAX_LOOKS];

	pd_stat_look_levels(t, n, exp(x), level);
	return level[n - 1] > 0 ? log(level[n - 1] / p) : -1e3;
}

enum pd_stat pd_stat_look_p(const double *t, size_t n, double p, double *out)
{
	double lo, hi = log(0.5), f_lo, f_hi;

	if (!good_looks(t, n) || !(p >= 0 && p <= 1))
		return PD_STAT_RANGE;
	*out = 1;
	p = p > 1e-300 ? p : 1e-300;
	if (p > 0.5)
		return PD_STAT_OK;
	lo = log(p); /* more than one look never makes it smaller */
	f_lo = above(t, n, lo, p);
	f_hi = above(t, n, hi, p);
	if (f_hi < 0)
		return PD_STAT_OK;
	for (unsigned i = 0; i < 60 && hi - lo > 1e-9 && f_lo < -1e-10 && f_hi > 1e-10; i++) { /* regula falsi, Illinois */
		double x = lo + (hi - lo) * f_lo / (f_lo - f_hi), f = above(t, n, x, p);

		if (f < 0) {
			lo = x;
			f_lo = f;
			f_hi /= 2;
		} else {
			hi = x;
			f_hi = f;
			f_lo /= 2;
		}
	}
	*out = exp(f_hi <= 1e-10 ? hi : f_lo >= -1e-10 ? lo : hi);
	return PD_STAT_OK;
}
