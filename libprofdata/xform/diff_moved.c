/*
 * Cost that moved: one function lost what another gained under the same
 * caller, which did not change itself. A renamed function looks like that, and
 * so does work that took another way. Said in one line instead of two findings.
 */
#include "base/error.h"
#include "xform/diff.h"
#include <math.h>

#define MOST 24 /* losers and gainers looked at */

/* A candidate with its relatives: values by caller and by callee of both sides. */
struct relative {
	uint32_t func;
	double value[2];
};

struct mover {
	uint32_t func;
	double change;           /* per exposure */
	PD_VEC(struct relative) caller, callee;
};

struct movers {
	struct pd_diff *d;
	struct mover *v;
	size_t n, losers;        /* losers first */
	uint16_t *of;            /* function → mover + 1 */
};

struct pair {
	size_t from, to;
	double caller, callee, name;
};

/* ---- candidates ---- */

static int by_change(const void *pa, const void *pb)
{
	const struct mover *a = pa, *b = pb;

	if ((a->change < 0) != (b->change < 0))
		return a->change < 0 ? -1 : 1;
	if (a->change != b->change)
		return fabs(a->change) > fabs(b->change) ? -1 : 1;
	return a->func < b->func ? -1 : a->func > b->func;
}

static const struct pd_diff_test *main_test(const struct pd_diff *d, size_t f)
{
	return pd_diff_is_finding(&d->test[DIFF_TOTAL][f]) ? &d->test[DIFF_TOTAL][f] : &d->test[DIFF_SELF][f];
}

static bool find_movers(struct movers *m)
{
	struct pd_diff *d = m->d;
	size_t gainers = 0, to = 0;

	m->v = calloc(d->func.n, sizeof *m->v);
	m->of = calloc(d->func.n, sizeof *m->of);
	if (!m->v || !m->of)
		return false;
	for (uint32_t f = 1; f < d->func.n; f++) {
		const struct pd_diff_test *t = main_test(d, f);

		if (d->role[f] == PD_DIFF_ORIGIN && pd_diff_is_finding(t))
			m->v[m->n++] = (struct mover){ .func = f, .change = t->after - t->before };
	}
	if (m->n)
		qsort(m->v, m->n, sizeof *m->v, by_change);
	for (size_t i = 0; i < m->n; i++) {
		bool loses = m->v[i].change < 0;

		if ((loses ? m->losers : gainers) >= MOST)
			continue;
		m->losers += loses;
		gainers += !loses;
		m->v[to++] = m->v[i];
	}
	m->n = to;
	for (size_t i = 0; i < m->n; i++)
		m->of[m->v[i].func] = (uint16_t)(i + 1);
	return true;
}

/* ---- relatives ---- */

static bool add_relative(struct relative **v, size_t *n, size_t *cap, uint32_t func, unsigned side, double value)
{
	for (size_t i = 0; i < *n; i++)
		if ((*v)[i].func == func) {
			(*v)[i].value[side] += value;
			return true;
		}
	if (*n == *cap && !pd_vec_grow((void **)v, cap, *n, 1, sizeof **v))
		return false;
	(*v)[*n] = (struct relative){ .func = func };
	(*v)[(*n)++].value[side] += value;
	return true;
}

static bool link(struct movers *m, const struct diff_unit *u, uint32_t caller, uint32_t callee, double value)
{
	struct mover *a = m->of[callee] ? &m->v[m->of[callee] - 1] : NULL, *b = m->of[caller] ? &m->v[m->of[caller] - 1] : NULL;

	if (a && caller != callee && !add_relative(&a->caller.v, &a->caller.n, &a->caller.cap, caller, u->side, value))
		return false;
	return !b || caller == callee || add_relative(&b->callee.v, &b->callee.n, &b->callee.cap, callee, u->side, value);
}

/* Marks of frames with a candidate. NULL when out of memory. */
static uint8_t *mark_frames(const struct movers *m, const struct diff_unit *u)
{
	uint8_t *frame = calloc(u->doc->t.frame.n + 1, 1);

	for (uint32_t f = 1; frame && f < u->doc->t.frame.n; f++)
		for (uint32_t k = u->first[f]; k < u->first[f + 1]; k++)
			frame[f] |= m->of[u->func[k]] != 0;
	return frame;
}

