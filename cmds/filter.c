/* profdata filter: a profile in, what was selected out. */
#include "cmd.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct filter_args {
	struct cmd_common common;
	struct cmd_input input;
	struct cmd_output output;
	struct cmd_select select;
	const char *scale, *strip_labels, *annotate;
	struct pd_list rename;
	bool drop_frames;
};

#define A struct filter_args
static const struct pd_opt filter_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = cmd_base_opts, .offset = PD_AT(A, input.base, struct cmd_base) },
	{ .kind = PD_OPT_INCLUDE, .help = "Selection", .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select) },
	{ 0, "drop-frames", NULL, "apply the drop_frames of the profile, as reports do", PD_OPT_BOOL, PD_AT(A, drop_frames, bool) },
	{ 0, "scale", "F", "multiply all values by F (2, 0.25, 3/2), exact, rounded to whole numbers", PD_OPT_STR, PD_AT(A, scale, const char *) },
	{ 0, "strip-labels", "RE", "remove labels whose key matches RE; samples that become equal add up", PD_OPT_STR, PD_AT(A, strip_labels, const char *) },
	{ 0, "rename", "s/RE/REPL/", "rewrite function names (repeatable; flags g, i; \\1 and & in REPL)", PD_OPT_LIST, PD_AT(A, rename, struct pd_list) },
	CMD_OPT_ANNOTATE(A, annotate),
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_output_opts, .offset = PD_AT(A, output, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, input, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef A

/* Replaces *doc by the result of a step, which is NULL after an error. */
static int replace(struct cmd_ctx *ctx, struct pd_doc **doc, struct pd_doc *made, const struct pd_error *err)
{
	if (!made)
		return err->status ? cmd_fail(ctx, err) : 2;
	pd_doc_unref(*doc);
	*doc = made;
	return 0;
}

static struct pd_doc *scaled(const struct pd_doc *doc, const struct pd_ratio *one, struct pd_error *err)
{
	unsigned n = pd_doc_sample_types(doc);
	struct pd_ratio *ratio = calloc(n + 1, sizeof(*ratio));
	struct pd_doc *out;

	if (!ratio) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	for (unsigned i = 0; i < n; i++)
		ratio[i] = *one;
	out = pd_scale(doc, ratio, err);
	free(ratio);
	return out;
}

/* ---- --normalize without a base ---- */

static int normalize(struct cmd_ctx *ctx, const struct cmd_loaded *first, struct cmd_loaded *l)
{
	struct pd_error err = { 0 };
	struct pd_doc *made = pd_normalize(l->doc, first->doc, &err);

	if (!made && !err.path[0])
		snprintf(err.path, sizeof(err.path), "%s", l->path);
	return replace(ctx, &l->doc, made, &err);
}

static struct pd_doc *load_normalized(struct cmd_ctx *ctx, const struct filter_args *a, char **operands, size_t n, unsigned flags)
{
	struct pd_merge_opts o = { .size = sizeof(o), .kind = PD_MERGE_EXACT };
	const struct pd_doc **docs = NULL;
	struct cmd_loaded *l = NULL;
	struct pd_doc *sum = NULL;
	struct pd_error err = { 0 };
	size_t count = 0;
	int status = cmd_load_each(ctx, &a->input, operands, n, flags, &l, &count);

	if (!status && count < 2)
		status = cmd_errorf(ctx, "--normalize needs two inputs or more, the first gives the totals");
	for (size_t i = 1; !status && i < count; i++)
		status = normalize(ctx, &l[0], &l[i]);
	if (!status)
		docs = calloc(count, sizeof(*docs));
	for (size_t i = 0; docs && i < count; i++)
		docs[i] = l[i].doc;
	if (docs && !(sum = pd_merge(docs, count, &o, NULL, 0, &err)))
		cmd_fail(ctx, &err);
	free(docs);
	cmd_loaded_free(l, count);
	return sum;
}

/* ---- the steps ---- */

static int drop_frames(struct cmd_ctx *ctx, struct pd_doc **doc)
{
	struct pd_filter_opts o = { .size = sizeof(o), .drop_frames = true };
	struct pd_filter_report report;
	struct pd_error err = { 0 };
	int status = replace(ctx, doc, pd_filter(*doc, &o, &report, &err), &err);

	if (!status && report.drop_frames_invalid)
		cmd_warnf(ctx, "drop_frames of the profile is no regular expression and was left out");
	if (!status && report.samples_cut)
		cmd_infof(ctx, "drop_frames of the profile shortened %llu sample%s", (unsigned long long)report.samples_cut, report.samples_cut == 1 ? "" : "s");
	return status;
}

static int strip_labels(struct cmd_ctx *ctx, struct pd_doc **doc, const char *pattern)
{
	struct pd_filter_opts o = { .size = sizeof(o), .taghide = pattern };
	struct pd_filter_report report;
	struct pd_error err = { 0 };
	int status = replace(ctx, doc, pd_filter(*doc, &o, &report, &err), &err);

	if (!status && report.taghide_unmatched)
		cmd_warnf(ctx, "--strip-labels=%s matched nothing", pattern);
	return status;
}

static int apply(struct cmd_ctx *ctx, const struct filter_args *a, const struct pd_ratio *scale, struct pd_doc **doc)
{
	struct pd_error err = { 0 };
	int status = 0, type;

	if (a->drop_frames)
		status = drop_frames(ctx, doc);
	if (!status)
		status = replace(ctx, doc, cmd_apply_select(ctx, &a->select, NULL, *doc, a->select.sample_type ? &type : NULL), &err);
	if (!status && a->strip_labels)
		status = strip_labels(ctx, doc, a->strip_labels);
	if (!status && a->rename.n)
		status = replace(ctx, doc, pd_rename(*doc, a->rename.item, a->rename.n, &err), &err);
	if (!status && a->scale)
		status = replace(ctx, doc, scaled(*doc, scale, &err), &err);
	/* frames that became equal become one, samples add up, what is not used goes */
	if (!status)
		status = replace(ctx, doc, pd_canonical(*doc, &err), &err);
	return status;
}

static int filter_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct filter_args *a = args;
	bool alone = a->input.base.normalize && !a->input.base.base.n && !a->input.base.diff_base.n;
	unsigned flags = a->select.time_range ? 0 : cmd_build_flags(&a->output);
	struct pd_ratio scale = { 1, 1 };
	struct pd_doc *doc;
	char *kv;
	int status;

	if (a->scale && !pd_ratio_parse(a->scale, &scale))
		return cmd_errorf(ctx, "option '--scale' cannot be '%s' (expected a number such as 2, 0.25 or 3/2)", a->scale);
	if (cmd_add_annotate(ctx, &a->input, a->annotate, &kv))
		return 2;
	doc = alone ? load_normalized(ctx, a, operands, n, flags) : cmd_load(ctx, &a->input, operands, n, flags);
	status = doc ? apply(ctx, a, &scale, &doc) : 2;
	if (!status)
		status = cmd_save(ctx, &a->output, &a->input, doc, a->select.sample_type, cmd_default_format(ctx));
	pd_doc_unref(doc);
	free(kv);
	return status;
}

