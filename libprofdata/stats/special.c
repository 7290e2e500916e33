/*
 * Incomplete beta and gamma functions and what follows from them.
 *
 * The factor in front of series and continued fractions is written with
 * Stirling's remainder and u - ln(1 + u) instead of differences of lgamma:
 * it keeps its relative precision for counts in the billions, and lgamma's
 * global signgam stays out. Beyond WIDE the distributions are normal to more
 * digits than the fractions would give in bounded time.
 */
#include "stats/numbers.h"

#include <float.h>

#define LN_SQRT_2PI 0.91893853320467274178
#define WIDE 1e12
#define TINY 1e-300

double pd_stirling_rest(double a)
{
	double shift = 0, s;

	for (; a < 16; a++) /* rest(a) = rest(a + 1) + (a + 1/2) ln(1 + 1/a) - 1 */
		shift += (a + 0.5) * log1p(1 / a) - 1;
	s = 1 / (a * a);
	return shift + (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * 691.0 / 360360))))) / a;
}

double pd_log1p_rest(double u)
{
	double r, r2, term, sum = 0;

	if (u < -0.3 || u > 0.45)
		return u - log1p(u);
	/* ln(1+u) = 2 artanh r, r = u/(2+u); u - 2r = r u, so the leading terms cancel by hand */
	r = u / (2 + u);
	r2 = r * r;
	term = r * r2;
	for (int k = 3; k < 64 && fabs(term) > fabs(r * u) * 1e-18; k += 2) {
		sum += term / k;
		term *= r2;
	}
	return r * u - 2 * sum;
}

/* The same for 1 + u = ratio: far from 1 the logarithm wants the ratio, not what is left of it in u. */
static double ratio_rest(double u, double ratio)
{
	return u < -0.3 || u > 0.45 ? u - log(ratio) : pd_log1p_rest(u);
}

double pd_g_term(double o, double e)
{
	double u = (o - e) / e;

	return o > 0 ? e * (u * log1p(u) - pd_log1p_rest(u)) : e;
}

double pd_beta_front(double a, double b, double x, double y)
{
	double n = a + b, u = (x * b - a * y) / a, v = (a * y - x * b) / b; /* x n / a - 1 and y n / b - 1 */

	if (x <= 0 || y <= 0)
		return 0;
	if (a < 1e-290 || b < 1e-290)
		return 0;
	return exp(pd_stirling_rest(n) - pd_stirling_rest(a) - pd_stirling_rest(b) - a * ratio_rest(u, x / a * n) - b * ratio_rest(v, y / b * n)) *
	       sqrt(a / n * b) * 0.39894228040143267794;
}

/* I_x(a, b) for x below the mean: Lentz's method on the continued fraction of DLMF 8.17.22. */
static double beta_fraction(double a, double b, double x, double y)
{
	double front = pd_beta_front(a, b, x, y), c = 1, d = 1 - (a + b) / (a + 1) * x, f;
	int limit = 1000 + (int)(10 * sqrt(fmin(a + b, WIDE)));

	d = 1 / (fabs(d) < TINY ? TINY : d);
	f = d;
	for (int m = 1; m < limit; m++) {
		double even = m * (b - m) / (a + 2 * m - 1) / (a + 2 * m) * x;
		double odd = -(a + m) / (a + 2 * m) * ((a + b + m) / (a + 2 * m + 1)) * x, step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		f *= c * d;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 4 * DBL_EPSILON)
			break;
	}
	return stat_clamp(front * f / a, 0, 1);
}

double pd_beta_inc_xy(double a, double b, double x, double y, bool upper)
{
	double part;
	bool below;

	if (!(a > 0) || !(b > 0) || !isfinite(a) || !isfinite(b) || !(x >= 0) || !(y >= 0) || x > 1 || y > 1)
		return (double)NAN;
	if (x == 0 || y == 0)
		return (x == 0) == upper ? 1 : 0;
	if (fmin(a, b) > WIDE) { /* normal, on the scale of square roots of odds */
		double z = 2 * (sqrt(b * x) - sqrt(a * y));

		return pd_normal_tail(upper ? z : -z);
	}
	below = x * (b + 1) <= y * (a + 1); /* x <= (a+1)/(a+b+2): the fraction converges fast on this side */
	part = below ? beta_fraction(a, b, x, y) : beta_fraction(b, a, y, x);
	return below == !upper ? part : 1 - part;
}

