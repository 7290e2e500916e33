/*
 * Inverse distributions: Newton's method on the logarithm of the smaller
 * tail, kept inside a bracket that every step narrows; bisection where
 * Newton leaves it.
 */
#include "stats/numbers.h"

#include <float.h>

double pd_normal_quantile(double p)
{
	double q = p < 0.5 ? p : 1 - p, t, z;

	if (!(p >= 0 && p <= 1))
		return (double)NAN;
	if (q == 0)
		return p < 0.5 ? -HUGE_VAL : HUGE_VAL;
	t = sqrt(-2 * log(q));
	z = t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t); /* good to 3e-3 */
	for (int i = 0; i < 4; i++) {
		double f = pd_normal_tail(z), density = 0.39894228040143267794 * exp(-0.5 * z * z), step;

		if (density == 0 || f == 0)
			break;
		step = log(f / q) * (f / density);
		z += step;
		if (fabs(step) < 1e-16 * fabs(z))
			break;
	}
	return p < 0.5 ? -z : z;
}

/* A tail to be inverted: its value and its slope (without sign) over the logarithm of the argument. */
struct tail {
	double (*at)(const struct tail *t, double lnx, double *slope);
	double a, b, target;
	bool upper; /* falling */
};

/* ln x where the tail is `target`. */
static double solve(const struct tail *t, double guess)
{
	double lo = -745, hi = 745, x = stat_clamp(guess, -700, 700);

	for (int i = 0; i < 200; i++) {
		double slope, f = t->at(t, x, &slope), step, next;

		if ((f > t->target) == t->upper)
			lo = x;
		else
			hi = x;
		step = f > 0 && slope > 0 ? log(f / t->target) * f / slope : (double)NAN;
		next = t->upper ? x + step : x - step;
		if (!(next >= lo && next <= hi))
			next = 0.5 * (lo + hi);
		if (fabs(next - x) <= DBL_EPSILON * fmax(0.5, fabs(x)))
			return next;
		x = next;
	}
	return x;
}

/* I_x(a, b) over ln(x/y): both ends keep their digits. */
static double beta_at(const struct tail *t, double lnodds, double *slope)
{
	double odds = exp(lnodds), x = odds / (1 + odds), y = 1 / (1 + odds);

	*slope = pd_beta_front(t->a, t->b, x, y);
	return pd_beta_inc_xy(t->a, t->b, x, y, t->upper);
}

double pd_beta_quantile_odds(double p, double a, double b, bool upper)
{
	struct tail t = { beta_at, a, b, p, upper };
	double z = pd_normal_quantile(upper ? 1 - p : p);

	if (p > 0.5) { /* the smaller tail has the digits */
		t.target = 1 - p;
		t.upper = !upper;
	}
	return exp(solve(&t, log(a / b) + z * sqrt(1 / a + 1 / b)));
}

static double gamma_at(const struct tail *t, double lnx, double *slope)
{
	double x = exp(lnx);

	*slope = t->a * pd_gamma_front(t->a, x);
	return pd_gamma_inc(t->a, x, t->upper);
}

double pd_gamma_quantile(double p, double a, bool upper)
{
	struct tail t = { gamma_at, a, 0, p, upper };
	double z = pd_normal_quantile(upper ? 1 - p : p), root = 1 - 1 / (9 * a) + z / (3 * sqrt(a)); /* Wilson and Hilferty */

	if (p > 0.5) {
		t.target = 1 - p;
		t.upper = !upper;
	}
	return exp(solve(&t, log(a) + (root > 0.05 ? 3 * log(root) : -9)));
}

double pd_t_quantile(double p, double df)
{
	double t;

	if (!(p > 0 && p < 1))
		return p == 0 ? -HUGE_VAL : p == 1 ? HUGE_VAL : (double)NAN;
	if (!(df > 0))
		return (double)NAN;
	if (df > 1e12)
		return pd_normal_quantile(p);
	if (p == 0.5)
		return 0;
	/* P(|T| > t) = I_x(df/2, 1/2) with x = df/(df + t^2) */
	t = sqrt(df / pd_beta_quantile_odds(2 * fmin(p, 1 - p), df / 2, 0.5, false));
	return p < 0.5 ? -t : t;
}

double pd_chi2_quantile(double p, double df)
{
	if (!(p >= 0 && p <= 1) || !(df > 0) || isinf(df))
		return (double)NAN;
	if (p == 0 || p == 1)
		return p == 0 ? 0 : HUGE_VAL;
	return 2 * pd_gamma_quantile(p, df / 2, false);
}
