/* Runs of a benchmark: ranks around a median, what a design could have seen, means over workloads. */
#include "stats/numbers.h"

#define MASS_LIMIT 30

enum pd_stat pd_stat_median_ranks(size_t n, double conf, struct pd_ranks *out)
{
	double m = (double)n, beyond;
	size_t k;

	if (!stat_conf(conf) || n > UINT32_MAX)
		return PD_STAT_RANGE;
	if (!n || 2 * pd_binomial_cdf(0, m, 0.5) > 1 - conf)
		return PD_STAT_FEW;
	/* from the normal guess to the exact place */
	k = (size_t)stat_clamp(floor(m / 2 - stat_z(conf) * sqrt(m) / 2), 1, m);
	while (k > 1 && 2 * pd_binomial_cdf((double)k - 1, m, 0.5) > 1 - conf)
		k--;
	while (2 * pd_binomial_cdf((double)k, m, 0.5) <= 1 - conf)
		k++;
	beyond = pd_binomial_cdf((double)k - 1, m, 0.5);
	*out = (struct pd_ranks){ k, n + 1 - k, 1 - 2 * beyond };
	return PD_STAT_OK;
}

/* [l, r): gaps between order statistics, gap k having probability Bin(n, 1/2)(k) */
static void gather(double n, double conf, struct pd_ranks *o)
{
	double l = ceil((n + 1) / 2) - 1, r = l + 1, mass = pd_binomial_pmf(l, n, 0.5);

	while (mass < conf && (l > 0 || r <= n)) {
		bool left = l + r >= n + 1; /* the nearer to the middle is the likelier; when both are equally near, left */

		mass += pd_binomial_pmf(left ? l - 1 : r, n, 0.5);
		l -= left;
		r += !left;
	}
	*o = (struct pd_ranks){ (size_t)fmax(l, 0), (size_t)fmin(r, n + 1), mass };
}

static double between(double l, double r, double mean, double sd)
{
	return pd_normal_tail((l - 0.5 - mean) / sd) - pd_normal_tail((r - 0.5 - mean) / sd);
}

static void gather_normal(double n, double conf, struct pd_ranks *o)
{
	double mean = n / 2, sd = sqrt(n) / 2, reach = stat_z(conf) * sd, l = floor(mean - reach - 0.5) + 1, r = ceil(mean + reach - 0.5) + 1;
	double full = between(l, r, mean, sd), biased = between(l, r - 1, mean, sd);

	if (biased >= conf && biased < full) {
		r--;
		full = biased;
	}
	*o = (struct pd_ranks){ (size_t)fmax(l, 0), (size_t)fmin(r, n + 1), full };
}

enum pd_stat pd_stat_median_ranks_left(size_t n, double conf, struct pd_ranks *out)
{
	if (!stat_conf(conf) || n > UINT32_MAX)
		return PD_STAT_RANGE;
	if (!n)
		return PD_STAT_FEW;
	if (n <= MASS_LIMIT)
		gather((double)n, conf, out);
	else
		gather_normal((double)n, conf, out);
	return PD_STAT_OK;
}

enum pd_stat pd_stat_quantile_ranks(size_t n, double q, double conf, struct pd_ranks *out)
{
	double m = (double)n, middle = m * q, reach = stat_z(conf) * sqrt(m * q * (1 - q));

	if (!stat_conf(conf) || !(q > 0 && q < 1) || n > UINT32_MAX)
		return PD_STAT_RANGE;
	if (!n)
		return PD_STAT_FEW;
	*out = (struct pd_ranks){ (size_t)stat_clamp(floor(middle - reach), 1, m), (size_t)stat_clamp(ceil(middle + reach), 1, m), conf };
	return PD_STAT_OK;
}

static double t_sum(size_t df, double alpha, double power)
{
	return pd_t_quantile(1 - alpha / 2, (double)df) + pd_t_quantile(power, (double)df);
}

static bool levels(double spread, double alpha, double power)
{
	return spread >= 0 && isfinite(spread) && stat_conf(alpha) && stat_conf(power);
}

double pd_stat_mde(double cv, size_t n, double alpha, double power, bool rank)
{
	if (n < 2 || !levels(cv, alpha, power))
		return (double)NAN;
	return t_sum(2 * n - 2, alpha, power) * cv * sqrt(2 / (double)n) * (rank ? 1.0233267079464885 : 1); /* sqrt(pi/3) */
}

double pd_stat_mde_paired(double sd, size_t n, double alpha, double power)
{
	return n < 2 || !levels(sd, alpha, power) ? (double)NAN : t_sum(n - 1, alpha, power) * sd / sqrt((double)n);
}

double pd_stat_runs_needed(double cv, double delta, double alpha, double power)
{
	double z;

	if (!levels(cv, alpha, power) || !(delta > 0) || isinf(delta))
		return (double)NAN;
	z = (-pd_normal_quantile(alpha / 2) + pd_normal_quantile(power)) * cv / delta;
	return ceil(2 * z * z);
}

size_t pd_stat_blocks_needed(double sd, double delta, double alpha, double power)
{
	size_t lo = 1, hi = 2;

	if (!levels(sd, alpha, power) || !(delta > 0))
		return 0;
	while (pd_stat_mde_paired(sd, hi, alpha, power) > delta) {
		lo = hi;
		hi *= 2;
		if (hi > 2000000)
			return 0;
	}
	while (hi - lo > 1) { /* falls with n */
		size_t mid = lo + (hi - lo) / 2;

		if (pd_stat_mde_paired(sd, mid, alpha, power) > delta)
			lo = mid;
		else
			hi = mid;
	}
	return hi > 1000000 ? 0 : hi;
}

unsigned pd_stat_holm_blocks(size_t tests, double alpha)
{
	return tests && stat_conf(alpha) ? (unsigned)ceil(log2(2 * (double)tests / alpha)) : 0;
}

enum pd_stat pd_stat_geomean(const double *logs, const double *se, size_t n, bool generalise, double conf, double *ratio, struct pd_interval *ci)
{
	double mean, width;

	if (!stat_conf(conf) || !pd_stat_all_finite(logs, n) || (se && !pd_stat_all_finite(se, n)))
		return PD_STAT_RANGE;
	if (!n || (n < 2 && (generalise || !se)))
		return PD_STAT_FEW;
	mean = pd_stat_mean(logs, n);
	if (generalise || !se) {
		width = pd_t_quantile((1 + conf) / 2, (double)n - 1) * pd_stat_sd(logs, n) / sqrt((double)n);
	} else {
		struct pd_sum s = { 0, 0 };

		for (size_t i = 0; i < n; i++)
			pd_sum_add(&s, se[i] * se[i]);
		width = stat_z(conf) * sqrt(pd_sum_value(&s)) / (double)n;
	}
	*ratio = exp(mean);
	*ci = (struct pd_interval){ exp(mean - width), exp(mean + width) };
	return PD_STAT_OK;
}
