/*
 * Cost that moved: one function lost what another gained under the same
 * caller, which did not change itself. A renamed function looks like that, and
 * so does work that took another way. Said in one line instead of two findings.
 */
#include "base/error.h"
#include "base/hash.h"
#include "xform/diff.h"
#include <math.h>

#define MOST 24 /* losers and gainers looked at */

/* A candidate with its relatives: values by caller and by callee of both sides, in the order of functions. */
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

/* What a mover has to do with another function. */
struct link {
	uint64_t key;   /* number of the mover + 1, whether the other is its caller, the other function */
	int64_t value;  /* in one document */
	double side[2]; /* in all of them */
};

struct links {
	PD_VEC(struct link) v;
	uint32_t *slot;  /* link + 1 */
	size_t mask;
	bool ok;
};

static bool links_grow(struct links *l)
{
	size_t cap = l->slot ? 2 * (l->mask + 1) : 4096;
	uint32_t *slot = calloc(cap, sizeof *slot);

	if (!slot)
		return false;
	for (size_t i = 0; i < l->v.n; i++) {
		size_t at = pd_hash_u64(0, l->v.v[i].key, 0) & (cap - 1);

		while (slot[at])
			at = (at + 1) & (cap - 1);
		slot[at] = (uint32_t)i + 1;
	}
	free(l->slot);
	l->slot = slot;
	l->mask = cap - 1;
	return true;
}

/* The link with this key, made when absent; NULL when out of memory. */
static struct link *link_of(struct links *l, uint64_t key)
{
	size_t at;

	if (l->v.n * 2 >= l->mask && !links_grow(l))
		return NULL;
	for (at = pd_hash_u64(0, key, 0) & l->mask; l->slot[at]; at = (at + 1) & l->mask)
		if (l->v.v[l->slot[at] - 1].key == key)
			return &l->v.v[l->slot[at] - 1];
	if (!pd_vec_push(&l->v, (struct link){ .key = key }))
		return NULL;
	l->slot[at] = (uint32_t)l->v.n;
	return &l->v.v[l->v.n - 1];
}

static void links_release(struct links *l)
{
	pd_vec_release(&l->v);
	free(l->slot);
	*l = (struct links){ 0 };
}

static void link_add(struct links *l, uint32_t mover, bool caller, uint32_t func, int64_t value)
{
	struct link *k = l->ok ? link_of(l, (uint64_t)mover << 33 | (uint64_t)caller << 32 | func) : NULL;

	if (k)
		k->value += value; /* a part of the sum of all values, which fits */
	l->ok = k != NULL;
}

static void link(const struct movers *m, struct links *l, uint32_t caller, uint32_t callee, int64_t value)
{
	if (caller == callee)
		return;
	if (m->of[callee])
		link_add(l, m->of[callee], true, caller, value);
	if (m->of[caller])
		link_add(l, m->of[caller], false, callee, value);
}

enum { SOME = 1, INNERMOST = 2 }; /* functions of a frame that are candidates */

/* Marks of frames with a candidate. NULL when out of memory. */
static uint8_t *mark_frames(const struct movers *m, const struct diff_unit *u)
{
	uint8_t *frame = calloc(u->doc->t.frame.n + 1, 1);

	for (uint32_t f = 1; frame && f < u->doc->t.frame.n; f++)
		for (uint32_t k = u->first[f]; k < u->first[f + 1]; k++)
			if (m->of[u->func[k]])
				frame[f] |= k + 1 == u->first[f + 1] ? SOME | INNERMOST : SOME;
	return frame;
}

/* Function that calls what stands at a place of a run. */
static uint32_t caller_of(const struct diff_unit *u, uint32_t stack, uint32_t at)
{
	const struct pd_tables *t = &u->doc->t;
	const uint32_t *run = &t->run.v[t->stack.v[stack].first];

	while (at-- > 0)
		if (u->first[run[at]] < u->first[run[at] + 1])
			return u->func[u->first[run[at] + 1] - 1];
	return pd_diff_leaf(u, t->stack.v[stack].parent);
}

/* All calls into one frame, and inside of it, that a candidate makes or receives. */
static void link_frame(const struct movers *m, const struct diff_unit *u, struct links *l, uint32_t stack, uint32_t at, int64_t value)
{
	uint32_t frame = u->doc->t.run.v[u->doc->t.stack.v[stack].first + at], before = caller_of(u, stack, at);

	for (uint32_t k = u->first[frame]; k < u->first[frame + 1]; k++) {
		link(m, l, before, u->func[k], value);
		before = u->func[k];
	}
}

/* Links of a document; `ends` tells of every stack whether it ends in a candidate. */
static void link_stacks(const struct movers *m, const struct diff_unit *u, const uint8_t *frame, uint8_t *ends, struct links *l)
{
	const struct pd_tables *t = &u->doc->t;

	for (uint32_t s = 1; s < t->stack.n; s++) {
		const uint32_t *run = &t->run.v[t->stack.v[s].first];
		uint8_t before = ends[t->stack.v[s].parent];

		for (uint32_t i = 0, n = pd_run_length(&t->stack.v[s]); i < n; i++) {
			uint8_t here = frame[run[i]];

			if (pd_unlikely(here | before) && u->below[s])
				link_frame(m, u, l, s, i, u->below[s]);
			if (pd_unlikely(u->only[run[i]] == 0) && u->first[run[i]] == u->first[run[i] + 1])
				continue; /* folded into its caller */
			before = here & INNERMOST;
		}
		ends[s] = before;
	}
}

