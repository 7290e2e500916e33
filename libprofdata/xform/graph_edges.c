/*
 * Edges of a report graph: a second walk over the distinct stacks. An edge
 * counts once per stack. Nodes that were trimmed are stepped over; the edge
 * that spans them is residual. It is inlined only if every call it stands for was.
 */
#include "xform/graph.h"
#include "base/hash.h"

struct edge {
	uint32_t caller, callee;
	int64_t weight, divisor;
	bool residual, inlined, seen;
};

/* Slots carry the pair, so that looking one up touches one cache line. */
struct slot {
	uint64_t pair; /* 0 free: nodes are numbered from 1 */
	uint32_t edge;
};

/* Where a path stands after a run. */
struct place {
	uint32_t caller; /* last kept node; 0 none yet */
	bool residual;   /* nodes were left out since */
	size_t undo;
};

/* What a frame does to a place, worked out once: most frames of a trimmed report do not matter. */
struct brief {
	uint32_t last; /* innermost kept node, 0 when no line is kept */
	bool walk;     /* some line is a callee that counts */
	bool residual; /* lines further in than the last kept one were left out */
};

struct finder {
	struct pd_graph *g;
	struct brief *brief; /* [frames] */
	const uint8_t *wanted; /* [nodes]: callees whose edges count; NULL all */
	PD_VEC(struct edge) edge;
	PD_VEC(uint32_t) undo;
	struct slot *slot;
	size_t mask;
	uint64_t key;
	struct place *level;
	bool failed;
};

static size_t pair_hash(const struct finder *f, uint64_t pair)
{
	return (size_t)pd_hash_u64(f->key, pair, 0);
}

static bool grow_slots(struct finder *f)
{
	size_t n = f->slot ? (f->mask + 1) * 2 : 1024;
	struct slot *more = calloc(n, sizeof(*more));

	if (!more)
		return false;
	for (size_t e = 0; e < f->edge.n; e++) {
		uint64_t pair = (uint64_t)f->edge.v[e].caller << 32 | f->edge.v[e].callee;
		size_t i = pair_hash(f, pair) & (n - 1);

		while (more[i].pair)
			i = (i + 1) & (n - 1);
		more[i] = (struct slot){ pair, (uint32_t)e };
	}
	free(f->slot);
	f->slot = more;
	f->mask = n - 1;
	return true;
}

static struct edge *find_edge(struct finder *f, uint32_t caller, uint32_t callee)
{
	uint64_t pair = (uint64_t)caller << 32 | callee;
	size_t i = pair_hash(f, pair) & f->mask;

	for (; f->slot[i].pair; i = (i + 1) & f->mask) {
		if (f->slot[i].pair == pair)
			return &f->edge.v[f->slot[i].edge];
	}
	if (f->edge.n == UINT32_MAX || !pd_vec_push(&f->edge, ((struct edge){ .caller = caller, .callee = callee, .inlined = true })) ||
	    !pd_vec_reserve(&f->undo, 1)) {
		f->failed = true;
		return NULL;
	}
	f->slot[i] = (struct slot){ pair, (uint32_t)(f->edge.n - 1) };
	if (f->edge.n * 2 > f->mask && !grow_slots(f))
		f->failed = true;
	return &f->edge.v[f->edge.n - 1];
}

static void count_edge(struct finder *f, const struct place *at, uint32_t callee, bool inlined, int64_t value, int64_t divisor)
{
	struct edge *e = find_edge(f, at->caller, callee);

	if (!e || e->seen)
		return;
	if (!pd_vec_push(&f->undo, (uint32_t)(e - f->edge.v))) {
		f->failed = true;
		return;
	}
	e->seen = true;
	e->weight += value;
	e->divisor += divisor;
	e->residual |= at->residual;
	e->inlined &= inlined;
}

static void walk_frame(struct finder *f, struct place *at, uint32_t frame, int64_t value, int64_t divisor)
{
	const struct pd_graph *g = f->g;
	uint32_t first = g->nodes.first[frame], end = g->nodes.first[frame + 1];

	for (uint32_t k = first; k < end; k++) {
		uint32_t node = g->nodes.line[k];

		if (g->kept && !g->kept[node]) {
			at->residual = true;
			continue;
		}
		if (at->caller && at->caller != node && (!f->wanted || f->wanted[node]))
			count_edge(f, at, node, k != first, value, divisor);
		at->caller = node;
		at->residual = false;
	}
}

static void walk_run(struct finder *f, struct place *at, uint32_t stack, int64_t value, int64_t divisor)
{
	const struct pd_stack_row *row = &f->g->doc->t.stack.v[stack];
	const uint32_t *run = &f->g->doc->t.run.v[row->first];
	uint32_t n = pd_run_length(row);

	for (uint32_t i = 0; i < n; i++) {
		const struct brief *b = &f->brief[run[i]];

		if (b->walk) {
			walk_frame(f, at, run[i], value, divisor);
			continue;
		}
		at->caller = b->last ? b->last : at->caller; /* no branch: which frames are kept cannot be predicted */
		at->residual = b->residual;
	}
}

static bool make_briefs(struct finder *f)
{
	const struct pd_graph *g = f->g;

	f->brief = calloc(g->doc->t.frame.n + 1, sizeof(*f->brief));
	if (!f->brief)
		return false;
	for (size_t i = 1; i < g->doc->t.frame.n; i++) {
		struct brief *b = &f->brief[i];

		for (uint32_t k = g->nodes.first[i]; k < g->nodes.first[i + 1]; k++) {
			uint32_t node = g->nodes.line[k];

			b->residual = g->kept && !g->kept[node];
			if (b->residual)
				continue;
			b->last = node;
			b->walk |= !f->wanted || f->wanted[node];
		}
	}
	return true;
}

