/*
 * What the reports share (top, tree, peek, tags, traces): loading, selection
 * and total in the order that pprof has, and the header lines.
 */
#ifndef CMDS_REPORT_COMMON_H
#define CMDS_REPORT_COMMON_H

#include "cmd.h"

/* One report being made. Texts belong to `doc`. */
struct report {
	struct cmd_ctx *ctx;
	const struct cmd_select *select;
	const struct cmd_report *opts;
	struct pd_doc *doc;         /* selection applied */
	unsigned sample_type;
	const char *type;           /* "cpu" */
	int64_t total;              /* the 100%: before the selection unless --relative-percentages */
	struct pd_amount amount;    /* how values print; `to` may be changed once the rows are known */
	int percent_width;          /* 6, or 7 where values are negative */
	bool color;
};

/*
 * Loads the operands and applies the selection. Status 0, or 2 after printing the error; report_close() in both cases.
 * The texts that users may not have chosen get their defaults here.
 */
int report_open(struct cmd_ctx *ctx, struct report *r, const struct cmd_input *in, const struct cmd_select *select,
		const struct cmd_report *opts, char **operands, size_t n);
void report_close(struct report *r);

enum pd_granularity report_granularity(const struct cmd_report *opts);
/* --json and --csv keep every row unless limits were asked for. */
bool report_is_data(const struct cmd_report *opts);
/* For `defaults` of commands: fractions count as not given. */
void report_defaults(struct cmd_report *opts);
/*
 * The graph of top, tree and peek. `nodecount` is the report's own limit, 0 none; `trims` false for reports that never trim.
 * Chooses the unit of the report. NULL after printing the error.
 */
struct pd_graph *report_graph(struct report *r, enum pd_graph_edges edges, uint64_t nodecount, bool trims);

/* "File:" to "Duration:". */
void report_profile_lines(const struct report *r, struct pd_out *out);
/* These (unless --compact-labels), active filters, and what is shown of how much. */
void report_header(const struct report *r, struct pd_out *out, const struct pd_graph *g);

/* A value as text, right-aligned to `width` characters. */
void report_value(const struct report *r, struct pd_out *out, int64_t value, int width);
void report_percent(const struct report *r, struct pd_out *out, int64_t value, int64_t total);
/* The column sum%, which only grows: never coloured. */
void report_sum_percent(const struct report *r, struct pd_out *out, int64_t sum);
/* Over the columns flat, flat%, sum%, cum, cum%; without a line end. */
void report_column_names(const struct report *r, struct pd_out *out);
/* Names from the input, control characters made visible. NULL fails the output: there was no memory to make the name. */
void report_text(struct pd_out *out, const char *text);
/* The same for free text of one or more lines, each ended. */
void report_lines(struct pd_out *out, const char *text);

/* What top, tree and peek are asked. */
struct report_args {
	struct cmd_common common;
	struct cmd_input input;
	struct cmd_output output;
	struct cmd_select select;
	struct cmd_report report;
};
extern const struct pd_opt report_args_opts[]; /* of a struct report_args */
extern const struct pd_opt report_view_opts[]; /* the same without those of the report itself */
void report_args_defaults(void *args);

/* A report over a graph: what it needs and how it prints. */
struct report_kind {
	enum pd_graph_edges edges;
	uint64_t nodecount;         /* own limit of the text, 0 none */
	bool trims;                 /* leaves small nodes out */
	void (*text)(struct report *r, struct pd_out *out, struct pd_graph *g);
	void (*json)(struct report *r, struct pd_out *out, struct pd_graph *g);
	void (*csv)(struct report *r, struct pd_out *out, struct pd_graph *g);
};
/* Loads, builds, prints. With `pattern`, nodes that match it are marked, and none is an error. Exit status. */
int report_run(struct cmd_ctx *ctx, struct report_args *a, const struct report_kind *kind, const char *pattern, char **operands, size_t n);

/* Keys "function", "file", "line", "flat", "cum", ... of a row, inside an open object. */
void report_json_node(const struct report *r, struct cmd_json *j, struct pd_graph *g, uint32_t node);
/* The start of the document up to "rows", whose array is left open. */
struct cmd_json *report_json_start(struct report *r, struct pd_out *out, const char *schema, const struct pd_graph *g);
/* The same as CSV fields; `last` ends the row. The head names them. */
#define REPORT_CSV_NODE "function,file,line,address,flat,cum,inlined"
void report_csv_node(const struct report *r, struct pd_out *out, struct pd_graph *g, uint32_t node, bool last);
/* A value as a CSV field, exact. */
void report_csv_value(const struct report *r, struct pd_out *out, int64_t value, bool last);
/* Where a node is: its own place as far as the granularity tells, else where its (first) function is defined. */
const char *report_node_place(const struct report *r, const struct pd_graph_node *n, int64_t *line);
/* What a machine calls the node: its function, else its printable name; NULL when out of memory. */
const char *report_node_function(struct pd_graph *g, uint32_t node, const struct pd_graph_node *n);

/* Fills in type and amount of the sample type that r->doc and r->sample_type name. */
void report_describe(struct report *r);

#endif
