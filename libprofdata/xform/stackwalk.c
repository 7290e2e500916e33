#include "xform/stackwalk.h"
#include <inttypes.h>

/* As the sum of absolute values fits, no sum of some of them can overflow. */
struct bound {
	uint64_t sum;
	bool over;
};

static inline void bound_add(struct bound *b, int64_t v)
{
	b->over |= pd_add_overflow(b->sum, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, &b->sum);
}

static void add_rows(struct pd_stackwalk *w, const struct pd_rows *rows, unsigned column, struct bound *values, struct bound *divisors)
{
	const int64_t *v = rows->value[column], *d = rows->value[0];

	for (size_t i = 0; i < rows->n; i++) {
		uint32_t s = rows->stack[i].v;

		bound_add(values, v[i]);
		w->value[s] = (int64_t)((uint64_t)w->value[s] + (uint64_t)v[i]);
		w->live[s] |= v[i] != 0;
		if (w->divisor) {
			bound_add(divisors, d[i]);
			w->divisor[s] = (int64_t)((uint64_t)w->divisor[s] + (uint64_t)d[i]);
			w->live[s] |= d[i] != 0;
		}
	}
}

enum pd_status pd_stackwalk_init(struct pd_stackwalk *w, const struct pd_doc *doc, unsigned series, unsigned column, bool mean, struct pd_error *err)
{
	size_t n = doc->t.stack.n ? doc->t.stack.n : 1;
	struct bound values = { 0 }, divisors = { 0 };
	struct pd_rows rows;

	*w = (struct pd_stackwalk){ .doc = doc, .levels = (doc->t.max_depth + PD_RUN - 1) / PD_RUN + 1 };
	w->value = calloc(n, sizeof(*w->value));
	w->divisor = mean ? calloc(n, sizeof(*w->divisor)) : NULL;
	w->live = calloc(n, sizeof(*w->live));
	w->child = calloc(n, sizeof(*w->child));
	w->next = calloc(n, sizeof(*w->next));
	if (!w->value || !w->live || !w->child || !w->next || (mean && !w->divisor)) {
		pd_stackwalk_release(w);
		return pd_error_set(err, PD_ERR_NOMEM, "out of memory for the sums of %zu stacks", n);
	}
	for (uint64_t at = 0; pd_series_rows(doc, series, at, &rows); at += rows.n)
		add_rows(w, &rows, column, &values, &divisors);
	if (values.over || values.sum > INT64_MAX || divisors.over || divisors.sum > INT64_MAX) {
		pd_stackwalk_release(w);
		return pd_error_set(err, PD_ERR_LIMIT, "the values of one sample type add up to more than %" PRId64, INT64_MAX);
	}
	return PD_OK;
}

void pd_stackwalk_sum(struct pd_stackwalk *w)
{
	const struct pd_stack_row *row = w->doc->t.stack.v;

	for (size_t i = w->doc->t.stack.n; i-- > 1;) {
		uint32_t parent = row[i].parent;

		if (!w->live[i])
			continue;
		w->live[parent] = 1;
		w->value[parent] += w->value[i];
		if (w->divisor)
			w->divisor[parent] += w->divisor[i];
		w->next[i] = w->child[parent];
		w->child[parent] = (uint32_t)i;
	}
}

void pd_stackwalk_release(struct pd_stackwalk *w)
{
	free(w->value);
	free(w->divisor);
	free(w->live);
	free(w->child);
	free(w->next);
	*w = (struct pd_stackwalk){ 0 };
}

/* ---- cumulative values ---- */

/*
 * A node counts once per stack, however often it recurs. `seen` of a node on
 * the current path is ON_PATH until the path is left; in runs that end a path
 * (no stack continues them) it is the number of that run, which needs no undoing.
 */
#define ON_PATH UINT32_MAX

struct hot {
	int64_t cum;
	uint32_t seen;
};

struct adder {
	const struct pd_stackwalk *w;
	const struct pd_node_map *map;
	struct hot *node;
	int64_t *cum_div;
	uint32_t *undo; /* nodes on the path, outermost first */
	size_t n;
	size_t *mark; /* per level of runs: n when the level began */
};

static inline void add_node(struct adder *a, uint32_t node, uint32_t stack, int64_t value, bool leaf)
{
	struct hot *h = &a->node[node];

	if (h->seen == ON_PATH || h->seen == stack)
		return;
	h->cum += value;
	h->seen = leaf ? stack : ON_PATH;
	if (!leaf)
		a->undo[a->n++] = node;
	if (a->cum_div)
		a->cum_div[node] += a->w->divisor[stack];
}

static inline void add_run(struct adder *a, uint32_t stack, bool leaf)
{
	const struct pd_doc *doc = a->w->doc;
	const struct pd_stack_row *row = &doc->t.stack.v[stack];
	const uint32_t *run = &doc->t.run.v[row->first];
	uint32_t n = pd_run_length(row);
	int64_t value = a->w->value[stack];

	for (uint32_t i = 0; i < n; i++) {
		uint32_t node = a->map->only[run[i]];

		if (pd_likely(node)) {
			add_node(a, node, stack, value, leaf);
			continue;
		}
		for (uint32_t k = a->map->first[run[i]]; k < a->map->first[run[i] + 1]; k++)
			add_node(a, a->map->line[k], stack, value, leaf);
	}
}

static void add_all(struct adder *a)
{
	const struct pd_stackwalk *w = a->w;

	for (uint32_t s = pd_stackwalk_first(w); s; s = pd_stackwalk_next(w, s)) {
		uint32_t level = pd_stackwalk_level(w, s);

		while (a->n > a->mark[level])
			a->node[a->undo[--a->n]].seen = 0;
		if (w->child[s])
			add_run(a, s, false);
		else
			add_run(a, s, true);
		a->mark[level + 1] = a->n;
	}
}

bool pd_stackwalk_cum(const struct pd_stackwalk *w, const struct pd_node_map *map, int64_t *cum, int64_t *cum_div)
{
	struct adder a = { .w = w, .map = map, .cum_div = w->divisor ? cum_div : NULL };
	bool ok;

	a.node = calloc(map->nodes + 1, sizeof(*a.node));
	a.undo = malloc((map->nodes + 1) * sizeof(*a.undo));
	a.mark = calloc((size_t)w->levels + 1, sizeof(*a.mark));
	ok = a.node && a.undo && a.mark;
	if (ok && a.cum_div)
		memset(a.cum_div, 0, map->nodes * sizeof(*a.cum_div));
	if (ok)
		add_all(&a);
	for (size_t i = 0; ok && i < map->nodes; i++)
		cum[i] = a.node[i].cum;
	free(a.node);
	free(a.undo);
	free(a.mark);
	return ok;
}
