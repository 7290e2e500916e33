/*
 * Who is to blame. Shares add up to one, and a machine that is busy has only so
 * many seconds: when one function grows, all others shrink by the same factor.
 * Load and the speed of a machine move all functions alike. That factor is found
 * first (most functions agree on it), and what only follows it is no finding. Then cumulative changes are explained by the
 * functions below them: what is left without those is the function's own.
 */
#include "base/error.h"
#include "xform/diff.h"
#include <math.h>

#define BULK_SAMPLES 5.0 /* of a function that has a say in what the bulk did */

/* ---- the bulk ---- */

struct member {
	double ratio;  /* of samples, half a one added */
	uint32_t func;
	bool in;
};

static int by_ratio(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;

	return a->ratio != b->ratio ? (a->ratio < b->ratio ? -1 : 1) : (a->func > b->func) - (a->func < b->func);
}

/* How far x2 is from what x1 and the factor e of the bulk (of samples, known as well as b1 and b2 allow) lead one to expect. */
static double from_bulk(double x1, double x2, double e, double b1, double b2, double phi)
{
	double spread = phi * (e * (x1 + x2) + x1 * x1 * e * e * (b1 > 0 && b2 > 0 ? 1 / b1 + 1 / b2 : 0));

	return spread > 0 ? (x2 - e * x1) / sqrt(spread) : 0;
}

/* Functions that agree with the factor *e, and what they say it is. Returns their number. */
static size_t agree(struct pd_diff *d, struct member *m, size_t n, double *e)
{
	size_t in = 0;

	d->bulk[0] = d->bulk[1] = 0;
	for (size_t i = 0; i < n; i++) {
		const struct pd_diff_test *t = &d->test[DIFF_SELF][m[i].func];

		m[i].in = fabs(from_bulk(t->samples[0], t->samples[1], *e, 0, 0, t->phi)) <= 2.5;
		if (!m[i].in)
			continue;
		in++;
		d->bulk[0] += t->samples[0];
		d->bulk[1] += t->samples[1];
	}
	if (d->bulk[0] > 0 && d->bulk[1] > 0)
		*e = d->bulk[1] / d->bulk[0];
	return in;
}

static bool by_the_clock(const struct pd_diff *d) { return d->s.per == PD_DIFF_PER_TIME || d->s.per == PD_DIFF_PER_CPU; }

/* Did the rest pay for what others gained (or got what they gave up)? Otherwise the factor is a change like any other. */
static bool made_room(struct pd_diff *d, const struct member *m, size_t n)
{
	double sum[2] = { 0, 0 }, others = 0, bulk;

	for (size_t i = 0; i < n; i++) {
		const struct pd_diff_test *t = &d->test[DIFF_SELF][m[i].func];

		if (!m[i].in) {
			others += t->after - t->before;
			continue;
		}
		sum[0] += t->before;
		sum[1] += t->after;
	}
	bulk = sum[1] - sum[0];
	d->s.bulk_ratio = sum[0] > 0 ? sum[1] / sum[0] : NAN;
	/* nobody knows how much work was done in a second, or how busy the machine was: what all have in common is not theirs */
	if (by_the_clock(d))
		return true;
	return bulk * others < 0 && fabs(bulk + others) < fabs(others) / 2;
}

/* Beyond chance, be it large enough to matter or not. */
static bool differs(const struct pd_diff_test *t) { return pd_diff_is_finding(t) || (t->flags & PD_DIFF_SMALL); }

/*
 * The change of a function of its own is one that differs from none and from the bulk's: the weaker of the two tests
 * counts, corrected over all functions once more. (The level that the first tests ended at would not do: where the
 * bulk moved much, nearly all of them are significant, and it is hardly lower than that of a single test.)
 */
static bool follow_bulk(struct pd_diff *d)
{
	double *p = malloc(d->func.n * sizeof *p);
	bool ok = p;

	for (int k = 0; ok && k < DIFF_KINDS; k++) {
		for (size_t f = 0; f < d->func.n; f++)
			p[f] = f ? pd_diff_p(d, &d->test[k][f]) : NAN;
		ok = pd_stat_adjust(pd_diff_correction(d), p, d->func.n, p) == PD_STAT_OK;
		for (size_t f = 1; ok && f < d->func.n; f++) {
			struct pd_diff_test *t = &d->test[k][f];

			if (!differs(t) || p[f] <= d->s.alpha[k])
				continue;
			t->klass = PD_DIFF_UNCHANGED;
			t->flags |= PD_DIFF_SHARE_ONLY;
		}
	}
	free(p);
	return ok;
}

