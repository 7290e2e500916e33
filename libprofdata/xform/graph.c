/*
 * Report graphs. One walk over the distinct stacks gives every node its flat
 * and cumulative value. pprof rebuilds its whole graph after each trimming
 * step; values of nodes do not change by that (a leaf that was dropped takes
 * its flat value with it), only edges do, so they are found once, at the end,
 * and only where somebody reads them.
 */
#include "xform/graph.h"
#include "xform/regex.h"
#include "xform/units.h"
#include <inttypes.h>

static uint32_t leaf_node(const struct pd_graph *g, uint32_t stack)
{
	const struct pd_stack_row *row = &g->doc->t.stack.v[stack];
	uint32_t frame = g->doc->t.run.v[row->first + pd_run_length(row) - 1];

	return g->nodes.line[g->nodes.first[frame + 1] - 1];
}

/* Before the sums of a walk include the stacks below. */
static void sum_flat(struct pd_graph *g, const struct pd_stackwalk *w)
{
	for (uint32_t s = 1; s < g->doc->t.stack.n; s++) {
		struct pd_node_sum *sum;

		if (!w->live[s])
			continue;
		sum = &g->sum[leaf_node(g, s)];
		sum->flat += w->value[s];
		if (w->divisor)
			sum->flat_div += w->divisor[s];
	}
}

static bool sum_cum(struct pd_graph *g, const struct pd_stackwalk *w)
{
	size_t nodes = g->nodes.key.n;
	int64_t *cum = malloc(nodes * sizeof(*cum)), *div = w->divisor ? malloc(nodes * sizeof(*div)) : NULL;
	const struct pd_node_map map = { g->nodes.first, g->nodes.line, g->nodes.only, nodes };
	bool ok = cum && (div || !w->divisor) && pd_stackwalk_cum(w, &map, cum, div);

	for (size_t i = 0; ok && i < nodes; i++) {
		g->sum[i].cum = cum[i];
		g->sum[i].cum_div = div ? div[i] : 0;
	}
	free(cum);
	free(div);
	return ok;
}

static enum pd_status build(struct pd_graph *g, const struct pd_sample_type *type, struct pd_error *err)
{
	struct pd_stackwalk w;
	enum pd_status st = pd_stackwalk_init(&w, g->doc, type->series, type->column, g->o.mean, err);
	int64_t edge_cutoff;

	if (st != PD_OK)
		return st;
	sum_flat(g, &w);
	pd_stackwalk_sum(&w);
	if (!sum_cum(g, &w) || !pd_graph_select(g, &edge_cutoff))
		st = pd_error_set(err, PD_ERR_NOMEM, "out of memory for a report of %zu nodes", g->nodes.key.n);
	else if (g->o.edges != PD_EDGES_NONE)
		st = pd_graph_connect(g, &w, edge_cutoff, err);
	pd_stackwalk_release(&w);
	return st;
}

struct pd_graph *pd_graph_new(const struct pd_doc *doc, const struct pd_graph_opts *opts, struct pd_error *err)
{
	struct pd_sample_type type;
	struct pd_graph *g;

	if (opts->sample_type >= pd_doc_sample_types(doc)) {
		pd_error_set(err, PD_ERR_USAGE, "sample type %u does not exist, the profile has %u", opts->sample_type, pd_doc_sample_types(doc));
		return NULL;
	}
	pd_doc_sample_type(doc, opts->sample_type, &type);
	g = calloc(1, sizeof(*g));
	if (!g) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory for a report");
		return NULL;
	}
	g->doc = pd_doc_ref(doc);
	memcpy(&g->o, opts, opts->size < sizeof(g->o) ? opts->size : sizeof(g->o));
	if (pd_nodes_init(&g->nodes, doc, g->o.granularity, PD_NODES_TRIM | (g->o.no_columns ? 0 : PD_NODES_COLUMNS), err) == PD_OK) {
		size_t n = g->nodes.key.n;

		g->sum = calloc(n, sizeof(*g->sum));
		g->name = calloc(n, sizeof(*g->name));
		g->shown_flag = calloc(n, 1);
		g->mark = calloc(n, 1);
		g->matched = calloc(n, 1);
		if (!g->sum || !g->name || !g->shown_flag || !g->mark || !g->matched)
			pd_error_set(err, PD_ERR_NOMEM, "out of memory for a report of %zu nodes", n);
		else if (build(g, &type, err) == PD_OK)
			return g;
	}
	pd_graph_free(g);
	return NULL;
}

