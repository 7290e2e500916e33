/* Which nodes of a report are shown, and in which order. */
#include "xform/graph.h"
#include "xform/units.h"
#include <inttypes.h>

static int by_value(int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)pd_abs64(a), y = (uint64_t)pd_abs64(b);

	return x > y ? -1 : x < y;
}

static const char *name_of(struct pd_graph *g, uint32_t node)
{
	const char *name = pd_graph_name(g, node);

	g->failed |= !name;
	return name ? name : "";
}

static int by_name(struct pd_graph *g, uint32_t a, uint32_t b)
{
	uint64_t x = g->nodes.key.v[a].address, y = g->nodes.key.v[b].address;

	if (a == b)
		return 0;
	if (x && y && x != y)
		return x < y ? -1 : 1;
	return strcmp(name_of(g, a), name_of(g, b));
}

/* As text: the last resort of pprof's order compares printed structs. */
static int by_digits(int64_t a, int64_t b)
{
	char x[24], y[24];

	snprintf(x, sizeof(x), "%" PRId64, a);
	snprintf(y, sizeof(y), "%" PRId64, b);
	return strcmp(x, y);
}

/* Nodes that print alike. */
static int by_rest(const struct pd_graph *g, uint32_t a, uint32_t b)
{
	const struct pd_node_key *x = &g->nodes.key.v[a], *y = &g->nodes.key.v[b];
	int c = strcmp(x->name, y->name);

	c = c ? c : strcmp(x->file, y->file);
	c = c ? c : by_digits(x->start_line, y->start_line);
	c = c ? c : strcmp(x->object, y->object);
	return c ? c : (a > b) - (a < b);
}

static int compare_flat(const void *pa, const void *pb, void *arg)
{
	struct pd_graph *g = arg;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int c = by_value(g->sum[a].flat, g->sum[b].flat);

	c = c ? c : by_name(g, a, b);
	c = c ? c : by_value(g->sum[a].cum, g->sum[b].cum);
	return c ? c : by_rest(g, a, b);
}

static int compare_cum(const void *pa, const void *pb, void *arg)
{
	struct pd_graph *g = arg;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int c = by_value(g->sum[a].cum, g->sum[b].cum);

	c = c ? c : by_name(g, a, b);
	c = c ? c : by_value(g->sum[a].flat, g->sum[b].flat);
	return c ? c : by_rest(g, a, b);
}

static int compare_edges(const void *pa, const void *pb, void *arg)
{
	struct pd_graph *g = arg;
	const struct pd_graph_edge *a = pa, *b = pb;
	int c = by_value(a->weight, b->weight);

	c = c ? c : strcmp(name_of(g, a->caller), name_of(g, b->caller));
	c = c ? c : strcmp(name_of(g, a->callee), name_of(g, b->callee));
	c = c ? c : by_rest(g, a->caller, b->caller);
	return c ? c : by_rest(g, a->callee, b->callee);
}

void pd_graph_sort_edges(struct pd_graph *g, struct pd_graph_edge *e, size_t n)
{
	if (n > 1)
		qsort_r(e, n, sizeof(*e), compare_edges, g);
}

/* Keeps only the first n nodes shown; whatever else goes, goes from the edges too. */
static bool keep_only(struct pd_graph *g, size_t n)
{
	if (!g->kept)
		g->kept = malloc(g->nodes.key.n);
	if (!g->kept)
		return false;
	g->shown.n = n;
	memset(g->kept, 0, g->nodes.key.n);
	for (size_t i = 0; i < n; i++)
		g->kept[g->shown.v[i]] = 1;
	return true;
}

static bool list_nodes(struct pd_graph *g, int64_t *total)
{
	*total = 0;
	for (uint32_t i = 1; i < g->nodes.key.n; i++) {
		const struct pd_node_sum *s = &g->sum[i];

		if (s->flat == 0 && s->cum == 0)
			continue;
		if (g->o.drop_negative && (s->flat < 0 || (s->flat == 0 && s->cum < 0)))
			continue;
		*total += s->flat;
		if (!pd_vec_push(&g->shown, i))
			return false;
	}
	return true;
}

static int64_t cutoff(int64_t total, double fraction)
{
	int64_t v = pd_cut_real((double)total * fraction);

	return v == INT64_MIN ? v : pd_abs64(v);
}

static bool drop_below(struct pd_graph *g, int64_t least)
{
	size_t all = g->shown.n, n = 0;

	for (size_t i = 0; i < all; i++) {
		if (pd_abs64(g->sum[g->shown.v[i]].cum) >= least)
			g->shown.v[n++] = g->shown.v[i];
	}
	g->trim.dropped_nodes = all - n;
	return n == all || keep_only(g, n);
}

bool pd_graph_select(struct pd_graph *g, int64_t *edge_cutoff)
{
	int64_t total, least;

	if (!list_nodes(g, &total))
		return false;
	least = cutoff(total, g->o.node_fraction);
	*edge_cutoff = cutoff(total, g->o.edge_fraction);
	if (least > 0 && !drop_below(g, least))
		return false;
	g->trim.candidates = g->shown.n;
	if (g->shown.n > 1)
		qsort_r(g->shown.v, g->shown.n, sizeof(*g->shown.v), g->o.sort_cum ? compare_cum : compare_flat, g);
	if (g->o.node_count && g->o.node_count < g->shown.n && !keep_only(g, (size_t)g->o.node_count))
		return false;
	for (size_t i = 0; i < g->shown.n; i++) {
		g->shown_flag[g->shown.v[i]] = 1;
		g->trim.shown_flat += pd_sum_flat(&g->sum[g->shown.v[i]]);
	}
	return !g->failed;
}