static const char *const filter_examples[] = {
	"profdata filter --focus 'http' cpu.pb.gz -o http.pb.gz", "samples that pass through matching frames",
	"profdata filter --hide '^runtime\\.' cpu.pb.gz | profdata top", "without the scheduler, as a stage of a pipe",
	"profdata filter --tagfocus 'bytes=1kb:64kb' heap.pb.gz -o small.pb.gz", "by numeric label",
	"profdata filter --strip-labels . --rename 's/<.*>/<>/g' cpu.pb.gz -o plain.pb.gz", "no labels, no template arguments",
	"profdata filter --scale 1/60 cpu.pb.gz -o second.pb.gz", "per second of a minute",
	NULL,
};

const struct pd_cmd pd_cmd_filter = {
	.name = "filter",
	.summary = "select samples, frames and labels; scale, rename",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Writes what the selection keeps, in the format of the first input where that can be written, else\n"
		 "pprof. The selection comes first, then --strip-labels, --rename and --scale. Values of removed leaf\n"
		 "frames go to the frame above. Samples that have become equal are added up, frames nobody uses are\n"
		 "left out.\n\n"
		 "Selection works as in pprof: --focus and --ignore choose samples by function, file or mapping name of\n"
		 "any frame; --hide and --show remove frames; --show-from and --prune-from cut stacks above and below a\n"
		 "frame; --tagfocus and --tagignore choose by label, as 'RE,RE' (all match 'key:value'), 'key=RE,RE'\n"
		 "(one matches a value) or 'key=1kb:64kb' (a number in a range); --tagshow and --taghide choose labels\n"
		 "by key; --tagroot and --tagleaf turn labels into frames, before the other options see the stacks.\n\n"
		 "--base and --diff-base subtract other inputs first. --normalize scales the inputs to the total of the base;\n"
		 "without a base it scales all inputs but the first to the totals of the first before they are added up.",
	.examples = filter_examples,
	.args_size = sizeof(struct filter_args),
	.opts = filter_opts,
	.run = filter_run,
};