void pd_graph_free(struct pd_graph *g)
{
	if (!g)
		return;
	pd_nodes_release(&g->nodes);
	free(g->sum);
	free(g->name);
	free(g->shown_flag);
	free(g->kept);
	free(g->mark);
	free(g->matched);
	free(g->in_first);
	free(g->out_first);
	free(g->scratch);
	pd_vec_release(&g->shown);
	pd_vec_release(&g->edge);
	pd_vec_release(&g->in);
	pd_doc_unref((struct pd_doc *)g->doc);
	free(g);
}

/* ---- reading ---- */

size_t pd_graph_shown(const struct pd_graph *g)
{
	return g->shown.n;
}

uint32_t pd_graph_at(const struct pd_graph *g, size_t place)
{
	return place < g->shown.n ? g->shown.v[place] : 0;
}

void pd_graph_node(const struct pd_graph *g, uint32_t node, struct pd_graph_node *out)
{
	const struct pd_node_key *k = &g->nodes.key.v[node < g->nodes.key.n ? node : 0];
	const struct pd_node_sum *s = &g->sum[node < g->nodes.key.n ? node : 0];

	*out = (struct pd_graph_node){
		.function = k->name,
		.file = k->file,
		.object = k->object,
		.address = k->address,
		.line = k->line,
		.column = k->column,
		.func = { k->func },
		.flat = pd_sum_flat(s),
		.cum = pd_sum_cum(s),
		.mark = (enum pd_inline_mark)g->mark[node < g->nodes.key.n ? node : 0],
		.matched = g->matched[node < g->nodes.key.n ? node : 0],
	};
}

const char *pd_graph_name(struct pd_graph *g, uint32_t node)
{
	const char *text;
	size_t n;

	if (node >= g->nodes.key.n)
		return "";
	if (g->name[node])
		return g->name[node];
	n = pd_node_name(&g->nodes.key.v[node], g->scratch, g->scratch_room, &text);
	if (text != g->nodes.key.v[node].name) {
		if (n > g->scratch_room) {
			char *more = realloc(g->scratch, n * 2);

			if (!more)
				return NULL;
			g->scratch = more;
			g->scratch_room = n * 2;
			pd_node_name(&g->nodes.key.v[node], g->scratch, g->scratch_room, &text);
		}
		text = pd_arena_text(&g->nodes.text, text, n);
	}
	return g->name[node] = text;
}

static size_t edges_of(const struct pd_graph_edge *all, const uint32_t *first, size_t nodes, uint32_t node, const struct pd_graph_edge **edges)
{
	if (!first || node >= nodes) {
		*edges = NULL;
		return 0;
	}
	*edges = all + first[node];
	return first[node + 1] - first[node];
}

size_t pd_graph_in(const struct pd_graph *g, uint32_t node, const struct pd_graph_edge **edges)
{
	return edges_of(g->in.v, g->in_first, g->nodes.key.n, node, edges);
}

size_t pd_graph_out(const struct pd_graph *g, uint32_t node, const struct pd_graph_edge **edges)
{
	return edges_of(g->edge.v, g->out_first, g->nodes.key.n, node, edges);
}

void pd_graph_trim(const struct pd_graph *g, struct pd_graph_trim *out)
{
	*out = g->trim;
}

enum pd_status pd_graph_match(struct pd_graph *g, const char *pattern, bool function_only, uint64_t *matched, struct pd_error *err)
{
	struct pd_rx *rx = pd_rx_new("pattern", pattern, strlen(pattern), false, err);
	enum pd_status st = rx ? PD_OK : err->status;

	*matched = 0;
	for (size_t i = 0; i < g->shown.n && st == PD_OK; i++) {
		const char *name = function_only ? g->nodes.key.v[g->shown.v[i]].name : pd_graph_name(g, g->shown.v[i]);
		int hit = name ? pd_rx_match(rx, (struct pd_span){ name, strlen(name) }, err) : -1;

		if (!name)
			st = pd_error_set(err, PD_ERR_NOMEM, "out of memory for names");
		else if (hit < 0)
			st = err->status;
		else if (hit)
			(*matched)++;
		g->matched[g->shown.v[i]] = hit > 0;
	}
	pd_rx_free(rx);
	return st;
}

