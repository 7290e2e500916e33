/* Inside of report graphs: sums (graph.c), edges (graph_edges.c), order and trimming (graph_order.c). */
#ifndef XFORM_GRAPH_H
#define XFORM_GRAPH_H

#include "xform/nodes.h"
#include "xform/stackwalk.h"
#include <profdata/report.h>

/* Sums of one node. */
struct pd_node_sum {
	int64_t flat, cum;
	int64_t flat_div, cum_div; /* for means, else 0 */
};

struct pd_graph {
	const struct pd_doc *doc;
	struct pd_graph_opts o;
	struct pd_nodes nodes;
	struct pd_node_sum *sum;
	const char **name;    /* printable, NULL until asked for */
	uint8_t *shown_flag;  /* [nodes]: listed */
	uint8_t *kept;        /* [nodes]: takes part in edges; NULL = every node does */
	uint8_t *mark;        /* [nodes]: enum pd_inline_mark */
	uint8_t *matched;
	PD_VEC(uint32_t) shown;
	PD_VEC(struct pd_graph_edge) edge;   /* by caller, sorted */
	PD_VEC(struct pd_graph_edge) in;     /* the same by callee */
	uint32_t *in_first, *out_first;      /* [nodes + 1] */
	struct pd_graph_trim trim;
	char *scratch;
	size_t scratch_room;
	bool failed; /* out of memory while making names */
};

static inline int64_t pd_abs64(int64_t v)
{
	return v < 0 ? -v : v; /* INT64_MIN never gets here: sums of absolute values fit */
}

static inline int64_t pd_sum_flat(const struct pd_node_sum *s)
{
	return s->flat_div ? s->flat / s->flat_div : s->flat;
}

static inline int64_t pd_sum_cum(const struct pd_node_sum *s)
{
	return s->cum_div ? s->cum / s->cum_div : s->cum;
}

/* Fills shown, kept and trim: cutoff, order, limit. False when out of memory. */
bool pd_graph_select(struct pd_graph *g, int64_t *edge_cutoff);
/* Sorts edges of one node: heaviest first, then by names. */
void pd_graph_sort_edges(struct pd_graph *g, struct pd_graph_edge *e, size_t n);
/* Finds the edges among kept nodes, drops those below the cutoff, marks inlined nodes. */
enum pd_status pd_graph_connect(struct pd_graph *g, const struct pd_stackwalk *w, int64_t cutoff, struct pd_error *err);

#endif
