/* profdata tree: every function between its callers and callees. */
#include "report_tree.h"

#define SHOWN 80 /* nodes, as in pprof */

static void text(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	report_tree_text(r, out, g, false);
}

static void json(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	report_tree_json(r, out, g, false);
}

static void csv(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	report_tree_csv(r, out, g, false);
}

static int tree_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	static const struct report_kind tree = { PD_EDGES_ALL, SHOWN, true, text, json, csv };

	return report_run(ctx, args, &tree, NULL, operands, n);
}

static const char *const tree_examples[] = {
	"profdata tree cpu.pb.gz", "the heaviest functions, each with callers above and callees below",
	"profdata tree --cum -n 20 cpu.pb.gz", "from the root down",
	NULL,
};

const struct pd_cmd pd_cmd_tree = {
	.name = "tree",
	.summary = "functions between their callers and callees",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Prints a block per function: its callers with what they took through it, the function\n"
		 "itself, and its callees. Percentages of callers and callees are of the function's own\n"
		 "cumulative value. The 80 first functions are shown (-n, --no-trim).",
	.examples = tree_examples,
	.args_size = sizeof(struct report_args),
	.opts = report_args_opts,
	.defaults = report_args_defaults,
	.run = tree_run,
};
