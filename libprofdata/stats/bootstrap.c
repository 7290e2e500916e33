/* The bootstrap of a ratio of medians, means or quantiles of runs. */
#include "stats/numbers.h"

#define MAX_RUNS 100000u
#define MAX_DRAWS 2e9

struct pd_interval pd_stat_percentiles(const double *r, size_t n, double conf)
{
	double all = (double)n + 1, top = (double)n;
	/* a rank that is whole up to rounding is that rank */
	size_t lo = (size_t)stat_clamp(ceil((1 - conf) / 2 * all - 1e-6), 1, top);
	size_t hi = (size_t)stat_clamp(ceil((1 + conf) / 2 * all - 1e-6), 1, top);

	return (struct pd_interval){ r[lo - 1], r[hi - 1] };
}

static double center_of(const struct pd_bootstrap *how, double *x, size_t n)
{
	if (how->center == PD_CENTER_MEAN)
		return pd_stat_mean(x, n);
	pd_stat_sort(x, n);
	return how->center == PD_CENTER_MEDIAN ? pd_sorted_median(x, n) : pd_sorted_quantile(x, n, how->q);
}

/* One replicate: all indices of a first, then all of b; a pair is drawn once. */
static double replicate(struct pd_rng *rng, const struct pd_bootstrap *how, const double *a, size_t n1, const double *b, size_t n2, double *x, double *y)
{
	for (size_t i = 0; i < n1; i++) {
		size_t at = (size_t)pd_rng_below(rng, n1);

		x[i] = a[at];
		if (how->paired)
			y[i] = b[at];
	}
	for (size_t i = 0; !how->paired && i < n2; i++)
		y[i] = b[pd_rng_below(rng, n2)];
	return center_of(how, y, n2) / center_of(how, x, n1);
}

static bool positive(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(x[i] > 0) || isinf(x[i]))
			return false;
	return true;
}

static enum pd_stat check(const double *a, size_t n1, const double *b, size_t n2, const struct pd_bootstrap *how, size_t draws)
{
	if (!stat_conf(how->conf) || (unsigned)how->center > PD_CENTER_QUANTILE || (how->center == PD_CENTER_QUANTILE && !(how->q >= 0 && how->q <= 1)) ||
	    (how->paired && n1 != n2) || draws < 100 || draws > 1000000)
		return PD_STAT_RANGE;
	if (n1 < 6 || n2 < 6)
		return PD_STAT_FEW;
	if (n1 > MAX_RUNS || n2 > MAX_RUNS || (double)(n1 + n2) * (double)draws > MAX_DRAWS)
		return PD_STAT_LIMIT;
	return positive(a, n1) && positive(b, n2) ? PD_STAT_OK : PD_STAT_RANGE;
}

enum pd_stat pd_stat_bootstrap(const double *a, size_t n1, const double *b, size_t n2, const struct pd_bootstrap *how, struct pd_bootstrap_ratio *out)
{
	struct pd_rng rng = { how->seed };
	size_t draws = how->replicates ? how->replicates : 9999;
	enum pd_stat st = check(a, n1, b, n2, how, draws);
	double *memory, *x, *y, *r;

	if (st != PD_STAT_OK)
		return st;
	memory = calloc(n1 + n2 + draws, sizeof(*memory));
	if (!memory)
		return PD_STAT_NOMEM;
	x = memory;
	y = x + n1;
	r = y + n2;
	for (size_t k = 0; k < draws; k++)
		r[k] = replicate(&rng, how, a, n1, b, n2, x, y);
	pd_stat_sort(r, draws);
	memcpy(x, a, n1 * sizeof(*x));
	memcpy(y, b, n2 * sizeof(*y));
	out->ratio = center_of(how, y, n2) / center_of(how, x, n1);
	out->ci = pd_stat_percentiles(r, draws, how->conf);
	out->log_basic = (struct pd_interval){ out->ratio / out->ci.hi * out->ratio, out->ratio / out->ci.lo * out->ratio };
	free(memory);
	return PD_STAT_OK;
}
