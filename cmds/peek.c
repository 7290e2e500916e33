/* profdata peek: callers and callees of the functions that match. */
#include "report_tree.h"

static void text(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	report_tree_text(r, out, g, true);
}

static void json(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	report_tree_json(r, out, g, true);
}

static void csv(struct report *r, struct pd_out *out, struct pd_graph *g)
{
	report_tree_csv(r, out, g, true);
}

static int peek_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	static const struct report_kind peek = { PD_EDGES_ALL, 0, false, text, json, csv };

	if (n == 0)
		return cmd_errorf(ctx, "a regular expression is missing: profdata peek RE [INPUT...]");
	return report_run(ctx, args, &peek, operands[0], operands + 1, n - 1);
}

static const char *const peek_examples[] = {
	"profdata peek 'main\\.' cpu.pb.gz", "who calls the functions of main, and what they call",
	NULL,
};

const struct pd_cmd pd_cmd_peek = {
	.name = "peek",
	.summary = "callers and callees of functions that match",
	.usage = "[OPTIONS] RE [INPUT...]",
	.about = "As tree, for the functions whose printed name matches the regular expression RE, with\n"
		 "nothing left out. RE is searched anywhere in the name; no match is an error.",
	.examples = peek_examples,
	.args_size = sizeof(struct report_args),
	.opts = report_args_opts,
	.defaults = report_args_defaults,
	.run = peek_run,
};
