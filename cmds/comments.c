/* profdata comments: free texts of the profile. */
#include "samples.h"

struct comments_args {
	struct cmd_common common;
	struct cmd_input input;
	struct cmd_output output;
};

#define A struct comments_args
static const struct pd_opt comments_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, input, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_text_output_opts, .offset = PD_AT(A, output, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef A

static int comments_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct comments_args *a = args;
	struct pd_doc *doc = cmd_load(ctx, &a->input, operands, n, PD_BUILD_AGGREGATE);
	struct pd_out *out = doc ? cmd_text_open(ctx, &a->output) : NULL;
	const pd_str *comment;
	size_t count;

	if (!out) {
		pd_doc_unref(doc);
		return 2;
	}
	count = pd_doc_comments(doc, &comment);
	for (size_t i = 0; i < count; i++)
		report_lines(out, pd_doc_string(doc, comment[i]).p);
	pd_doc_unref(doc);
	return cmd_out_close(ctx, out, 0);
}

static const char *const comments_examples[] = {
	"profdata comments cpu.pb.gz", "one comment per line",
	NULL,
};

const struct pd_cmd pd_cmd_comments = {
	.name = "comments",
	.summary = "free texts of the profile",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Prints the comments of the profile, one per line. Several inputs are merged; equal comments\n"
		 "are printed once.",
	.examples = comments_examples,
	.args_size = sizeof(struct comments_args),
	.opts = comments_opts,
	.run = comments_run,
};
