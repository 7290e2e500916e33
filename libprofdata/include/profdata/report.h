/*
 * Reports: a document summed up into nodes (functions, files, lines, ...) with
 * flat and cumulative values and the edges between them, trimmed and ordered as
 * pprof does it, so that the text of top, tree, peek and dot is a walk over it.
 */
#ifndef PROFDATA_REPORT_H
#define PROFDATA_REPORT_H

#include <profdata/base.h>
#include <profdata/profile.h>
#include <profdata/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sum of the absolute values of a sample type: the 100% of a report. Only samples labelled
 * pprof::base=true count if those add up to anything (differences are relative to their base).
 * `mean` divides by the sum of the first value type of the series. PD_ERR_LIMIT on overflow.
 */
PD_API enum pd_status pd_report_total(const struct pd_doc *doc, unsigned sample_type, bool mean, int64_t *total, struct pd_error *err);

enum pd_graph_edges {
	PD_EDGES_NONE,
	PD_EDGES_MARKS, /* none to read, but nodes are marked inline */
	PD_EDGES_ALL,
};

struct pd_graph_opts {
	size_t size;
	unsigned sample_type;            /* index, see pd_doc_sample_types() */
	enum pd_granularity granularity;
	enum pd_graph_edges edges;
	bool mean;                       /* divide by the first value type of the series */
	bool sort_cum;                   /* order by cumulative value, not flat */
	bool drop_negative;
	bool no_columns;                 /* addresses: lines without their columns, as pprof has them without inlined functions */
	uint64_t node_count;             /* keep the first N nodes; 0 all */
	double node_fraction, edge_fraction; /* drop what is below this part of the sum of flat values; 0 nothing */
};

enum pd_inline_mark { PD_INLINE_NO, PD_INLINE_PARTIAL, PD_INLINE_ALL };

/* One node. Texts are zero-terminated and live as long as the graph. */
struct pd_graph_node {
	const char *function;   /* "" when unknown or not asked for */
	const char *file;       /* "" likewise */
	const char *object;     /* file of the mapping, only where nothing else is known */
	uint64_t address;
	int64_t line, column;
	pd_func func;           /* first function merged into the node, 0 none: where it is defined */
	int64_t flat, cum;      /* divided already for means */
	enum pd_inline_mark mark; /* every, some or no call of it was inlined */
	bool matched;           /* by pd_graph_match() */
};

/* An edge from caller to callee. Nodes are numbers for pd_graph_node(), listed or not. */
struct pd_graph_edge {
	uint32_t caller, callee;
	int64_t weight;         /* not divided for means, as in pprof's tree */
	int64_t mean;           /* divided for means */
	bool residual;          /* nodes in between were dropped */
	bool inlined;
};

struct pd_graph;
/* The graph keeps a reference to `doc`. NULL and *err on failure. */
PD_API struct pd_graph *pd_graph_new(const struct pd_doc *doc, const struct pd_graph_opts *opts, struct pd_error *err);
PD_API void pd_graph_free(struct pd_graph *g);

/* Nodes to show, in order: their number, and the node at a place. */
PD_API size_t pd_graph_shown(const struct pd_graph *g);
PD_API uint32_t pd_graph_at(const struct pd_graph *g, size_t place);
PD_API void pd_graph_node(const struct pd_graph *g, uint32_t node, struct pd_graph_node *out);
/* "addr function file:line" as far as known; "[object]" or "<unknown>" otherwise. NULL when out of memory. Not for several threads at once. */
PD_API const char *pd_graph_name(struct pd_graph *g, uint32_t node);
/* Edges into and out of a node, heaviest first; empty unless PD_EDGES_ALL. */
PD_API size_t pd_graph_in(const struct pd_graph *g, uint32_t node, const struct pd_graph_edge **edges);
PD_API size_t pd_graph_out(const struct pd_graph *g, uint32_t node, const struct pd_graph_edge **edges);

/* What trimming took away, for the header of a report. */
struct pd_graph_trim {
	uint64_t candidates;    /* nodes left before node_count took its share */
	uint64_t dropped_nodes, dropped_edges;
	int64_t shown_flat;     /* sum of the flat values shown */
};
PD_API void pd_graph_trim(const struct pd_graph *g, struct pd_graph_trim *out);

/* Sets `matched` on every node shown whose printed name matches (`function_only`: its function name); their number goes to *matched. */
PD_API enum pd_status pd_graph_match(struct pd_graph *g, const char *pattern, bool function_only, uint64_t *matched, struct pd_error *err);

/*
 * The unit for the whole report when "minimum" is asked for: that of the smallest value shown, or of a
 * hundred times it where the total reads better in a larger one. `how->to` is what the user asked for; returns it unless "minimum".
 */
PD_API const char *pd_graph_unit(const struct pd_graph *g, const struct pd_amount *how, int64_t total);

/* ---- stacks line by line (traces) ---- */

struct pd_frame_names;
/* Printable names of the lines of all frames at a granularity; keeps a reference to `doc`. */
PD_API struct pd_frame_names *pd_frame_names_new(const struct pd_doc *doc, enum pd_granularity by, struct pd_error *err);
PD_API void pd_frame_names_free(struct pd_frame_names *n);
/* Lines of a frame; a frame without any has one, named by its address or mapping. */
PD_API uint32_t pd_frame_names_count(const struct pd_frame_names *n, pd_frame f);
/* Line 0 is the innermost one; all but the last are inlined. NULL when out of memory. Not for several threads at once. */
PD_API const char *pd_frame_name(struct pd_frame_names *n, pd_frame f, uint32_t line);

/* ---- labels (tags) ---- */

/* Samples with one value of a label, summed up. */
struct pd_tag_row {
	const char *key, *value; /* numbers as text with their unit */
	int64_t flat;
	bool has_num;            /* all samples had one and the same number: */
	int64_t num;
	const char *unit;        /* "" none */
};
struct pd_tag_table;
/*
 * Labels of the samples: keys by name, the values of each by weight, then by name. Numbers that print alike in unit `to`
 * ("minimum") are one row. A sample with several values of a key counts for each. PD_ERR_LIMIT on overflow.
 */
PD_API struct pd_tag_table *pd_tag_table_new(const struct pd_doc *doc, unsigned sample_type, const struct pd_label_units *units, const char *to, struct pd_error *err);
PD_API void pd_tag_table_free(struct pd_tag_table *t);
PD_API size_t pd_tag_table_rows(const struct pd_tag_table *t, const struct pd_tag_row **rows);

#ifdef __cplusplus
}
#endif
#endif
