/*
 * Who called whom, in what order, what time was a span's own and what its root
 * waited for. Nothing recurses; every list is walked once.
 */
#include "common/spans_rows.h"

/* Spans that are their own ancestors become roots. */
static bool cut_cycles(struct pd_spans *s)
{
	uint8_t *seen = calloc(s->row.n + 1, 1); /* 1 on the way, 2 fine */

	if (!seen)
		return false;
	for (uint32_t i = 1; i <= s->row.n; i++) {
		uint32_t at = i, again;

		for (; at && !seen[at]; at = s->parent[at])
			seen[at] = 1;
		again = at && seen[at] == 1 ? at : 0;
		for (at = i; at && seen[at] == 1; at = s->parent[at])
			seen[at] = 2;
		if (again) {
			s->parent[again] = 0;
			s->cycles++;
		}
	}
	free(seen);
	return true;
}

static int by_begin(const void *a, const void *b, void *arg)
{
	const struct pd_spans *s = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct span_row *x = &s->row.v[i - 1], *y = &s->row.v[k - 1];

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return s->self[i] < s->self[k] ? -1 : s->self[i] > s->self[k]; /* place in topo: parents first */
}

static int by_end(const void *a, const void *b, void *arg)
{
	const struct pd_spans *s = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct span_row *x = &s->row.v[i - 1], *y = &s->row.v[k - 1];

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return i < k ? -1 : i > k;
}

/* Parents before children; by file where that leaves a choice. */
static void make_topo(struct pd_spans *s)
{
	uint32_t n = 0;

	for (uint32_t i = (uint32_t)s->row.n; i; i--)
		if (s->parent[i]) {
			s->sibling[i] = s->child[s->parent[i]];
			s->child[s->parent[i]] = i;
		}
	for (uint32_t i = 1; i <= s->row.n; i++)
		if (!s->parent[i])
			s->topo[n++] = i;
	for (uint32_t at = 0; at < n; at++) {
		s->self[s->topo[at]] = at; /* until self time is worked out */
		for (uint32_t c = s->child[s->topo[at]]; c; c = s->sibling[c])
			s->topo[n++] = c;
	}
}

/* Lists of children, by begin and by end. */
static void make_lists(struct pd_spans *s)
{
	uint32_t n = (uint32_t)s->row.n;

	for (uint32_t i = 0; i < n; i++)
		s->order[i] = i + 1;
	qsort_r(s->order, n, sizeof *s->order, by_end, s);
	for (uint32_t i = 0; i < n; i++) { /* the last to end is pushed last and comes first */
		uint32_t row = s->order[i], up = s->parent[row];

		s->earlier[row] = s->late[up];
		s->late[up] = row;
	}
	qsort_r(s->order, n, sizeof *s->order, by_begin, s);
	memset(s->child, 0, (n + 1) * sizeof *s->child);
	for (uint32_t i = n; i-- > 0;) {
		uint32_t row = s->order[i], up = s->parent[row];

		s->sibling[row] = s->child[up];
		s->child[up] = row;
	}
}

/* Time of a span that none of its children covers. */
static int64_t self_time(struct pd_spans *s, uint32_t i)
{
	const struct span_row *r = &s->row.v[i - 1];
	int64_t covered = r->start, self = 0;

	for (uint32_t c = s->child[i]; c; c = s->sibling[c]) {
		const struct span_row *k = &s->row.v[c - 1];
		int64_t begin = k->start < r->end ? k->start : r->end, end = k->end < r->end ? k->end : r->end;

		s->early += k->start < r->start;
		s->outlive += k->end > r->end;
		if (k->start < r->start && r->start - k->start > s->most_early)
			s->most_early = r->start - k->start;
		if (begin > covered)
			self += begin - covered;
		if (end > covered)
			covered = end;
	}
	return self + (r->end - covered);
}

/* A span on the critical path, being walked from its end back to its begin. */
struct step {
	uint32_t row, next; /* next child to look at, the latest end first */
	int64_t from, at;   /* back to here; everything behind `at` is given to somebody */
};

/*
 * The end of child `c` of a span that stands at `at`, or -1: only what had ended was waited for. The server of a call ends before
 * its client whatever their clocks say.
 */
static int64_t waited_for(const struct pd_spans *s, uint32_t parent, uint32_t c, int64_t at, int64_t end)
{
	const struct span_row *p = &s->row.v[parent - 1], *k = &s->row.v[c - 1];

	if (k->end <= at)
		return k->end;
	return at == end && p->kind == PD_SPAN_CLIENT && k->kind == PD_SPAN_SERVER && k->start < at ? at : -1;
}

struct steps {
	PD_VEC(struct step) v;
};

static bool push_step(struct pd_spans *s, struct steps *st, uint32_t row, int64_t from, int64_t at)
{
	return pd_vec_push(&st->v, ((struct step){ .row = row, .next = s->late[row], .from = from, .at = at }));
}

/*
 * From the end of a root back to its begin: while the child that ended last had not ended, the span itself ran; before that the
 * child did, and so on down; children that overlap a later one were not waited for.
 */
static bool critical_path(struct pd_spans *s, uint32_t root, struct steps *st)
{
	const struct span_row *r = &s->row.v[root - 1];

	st->v.n = 0;
	if (!push_step(s, st, root, r->start, r->end))
		return false;
	while (st->v.n) {
		struct step *t = &st->v.v[st->v.n - 1];
		uint32_t c = t->next;
		int64_t end, begin;

		if (!c || t->at <= t->from) {
			s->critical[t->row] += t->at - t->from;
			st->v.n--;
			continue;
		}
		t->next = s->earlier[c];
		end = waited_for(s, t->row, c, t->at, s->row.v[t->row - 1].end);
		begin = s->row.v[c - 1].start > t->from ? s->row.v[c - 1].start : t->from;
		if (end <= begin)
			continue;
		s->critical[t->row] += t->at - end;
		t->at = begin;
		if (!push_step(s, st, c, begin, end))
			return false;
	}
	return true;
}

bool pd_spans_relate(struct pd_spans *s)
{
	size_t n = s->row.n + 1;
	struct steps steps = { 0 };
	bool fine;

	s->child = calloc(n, sizeof *s->child);
	s->sibling = calloc(n, sizeof *s->sibling);
	s->late = calloc(n, sizeof *s->late);
	s->earlier = calloc(n, sizeof *s->earlier);
	s->order = calloc(n, sizeof *s->order);
	s->topo = calloc(n, sizeof *s->topo);
	s->self = calloc(n, sizeof *s->self);
	s->critical = calloc(n, sizeof *s->critical);
	if (!s->child || !s->sibling || !s->late || !s->earlier || !s->order || !s->topo || !s->self || !s->critical || !cut_cycles(s))
		return false;
	make_topo(s);
	make_lists(s);
	for (uint32_t i = 1; i < n; i++)
		s->self[i] = self_time(s, i);
	fine = true;
	for (uint32_t i = 1; i < n && fine; i++)
		if (!s->parent[i])
			fine = critical_path(s, i, &steps);
	pd_vec_release(&steps.v);
	return fine;
}
