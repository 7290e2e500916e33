/*
 * Tests. Every function is compared twice, by own and by cumulative value: the
 * exact test of the sums of both sides, and where there are replicates (or
 * slices of a recording) the quasi-Poisson one. The weaker of the two counts,
 * with its interval. Three families - own values, cumulative values, the shape
 * of the whole - are corrected among themselves, so that two equal programs
 * give any finding in no more than alpha of all cases.
 */
#include "base/error.h"
#include "xform/diff.h"
#include <math.h>

#define POOL 25 /* functions of similar size whose dispersion is looked at together */
#define PRIOR 6 /* degrees of freedom that its neighbourhood adds to what a function knows of its own dispersion */
#define RANKED 10 /* slices a side from which on ranks have to agree: bursts are no change */
#define MANY 10000 /* samples from which on counts are normal for all purposes */
#define MANY_STACKS 30 /* from which on G is not trusted alone */
#define MARGIN 0.05 /* an interval within it says "unchanged" */

static bool is_rate(const struct pd_diff *d) { return d->s.per != PD_DIFF_PER_TOTAL; }

/* ---- numbers ---- */

/* Weighted samples: as many equal ones as would have the same variance. */
struct diff_number pd_diff_number(const struct pd_diff *d, const struct diff_column *whole, const struct diff_cell *c)
{
	double all = whole->squares > 0 ? whole->value * whole->value / whole->squares : whole->samples;
	double each = all > 0 ? whole->value / all : 1; /* value of one */
	struct diff_number r = { c->samples, whole->samples };
	double p, variance;

	if (is_rate(d)) {
		if (whole->squares > 0)
			r.x = c->squares > 0 ? c->value * c->value / c->squares : 0;
		r.n = whole->exposure * (r.x > 0 && c->value > 0 ? r.x / c->value : 1 / each);
		return r;
	}
	if (!(whole->squares > 0) || !(whole->value > 0))
		return r;
	p = c->value / whole->value;
	variance = ((1 - p) * (1 - p) * c->squares + p * p * (whole->squares - c->squares)) / whole->value / whole->value;
	r.n = p > 0 && p < 1 && variance > 0 ? p * (1 - p) / variance : all;
	r.x = p * r.n;
	return r;
}

static double normalised(const struct pd_diff *d, const struct diff_column *whole, const struct diff_cell *c)
{
	double by = is_rate(d) ? whole->exposure : whole->value;

	return by > 0 ? c->value / by : 0;
}

/* Functions of similar size lend each other what they know of their dispersion, where there are enough of them. */
double pd_diff_df(const struct pd_diff *d)
{
	size_t n;

	diff_columns(d, &n);
	return (n > 2 ? (double)n - 2 : 1) + (d->s.tests[DIFF_SELF] >= POOL ? PRIOR : 0);
}

/* ---- one comparison ---- */

static void rate_difference(const struct pd_diff *d, const struct diff_number *b, struct pd_diff_test *t)
{
	struct pd_interval ci;

	if (t->before > 0) {
		t->diff_lo = t->before * (t->lo - 1);
		t->diff_hi = t->before * (t->hi - 1);
	} else if (b->n > 0 && pd_stat_garwood(b->x, d->o.confidence, &ci) == PD_STAT_OK) {
		t->diff_lo = b->x > 0 ? t->after * ci.lo / b->x : 0;
		t->diff_hi = b->x > 0 ? t->after * ci.hi / b->x : INFINITY;
	}
}