struct linking {
	struct movers *m;
	struct links *v; /* [units] */
	struct links sum;
};

static void link_unit(void *ctx, size_t i)
{
	const struct linking *all = ctx;
	const struct diff_unit *u = &all->m->d->unit.v[i];
	uint8_t *frame = mark_frames(all->m, u), *ends = calloc(u->doc->t.stack.n + 1, 1);
	struct links *l = &all->v[i];

	l->ok = frame && ends && links_grow(l);
	if (l->ok) {
		pd_diff_below(u);
		link_stacks(all->m, u, frame, ends, l);
	}
	free(frame);
	free(ends);
}

/* The links of one document to those of all. */
static bool add_links(void *ctx, size_t i)
{
	struct linking *all = ctx;
	const struct diff_unit *u = &all->m->d->unit.v[i];
	bool ok = all->v[i].ok;

	for (size_t k = 0; ok && k < all->v[i].v.n; k++) {
		struct link *to = link_of(&all->sum, all->v[i].v.v[k].key);

		if (to)
			to->side[u->side] += (double)all->v[i].v.v[k].value * (double)u->to_unit;
		ok = to != NULL;
	}
	links_release(&all->v[i]);
	return ok;
}

static int by_key(const void *pa, const void *pb)
{
	const struct link *a = pa, *b = pb;

	return (a->key > b->key) - (a->key < b->key);
}

/* Deals the links to their movers, in the order of functions. */
static bool deal_links(struct movers *m, struct links *sum)
{
	bool ok = true;

	if (sum->v.n)
		qsort(sum->v.v, sum->v.n, sizeof *sum->v.v, by_key);
	for (size_t k = 0; ok && k < sum->v.n; k++) {
		const struct link *l = &sum->v.v[k];
		struct mover *v = &m->v[(l->key >> 33) - 1];
		struct relative r = { (uint32_t)l->key, { l->side[0], l->side[1] } };

		ok = l->key >> 32 & 1 ? pd_vec_push(&v->caller, r) : pd_vec_push(&v->callee, r);
	}
	return ok;
}

static bool find_relatives(struct movers *m)
{
	struct linking all = { .m = m, .v = calloc(m->d->unit.n, sizeof *all.v) };
	bool ok = all.v && pd_parallel(m->d->o.jobs, m->d->unit.n, link_unit, add_links, &all) && deal_links(m, &all.sum);

	for (size_t i = 0; all.v && i < m->d->unit.n; i++)
		links_release(&all.v[i]); /* begun, and dropped after an error */
	links_release(&all.sum);
	free(all.v);
	return ok;
}

/* ---- pairs ---- */

/* Part of the smaller change that happened under callers both have, which did not change themselves. */
static double shared_callers(const struct movers *m, const struct mover *f, const struct mover *g)
{
	const struct pd_diff *d = m->d;
	double shared = 0, least = fabs(f->change) < fabs(g->change) ? fabs(f->change) : fabs(g->change);
	double by[2] = { d->s.per == PD_DIFF_PER_TOTAL ? d->whole[0].value : d->whole[0].exposure, d->s.per == PD_DIFF_PER_TOTAL ? d->whole[1].value : d->whole[1].exposure };

	for (size_t i = 0, k = 0; i < f->caller.n && k < g->caller.n;) {
		const struct relative *p = &f->caller.v[i], *q = &g->caller.v[k];
		double loss, gain;

		i += p->func <= q->func;
		k += p->func >= q->func;
		if (p->func != q->func || pd_diff_is_finding(&d->test[DIFF_TOTAL][p->func]))
			continue;
		loss = p->value[0] / by[0] - p->value[1] / by[1];
		gain = q->value[1] / by[1] - q->value[0] / by[0];
		if (loss > 0 && gain > 0)
			shared += loss < gain ? loss : gain;
	}
	return least > 0 ? shared / least : 0;
}

static double both(const struct relative *r) { return r->value[0] + r->value[1]; }

/* Cosine of what they call. */
static double shared_callees(const struct mover *f, const struct mover *g)
{
	double dot = 0, ff = 0, gg = 0;

	for (size_t i = 0; i < f->callee.n; i++)
		ff += both(&f->callee.v[i]) * both(&f->callee.v[i]);
	for (size_t k = 0; k < g->callee.n; k++)
		gg += both(&g->callee.v[k]) * both(&g->callee.v[k]);
	for (size_t i = 0, k = 0; i < f->callee.n && k < g->callee.n;) {
		const struct relative *p = &f->callee.v[i], *q = &g->callee.v[k];

		i += p->func <= q->func;
		k += p->func >= q->func;
		if (p->func == q->func)
			dot += both(p) * both(q);
	}
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
	if (ok && m.losers && m.losers < m.n)
		ok = (find_relatives(&m) && find_pairs(&m)) || pd_error_nomem(err) == PD_OK;
	for (size_t i = 0; m.v && i < m.n; i++) {
		pd_vec_release(&m.v[i].caller);
		pd_vec_release(&m.v[i].callee);
	}
	free(m.v);
	free(m.of);
	return ok;
}
