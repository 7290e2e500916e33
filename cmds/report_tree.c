#include "report_tree.h"
#include <string.h>

#define RULE "----------------------------------------------------------+-------------\n"

/* ---- text ---- */

static void name_line(struct pd_out *out, struct pd_graph *g, uint32_t node, const char *mark)
{
	report_text(out, pd_graph_name(g, node));
	pd_out_puts(out, mark);
	pd_out_write(out, "\n", 1);
}

static void edge_lines(const struct report *r, struct pd_out *out, struct pd_graph *g, const struct pd_graph_edge *e, size_t n, bool callers, int64_t cum)
{
	for (size_t i = 0; i < n; i++) {
		report_value(r, out, e[i].weight, 50);
		pd_out_write(out, " ", 1);
		report_percent(r, out, e[i].weight, cum);
		pd_out_puts(out, " |   ");
		name_line(out, g, callers ? e[i].caller : e[i].callee, e[i].inlined ? " (inline)" : "");
	}
}

static void node_line(const struct report *r, struct pd_out *out, struct pd_graph *g, uint32_t node, const struct pd_graph_node *n, int64_t sum)
{
	report_value(r, out, n->flat, 10);
	pd_out_write(out, " ", 1);
	report_percent(r, out, n->flat, r->total);
	pd_out_write(out, " ", 1);
	report_sum_percent(r, out, sum);
	pd_out_write(out, " ", 1);
	report_value(r, out, n->cum, 10);
	pd_out_write(out, " ", 1);
	report_percent(r, out, n->cum, r->total);
	pd_out_puts(out, r->color ? "                | \033[1m" : "                | ");
	name_line(out, g, node, r->color ? "\033[0m" : "");
}

void report_tree_text(struct report *r, struct pd_out *out, struct pd_graph *g, bool peek)
{
	const struct pd_graph_edge *edges;
	int64_t sum = 0;

	report_header(r, out, g);
	pd_out_puts(out, RULE);
	report_column_names(r, out);
	pd_out_puts(out, "   calls calls% + context \t \t \n");
	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		uint32_t node = pd_graph_at(g, i);
		struct pd_graph_node n;
		size_t count;

		pd_graph_node(g, node, &n);
		if (peek && !n.matched)
			continue;
		pd_out_puts(out, RULE);
		count = pd_graph_in(g, node, &edges);
		edge_lines(r, out, g, edges, count, true, n.cum);
		sum += n.flat;
		node_line(r, out, g, node, &n, sum);
		count = pd_graph_out(g, node, &edges);
		edge_lines(r, out, g, edges, count, false, n.cum);
	}
	if (pd_graph_shown(g))
		pd_out_puts(out, RULE);
}

/* ---- machines ---- */

static void json_edges(const struct report *r, struct cmd_json *j, struct pd_graph *g, const char *key, const struct pd_graph_edge *e, size_t n, bool callers)
{
	cmd_json_array(j, key);
	for (size_t i = 0; i < n; i++) {
		uint32_t other = callers ? e[i].caller : e[i].callee;
		struct pd_graph_node node;
		const char *function, *file;
		int64_t line;

		pd_graph_node(g, other, &node);
		function = report_node_function(g, other, &node);
		file = report_node_place(r, &node, &line);
		cmd_json_object(j, NULL);
		cmd_json_name(j, "function", function);
		cmd_json_string(j, "file", file, strlen(file));
		cmd_json_int(j, "line", line);
		cmd_json_decimal(j, "value", e[i].weight, r->amount.decimals);
		cmd_json_bool(j, "inlined", e[i].inlined);
		cmd_json_bool(j, "residual", e[i].residual);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

void report_tree_json(struct report *r, struct pd_out *out, struct pd_graph *g, bool peek)
{
	struct cmd_json *j = report_json_start(r, out, peek ? "profdata.peek/1" : "profdata.tree/1", g);
	const struct pd_graph_edge *edges;

	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		uint32_t node = pd_graph_at(g, i);
		struct pd_graph_node n;
		size_t count;

		pd_graph_node(g, node, &n);
		if (peek && !n.matched)
			continue;
		cmd_json_object(j, NULL);
		report_json_node(r, j, g, node);
		count = pd_graph_in(g, node, &edges);
		json_edges(r, j, g, "callers", edges, count, true);
		count = pd_graph_out(g, node, &edges);
		json_edges(r, j, g, "callees", edges, count, false);
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_end(j);
	cmd_json_free(j);
}

static void csv_edges(const struct report *r, struct pd_out *out, struct pd_graph *g, uint32_t node, const struct pd_graph_edge *e, size_t n, bool callers)
{
	for (size_t i = 0; i < n; i++) {
		report_csv_node(r, out, g, node, false);
		cmd_csv_field(out, callers ? "caller" : "callee", 6, false);
		report_csv_value(r, out, e[i].weight, false);
		report_csv_node(r, out, g, callers ? e[i].caller : e[i].callee, true);
	}
}

/* A node without edges still has a row: with no relation and empty fields after it. */
void report_tree_csv(struct report *r, struct pd_out *out, struct pd_graph *g, bool peek)
{
	const struct pd_graph_edge *in, *callees;

	pd_out_puts(out, REPORT_CSV_NODE ",relation,value,other_function,other_file,other_line,other_address,other_flat,other_cum,other_inlined\n");
	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		uint32_t node = pd_graph_at(g, i);
		size_t n_in = pd_graph_in(g, node, &in), n_out = pd_graph_out(g, node, &callees);
		struct pd_graph_node n;

		pd_graph_node(g, node, &n);
		if (peek && !n.matched)
			continue;
		csv_edges(r, out, g, node, in, n_in, true);
		csv_edges(r, out, g, node, callees, n_out, false);
		if (n_in + n_out == 0) {
			report_csv_node(r, out, g, node, false);
			pd_out_puts(out, ",,,,,,,,\n");
		}
	}
}