/* ---- totals and units ---- */

static bool is_base(const struct pd_doc *doc, pd_labels labels, pd_str key, pd_str value)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, labels, &l);

	for (size_t i = 0; i < n; i++) {
		if (l[i].kind == PD_LABEL_STR && l[i].key.v == key.v && l[i].str.v == value.v)
			return true;
	}
	return false;
}

struct totals {
	uint64_t value, divisor, base_value, base_divisor;
	bool over;
};

static void total_rows(struct totals *t, const struct pd_rows *rows, unsigned column, const uint8_t *base)
{
	for (size_t i = 0; i < rows->n; i++) {
		int64_t v = rows->value[column][i];
		uint64_t abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

		t->over |= pd_add_overflow(t->value, abs, &t->value);
		t->divisor += (uint64_t)rows->value[0][i];
		if (base && base[rows->labels[i].v]) {
			t->base_value += abs;
			t->base_divisor += (uint64_t)rows->value[0][i];
		}
	}
}

enum pd_status pd_report_total(const struct pd_doc *doc, unsigned sample_type, bool mean, int64_t *total, struct pd_error *err)
{
	struct totals t = { 0 };
	struct pd_sample_type type;
	struct pd_rows rows;
	pd_str key, yes;
	uint8_t *base = NULL;

	*total = 0;
	if (sample_type >= pd_doc_sample_types(doc))
		return pd_error_set(err, PD_ERR_USAGE, "sample type %u does not exist, the profile has %u", sample_type, pd_doc_sample_types(doc));
	pd_doc_sample_type(doc, sample_type, &type);
	if (pd_doc_find_string(doc, "pprof::base", 11, &key) && pd_doc_find_string(doc, "true", 4, &yes)) {
		base = calloc((size_t)pd_doc_label_sets(doc) + 1, 1);
		if (!base)
			return pd_error_set(err, PD_ERR_NOMEM, "out of memory for %" PRIu32 " label sets", pd_doc_label_sets(doc));
		for (uint32_t l = 1; l <= pd_doc_label_sets(doc); l++)
			base[l] = is_base(doc, (pd_labels){ l }, key, yes);
	}
	for (uint64_t at = 0; pd_series_rows(doc, type.series, at, &rows); at += rows.n)
		total_rows(&t, &rows, type.column, base);
	free(base);
	if (t.over || t.value > INT64_MAX)
		return pd_error_set(err, PD_ERR_LIMIT, "the values of one sample type add up to more than %" PRId64, INT64_MAX);
	if (t.base_value) {
		t.value = t.base_value;
		t.divisor = t.base_divisor;
	}
	*total = (int64_t)t.value;
	if (mean && t.divisor)
		*total /= (int64_t)t.divisor;
	return PD_OK;
}

const char *pd_graph_unit(const struct pd_graph *g, const struct pd_amount *how, int64_t total)
{
	int64_t least = 0;
	const char *small, *large;

	if (strcmp(how->to, "minimum") != 0 || g->shown.n == 0)
		return how->to;
	for (size_t i = 0; i < g->shown.n; i++) {
		const struct pd_node_sum *s = &g->sum[g->shown.v[i]];
		int64_t v = pd_abs64(pd_sum_flat(s));

		v = v ? v : pd_abs64(pd_sum_cum(s));
		if (v > 0 && (least == 0 || v < least))
			least = v;
	}
	least = least ? least : total;
	if (how->ratio > 0 && how->ratio != 1) {
		least = pd_cut_real((double)least * how->ratio);
		total = pd_cut_real((double)total * how->ratio);
	}
	pd_scale_value(least, how->unit, "minimum", &small);
	pd_scale_value(total, how->unit, "minimum", &large);
	/* a hundredth still shows in two decimals */
	if (strcmp(small, large) != 0 && least < total / 100 + (total % 100 != 0))
		pd_scale_value(least * 100, how->unit, "minimum", &small);
	return *small ? small : how->unit;
}
