/* Is a series of runs steady? Trend, correlation of neighbours, outliers, two modes, a first run that is special. */
#include "stats/numbers.h"

#define SERIES_MAX 2048 /* pairwise slopes are stored: 16 MiB */

/* P(|S| >= |s|) over all orders of n <= 10 distinct values: orders by their number of inversions. */
static double kendall_exact(size_t n, double s)
{
	double ways[46] = { 1 }, all = 1, far = 0;
	size_t pairs = n * (n - 1) / 2;

	for (size_t i = 2; i <= n; i++) { /* the i-th value stands before 0 .. i-1 others */
		size_t top = i * (i - 1) / 2;

		all *= (double)i;
		for (size_t k = top + 1; k-- > 0;) {
			double sum = 0;

			for (size_t j = 0; j < i && j <= k; j++)
				sum += ways[k - j];
			ways[k] = sum;
		}
	}
	for (size_t k = 0; k <= pairs; k++)
		if (fabs((double)pairs - 2 * (double)k) >= fabs(s))
			far += ways[k];
	return far / all;
}

static double trend_variance(const double *sorted, size_t n, bool *ties)
{
	double m = (double)n, v = m * (m - 1) * (2 * m + 5);

	*ties = false;
	for (size_t i = 0, from; i < n;) {
		double t;

		for (from = i; i < n && sorted[i] == sorted[from];)
			i++;
		t = (double)(i - from);
		*ties |= t > 1;
		v -= t * (t - 1) * (2 * t + 5);
	}
	return v / 18;
}

enum pd_stat pd_stat_trend(const double *x, size_t n, struct pd_trend *out)
{
	struct pd_trend o = { .z = (double)NAN, .p = 1 };
	double *sorted = NULL, *slopes, variance;
	size_t m = 0;
	bool ties;
	enum pd_stat st = n < 3 ? PD_STAT_FEW : n > SERIES_MAX ? PD_STAT_LIMIT : pd_stat_sorted_copy(x, n, &sorted);

	if (st != PD_STAT_OK)
		return st;
	slopes = calloc(n * (n - 1) / 2, sizeof(*slopes));
	if (!slopes) {
		free(sorted);
		return PD_STAT_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			o.s += (x[j] > x[i]) - (x[j] < x[i]);
			slopes[m++] = (x[j] - x[i]) / (double)(j - i);
		}
	}
	pd_stat_sort(slopes, m);
	o.slope = pd_sorted_median(slopes, m);
	variance = trend_variance(sorted, n, &ties);
	o.exact = n <= 10 && !ties;
	if (o.exact) {
		o.p = kendall_exact(n, o.s);
	} else if (variance > 0) {
		o.z = (o.s - (o.s > 0) + (o.s < 0)) / sqrt(variance);
		o.p = pd_normal_p(o.z);
	}
	free(slopes);
	free(sorted);
	*out = o;
	return PD_STAT_OK;
}

/* Largest absolute deviation from the mean: what everything below is divided by, so that squares stay in range. */
static double deviation(const double *x, size_t n, double mean)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, fabs(x[i] - mean));
	return most;
}

enum pd_stat pd_stat_serial(const double *x, size_t n, struct pd_serial *out)
{
	struct pd_sum all = { 0, 0 }, lag = { 0, 0 }, step = { 0, 0 };
	double mean, most, r;

	if (n < 3)
		return PD_STAT_FEW;
	if (!pd_stat_all_finite(x, n))
		return PD_STAT_RANGE;
	mean = pd_stat_mean(x, n);
	most = deviation(x, n, mean);
	if (!(most > 0) || isinf(most))
		return most == 0 ? PD_STAT_FLAT : PD_STAT_RANGE;
	for (size_t i = 0; i < n; i++) {
		double d = (x[i] - mean) / most, next = i + 1 < n ? (x[i + 1] - mean) / most : d;

		pd_sum_add(&all, d * d);
		pd_sum_add(&lag, i + 1 < n ? d * next : 0);
		pd_sum_add(&step, (next - d) * (next - d));
	}
	r = pd_sum_value(&lag) / pd_sum_value(&all);
	out->lag1 = r;
	out->limit = 1.959963984540054 / sqrt((double)n);
	out->n_eff = r > 0 ? (double)n * (1 - r) / (1 + r) : (double)n;
	out->von_neumann = pd_sum_value(&step) / pd_sum_value(&all);
	return PD_STAT_OK;
}