/* The exact test of the sums. Returns z for what comes after, NaN when there is nothing to test. */
static double exact(const struct pd_diff *d, const struct diff_number *a, const struct diff_number *b, struct pd_diff_test *t)
{
	if (is_rate(d)) {
		struct pd_rates r;
		double n = a->x + b->x, p;

		p = b->n / (a->n + b->n);
		if (a->x >= MANY && b->x >= MANY) { /* where the exact answer is the same, for a tenth of the work */
			double wide = pd_normal_quantile(0.5 + d->o.confidence / 2) * sqrt(1 / a->x + 1 / b->x), z = (b->x - n * p) / sqrt(n * p * (1 - p));

			t->p = pd_normal_p(z);
			t->lo = t->ratio * exp(-wide);
			t->hi = t->ratio * exp(wide);
			rate_difference(d, b, t);
			return z;
		}
		if (pd_stat_rates(a->x, a->n, b->x, b->n, d->o.confidence, &r) != PD_STAT_OK)
			return NAN;
		t->p = r.p;
		t->lo = r.ci.lo;
		t->hi = r.ci.hi;
		rate_difference(d, b, t);
		return (b->x - n * p) / sqrt(n * p * (1 - p));
	} else {
		struct pd_shares s;
		/* effective numbers of a share of nearly one can pass the whole by a rounding */
		double xa = a->x < a->n ? a->x : a->n, xb = b->x < b->n ? b->x : b->n;

		if (pd_stat_shares(xa, a->n, xb, b->n, d->o.confidence, &s) != PD_STAT_OK)
			return NAN;
		if (xa == a->n && xb == b->n) { /* everything on both sides: certain, not 0/0 */
			t->p = t->lo = t->hi = 1;
			t->diff_lo = t->diff_hi = 0;
			return 0;
		}
		if (s.half_added) /* a ratio to 0 that its interval belongs to */
			t->ratio = s.ratio;
		t->p = s.p;
		t->lo = s.ratio_ci.lo;
		t->hi = s.ratio_ci.hi;
		t->diff_lo = s.diff_ci.lo;
		t->diff_hi = s.diff_ci.hi;
		return s.z;
	}
}

/* More variance than counting has: a t test, and every interval wider. */
static void disperse(struct pd_diff_test *t, double z, double phi, double df, double conf)
{
	double p = pd_t_p(z / sqrt(phi), df), wide = sqrt(phi) * pd_t_quantile(0.5 + conf / 2, df) / pd_normal_quantile(0.5 + conf / 2), mid;

	if (!(p > t->p)) /* the exact test is the weaker one: small numbers */
		return;
	t->p = p;
	mid = (t->diff_lo + t->diff_hi) / 2;
	t->diff_lo = mid - (mid - t->diff_lo) * wide;
	t->diff_hi = mid + (t->diff_hi - mid) * wide;
	mid = t->lo > 0 && isfinite(t->hi) ? sqrt(t->lo * t->hi) : t->ratio;
	t->lo = t->lo > 0 && mid > 0 && isfinite(mid) ? mid * pow(t->lo / mid, wide) : t->lo;
	t->hi = isfinite(t->hi) && mid > 0 ? mid * pow(t->hi / mid, wide) : t->hi;
}

/* The numbers without a test. */
static void describe(const struct pd_diff *d, const struct diff_cell *a, const struct diff_cell *b, const struct diff_number *x, const struct diff_number *y, double phi, struct pd_diff_test *out)
{
	*out = (struct pd_diff_test){ .before = normalised(d, &d->whole[PD_BEFORE], a), .after = normalised(d, &d->whole[PD_AFTER], b),
				      .samples = { x->x, y->x }, .lo = NAN, .hi = NAN, .diff_lo = NAN, .diff_hi = NAN, .p = NAN, .q = NAN, .p_rank = NAN, .phi = phi };
	out->ratio = out->before > 0 ? out->after / out->before : out->after > 0 ? INFINITY : NAN;
	out->flags |= d->s.testable ? 0 : PD_DIFF_UNTESTABLE;
}

void pd_diff_compare(const struct pd_diff *d, const struct diff_cell *a, const struct diff_cell *b, double phi, double df, struct pd_diff_test *out)
{
	struct diff_number x = pd_diff_number(d, &d->whole[PD_BEFORE], a), y = pd_diff_number(d, &d->whole[PD_AFTER], b);
	double z;

	describe(d, a, b, &x, &y, phi, out);
	if (!d->s.testable)
		return;
	z = exact(d, &x, &y, out);
	if (isfinite(df) && (phi > 1 || d->s.replicates || d->s.slices) && isfinite(z))
		disperse(out, z, phi, df, d->o.confidence);
}

