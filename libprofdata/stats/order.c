/* Sums, order, selection, random numbers. */
#include "stats/numbers.h"

__extension__ typedef unsigned __int128 wide;

void pd_sum_add(struct pd_sum *s, double x)
{
	double sum = s->sum + x;

	s->rest += fabs(s->sum) >= fabs(x) ? (s->sum - sum) + x : (x - sum) + s->sum;
	s->sum = sum;
}

double pd_sum_value(const struct pd_sum *s)
{
	double all = s->sum + s->rest;

	return isnan(all) ? s->sum : all; /* the rest of an infinite sum is NaN */
}

const char *pd_stat_reason(enum pd_stat status)
{
	switch (status) {
	case PD_STAT_OK: return "ok";
	case PD_STAT_FEW: return "too few values";
	case PD_STAT_RANGE: return "a value is not finite or out of range";
	case PD_STAT_FLAT: return "no variation";
	case PD_STAT_LIMIT: return "too many values for this method";
	case PD_STAT_NOMEM: return "out of memory";
	}
	return "unknown";
}

/* Sinks x[i] in a heap of n; keys order NaN and -0 too. */
static void sink(double *x, size_t i, size_t n)
{
	double v = x[i];
	int64_t key = stat_key(v);

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && stat_key(x[child + 1]) > stat_key(x[child]))
			child++;
		if (stat_key(x[child]) <= key)
			break;
		x[i] = x[child];
	}
	x[i] = v;
}

void pd_stat_sort(double *x, size_t n)
{
	bool sorted = true;

	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			x[i] = (double)NAN; /* whatever its sign, last */
		sorted = sorted && (i == 0 || stat_key(x[i - 1]) <= stat_key(x[i]));
	}
	if (sorted)
		return;
	for (size_t i = n / 2; i-- > 0;)
		sink(x, i, n);
	for (size_t end = n; end-- > 1;) {
		double top = x[0];

		x[0] = x[end];
		x[end] = top;
		sink(x, 0, end);
	}
}

double pd_sorted_median(const double *x, size_t n)
{
	if (!n)
		return (double)NAN;
	return n % 2 ? x[n / 2] : x[n / 2 - 1] == x[n / 2] ? x[n / 2] : x[n / 2 - 1] / 2 + x[n / 2] / 2;
}

double pd_sorted_quantile(const double *x, size_t n, double q)
{
	double at = q * (double)(n - 1), part;
	size_t i;

	if (!n || !(q >= 0 && q <= 1))
		return (double)NAN;
	i = (size_t)at;
	part = at - (double)i;
	return i + 1 < n && part > 0 ? x[i] + part * (x[i + 1] - x[i]) : x[i];
}

double pd_stat_mean(const double *x, size_t n)
{
	struct pd_sum s = { 0, 0 };

	for (size_t i = 0; i < n; i++)
		pd_sum_add(&s, x[i]);
	return n ? pd_sum_value(&s) / (double)n : (double)NAN;
}

double pd_stat_sd(const double *x, size_t n)
{
	struct pd_sum s = { 0, 0 };
	double mean = pd_stat_mean(x, n);

	for (size_t i = 0; i < n; i++)
		pd_sum_add(&s, (x[i] - mean) * (x[i] - mean));
	return n > 1 ? sqrt(pd_sum_value(&s) / (double)(n - 1)) : (double)NAN;
}

bool pd_stat_all_finite(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

static enum pd_stat copy(const double *x, size_t n, double **out)
{
	double *p;

	if (!n)
		return PD_STAT_FEW;
	if (!pd_stat_all_finite(x, n))
		return PD_STAT_RANGE;
	p = calloc(n, sizeof(*p));
	if (!p)
		return PD_STAT_NOMEM;
	for (size_t i = 0; i < n; i++)
		p[i] = x[i] + 0.0; /* no -0 */
	*out = p;
	return PD_STAT_OK;
}

enum pd_stat pd_stat_sorted_copy(const double *x, size_t n, double **out)
{
	enum pd_stat st = copy(x, n, out);

	if (st == PD_STAT_OK)
		pd_stat_sort(*out, n);
	return st;
}

enum pd_stat pd_stat_logs(const double *x, size_t n, double **logs)
{
	for (size_t i = 0; i < n; i++)
		if (!(x[i] > 0) || isinf(x[i]))
			return PD_STAT_RANGE;
	enum pd_stat st = copy(x, n, logs);

	for (size_t i = 0; st == PD_STAT_OK && i < n; i++)
		(*logs)[i] = log((*logs)[i]);
	return st;
}

double pd_stat_select(uint64_t k, double lo, double hi, uint64_t (*count)(const void *ctx, double v), const void *ctx)
{
	int64_t a = stat_key(lo + 0.0), b = stat_key(hi + 0.0);

	while (a < b) {
		int64_t mid = a + (int64_t)(((uint64_t)b - (uint64_t)a) / 2);

		if (count(ctx, stat_unkey(mid)) >= k)
			b = mid;
		else
			a = mid + 1;
	}
	return stat_unkey(a);
}

double pd_stat_select_median(uint64_t m, double lo, double hi, uint64_t (*count)(const void *ctx, double v), const void *ctx)
{
	double low = pd_stat_select((m + 1) / 2, lo, hi, count, ctx), high;

	if (m % 2 || count(ctx, low) > m / 2)
		return low;
	high = pd_stat_select(m / 2 + 1, low, hi, count, ctx);
	return low / 2 + high / 2;
}

uint64_t pd_rng_next(struct pd_rng *r)
{
	uint64_t z = r->state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

uint64_t pd_rng_below(struct pd_rng *r, uint64_t n)
{
	return (uint64_t)((wide)pd_rng_next(r) * n >> 64);
}

double pd_rng_unit(struct pd_rng *r) { return (double)(pd_rng_next(r) >> 11) * 0x1p-53; }

double pd_rng_normal(struct pd_rng *r)
{
	double radius = sqrt(-2 * log(1 - pd_rng_unit(r))); /* Box and Muller */

	return radius * cos(6.28318530717958647693 * pd_rng_unit(r));
}

unsigned pd_rng_poisson1(uint64_t seed, uint64_t replicate, uint64_t event)
{
	struct pd_rng r = { seed };
	double u, p = 0.36787944117144232160, sum = p;
	unsigned k = 0;

	r.state = pd_rng_next(&r) + replicate; /* one step per argument: neighbours share nothing */
	r.state = pd_rng_next(&r) + event;
	for (u = pd_rng_unit(&r); u >= sum && k < 20;) {
		p /= ++k;
		sum += p;
	}
	return k;
}
