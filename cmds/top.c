/* profdata top: where the value is, one row per function (file, line, ...). */
#include "report_common.h"

static void print_text(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	static const char *const marks[] = { "", " (partial-inline)", " (inline)" };
	int64_t sum = 0;

	report_header(r, out, g);
	report_column_names(r, out);
	pd_out_write(out, "\n", 1);
	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		uint32_t node = pd_graph_at(g, i);
		const char *name = pd_graph_name(g, node);
		struct pd_graph_node n;

		pd_graph_node(g, node, &n);
		sum += n.flat;
		report_value(r, out, n.flat, 10);
		pd_out_write(out, " ", 1);
		report_percent(r, out, n.flat, r->total);
		pd_out_write(out, " ", 1);
		report_sum_percent(r, out, sum);
		pd_out_write(out, " ", 1);
		report_value(r, out, n.cum, 10);
		pd_out_write(out, " ", 1);
		report_percent(r, out, n.cum, r->total);
		pd_out_write(out, "  ", 2);
		report_text(out, name);
		pd_out_puts(out, marks[n.mark]);
		pd_out_write(out, "\n", 1);
	}
}

static void print_json(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	struct cmd_json *j = report_json_start(r, out, "profdata.top/1", g);

	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		cmd_json_object(j, NULL);
		report_json_node(r, j, g, pd_graph_at(g, i));
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_end(j);
	cmd_json_free(j);
}

static void print_csv(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	pd_out_puts(out, REPORT_CSV_NODE "\n");
	for (size_t i = 0; i < pd_graph_shown(g); i++)
		report_csv_node(r, out, g, pd_graph_at(g, i), true);
}

static int top_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	static const struct report_kind top = { PD_EDGES_MARKS, 0, true, print_text, print_json, print_csv };

	return report_run(ctx, args, &top, NULL, operands, n);
}

static const char *const top_examples[] = {
	"profdata top cpu.pb.gz", "functions by their own share",
	"profdata top --cum -n 10 cpu.pb.gz", "the ten that matter most including what they call",
	"profdata top -g lines --focus main cpu.pb.gz", "lines of code on paths through main",
	"profdata top --json cpu.pb.gz", "every row, with exact values",
	NULL,
};

const struct pd_cmd pd_cmd_top = {
	.name = "top",
	.summary = "functions by own and cumulative value",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Prints one row per function: flat is what the function itself took, cum what it took\n"
		 "together with everything it called, sum% the share of all rows so far. A function that\n"
		 "calls itself counts once per sample. Rows below half a percent of the total are left out\n"
		 "(--nodefraction, --no-trim); --json and --csv print every row with exact values.",
	.examples = top_examples,
	.args_size = sizeof(struct report_args),
	.opts = report_args_opts,
	.defaults = report_args_defaults,
	.run = top_run,
};