/* All calls of and by candidates in one run, from the function above it. */
static bool link_run(struct movers *m, const struct diff_unit *u, uint32_t stack, uint32_t before, double value)
{
	const struct pd_tables *t = &u->doc->t;
	const uint32_t *run = &t->run.v[t->stack.v[stack].first];

	for (uint32_t i = 0, n = pd_run_length(&t->stack.v[stack]); i < n; i++)
		for (uint32_t k = u->first[run[i]]; k < u->first[run[i] + 1]; k++) {
			uint32_t f = u->func[k];

			if ((m->of[f] || m->of[before]) && !link(m, u, before, f, value))
				return false;
			before = f;
		}
	return true;
}

static bool link_unit(struct movers *m, const struct diff_unit *u, struct pd_error *err)
{
	const struct pd_tables *t = &u->doc->t;
	int64_t *below = pd_diff_below(u);
	uint8_t *frame = mark_frames(m, u);
	bool ok = below && frame;

	for (uint32_t s = 1; ok && s < t->stack.n; s++) {
		const uint32_t *run = &t->run.v[t->stack.v[s].first];
		uint32_t before;
		bool any;

		if (!below[s])
			continue;
		before = pd_diff_leaf(u, t->stack.v[s].parent);
		any = m->of[before];
		for (uint32_t i = 0, n = pd_run_length(&t->stack.v[s]); i < n && !any; i++)
			any = frame[run[i]];
		if (any)
			ok = link_run(m, u, s, before, (double)below[s] * (double)u->to_unit);
	}
	free(below);
	free(frame);
	return ok || pd_error_nomem(err) == PD_OK;
}

/* ---- pairs ---- */

/* Part of the smaller change that happened under callers both have, which did not change themselves. */
static double shared_callers(const struct movers *m, const struct mover *f, const struct mover *g)
{
	const struct pd_diff *d = m->d;
	double shared = 0, least = fabs(f->change) < fabs(g->change) ? fabs(f->change) : fabs(g->change);
	double by[2] = { d->s.per == PD_DIFF_PER_TOTAL ? d->whole[0].value : d->whole[0].exposure, d->s.per == PD_DIFF_PER_TOTAL ? d->whole[1].value : d->whole[1].exposure };

	for (size_t i = 0; i < f->caller.n; i++)
		for (size_t k = 0; k < g->caller.n; k++) {
			double loss, gain;

			if (f->caller.v[i].func != g->caller.v[k].func || pd_diff_is_finding(&d->test[DIFF_TOTAL][f->caller.v[i].func]))
				continue;
			loss = f->caller.v[i].value[0] / by[0] - f->caller.v[i].value[1] / by[1];
			gain = g->caller.v[k].value[1] / by[1] - g->caller.v[k].value[0] / by[0];
			if (loss > 0 && gain > 0)
				shared += loss < gain ? loss : gain;
		}
	return least > 0 ? shared / least : 0;
}

/* Cosine of what they call. */
static double shared_callees(const struct mover *f, const struct mover *g)
{
	double dot = 0, ff = 0, gg = 0;

	for (size_t i = 0; i < f->callee.n; i++) {
		double a = f->callee.v[i].value[0] + f->callee.v[i].value[1];

		ff += a * a;
		for (size_t k = 0; k < g->callee.n; k++)
			if (f->callee.v[i].func == g->callee.v[k].func)
				dot += a * (g->callee.v[k].value[0] + g->callee.v[k].value[1]);
	}
	for (size_t k = 0; k < g->callee.n; k++)
		gg += (g->callee.v[k].value[0] + g->callee.v[k].value[1]) * (g->callee.v[k].value[0] + g->callee.v[k].value[1]);
	return ff > 0 && gg > 0 ? dot / sqrt(ff * gg) : 0;
}

/* Length of the common beginning and end, as part of the longer name. */
static double alike(struct pd_span a, struct pd_span b)
{
	size_t least = a.n < b.n ? a.n : b.n, most = a.n < b.n ? b.n : a.n, head = 0, tail = 0;

	while (head < least && a.p[head] == b.p[head])
		head++;
	while (tail < least - head && a.p[a.n - 1 - tail] == b.p[b.n - 1 - tail])
		tail++;
	return most ? (double)(head + tail) / (double)most : 0;
}