/* A function too small to be tested. Its ratio is what a test would have said. */
static void describe_small(const struct pd_diff *d, const struct diff_cell *a, const struct diff_cell *b, struct pd_diff_test *out)
{
	struct diff_number x = pd_diff_number(d, &d->whole[PD_BEFORE], a), y = pd_diff_number(d, &d->whole[PD_AFTER], b);
	double ratio;

	if (is_rate(d) || !d->s.testable || (x.x > 0 && y.x > 0)) {
		describe(d, a, b, &x, &y, 1, out);
		return;
	}
	pd_diff_compare(d, a, b, 1, INFINITY, out); /* of shares, with half a sample added */
	ratio = out->ratio;
	describe(d, a, b, &x, &y, 1, out);
	out->ratio = ratio;
}

/* ---- replicates ---- */

/* Numbers of one function in all columns, side by side. */
struct spread {
	double *x1, *n1, *x2, *n2, *s1, *s2;
	size_t k1, k2;
};

static bool spread_init(struct spread *s, size_t n)
{
	double *all = calloc(6 * n + 1, sizeof *all);

	*s = (struct spread){ .x1 = all, .n1 = all + n, .x2 = all + 2 * n, .n2 = all + 3 * n, .s1 = all + 4 * n, .s2 = all + 5 * n };
	return all != NULL;
}

static void spread_fill(const struct pd_diff *d, int kind, size_t f, struct spread *s)
{
	size_t n;
	const struct diff_column *c = diff_columns(d, &n);

	s->k1 = s->k2 = 0;
	for (size_t i = 0; i < n; i++) {
		struct diff_number v = pd_diff_number(d, &c[i], &c[i].cell[kind][f]);

		if (!(v.n > 0))
			continue; /* an empty slice or profile says nothing */
		if (c[i].side == PD_BEFORE) {
			s->x1[s->k1] = v.x;
			s->s1[s->k1] = v.x / v.n;
			s->n1[s->k1++] = v.n;
		} else {
			s->x2[s->k2] = v.x;
			s->s2[s->k2] = v.x / v.n;
			s->n2[s->k2++] = v.n;
		}
	}
}

/* Pearson's dispersion of both sides together, NaN when there is none to be had. */
static double dispersion(const struct pd_diff *d, const struct spread *s)
{
	enum pd_exposure kind = is_rate(d) ? PD_EXPOSURE_RATE : PD_EXPOSURE_SAMPLES;
	double a = NAN, b = NAN, df1 = (double)s->k1 - 1, df2 = (double)s->k2 - 1;

	if (s->k1 > 1 && pd_stat_dispersion(kind, s->x1, s->n1, s->k1, &a) != PD_STAT_OK)
		a = NAN;
	if (s->k2 > 1 && pd_stat_dispersion(kind, s->x2, s->n2, s->k2, &b) != PD_STAT_OK)
		b = NAN;
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return (a * df1 + b * df2) / (df1 + df2);
}

/* Own dispersion of every function that is tested, and the larger of it and that of its like. */
static bool find_phi(struct pd_diff *d, int kind, double *phi)
{
	size_t n, m = 0;
	uint32_t *at = malloc(d->func.n * sizeof *at);
	double *count = malloc(3 * d->func.n * sizeof *count), *own = count ? count + d->func.n : NULL, *out = count ? own + d->func.n : NULL;
	struct spread s = { 0 };
	bool ok;

	diff_columns(d, &n);
	ok = at && count && spread_init(&s, n);
	for (uint32_t f = 1; ok && f < d->func.n; f++) {
		if (isnan(d->test[kind][f].p))
			continue;
		spread_fill(d, kind, f, &s);
		at[m] = f;
		own[m] = dispersion(d, &s);
		count[m++] = d->test[kind][f].samples[0] + d->test[kind][f].samples[1];
	}
	ok = ok && (!m || pd_stat_pool_phi(count, own, m, POOL, out) == PD_STAT_OK);
	for (size_t i = 0; ok && i < m; i++)
		phi[at[i]] = own[i] > out[i] ? own[i] : out[i];
	free(at);
	free(count);
	free(s.x1);
	return ok;
}

