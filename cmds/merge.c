/* merge - the exact sum of profiles. */
#include "cli.h"
#include <stdlib.h>

struct merge_args {
	struct cmd_common common;
	struct cmd_input in;
	struct cmd_output out;
	const char *sample_type, *annotate;
};

#define M struct merge_args
static const struct pd_opt merge_opts[] = {
	{ 's', "sample-type", "NAME", "value column, by name or index in the result: its default, or the one column of formats that have one", PD_OPT_STR, PD_AT(M, sample_type, const char *), .complete = "sample-type" },
	{ 0, "sample-index", "NAME", NULL, PD_OPT_STR, PD_AT(M, sample_type, const char *), .complete = "sample-type" },
	CMD_OPT_ANNOTATE(M, annotate),
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = cmd_base_opts, .offset = PD_AT(M, in.base, struct cmd_base) },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_output_opts, .offset = PD_AT(M, out, struct cmd_output), .help = "Output" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(M, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(M, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef M

static int save(struct cmd_ctx *ctx, const struct merge_args *a, const struct pd_doc *sum)
{
	const struct cmd_select column = { .sample_type = a->sample_type };
	int type;
	struct pd_doc *checked = cmd_apply_select(ctx, &column, NULL, sum, a->sample_type ? &type : NULL);

	if (!checked)
		return 2;
	pd_doc_unref(checked);
	return cmd_save(ctx, &a->out, &a->in, sum, a->sample_type, cmd_default_format(ctx));
}

static int merge_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct merge_args *a = argp;
	struct pd_doc *sum;
	char *kv;
	int status;

	if (cli_out_check(ctx, &a->out) || cmd_add_annotate(ctx, &a->in, a->annotate, &kv))
		return 2;
	sum = cli_load_merged(ctx, &a->in, operands, n, cmd_build_flags(&a->out), PD_MERGE_EXACT);
	ctx->canonical = true; /* as exact sums are */
	status = sum ? save(ctx, a, sum) : 2;
	pd_doc_unref(sum);
	free(kv);
	return status;
}

const struct pd_cmd pd_cmd_merge = {
	.name = "merge",
	.summary = "exact sum of profiles",
	.usage = "[OPTIONS] INPUT...",
	.about = "Adds up profiles. The result does not depend on the order of the inputs or on how they are grouped: merging merged\n"
		 "profiles gives the same bytes (before compression). Sample types are those that all inputs have; units are converted to\n"
		 "the finest. Start is the earliest, duration the sum.\n\n"
		 "Writes the format of the first input where that can be written, else pprof; --to or the extension of --output override.",
	.examples = (const char *const[]){ "profdata merge -o sum.pb.gz a.pb.gz b.pb.gz", "add two profiles", "profdata merge -o sum.pb.gz profiles/",
					   "everything in a directory", "find . -name '*.pb.gz' -print0 | profdata merge -0 --files-from - -o sum.pb.gz",
					   "a long list of files", NULL },
	.args_size = sizeof(struct merge_args),
	.opts = merge_opts,
	.run = merge_run,
};