/* Did what f lost turn up in g, as far as chance lets one see? In samples of the side before. */
static bool balances(const struct pd_diff *d, const struct mover *f, const struct mover *g)
{
	const struct pd_diff_test *a = main_test(d, f->func), *b = main_test(d, g->func);
	double all = a->samples[0] + a->samples[1] + b->samples[0] + b->samples[1];
	const struct pd_diff_test *big = a->samples[0] > b->samples[1] ? a : b;
	double bulk = isnan(d->s.bulk_ratio) ? 1 : d->s.bulk_ratio; /* what would have happened to it anyway */
	double each = big->samples[0] > big->samples[1] ? big->samples[0] / big->before : big->samples[1] / big->after;

	/* shares that sum up to one balance by themselves: there the loser must have lost most of what it had */
	if (-f->change < (d->s.per == PD_DIFF_PER_TOTAL ? 0.5 : 0.2) * a->before)
		return false;
	return fabs(a->after - a->before * bulk + b->after - b->before * bulk) * each <= 2 * sqrt(all);
}

static int by_likeness(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;
	double x[3] = { a->caller, a->callee, a->name }, y[3] = { b->caller, b->callee, b->name };

	for (int i = 0; i < 3; i++) { /* in steps, or the first would always decide */
		double u = round(x[i] * 20), v = round(y[i] * 20);

		if (u != v)
			return u > v ? -1 : 1;
	}
	return a->from != b->from ? (a->from < b->from ? -1 : 1) : (a->to > b->to) - (a->to < b->to);
}

static void settle(struct movers *m, const struct pair *p, size_t n)
{
	struct pd_diff *d = m->d;

	for (size_t i = 0; i < n; i++) {
		uint32_t f = m->v[p[i].from].func, g = m->v[p[i].to].func;

		if (d->partner[f] || d->partner[g])
			continue;
		d->partner[f] = g;
		d->partner[g] = f;
		d->role[f] = d->role[g] = PD_DIFF_ROLE_NONE;
		for (int k = 0; k < DIFF_KINDS; k++) {
			if (pd_diff_is_finding(&d->test[k][f]))
				d->test[k][f].klass = PD_DIFF_MOVED;
			if (pd_diff_is_finding(&d->test[k][g]))
				d->test[k][g].klass = PD_DIFF_MOVED;
		}
	}
}

static bool find_pairs(struct movers *m)
{
	struct pair *p = malloc((m->losers * (m->n - m->losers) + 1) * sizeof *p);
	size_t n = 0;

	for (size_t f = 0; p && f < m->losers; f++)
		for (size_t g = m->losers; g < m->n; g++) {
			const struct mover *a = &m->v[f], *b = &m->v[g];
			struct pair q = { f, g, shared_callers(m, a, b), 0, 0 };

			if (q.caller < 0.8 || !balances(m->d, a, b))
				continue;
			q.callee = shared_callees(a, b);
			q.name = alike(m->d->key.v[m->d->func.v[a->func].key].name, m->d->key.v[m->d->func.v[b->func].key].name);
			p[n++] = q;
		}
	if (p && n)
		qsort(p, n, sizeof *p, by_likeness);
	if (p)
		settle(m, p, n);
	free(p);
	return p != NULL;
}

bool pd_diff_moves(struct pd_diff *d, struct pd_error *err)
{
	struct movers m = { .d = d };
	bool ok;

	d->partner = calloc(d->func.n, sizeof *d->partner);
	ok = (d->partner && find_movers(&m)) || pd_error_nomem(err) == PD_OK;
	if (ok && m.losers && m.losers < m.n) {
		for (size_t i = 0; ok && i < d->unit.n; i++)
			ok = link_unit(&m, &d->unit.v[i], err);
		ok = ok && (find_pairs(&m) || pd_error_nomem(err) == PD_OK);
	}
	for (size_t i = 0; m.v && i < m.n; i++) {
		pd_vec_release(&m.v[i].caller);
		pd_vec_release(&m.v[i].callee);
	}
	free(m.v);
	free(m.of);
	return ok;
}
