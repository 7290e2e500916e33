/* Events in exposures: the exact comparison of two Poisson rates. */
#include "stats/numbers.h"

#define SAME (1 + 1e-10)
#define EXACT_EVENTS 1e9

/* Share of the binomial outcomes of n trials that are no more likely than k. */
static double binomial_two_sided(double k, double n, double p)
{
	double at = pd_binomial_pmf(k, n, p), mode = stat_clamp(floor((n + 1) * p), 0, n), in, out;
	bool left = k < mode;

	if (at * SAME >= pd_binomial_pmf(mode, n, p))
		return 1;
	in = mode;
	out = left ? n + 1 : -1;
	while (fabs(out - in) > 1) {
		double mid = floor((in + out) / 2);

		if (pd_binomial_pmf(mid, n, p) > at * SAME)
			in = mid;
		else
			out = mid;
	}
	return fmin(1, left ? pd_binomial_cdf(k, n, p) + pd_binomial_sf(out, n, p) : pd_binomial_sf(k, n, p) + pd_binomial_cdf(out, n, p));
}

static void rates_exact(double x1, double x2, double share2, struct pd_rates *o)
{
	double k = nearbyint(x2), n = nearbyint(x1) + k;

	if (n <= 0) { /* less than half an event */
		o->p = o->p_doubled = 1;
		return;
	}
	o->p = binomial_two_sided(k, n, share2);
	o->p_doubled = fmin(1, 2 * fmin(pd_binomial_cdf(k, n, share2), pd_binomial_sf(k, n, share2)));
}

enum pd_stat pd_stat_rates(double x1, double e1, double x2, double e2, double conf, struct pd_rates *out)
{
	struct pd_rates o = { 0 };
	double tail = (1 - conf) / 2, n = x1 + x2;

	if (!stat_count(x1) || !stat_count(x2) || !(e1 > 0) || !(e2 > 0) || !isfinite(e1 + e2) || !stat_conf(conf))
		return PD_STAT_RANGE;
	if (n == 0)
		return PD_STAT_FLAT;
	o.rate1 = x1 / e1;
	o.rate2 = x2 / e2;
	o.ratio = x1 > 0 ? o.rate2 / o.rate1 : HUGE_VAL;
	o.ci.lo = x2 > 0 ? pd_beta_quantile_odds(tail, x2, x1 + 1, false) * (e1 / e2) : 0;
	o.ci.hi = x1 > 0 ? pd_beta_quantile_odds(tail, x2 + 1, x1, true) * (e1 / e2) : HUGE_VAL;
	if (n <= EXACT_EVENTS) {
		rates_exact(x1, x2, e2 / (e1 + e2), &o);
	} else {
		double share = e2 / (e1 + e2);

		o.p = o.p_doubled = pd_normal_p((x2 - n * share) / sqrt(n * share * (1 - share)));
	}
	*out = o;
	return PD_STAT_OK;
}