/* Slices: the weaker of the two tests counts, where ranks can say anything. */
static void rank_slices(const struct spread *s, struct pd_diff_test *t)
{
	struct pd_mann_whitney u;

	if (s->k1 >= RANKED && s->k2 >= RANKED && pd_stat_mann_whitney(s->s1, s->k1, s->s2, s->k2, &u) == PD_STAT_OK && u.p > t->p)
		t->p = u.p;
}

static void rank_test(const struct pd_diff *d, const struct spread *s, struct pd_diff_test *t)
{
	struct pd_mann_whitney u;
	struct pd_location l;
	bool positive = true;

	if (s->k1 < 4 || s->k2 < 4 || pd_stat_mann_whitney(s->s1, s->k1, s->s2, s->k2, &u) != PD_STAT_OK)
		return;
	t->p_rank = u.p;
	if (d->o.test != PD_DIFF_TEST_RANK)
		return;
	t->p = u.p;
	for (size_t i = 0; i < s->k1; i++)
		positive &= s->s1[i] > 0;
	for (size_t i = 0; i < s->k2; i++)
		positive &= s->s2[i] > 0;
	if (positive && pd_stat_ratio(s->s1, s->k1, s->s2, s->k2, d->o.confidence, &l) == PD_STAT_OK) {
		t->ratio = l.center;
		t->lo = l.ci.lo;
		t->hi = l.ci.hi;
	}
}

/* ---- families ---- */

static bool is_candidate(const struct pd_diff *d, int kind, size_t f)
{
	const struct diff_cell *a = &d->side_sum[PD_BEFORE][kind][f], *b = &d->side_sum[PD_AFTER][kind][f];
	double s1 = d->whole[PD_BEFORE].value > 0 ? a->value / d->whole[PD_BEFORE].value : 0;
	double s2 = d->whole[PD_AFTER].value > 0 ? b->value / d->whole[PD_AFTER].value : 0;

	return a->samples + b->samples >= PD_DIFF_MIN_SAMPLES && (s1 > s2 ? s1 : s2) >= PD_DIFF_MIN_SHARE;
}

/* Everything but q: first with phi 1, then, where there are replicates, with their dispersion. */
static bool test_kind(struct pd_diff *d, int kind)
{
	double *phi = calloc(d->func.n, sizeof *phi), df;
	struct spread s = { 0 };
	bool ok = phi, repeated = d->s.testable && (d->s.replicates || d->s.slices);
	size_t n;

	diff_columns(d, &n);
	for (size_t f = 1; ok && f < d->func.n; f++) {
		struct pd_diff_test *t = &d->test[kind][f];

		if (!is_candidate(d, kind, f)) {
			describe_small(d, &d->side_sum[PD_BEFORE][kind][f], &d->side_sum[PD_AFTER][kind][f], t);
			t->flags |= d->s.testable ? PD_DIFF_FEW_SAMPLES : 0;
			continue;
		}
		pd_diff_compare(d, &d->side_sum[PD_BEFORE][kind][f], &d->side_sum[PD_AFTER][kind][f], 1, INFINITY, t);
		if (!isnan(t->p))
			d->s.tests[kind]++;
	}
	df = pd_diff_df(d);
	ok = ok && (!repeated || (find_phi(d, kind, phi) && spread_init(&s, n)));
	for (size_t f = 1; ok && repeated && f < d->func.n; f++) {
		struct pd_diff_test *t = &d->test[kind][f];

		if (isnan(t->p))
			continue;
		pd_diff_compare(d, &d->side_sum[PD_BEFORE][kind][f], &d->side_sum[PD_AFTER][kind][f], phi[f], df, t);
		spread_fill(d, kind, f, &s);
		if (d->s.slices)
			rank_slices(&s, t);
		else
			rank_test(d, &s, t);
	}
	free(s.x1);
	free(phi);
	return ok;
}