/* Median absolute deviation around the median; the mean one (scaled alike) when that is 0. */
static double spread(const double *sorted, size_t n, double *scratch, struct pd_outliers *o)
{
	for (size_t i = 0; i < n; i++)
		scratch[i] = fabs(sorted[i] - o->median);
	pd_stat_sort(scratch, n);
	o->mad = pd_sorted_median(scratch, n);
	o->mean_deviation = o->mad == 0;
	return o->mean_deviation ? 1.2533141373155003 * pd_stat_mean(scratch, n) : o->mad / 0.67448975019608171;
}

static void fences(const double *sorted, size_t n, struct pd_outliers *o)
{
	double q1 = pd_sorted_quantile(sorted, n, 0.25), q3 = pd_sorted_quantile(sorted, n, 0.75), iqr = q3 - q1;

	o->quartiles = (struct pd_interval){ q1, q3 };
	o->inner = (struct pd_interval){ q1 - 1.5 * iqr, q3 + 1.5 * iqr };
	o->outer = (struct pd_interval){ q1 - 3 * iqr, q3 + 3 * iqr };
	for (size_t i = 0; i < n; i++) {
		bool out = sorted[i] < o->outer.lo || sorted[i] > o->outer.hi;

		o->severe += out;
		o->mild += !out && (sorted[i] < o->inner.lo || sorted[i] > o->inner.hi);
	}
}

enum pd_stat pd_stat_outliers(const double *x, size_t n, double *z, struct pd_outliers *out)
{
	struct pd_outliers o = { 0 };
	double *sorted = NULL, *scratch, scale;
	enum pd_stat st = pd_stat_sorted_copy(x, n, &sorted);

	if (st != PD_STAT_OK)
		return st;
	scratch = calloc(n, sizeof(*scratch));
	if (!scratch) {
		free(sorted);
		return PD_STAT_NOMEM;
	}
	o.median = pd_sorted_median(sorted, n);
	scale = spread(sorted, n, scratch, &o);
	fences(sorted, n, &o);
	free(scratch);
	free(sorted);
	if (!(scale > 0))
		return PD_STAT_FLAT;
	for (size_t i = 0; i < n; i++) {
		double score = (x[i] - o.median) / scale;

		if (z)
			z[i] = score;
		o.n += fabs(score) > 3.5;
		if (fabs(score) > fabs(o.worst_z)) {
			o.worst = i;
			o.worst_z = score;
		}
	}
	*out = o;
	return PD_STAT_OK;
}

/* Sarle's coefficient from bias-corrected skewness and excess kurtosis. */
static double bimodality(const double *x, size_t n, double most, double mean)
{
	double m = (double)n, m2 = 0, m3 = 0, m4 = 0, skew, kurtosis;

	for (size_t i = 0; i < n; i++) {
		double d = (x[i] - mean) / most;

		m2 += d * d;
		m3 += d * d * d;
		m4 += d * d * d * d;
	}
	m2 /= m;
	m3 /= m;
	m4 /= m;
	skew = m3 / (m2 * sqrt(m2)) * sqrt(m * (m - 1)) / (m - 2);
	kurtosis = (m - 1) / ((m - 2) * (m - 3)) * ((m + 1) * (m4 / (m2 * m2) - 3) + 6);
	return (skew * skew + 1) / (kurtosis + 3 * (m - 1) * (m - 1) / ((m - 2) * (m - 3)));
}