bool pd_diff_bulk(struct pd_diff *d)
{
	struct member *m = malloc(d->func.n * sizeof *m);
	size_t n = 0, in = 0;
	double e;
	bool room = false;

	d->s.bulk_ratio = NAN;
	if (!m)
		return false;
	for (uint32_t f = 1; d->s.testable && f < d->func.n; f++) {
		const struct pd_diff_test *t = &d->test[DIFF_SELF][f];

		if (t->samples[0] + t->samples[1] >= BULK_SAMPLES)
			m[n++] = (struct member){ (t->samples[1] + 0.5) / (t->samples[0] + 0.5), f, false };
	}
	if (n >= 3) {
		qsort(m, n, sizeof *m, by_ratio);
		e = n % 2 ? m[n / 2].ratio : sqrt(m[n / 2 - 1].ratio * m[n / 2].ratio);
		for (int i = 0; i < 10; i++)
			in = agree(d, m, n, &e);
		room = made_room(d, m, n);
	}
	free(m);
	if (room && in >= 2 && in * 2 > n && (in < n || by_the_clock(d)) && d->bulk[0] > 0 && d->bulk[1] > 0 &&
	    fabs(log(d->s.bulk_ratio)) > 2 * sqrt(d->s.phi * (1 / d->bulk[0] + 1 / d->bulk[1]))) {
		d->s.bulk_functions = in;
		return follow_bulk(d);
	}
	d->s.bulk_ratio = NAN;
	return true;
}

double pd_diff_p(const struct pd_diff *d, const struct pd_diff_test *t)
{
	if (isnan(t->p) || isnan(d->s.bulk_ratio))
		return t->p;
	return fmax(t->p, pd_normal_p(from_bulk(t->samples[0], t->samples[1], d->bulk[1] / d->bulk[0], d->bulk[0], d->bulk[1], t->phi)));
}

double pd_diff_cutoff(const struct pd_diff *d, int kind)
{
	double most = d->s.tests[kind] ? d->s.alpha[kind] / (double)d->s.tests[kind] : 0;

	for (size_t f = 1; f < d->func.n; f++) {
		const struct pd_diff_test *t = &d->test[kind][f];

		if (differs(t) && !(t->flags & PD_DIFF_SHARE_ONLY))
			most = fmax(most, pd_diff_p(d, t));
	}
	return most;
}

/* ---- remainders ---- */

enum { WANTED = 1, COVER = 2 };

struct remainder {
	struct pd_diff *d;
	uint8_t *mark;       /* [functions] */
	int64_t **left;      /* [units][functions] */
	struct diff_cell *sum[2];
};

/* Marks of the functions of every frame, together. NULL when out of memory. */
static uint8_t *mark_frames(const struct remainder *r, const struct diff_unit *u)
{
	uint8_t *frame = calloc(u->doc->t.frame.n + 1, 1);

	for (uint32_t f = 1; frame && f < u->doc->t.frame.n; f++)
		for (uint32_t k = u->first[f]; k < u->first[f + 1]; k++)
			frame[f] |= r->mark[u->func[k]];
	return frame;
}

/* One frame on the way to the root: `value` is what no covering function below it had. Returns what is left above. */
static int64_t pass_frame(const struct remainder *r, const struct diff_unit *u, int64_t *left, uint32_t stack, uint32_t at, int64_t value)
{
	uint32_t frame = u->doc->t.run.v[u->doc->t.stack.v[stack].first + at];

	for (uint32_t k = u->first[frame + 1]; value && k-- > u->first[frame];) {
		uint32_t f = u->func[k];

		/* of a function that calls itself the outermost call counts, and covers */
		if (!r->mark[f] || (r->d->recursive[f] && pd_diff_above(u, f, stack, at)))
			continue;
		if (r->mark[f] & WANTED)
			left[f] += value;
		if (r->mark[f] & COVER)
			value = 0;
	}
	return value;
}

static void remain_unit(void *ctx, size_t i)
{
	const struct remainder *r = ctx;
	const struct diff_unit *u = &r->d->unit.v[i];
	const struct pd_tables *t = &u->doc->t;
	uint8_t *frame = mark_frames(r, u);
	int64_t *carry = u->below, *left = calloc(r->d->func.n, sizeof *left);

	memcpy(carry, u->own, t->stack.n * sizeof *carry);
	for (uint32_t s = (uint32_t)t->stack.n; frame && left && s-- > 1;) {
		const uint32_t *run = &t->run.v[t->stack.v[s].first];
		int64_t v = carry[s];

		for (uint32_t k = v ? pd_run_length(&t->stack.v[s]) : 0; k-- > 0 && v;)
			if (frame[run[k]])
				v = pass_frame(r, u, left, s, k, v);
		carry[t->stack.v[s].parent] += v;
	}
	r->left[i] = frame ? left : NULL;
	if (!frame)
		free(left);
	free(frame);
}

