/* Samples with weights: how many they are worth, and the bootstrap that asks nothing else of them. */
#include "stats/numbers.h"

#define MAX_EVENTS 10000000u
#define MAX_DRAWS 1e10

enum pd_stat pd_stat_effective_of(double sum, double squares, struct pd_effective *out)
{
	if (!(sum >= 0) || !(squares >= 0) || isinf(sum))
		return PD_STAT_RANGE;
	if (sum == 0)
		return PD_STAT_FLAT;
	if (isinf(squares) || squares == 0)
		return PD_STAT_RANGE;
	*out = (struct pd_effective){ sum, sum / squares * sum, sqrt(squares) / sum };
	return PD_STAT_OK;
}

enum pd_stat pd_stat_effective(const double *w, size_t n, struct pd_effective *out)
{
	struct pd_sum sum = { 0, 0 }, squares = { 0, 0 };
	double top = 0;
	enum pd_stat st;

	for (size_t i = 0; i < n; i++) {
		if (!(w[i] >= 0) || isinf(w[i]))
			return PD_STAT_RANGE;
		top = fmax(top, w[i]);
	}
	if (top == 0)
		return PD_STAT_FLAT;
	for (size_t i = 0; i < n; i++) { /* of the largest: squares stay in range */
		pd_sum_add(&sum, w[i] / top);
		pd_sum_add(&squares, (w[i] / top) * (w[i] / top));
	}
	st = pd_stat_effective_of(pd_sum_value(&sum), pd_sum_value(&squares), out);
	if (st == PD_STAT_OK)
		out->total *= top;
	return st;
}

enum pd_stat pd_stat_heap_total(double size, double count, double rate, double *total, double *variance)
{
	double miss, seen;

	if (!(size > 0) || isinf(size) || !stat_count(count) || !(rate >= 0) || isinf(rate))
		return PD_STAT_RANGE;
	if (rate <= 1) { /* every allocation is recorded */
		*total = size * count;
		*variance = 0;
		return PD_STAT_OK;
	}
	miss = exp(-size / rate);
	seen = -expm1(-size / rate);
	*total = size * count / seen;
	*variance = size / seen * (size / seen) * miss * count;
	return PD_STAT_OK;
}

static bool all_weights(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(x[i] >= 0) || isinf(x[i]))
			return false;
	return true;
}

/* Sum of one side of one replicate. Events of side b are numbered after those of a. */
static double resampled(const double *x, size_t n, uint64_t seed, uint64_t replicate, uint64_t first)
{
	struct pd_sum s = { 0, 0 };

	for (size_t i = 0; i < n; i++)
		pd_sum_add(&s, x[i] * pd_rng_poisson1(seed, replicate, first + i));
	return pd_sum_value(&s);
}

enum pd_stat pd_stat_poisson_bootstrap(const double *a, size_t n1, double e1, const double *b, size_t n2, double e2, unsigned replicates,
				       uint64_t seed, double conf, double *ratio, struct pd_interval *ci)
{
	double sa = 0, sb = 0, *r;
	size_t draws = replicates;

	if (!stat_conf(conf) || !(e1 > 0) || !(e2 > 0) || !isfinite(e1 + e2) || !all_weights(a, n1) || !all_weights(b, n2))
		return PD_STAT_RANGE;
	if (!n1 || !n2 || replicates < 100)
		return PD_STAT_FEW;
	if (n1 > MAX_EVENTS || n2 > MAX_EVENTS || (double)(n1 + n2) * replicates > MAX_DRAWS)
		return PD_STAT_LIMIT;
	sa = pd_stat_mean(a, n1) * (double)n1 / e1;
	sb = pd_stat_mean(b, n2) * (double)n2 / e2;
	if (!(sa > 0) || !isfinite(sa) || !isfinite(sb))
		return PD_STAT_FLAT;
	r = calloc(draws, sizeof(*r));
	if (!r)
		return PD_STAT_NOMEM;
	for (size_t k = 0; k < draws; k++) {
		double ra = resampled(a, n1, seed, k, 0) / e1, rb = resampled(b, n2, seed, k, n1) / e2;

		r[k] = ra > 0 ? rb / ra : HUGE_VAL; /* an empty side a says nothing against a large ratio */
	}
	pd_stat_sort(r, draws);
	*ratio = sb / sa;
	*ci = pd_stat_percentiles(r, draws, conf);
	free(r);
	return PD_STAT_OK;
}
