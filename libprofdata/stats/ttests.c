/* Student's tests, for logarithms of costs. */
#include "stats/numbers.h"

static enum pd_stat t_finish(double diff, double se, double df, double conf, struct pd_t_test *out)
{
	double width;

	if (!(se > 0) || !isfinite(diff / se))
		return PD_STAT_FLAT;
	width = pd_t_quantile((1 + conf) / 2, df) * se;
	*out = (struct pd_t_test){ diff, diff / se, df, pd_t_p(diff / se, df), { diff - width, diff + width } };
	return PD_STAT_OK;
}

enum pd_stat pd_stat_welch(const double *a, size_t n1, const double *b, size_t n2, double conf, struct pd_t_test *out)
{
	double v1, v2, se2;

	if (!stat_conf(conf) || !pd_stat_all_finite(a, n1) || !pd_stat_all_finite(b, n2))
		return PD_STAT_RANGE;
	if (n1 < 2 || n2 < 2)
		return PD_STAT_FEW;
	v1 = pd_stat_sd(a, n1) * pd_stat_sd(a, n1) / (double)n1;
	v2 = pd_stat_sd(b, n2) * pd_stat_sd(b, n2) / (double)n2;
	se2 = v1 + v2;
	if (!(se2 > 0))
		return PD_STAT_FLAT;
	if (!isfinite(se2))
		return PD_STAT_RANGE;
	/* shares of se^2: their squares cannot underflow together */
	return t_finish(pd_stat_mean(b, n2) - pd_stat_mean(a, n1), sqrt(se2),
			1 / ((v1 / se2) * (v1 / se2) / (double)(n1 - 1) + (v2 / se2) * (v2 / se2) / (double)(n2 - 1)), conf, out);
}

enum pd_stat pd_stat_paired_t(const double *d, size_t n, double conf, struct pd_t_test *out)
{
	if (!stat_conf(conf) || !pd_stat_all_finite(d, n))
		return PD_STAT_RANGE;
	if (n < 2)
		return PD_STAT_FEW;
	return t_finish(pd_stat_mean(d, n), pd_stat_sd(d, n) / sqrt((double)n), (double)(n - 1), conf, out);
}