/* Sum of squares around the mean of the first i (rest: of the others) for every split of sorted values; the best split. */
static void best_split(const double *sorted, size_t n, double most, struct pd_modes *o)
{
	double least = HUGE_VAL, all = 0, all2 = 0, sum = 0, sum2 = 0, base = sorted[0];

	for (size_t i = 0; i < n; i++) {
		double d = (sorted[i] - base) / most;

		all += d;
		all2 += d * d;
	}
	for (size_t i = 1; i < n; i++) {
		double d = (sorted[i - 1] - base) / most, m1 = (double)i, m2 = (double)(n - i), inside;

		sum += d;
		sum2 += d * d;
		inside = fmax(0, sum2 - sum * sum / m1) + fmax(0, all2 - sum2 - (all - sum) * (all - sum) / m2);
		if (inside < least) {
			least = inside;
			o->low = i;
			o->high = n - i;
		}
	}
}

static double separation(const double *sorted, size_t n, size_t low)
{
	double v1 = low > 1 ? pd_stat_sd(sorted, low) : 0, v2 = n - low > 1 ? pd_stat_sd(sorted + low, n - low) : 0;
	double apart = pd_stat_mean(sorted + low, n - low) - pd_stat_mean(sorted, low);
	double pooled = sqrt(((double)low - 1) / (double)(n - 2) * v1 * v1 + ((double)(n - low) - 1) / (double)(n - 2) * v2 * v2);

	return pooled > 0 ? apart / pooled : HUGE_VAL;
}

enum pd_stat pd_stat_modes(const double *x, size_t n, struct pd_modes *out)
{
	struct pd_modes o = { 0 };
	double *sorted = NULL, mean, most;
	enum pd_stat st = n < 4 ? PD_STAT_FEW : pd_stat_sorted_copy(x, n, &sorted);

	if (st != PD_STAT_OK)
		return st;
	mean = pd_stat_mean(sorted, n);
	most = deviation(sorted, n, mean);
	if (most > 0 && isfinite(most)) {
		o.coefficient = bimodality(sorted, n, most, mean);
		best_split(sorted, n, most, &o);
		o.separation = separation(sorted, n, o.low);
		o.two = o.coefficient > 5.0 / 9 && o.separation > 4 && 5 * o.low >= n && 5 * o.high >= n;
	}
	free(sorted);
	if (!(most > 0) || isinf(most))
		return most == 0 ? PD_STAT_FLAT : PD_STAT_RANGE;
	*out = o;
	return PD_STAT_OK;
}

/* The first run against the fences of the others. */
static bool first_is_special(const double *x, size_t n)
{
	struct pd_outliers rest;

	return pd_stat_outliers(x + 1, n - 1, NULL, &rest) == PD_STAT_OK && (x[0] < rest.outer.lo || x[0] > rest.outer.hi);
}

enum pd_stat pd_stat_noise(const double *x, size_t n, struct pd_noise *out)
{
	struct pd_noise o = { 0 };
	enum pd_stat st = n < 8 ? PD_STAT_FEW : pd_stat_trend(x, n, &o.trend);

	if (st == PD_STAT_OK)
		st = pd_stat_outliers(x, n, NULL, &o.outliers);
	if (st == PD_STAT_OK)
		st = pd_stat_serial(x, n, &o.serial);
	if (st == PD_STAT_OK)
		st = pd_stat_modes(x, n, &o.modes);
	if (st == PD_STAT_FLAT) {
		*out = (struct pd_noise){ .trend.p = 1 };
		return PD_STAT_OK;
	}
	if (st != PD_STAT_OK)
		return st;
	o.drift = o.outliers.median != 0 ? o.trend.slope * (double)(n - 1) / o.outliers.median : (double)NAN;
	o.flags = (o.trend.p < 0.05 ? PD_NOISE_DRIFT : 0u) | (o.serial.lag1 > o.serial.limit ? PD_NOISE_SERIAL : 0u) |
		  (o.outliers.n ? PD_NOISE_OUTLIERS : 0u) | (o.modes.two ? PD_NOISE_MODES : 0u) | (first_is_special(x, n) ? PD_NOISE_FIRST_RUN : 0u);
	*out = o;
	return PD_STAT_OK;
}