static void find_edges(struct finder *f, const struct pd_stackwalk *w)
{
	for (uint32_t s = pd_stackwalk_first(w); s && !f->failed; s = pd_stackwalk_next(w, s)) {
		uint32_t level = pd_stackwalk_level(w, s);
		struct place at = f->level[level];

		while (f->undo.n > at.undo)
			f->edge.v[f->undo.v[--f->undo.n]].seen = false;
		walk_run(f, &at, s, w->value[s], w->divisor ? w->divisor[s] : 0);
		at.undo = f->undo.n;
		f->level[level + 1] = at;
	}
}

/* Nodes shown that appear as an inlined line somewhere: only they can get a mark. */
static uint8_t *inlined_nodes(const struct pd_graph *g, bool *any)
{
	uint8_t *inl = calloc(g->nodes.key.n, 1);

	*any = false;
	if (!inl)
		return NULL;
	for (size_t f = 1; f < g->doc->t.frame.n; f++) {
		for (uint32_t k = g->nodes.first[f] + 1; k < g->nodes.first[f + 1]; k++) {
			uint32_t node = g->nodes.line[k];

			inl[node] = g->shown_flag[node];
			*any |= g->shown_flag[node];
		}
	}
	return inl;
}

/* Edges to nodes not shown are not trimmed: they are never looked at from their end. */
static size_t drop_light(struct finder *f, int64_t cutoff)
{
	size_t n = 0, all = f->edge.n;

	for (size_t i = 0; i < all; i++) {
		const struct edge *e = &f->edge.v[i];

		if (!f->g->shown_flag[e->callee] || pd_abs64(e->weight) >= cutoff)
			f->edge.v[n++] = *e;
	}
	f->edge.n = n;
	return all - n;
}

static void mark_nodes(struct finder *f)
{
	enum { INLINED = 1, CALLED = 2 };
	uint8_t *mark = f->g->mark;

	for (size_t i = 0; i < f->edge.n; i++)
		mark[f->edge.v[i].callee] |= f->edge.v[i].inlined ? INLINED : CALLED;
	for (size_t i = 0; i < f->g->nodes.key.n; i++) {
		if (mark[i] == (INLINED | CALLED))
			mark[i] = PD_INLINE_PARTIAL;
		else
			mark[i] = mark[i] == INLINED ? PD_INLINE_ALL : PD_INLINE_NO;
	}
}

/* Sorts edges into the rows of a table by caller or callee. */
static bool spread(struct finder *f, bool by_callee, uint32_t **first, struct pd_graph_edge *out)
{
	size_t nodes = f->g->nodes.key.n;
	uint32_t *at = calloc(nodes + 2, sizeof(*at));

	if (!at)
		return false;
	for (size_t i = 0; i < f->edge.n; i++)
		at[(by_callee ? f->edge.v[i].callee : f->edge.v[i].caller) + 2]++;
	for (size_t i = 2; i < nodes + 2; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < f->edge.n; i++) {
		const struct edge *e = &f->edge.v[i];

		out[at[(by_callee ? e->callee : e->caller) + 1]++] = (struct pd_graph_edge){
			.caller = e->caller,
			.callee = e->callee,
			.weight = e->weight,
			.mean = e->divisor ? e->weight / e->divisor : e->weight,
			.residual = e->residual,
			.inlined = e->inlined,
		};
	}
	for (size_t i = 0; i < nodes; i++)
		pd_graph_sort_edges(f->g, out + at[i], at[i + 1] - at[i]);
	*first = at;
	return !f->g->failed;
}

static bool publish(struct finder *f)
{
	struct pd_graph *g = f->g;

	if (!pd_vec_reserve(&g->edge, f->edge.n) || !pd_vec_reserve(&g->in, f->edge.n))
		return false;
	g->edge.n = g->in.n = f->edge.n;
	return spread(f, false, &g->out_first, g->edge.v) && spread(f, true, &g->in_first, g->in.v);
}

enum pd_status pd_graph_connect(struct pd_graph *g, const struct pd_stackwalk *w, int64_t cutoff, struct pd_error *err)
{
	struct finder f = { .g = g, .key = pd_hash_key() };
	uint8_t *inlined = NULL;
	bool any = true;

	if (g->o.edges == PD_EDGES_MARKS) {
		inlined = inlined_nodes(g, &any);
		f.wanted = inlined;
		f.failed = !inlined;
	}
	if (any && !f.failed) {
		f.level = calloc((size_t)w->levels + 1, sizeof(*f.level));
		f.failed = !f.level || !make_briefs(&f) || !grow_slots(&f) || !pd_vec_reserve(&f.undo, 1);
		if (!f.failed)
			find_edges(&f, w);
		g->trim.dropped_edges = drop_light(&f, cutoff);
		mark_nodes(&f);
		if (!f.failed && g->o.edges == PD_EDGES_ALL)
			f.failed = !publish(&f);
	}
	free(inlined);
	free(f.level);
	free(f.brief);
	free(f.slot);
	pd_vec_release(&f.edge);
	pd_vec_release(&f.undo);
	return f.failed ? pd_error_set(err, PD_ERR_NOMEM, "out of memory for the edges of a report") : PD_OK;
}
