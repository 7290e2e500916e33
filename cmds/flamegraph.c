/* profdata flamegraph: an interactive flame graph in one file. The picture is the format's work; this maps options. */
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flamegraph_args {
	struct cmd_common common;
	struct cmd_input in;
	struct cmd_output out;
	struct cmd_select select;
	const char *title, *subtitle, *minwidth, *fonttype, *countname, *nametype, *notes;
	const char *colors, *bgcolors, *search_color, *cp, *nameattr, *sort, *granularity;
	int64_t width, height, total;
	double fontsize, factor;
	bool hash, random, reverse, inverted, flamechart, negate, csp;
};

static const char *const color_words[] = { "package", "state", "hot", "mem", "io", "wakeup", "chain", "java", "js", "perl", "python", "rust",
					   "red", "green", "blue", "aqua", "yellow", "purple", "orange", NULL };
static const char *const sort_words[] = { "name", "weight", "time", NULL };
static const char *const granularity_words[] = { "functions", "filefunctions", "files", "lines", "addresses", "modules", NULL };

/* The same names as the options of the format: a row that is set goes there as "name=value". */
#define A struct flamegraph_args
static const struct pd_opt picture_opts[] = {
	{ 0, "title", "TEXT", "heading (default: Flame Graph, Icicle Graph or Flame Chart)", PD_OPT_STR, PD_AT(A, title, const char *) },
	{ 0, "subtitle", "TEXT", "second line of the heading (default: none)", PD_OPT_STR, PD_AT(A, subtitle, const char *) },
	{ 0, "width", "PIXELS", "width of the picture (default: as wide as the page; 1200 without script)", PD_OPT_INT, PD_AT(A, width, int64_t) },
	{ 0, "height", "PIXELS", "height of a frame (default 16)", PD_OPT_INT, PD_AT(A, height, int64_t) },
	{ 0, "minwidth", "WIDTH", "leave out narrower boxes, pixels or N% (default 0.1, and at most 5000 boxes before zooming)", PD_OPT_STR, PD_AT(A, minwidth, const char *) },
	{ 0, "fonttype", "FONT", "font family (default monospace)", PD_OPT_STR, PD_AT(A, fonttype, const char *) },
	{ 0, "fontsize", "PIXELS", "font size (default 12)", PD_OPT_REAL, PD_AT(A, fontsize, double) },
	{ 0, "countname", "WORD", "what the values count (default: the sample type with its unit)", PD_OPT_STR, PD_AT(A, countname, const char *) },
	{ 0, "nametype", "WORD", "what the names name (default Function:)", PD_OPT_STR, PD_AT(A, nametype, const char *) },
	{ 0, "colors", "PALETTE", "palette (default package: hue by package or module, safe for colour-deficient eyes; state where all samples have the label state)", PD_OPT_CHOICE, PD_AT(A, colors, const char *), color_words },
	{ 0, "bgcolors", "COLOR", "background: yellow, blue, green, grey or #rrggbb (default: follows the palette)", PD_OPT_STR, PD_AT(A, bgcolors, const char *) },
	{ 0, "hash", NULL, "similar names get similar colours", PD_OPT_BOOL, PD_AT(A, hash, bool) },
	{ 0, "random", NULL, "colours in a random looking order, the same in every run", PD_OPT_BOOL, PD_AT(A, random, bool) },
	{ 0, "cp", "FILE", "keep colours in a palette file (name->rgb(r,g,b)): read it, add new names", PD_OPT_STR, PD_AT(A, cp, const char *), NULL, "file" },
	{ 0, "nameattr", "FILE", "file of attributes for boxes: name, tab, href=URL (or title=, class=, id=, target=)", PD_OPT_STR, PD_AT(A, nameattr, const char *), NULL, "file" },
	{ 0, "search-color", "COLOR", "colour of search hits (default #e600e6)", PD_OPT_STR, PD_AT(A, search_color, const char *) },
	{ 0, "reverse", NULL, "merge stacks from the leaf", PD_OPT_BOOL, PD_AT(A, reverse, bool) },
	{ 0, "inverted", NULL, "icicle graph: root on top", PD_OPT_BOOL, PD_AT(A, inverted, bool) },
	{ 0, "flamechart", NULL, "boxes in time order, thread after thread; needs samples with times", PD_OPT_BOOL, PD_AT(A, flamechart, bool) },
	{ 0, "negate", NULL, "swap the colours of more and less", PD_OPT_BOOL, PD_AT(A, negate, bool) },
	{ 0, "factor", "F", "multiply the values shown (default 1)", PD_OPT_REAL, PD_AT(A, factor, double) },
	{ 0, "total", "N", "what 100 % is, when more than the sum of the samples", PD_OPT_INT, PD_AT(A, total, int64_t) },
	{ 0, "notes", "TEXT", "notes kept in the file", PD_OPT_STR, PD_AT(A, notes, const char *) },
	{ 0, "sort", "ORDER", "order of siblings: name, weight (heaviest first) or time (first seen) (default name)", PD_OPT_CHOICE, PD_AT(A, sort, const char *), sort_words },
	{ 'g', "granularity", "WHAT", "what a frame is: functions, filefunctions, files, lines, addresses, modules (default functions)", PD_OPT_CHOICE, PD_AT(A, granularity, const char *), granularity_words },
	{ .kind = PD_OPT_END },
};