/* q within one family; *least becomes the smallest, NaN when nothing was tested. */
static bool adjust(struct pd_diff *d, int kind, double *least)
{
	double *p = malloc(d->func.n * sizeof *p);
	bool ok;

	*least = NAN;
	if (!p)
		return false;
	for (size_t f = 0; f < d->func.n; f++)
		p[f] = f ? d->test[kind][f].p : NAN;
	ok = pd_stat_adjust(pd_diff_correction(d), p, d->func.n, p) == PD_STAT_OK;
	for (size_t f = 1; ok && f < d->func.n; f++) {
		d->test[kind][f].q = p[f];
		if (!isnan(p[f]) && !(*least <= p[f]))
			*least = p[f];
	}
	free(p);
	return ok;
}

static double median_phi(const struct pd_diff *d)
{
	double *v = malloc(d->func.n * sizeof *v), m = 1;
	size_t n = 0;

	for (size_t f = 1; v && f < d->func.n; f++)
		if (!isnan(d->test[DIFF_SELF][f].p))
			v[n++] = d->test[DIFF_SELF][f].phi;
	if (n) {
		pd_stat_sort(v, n);
		m = pd_sorted_median(v, n);
	}
	free(v);
	return m;
}

/* Do the profiles differ in shape at all? */
static bool shape(struct pd_diff *d, struct pd_error *err)
{
	struct pd_homogeneity h = { 0 };
	double *a = NULL, *b = NULL;
	size_t n = 0;

	d->s.g = d->s.g_df = d->s.g_p = d->s.total_variation = d->s.jensen_shannon = NAN;
	if (!d->s.testable)
		return true;
	if (!pd_diff_shapes(d, &a, &b, &n, err))
		return false;
	if (n && pd_stat_homogeneity(a, b, n, 5, &h) == PD_STAT_OK) {
		d->s.g = h.g;
		d->s.g_df = h.df;
		/* G of stacks of few samples is a little too large by itself, which adds up over many of them */
		d->s.g_p = h.df >= MANY_STACKS ? fmax(h.p, h.pearson_p) : h.p;
		d->s.total_variation = h.total_variation;
		d->s.jensen_shannon = h.jensen_shannon;
	}
	free(a);
	free(b);
	/* with more variance than counting has, the chi-square distribution is not that of G */
	return (!d->s.replicates && !d->s.slices) || pd_diff_permute(d, &d->s.g_p) || pd_error_nomem(err) == PD_OK;
}

/*
 * How many families have anything to say, by Benjamini-Hochberg over their smallest q; the level inside each
 * goes down with the number of those that have not (Benjamini and Bogomolov).
 */
static void choose_levels(struct pd_diff *d, const double *least)
{
	double p[3] = { least[DIFF_SELF], least[DIFF_TOTAL], d->s.g_p }, q[3];
	size_t families = 0, chosen = 0;

	for (int i = 0; i < 3; i++)
		families += !isnan(p[i]);
	if (pd_stat_adjust(PD_ADJUST_BH, p, 3, q) != PD_STAT_OK)
		return;
	for (int i = 0; i < 3; i++)
		chosen += q[i] <= d->o.alpha;
	for (int k = 0; k < DIFF_KINDS; k++)
		d->s.alpha[k] = families && q[k] <= d->o.alpha ? d->o.alpha * (double)chosen / (double)families : 0;
	d->s.shape_differs = q[2] <= d->o.alpha;
}

/* ---- classes ---- */

/* Large enough to matter, on both scales? */
static bool matters(const struct pd_diff *d, const struct pd_diff_test *t)
{
	double most = 1, change = fabs(t->after - t->before);

	if (is_rate(d)) {
		double a = d->whole[PD_BEFORE].value / d->whole[PD_BEFORE].exposure, b = d->whole[PD_AFTER].value / d->whole[PD_AFTER].exposure;

		most = a > b ? a : b;
	}
	return change >= d->o.min_share * most && (!isfinite(t->ratio) || t->ratio <= 0 || fabs(t->ratio - 1) >= d->o.min_relative);
}