static bool remain_add(void *ctx, size_t i)
{
	struct remainder *r = ctx;
	const struct diff_unit *u = &r->d->unit.v[i];
	const struct diff_column *c = &r->d->unit_sum.v[i];
	int64_t *left = r->left[i];

	for (size_t f = 1; left && f < r->d->func.n; f++) {
		const struct diff_cell *all = &c->cell[DIFF_TOTAL][f];
		double v = (double)left[f] * (double)u->to_unit, part = all->value > 0 ? v / all->value : 0;

		r->sum[u->side][f].value += v;
		r->sum[u->side][f].samples += u->per_count > 0 ? (double)left[f] / u->per_count : all->samples * part;
		r->sum[u->side][f].squares += all->squares * part;
	}
	r->left[i] = NULL;
	free(left);
	return left != NULL;
}

/* What the wanted functions changed by without the covering ones below them: true in `own` where that is still a change. */
static bool remain(struct remainder *r, uint8_t *own, struct pd_error *err)
{
	struct pd_diff *d = r->d;
	double cutoff = pd_diff_cutoff(d, DIFF_TOTAL);

	for (int side = 0; side < 2; side++)
		memset(r->sum[side], 0, d->func.n * sizeof *r->sum[side]);
	if (!pd_parallel(d->o.jobs, d->unit.n, remain_unit, remain_add, r)) {
		for (size_t i = 0; i < d->unit.n; i++)
			free(r->left[i]);
		return pd_error_nomem(err) == PD_OK;
	}
	for (size_t f = 1; f < d->func.n; f++) {
		struct pd_diff_test t;

		own[f] = 0;
		if (!(r->mark[f] & WANTED))
			continue;
		pd_diff_compare(d, &r->sum[PD_BEFORE][f], &r->sum[PD_AFTER][f], d->test[DIFF_TOTAL][f].phi, pd_diff_df(d), &t);
		own[f] = pd_diff_p(d, &t) <= cutoff;
	}
	return true;
}

/* ---- origins and carriers ---- */

/*
 * First: without the functions whose own value changed. What still changed may be
 * explained by others of its kind below it, so those are asked once more.
 */
static bool explain(struct remainder *r, uint8_t *own, struct pd_error *err)
{
	struct pd_diff *d = r->d;
	bool any = false, again = false;

	for (size_t f = 1; f < d->func.n; f++) {
		bool self = pd_diff_is_finding(&d->test[DIFF_SELF][f]), total = pd_diff_is_finding(&d->test[DIFF_TOTAL][f]);

		d->role[f] = self ? PD_DIFF_ORIGIN : total ? PD_DIFF_CARRIER : PD_DIFF_ROLE_NONE;
		r->mark[f] = (uint8_t)((self ? COVER : 0) | (total && !self ? WANTED : 0));
		any |= total && !self;
	}
	if (!any)
		return true;
	if (!remain(r, own, err))
		return false;
	for (size_t f = 1; f < d->func.n; f++) {
		r->mark[f] = (uint8_t)((r->mark[f] & COVER) | (own[f] ? WANTED | COVER : 0));
		again |= own[f];
	}
	if (again && !remain(r, own, err))
		return false;
	for (size_t f = 1; f < d->func.n && again; f++)
		if (own[f])
			d->role[f] = PD_DIFF_ORIGIN;
	return true;
}

bool pd_diff_blame(struct pd_diff *d, struct pd_error *err)
{
	size_t n = d->func.n;
	uint8_t *own = calloc(n, 1);
	struct remainder r = { .d = d, .mark = calloc(n, 1), .left = calloc(d->unit.n, sizeof *r.left),
			       .sum = { calloc(n, sizeof(struct diff_cell)), calloc(n, sizeof(struct diff_cell)) } };
	bool ok;

	d->role = calloc(n, 1);
	ok = own && r.mark && r.left && r.sum[0] && r.sum[1] && d->role;
	if (!ok)
		pd_error_nomem(err);
	ok = ok && explain(&r, own, err);
	free(own);
	free(r.mark);
	free(r.left);
	free(r.sum[0]);
	free(r.sum[1]);
	return ok;
}
