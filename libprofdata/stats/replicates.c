/*
 * Several profiles per side. Real repeats vary more than counting does; the
 * dispersion phi says by how much, and every test and interval is widened by it.
 */
#include "stats/numbers.h"

struct side {
	double x, n, chi2; /* totals; Pearson's statistic around the pooled share */
	size_t k;
};

static enum pd_stat side_sum(enum pd_exposure kind, const double *x, const double *n, size_t k, struct side *s)
{
	struct pd_sum sx = { 0, 0 }, sn = { 0, 0 };

	*s = (struct side){ .k = k };
	for (size_t i = 0; i < k; i++) {
		bool ok = stat_count(x[i]) && n[i] > 0 && n[i] <= 0x1p64;

		if (!ok || (kind == PD_EXPOSURE_SAMPLES && x[i] > n[i]))
			return PD_STAT_RANGE;
		pd_sum_add(&sx, x[i]);
		pd_sum_add(&sn, n[i]);
	}
	s->x = pd_sum_value(&sx);
	s->n = pd_sum_value(&sn);
	return k ? PD_STAT_OK : PD_STAT_FEW;
}

/* Variance of one count of exposure 1 under the model, share p. */
static double unit_variance(enum pd_exposure kind, double p) { return kind == PD_EXPOSURE_SAMPLES ? p * (1 - p) : p; }

/* Pearson's dispersion; NaN when there is nothing to vary. */
static double side_phi(enum pd_exposure kind, const double *x, const double *n, struct side *s)
{
	double p = s->x / s->n, v = unit_variance(kind, p);
	struct pd_sum chi2 = { 0, 0 };

	if (s->k < 2 || !(v > 0))
		return (double)NAN;
	for (size_t i = 0; i < s->k; i++)
		pd_sum_add(&chi2, (x[i] - n[i] * p) * (x[i] - n[i] * p) / (n[i] * v));
	s->chi2 = pd_sum_value(&chi2);
	return s->chi2 / (double)(s->k - 1);
}

enum pd_stat pd_stat_dispersion(enum pd_exposure kind, const double *x, const double *n, size_t k, double *phi)
{
	struct side s;
	enum pd_stat st = k < 2 ? PD_STAT_FEW : side_sum(kind, x, n, k, &s);
	double value;

	if (st != PD_STAT_OK)
		return st;
	value = side_phi(kind, x, n, &s);
	if (isnan(value))
		return PD_STAT_FLAT;
	*phi = value;
	return PD_STAT_OK;
}

static void compare(enum pd_exposure kind, const struct side *a, const struct side *b, double conf, struct pd_replicates *o)
{
	double p = (a->x + b->x) / (a->n + b->n), pooled = unit_variance(kind, p), root = sqrt(o->phi), half, va, vb, se, width;

	o->share1 = a->x / a->n;
	o->share2 = b->x / b->n;
	o->diff = o->share2 - o->share1;
	o->z = pooled > 0 ? o->diff / sqrt(pooled * (1 / a->n + 1 / b->n)) : (double)NAN;
	o->p_z = pd_normal_p(o->z);
	o->t = o->z / root;
	o->p = pd_t_p(o->t, o->df);
	width = pd_t_quantile((1 + conf) / 2, o->df) * root;
	se = sqrt(unit_variance(kind, o->share1) / a->n + unit_variance(kind, o->share2) / b->n);
	o->diff_ci = (struct pd_interval){ o->diff - width * se, o->diff + width * se };
	o->half_added = a->x == 0 || b->x == 0;
	half = o->half_added ? 0.5 : 0;
	/* the half belongs to the trials as well, but time is not made of trials */
	va = a->n + (kind == PD_EXPOSURE_SAMPLES ? half : 0);
	vb = b->n + (kind == PD_EXPOSURE_SAMPLES ? half : 0);
	o->ratio = (b->x + half) / vb / ((a->x + half) / va);
	se = 1 / (b->x + half) + 1 / (a->x + half);
	if (kind == PD_EXPOSURE_SAMPLES)
		se -= 1 / va + 1 / vb;
	se = sqrt(fmax(0, se));
	o->ratio_ci = (struct pd_interval){ o->ratio * exp(-width * se), o->ratio * exp(width * se) };
}

enum pd_stat pd_stat_replicates(enum pd_exposure kind, const double *x1, const double *n1, size_t k1, const double *x2, const double *n2, size_t k2,
				double phi, double conf, struct pd_replicates *out)
{
	struct side a, b;
	struct pd_replicates o = { 0 };
	double chi2 = 0, df = 0;
	enum pd_stat st;

	if (!stat_conf(conf) || !(phi >= 0) || isinf(phi))
		return PD_STAT_RANGE;
	if (!k1 || !k2 || k1 + k2 < 3)
		return PD_STAT_FEW;
	st = side_sum(kind, x1, n1, k1, &a);
	if (st == PD_STAT_OK)
		st = side_sum(kind, x2, n2, k2, &b);
	if (st != PD_STAT_OK)
		return st;
	if (a.x + b.x == 0)
		return PD_STAT_FLAT;
	o.dispersion1 = side_phi(kind, x1, n1, &a);
	o.dispersion2 = side_phi(kind, x2, n2, &b);
	if (!isnan(o.dispersion1))
		chi2 += a.chi2, df += (double)(k1 - 1);
	if (!isnan(o.dispersion2))
		chi2 += b.chi2, df += (double)(k2 - 1);
	o.phi = fmax(1, phi > 0 ? phi : df > 0 ? chi2 / df : 1);
	o.df = (double)(k1 + k2) - 2;
	compare(kind, &a, &b, conf, &o);
	*out = o;
	return PD_STAT_OK;
}

struct ranked {
	double count, phi;
	size_t i;
};

static int by_count(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return a->i < b->i ? -1 : a->i > b->i;
}

/* Median of the phis of width neighbours around position `at`. */
static double neighbours(const struct ranked *r, size_t n, size_t at, size_t width, double *scratch)
{
	size_t first = at < width / 2 ? 0 : at - width / 2, m = 0;

	if (first + width > n)
		first = n > width ? n - width : 0;
	for (size_t i = first; i < n && i - first < width; i++)
		if (!isnan(r[i].phi))
			scratch[m++] = r[i].phi;
	pd_stat_sort(scratch, m);
	return m ? fmax(1, pd_sorted_median(scratch, m)) : 1;
}

enum pd_stat pd_stat_pool_phi(const double *count, const double *phi, size_t n, size_t width, double *out)
{
	struct ranked *r;
	double *scratch;

	if (!n)
		return PD_STAT_OK;
	if (!width || width > 10000)
		return PD_STAT_RANGE;
	for (size_t i = 0; i < n; i++)
		if (!stat_count(count[i]) || isinf(phi[i]))
			return PD_STAT_RANGE;
	r = calloc(n, sizeof(*r));
	scratch = calloc(width, sizeof(*scratch));
	if (r && scratch) {
		for (size_t i = 0; i < n; i++)
			r[i] = (struct ranked){ count[i], phi[i], i };
		qsort(r, n, sizeof(*r), by_count);
		for (size_t i = 0; i < n; i++)
			out[r[i].i] = neighbours(r, n, i, width, scratch);
	}
	bool done = r && scratch;

	free(r);
	free(scratch);
	return done ? PD_STAT_OK : PD_STAT_NOMEM;
}