static const struct pd_opt flamegraph_opts[] = {
	{ 0, "csp", NULL, "print the content security policy that lets the file's script run, and do nothing else", PD_OPT_BOOL, PD_AT(A, csp, bool) },
	{ .kind = PD_OPT_INCLUDE, .table = picture_opts, .offset = 0, .help = "Picture" },
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = cmd_base_opts, .offset = PD_AT(A, in.base, struct cmd_base) },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select), .help = "Selection" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_output_opts, .offset = PD_AT(A, out, struct cmd_output), .help = "Output" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(A, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef A

/* Adds the options that are set to the --opt list, so that they reach the writer as any other; `kv` owns them. */
static bool add_options(struct flamegraph_args *a, struct cmd_kv *kv)
{
	const char **grown;

	if (!cmd_kv_table(kv, picture_opts, a))
		return false;
	grown = realloc(a->in.opt.item, (a->in.opt.n + kv->n + 1) * sizeof(*grown));
	if (!grown)
		return false;
	a->in.opt.item = grown;
	for (size_t i = 0; i < kv->n; i++)
		grown[a->in.opt.n++] = kv->v[i];
	return true;
}

static int draw(struct cmd_ctx *ctx, struct flamegraph_args *a, const struct pd_format *f, const struct pd_doc *doc, const char **kv)
{
	struct pd_save_opts save = { .size = sizeof(save), .sample_type = a->select.sample_type, .command = ctx->command_line };
	struct pd_error err = { 0 };
	struct pd_out *out = cmd_out_open(ctx, &a->out, f);

	if (!out)
		return 2;
	return cmd_out_close(ctx, out, cmd_saved(ctx, pd_save(doc, f, &save, kv, out, NULL, 0, &err), &err));
}

static bool has_samples(const struct pd_doc *doc)
{
	for (unsigned s = 0; s < pd_doc_series(doc); s++)
		if (pd_series_count(doc, s))
			return true;
	return false;
}

/* Loads, selects, draws. Frames the profile itself wants dropped are dropped, as in the reports. */
static int load_and_draw(struct cmd_ctx *ctx, struct flamegraph_args *a, const struct pd_format *f, char **operands, size_t n)
{
	bool needs_rows = !strcmp(f->name, "html") || a->flamechart || a->select.time_range || (a->sort && !strcmp(a->sort, "time"));
	struct pd_doc *doc = cmd_load(ctx, &a->in, operands, n, needs_rows ? 0 : PD_BUILD_AGGREGATE), *chosen;
	const char **kv;
	int type, status;
	bool any;

	if (!doc)
		return 2;
	any = has_samples(doc);
	chosen = cmd_apply_select(ctx, &a->select, &(struct cmd_report){ 0 }, doc, &type);
	pd_doc_unref(doc);
	if (!chosen)
		return 2;
	if (any && !has_samples(chosen)) {
		pd_doc_unref(chosen);
		return cmd_errorf(ctx, "nothing to draw: of the samples that were read none is left");
	}
	kv = cli_format_options(ctx, &a->in.opt, f);
	status = kv ? draw(ctx, a, f, chosen, kv) : cli_nomem(ctx);
	free(kv);
	pd_doc_unref(chosen);
	return status;
}

/* Pages that show such files can allow their script, which is the same in all of them, and no other. */
static int print_policy(struct cmd_ctx *ctx, const struct pd_format *f)
{
	struct pd_out *out = cmd_text_open(ctx, &(struct cmd_output){ 0 });
	char policy[PD_CSP_SIZE];

	if (!out)
		return 2;
	if (pd_format_csp(f, policy, sizeof(policy)))
		pd_out_printf(out, "%s\n", policy);
	return cmd_out_close(ctx, out, 0);
}

static int flamegraph_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct flamegraph_args *a = argp;
	const struct pd_format *f = cmd_out_format(ctx, &a->out, pd_format_named("svg"));
	struct cmd_kv kv = { 0 };
	int status;

	if (!f || cli_out_check(ctx, &a->out))
		return 2;
	if (strcmp(f->name, "svg") && strcmp(f->name, "html"))
		return cli_usage(ctx, "-t svg or -t html, or profdata convert", "a flame graph cannot be written as %s", f->name);
	if (a->csp)
		return print_policy(ctx, f);
	status = add_options(a, &kv) ? load_and_draw(ctx, a, f, operands, n) : cli_nomem(ctx);
	a->in.opt.n = 0;
	cmd_kv_release(&kv);
	return status;
}

const struct pd_cmd pd_cmd_flamegraph = {
	.name = "flamegraph",
	.summary = "interactive flame graph in one self-contained file",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Draws the call tree of one sample type: a box is a function at one place of the tree, as wide as its value together\n"
		 "with everything it calls. The file needs nothing else: it opens in any browser, zooms on click, searches, is worked by\n"
		 "keyboard (press ? there), keeps zoom and search in the address, and is a plain picture where scripts do not run.\n"
		 "The file is SVG, or with -t html or a name ending in .html a page around the same picture.\n\n"
		 "Boxes are merged by the tree of calls, siblings are in the order of their names. The options are named as in\n"
		 "flamegraph.pl; --colors knows the palettes of flamegraph.pl and inferno and a default of its own.",
	.examples = (const char *const[]){ "profdata flamegraph cpu.pb.gz -o cpu.svg", "a profile as a flame graph",
					   "perf script | profdata flamegraph --colors java --title 'Checkout' - -o checkout.svg", "perf samples with the colours of Java stacks",
					   "profdata flamegraph --reverse --inverted cpu.pb.gz -o callers.svg", "who calls the expensive leaves",
					   "profdata flamegraph --cp palette.map cpu.pb.gz -o cpu.svg", "colours that stay the same from picture to picture", NULL },
	.args_size = sizeof(struct flamegraph_args),
	.opts = flamegraph_opts,
	.run = flamegraph_run,
};