double pd_beta_inc(double a, double b, double x, bool upper)
{
	return pd_beta_inc_xy(a, b, x, 1 - x, upper);
}

double pd_gamma_front(double a, double x)
{
	if (a < 1e-290)
		return 1;
	return exp(-pd_stirling_rest(a) - a * ratio_rest((x - a) / a, x / a) - 0.5 * log(a) - LN_SQRT_2PI);
}

static double gamma_series(double a, double x)
{
	double term = 1, sum = 1;
	int limit = 1000 + (int)(20 * sqrt(fmin(a, WIDE)));

	for (int k = 1; k < limit && term > sum * (DBL_EPSILON / 4); k++) {
		term *= x / (a + k);
		sum += term;
	}
	return stat_clamp(sum * pd_gamma_front(a, x), 0, 1);
}

static double gamma_fraction(double a, double x)
{
	double b = x + 1 - a, c = 1 / TINY, d = 1 / (fabs(b) < TINY ? TINY : b), f = d;
	int limit = 1000 + (int)(20 * sqrt(fmin(a, WIDE)));

	for (int k = 1; k < limit; k++) {
		double an = -k * (k - a), step;

		b += 2;
		d = an * d + b;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = b + an / c;
		c = fabs(c) < TINY ? TINY : c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 4 * DBL_EPSILON)
			break;
	}
	return stat_clamp(f * a * pd_gamma_front(a, x), 0, 1); /* x^a e^-x / G(a) in front */
}

double pd_gamma_inc(double a, double x, bool upper)
{
	double part;
	bool below;

	if (!(a > 0) || !isfinite(a) || !(x >= 0))
		return (double)NAN;
	if (x == 0 || isinf(x))
		return (x == 0) == upper ? 1 : 0;
	if (a > WIDE) {
		double z = 2 * (sqrt(x) - sqrt(a));

		return pd_normal_tail(upper ? z : -z);
	}
	below = x < a + 1;
	part = below ? gamma_series(a, x) : gamma_fraction(a, x);
	return below == !upper ? part : 1 - part;
}

double pd_normal_tail(double z) { return 0.5 * erfc(z * 0.70710678118654752440); }
double pd_normal_p(double z) { return erfc(fabs(z) * 0.70710678118654752440); }

double pd_t_p(double t, double df)
{
	double t2 = t * t, scale;

	if (!(df > 0) || isnan(t))
		return (double)NAN;
	if (isinf(t2))
		return 0;
	if (df > WIDE)
		return pd_normal_p(t);
	scale = df + t2;
	return pd_beta_inc_xy(df / 2, 0.5, df / scale, t2 / scale, false);
}

double pd_chi2_tail(double x, double df)
{
	return x >= 0 && df > 0 ? pd_gamma_inc(df / 2, x / 2, true) : (double)NAN;
}

static bool whole_trials(double k, double n, double p)
{
	return p >= 0 && p <= 1 && n >= 0 && isfinite(n) && floor(n) == n && floor(k) == k;
}

double pd_binomial_pmf(double k, double n, double p)
{
	double q = 1 - p;

	if (!whole_trials(k, n, p))
		return (double)NAN;
	if (k < 0 || k > n)
		return 0;
	if (p == 0 || p == 1)
		return k == (p == 0 ? 0 : n);
	if (k == 0 || k == n)
		return k == 0 ? exp(n * log1p(-p)) : exp(n * log(p));
	/* C(n,k) p^k q^(n-k) = n/(k (n-k)) front(k, n-k) */
	return pd_beta_front(k, n - k, p, q) * (n / k / (n - k));
}

double pd_binomial_cdf(double k, double n, double p)
{
	if (!whole_trials(k, n, p))
		return (double)NAN;
	if (k < 0 || k >= n)
		return k >= n;
	return pd_beta_inc_xy(k + 1, n - k, p, 1 - p, true);
}

double pd_binomial_sf(double k, double n, double p)
{
	if (!whole_trials(k, n, p))
		return (double)NAN;
	if (k <= 0 || k > n)
		return k <= 0;
	return pd_beta_inc_xy(k, n - k + 1, p, 1 - p, false);
}

double pd_poisson_cdf(double k, double mean)
{
	if (!(mean >= 0) || isinf(mean) || floor(k) != k)
		return (double)NAN;
	return k < 0 ? 0 : pd_gamma_inc(k + 1, mean, true);
}