void pd_diff_classify(const struct pd_diff *d, bool before, bool after, double alpha, struct pd_diff_test *t)
{
	bool differs = t->q <= alpha && (t->lo > 1 || t->hi < 1);

	t->klass = PD_DIFF_UNDECIDED;
	if (t->before == t->after || (t->lo > 1 / (1 + MARGIN) && t->hi < 1 + MARGIN && !differs)) {
		t->klass = PD_DIFF_UNCHANGED;
	} else if (differs && !matters(d, t)) {
		t->klass = PD_DIFF_UNCHANGED;
		t->flags |= PD_DIFF_SMALL;
	} else if (differs) {
		t->klass = !before ? PD_DIFF_NEW : !after ? PD_DIFF_GONE : t->lo > 1 ? PD_DIFF_GROWN : PD_DIFF_SHRUNK;
	}
}

static void classify_all(struct pd_diff *d)
{
	for (int k = 0; k < DIFF_KINDS; k++)
		for (size_t f = 1; f < d->func.n; f++)
			pd_diff_classify(d, d->exact[PD_BEFORE][k][f] != 0, d->exact[PD_AFTER][k][f] != 0, d->s.alpha[k], &d->test[k][f]);
}

/* ---- the whole ---- */

static void whole_columns(struct pd_diff *d)
{
	for (size_t i = 0; i < d->unit_sum.n; i++) {
		const struct diff_column *c = &d->unit_sum.v[i];
		struct diff_column *w = &d->whole[c->side];

		w->side = c->side;
		w->value += c->value;
		w->samples += c->samples;
		w->squares += c->squares;
		w->exposure = isnan(c->exposure) ? NAN : w->exposure + c->exposure;
	}
}

static void compare_totals(struct pd_diff *d)
{
	struct diff_cell c[2];
	struct pd_diff_test t;

	d->s.total_ratio = d->s.total_lo = d->s.total_hi = d->s.total_p = NAN;
	if (!is_rate(d))
		return;
	for (int i = 0; i < 2; i++)
		c[i] = (struct diff_cell){ d->whole[i].value, d->whole[i].samples, d->whole[i].squares };
	pd_diff_compare(d, &c[PD_BEFORE], &c[PD_AFTER], d->s.phi, pd_diff_df(d), &t);
	d->s.total_ratio = t.ratio;
	d->s.total_lo = t.lo;
	d->s.total_hi = t.hi;
	d->s.total_p = t.p;
}

/* The change of the smallest function tested that would have been found in four cases of five. */
static void power(struct pd_diff *d)
{
	double n = d->whole[0].samples < d->whole[1].samples ? d->whole[0].samples : d->whole[1].samples, lo = 1e-6, hi = 1e6, share = 2;
	uint32_t least = 0;

	for (uint32_t f = 1; f < d->func.n; f++) {
		double all = d->whole[0].samples + d->whole[1].samples;
		double s = all > 0 ? (d->side_sum[0][DIFF_SELF][f].samples + d->side_sum[1][DIFF_SELF][f].samples) / all : 0;

		if (!isnan(d->test[DIFF_SELF][f].p) && s > 0 && s < share) {
			share = s;
			least = f;
		}
	}
	d->s.least_change = d->s.least_share = NAN;
	if (!least)
		return;
	for (int i = 0; i < 60; i++) {
		double mid = sqrt(lo * hi), need = mid * share < 1 - share ? pd_stat_samples_needed(share, mid, d->o.alpha, 0.8) : 0;

		if (need * d->s.phi <= n)
			hi = mid;
		else
			lo = mid;
	}
	d->s.least_share = share;
	d->s.least_change = hi;
	d->s.least_name = d->key.v[d->func.v[least].key].name;
}

bool pd_diff_tests(struct pd_diff *d, struct pd_error *err)
{
	double least[DIFF_KINDS];
	bool ok = true;

	whole_columns(d);
	d->s.replicates = d->unit.n > 2;
	for (int k = 0; ok && k < DIFF_KINDS; k++) {
		d->test[k] = calloc(d->func.n, sizeof *d->test[k]);
		ok = d->test[k] && test_kind(d, k) && adjust(d, k, &least[k]);
	}
	if (!ok)
		return pd_error_nomem(err) == PD_OK;
	d->s.phi = median_phi(d);
	if (!shape(d, err))
		return false;
	choose_levels(d, least);
	compare_totals(d);
	classify_all(d);
	power(d);
	return true;
}
