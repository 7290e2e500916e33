/* profdata diff: what changed between two sets of profiles. */
#include "diff.h"
#include "cli.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const per_words[] = { "auto", "time", "cpu", "op", "total", "none", NULL };
static const char *const test_words[] = { "auto", "rank", NULL };
static const char *const granularity_words[] = { "functions", "filefunctions", "files", "lines", "addresses", "modules", NULL };

#define A struct diff_args
static const struct pd_opt diff_own_opts[] = {
	{ 0, "per", "WHAT", "divide values by time, cpu, op, total (shares) or none (default: op where given, else time where known, else total)", PD_OPT_CHOICE, PD_AT(A, per, const char *), per_words },
	{ 0, "ops", "BEFORE,AFTER", "operations done while each side was recorded: numbers, or files with one (or with a line per operation below 'start,duration,error')", PD_OPT_STR, PD_AT(A, ops_both, const char *) },
	{ 0, "ops-before", "N", "operations of BEFORE alone (repeatable: one per profile)", PD_OPT_LIST, PD_AT(A, ops[0], struct pd_list) },
	{ 0, "ops-after", "N", "the same of AFTER", PD_OPT_LIST, PD_AT(A, ops[1], struct pd_list) },
	{ 0, "ops-label", "KEY", "operations are the distinct values of a label, such as the id of a request", PD_OPT_STR, PD_AT(A, ops_label, const char *) },
	{ 0, "ops-a", "N", NULL, PD_OPT_LIST, PD_AT(A, ops[0], struct pd_list) },
	{ 0, "ops-b", "N", NULL, PD_OPT_LIST, PD_AT(A, ops[1], struct pd_list) },
	{ 0, "fail-on", "PCT", "status 1 when a function grew by PCT (5%: of itself, 5pp: of the total) or more, beyond chance; with --strict 3 when that cannot be told", PD_OPT_STR, PD_AT(A, fail_on, const char *) },
	{ 0, "interval", "S", "metrics: seconds between BEFORE and AFTER (default: from their times, where they have any)", PD_OPT_REAL, PD_AT(A, interval, double) },
	{ 0, "min-delta", "PCT", "least change that matters, of the total (default 0.1%)", PD_OPT_STR, PD_AT(A, min_delta, const char *) },
	{ 0, "min-change", "PCT", "least change that matters, of the function itself (default 1%)", PD_OPT_STR, PD_AT(A, min_change, const char *) },
	{ 0, "alpha", "P", "rate of false discoveries accepted (default 0.05)", PD_OPT_REAL, PD_AT(A, alpha, double) },
	{ 0, "confidence", "P", "confidence of intervals (default 0.95)", PD_OPT_REAL, PD_AT(A, confidence, double) },
	{ 0, "conservative", NULL, "correct for any dependence between tests (Benjamini-Yekutieli)", PD_OPT_BOOL, PD_AT(A, conservative, bool) },
	{ 0, "test", "KIND", "with four or more profiles per side: auto (quasi-Poisson) or rank (Mann-Whitney decides)", PD_OPT_CHOICE, PD_AT(A, test, const char *), test_words },
	{ 0, "no-counts", NULL, "values are measured, not counts of samples: test nothing on one pair", PD_OPT_BOOL, PD_AT(A, no_counts, bool) },
	{ 0, "no-slices", NULL, "do not take the variation inside recordings with times into account", PD_OPT_BOOL, PD_AT(A, no_slices, bool) },
	{ 0, "no-match", "RULE", "do not match functions by RULE: name, address, clone, hash, tier, lambda, generic, root (repeatable)", PD_OPT_LIST, PD_AT(A, without, struct pd_list) },
	{ 0, "all", NULL, "every function in the text report, carriers and undecided ones too", PD_OPT_BOOL, PD_AT(A, all, bool) },
	{ 'g', "granularity", "WHAT", "what a row is: functions, filefunctions, files, lines, addresses, modules (default functions)", PD_OPT_CHOICE, PD_AT(A, granularity, const char *), granularity_words },
	{ 'u', "unit", "U", "unit of values: auto or a unit name (default auto)", PD_OPT_STR, PD_AT(A, unit, const char *) },
	{ 'n', "nodecount", "N", "at most N rows of text (default 40)", PD_OPT_INT, PD_AT(A, nodecount, int64_t) },
	{ 0, "title", "TEXT", "heading of a picture", PD_OPT_STR, PD_AT(A, title, const char *) },
	{ 0, "json", NULL, "print one JSON document", PD_OPT_BOOL, PD_AT(A, json, bool) },
	{ 0, "csv", NULL, "print comma separated values with a header line", PD_OPT_BOOL, PD_AT(A, csv, bool) },
	{ .kind = PD_OPT_END },
};
static const struct pd_opt diff_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = diff_own_opts, .offset = 0 },
	{ .kind = PD_OPT_INCLUDE, .help = "Selection, on both sides", .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select) },
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, in, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_output_opts, .offset = PD_AT(A, out, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef A

/* ---- options ---- */

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return 0;
}

/* "5%", "5", "0.5pp" → 0.05, 0.05, 0.005; *points tells which. */
static bool percent(const char *text, double *out, bool *points)
{
	char *end;
	double v = strtod(text, &end);

	*points = strcmp(end, "pp") == 0;
	if (end == text || (*end && strcmp(end, "%") && !*points) || !(v >= 0 && v <= 1e6))
		return false;
	*out = v / 100;
	return true;
}

static int limit_option(struct cmd_ctx *ctx, const char *name, const char *text, double *out)
{
	bool points;

	if (!text)
		return 0;
	if (!percent(text, out, &points))
		return cli_usage(ctx, NULL, "option '--%s' cannot be '%s' (expected a percentage like 0.5%%)", name, text);
	if (*out == 0)
		*out = -1; /* none, where 0 would be the default */
	return 0;
}

static int rules_option(struct cmd_ctx *ctx, const struct pd_list *list, uint32_t *out)
{
	for (size_t i = 0; i < list->n; i++) {
		unsigned r = PD_MATCH_NAME;

		while (r < PD_MATCH_RULES && strcmp(list->item[i], pd_diff_rule_name((enum pd_diff_rule)r)))
			r++;
		if (r == PD_MATCH_RULES)
			return cli_usage(ctx, NULL, "option '--no-match' cannot be '%s' (expected name, address, clone, hash, tier, lambda, generic or root)", list->item[i]);
		*out |= 1u << r;
	}
	return 0;
}

static int make_options(struct cmd_ctx *ctx, const struct diff_args *a, struct pd_diff_opts *o)
{
	double fail;
	bool points;

	*o = (struct pd_diff_opts){ .size = sizeof *o, .sample_type = a->select.sample_type, .granularity = (enum pd_granularity)word_index(granularity_words, a->granularity),
				    .per = (enum pd_diff_per)word_index(per_words, a->per), .test = word_index(test_words, a->test) ? PD_DIFF_TEST_RANK : PD_DIFF_TEST_AUTO,
				    .conservative = a->conservative, .no_counts = a->no_counts, .no_slices = a->no_slices, .alpha = a->alpha, .confidence = a->confidence, .jobs = cli_jobs(&a->in) };
	if (o->per == PD_DIFF_PER_AUTO && diff_ops_given(a))
		o->per = PD_DIFF_PER_OP;
	if (a->json && a->csv)
		return cmd_errorf(ctx, "--json and --csv exclude each other");
	if (a->alpha && !(a->alpha > 0 && a->alpha < 1))
		return cli_usage(ctx, NULL, "option '--alpha' cannot be %g (expected more than 0 and less than 1)", a->alpha);
	if (a->confidence && !(a->confidence >= 0.5 && a->confidence < 1))
		return cli_usage(ctx, NULL, "option '--confidence' cannot be %g (expected 0.5 or more and less than 1)", a->confidence);
	if (a->fail_on && !percent(a->fail_on, &fail, &points))
		return cli_usage(ctx, NULL, "option '--fail-on' cannot be '%s' (expected 5%%: of the function, or 5pp: of the total)", a->fail_on);
	if (limit_option(ctx, "min-delta", a->min_delta, &o->min_share) || limit_option(ctx, "min-change", a->min_change, &o->min_relative))
		return 2;
	return rules_option(ctx, &a->without, &o->without);
}

/* ---- sides ---- */

/* BEFORE AFTER, or everything labelled. Profiles before go first; order among those of a side stays. */
static int split_sides(struct cmd_ctx *ctx, struct cmd_loaded *in, size_t n, size_t *n_before)
{
	struct cmd_loaded *sorted = malloc(n * sizeof *sorted);
	size_t labelled = 0, at = 0;

	if (!sorted)
		return cli_nomem(ctx);
	for (size_t i = 0; i < n; i++)
		labelled += in[i].label != NULL;
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < n; i++) {
			bool after = in[i].label ? strcmp(in[i].label, "after") == 0 : i == 1;

			if (after == (side == 1))
				sorted[at++] = in[i];
		}
		if (!side)
			*n_before = at;
	}
	memcpy(in, sorted, n * sizeof *in);
	free(sorted);
	if (labelled && labelled < n)
		return cli_usage(ctx, "before=FILE or after=FILE for each of them", "some inputs have no side");
	for (size_t i = 0; i < n && labelled; i++)
		if (strcmp(in[i].label, "before") && strcmp(in[i].label, "after"))
			return cli_usage(ctx, "before=FILE and after=FILE", "unknown side '%s'", in[i].label);
	if (!labelled && n != 2)
		return cli_usage(ctx, "before=F after=F where there are several of a side", "a comparison needs two inputs, BEFORE and AFTER (%zu given)", n);
	if (!*n_before || *n_before == n)
		return cli_usage(ctx, NULL, "no input is on the side %s", *n_before ? "after" : "before");
	return 0;
}

struct prepared {
	struct pd_diff_input *in;
	struct pd_doc **chosen;
	double *ops;
	size_t n, n_before;
};

static void release(struct prepared *p)
{
	for (size_t i = 0; p->chosen && i < p->n; i++)
		pd_doc_unref(p->chosen[i]);
	free(p->chosen);
	free(p->ops);
	free(p->in);
}

static int prepare(struct cmd_ctx *ctx, const struct diff_args *a, const struct cmd_loaded *in, struct prepared *p)
{
	p->in = calloc(p->n, sizeof *p->in);
	p->chosen = calloc(p->n, sizeof *p->chosen);
	p->ops = calloc(p->n, sizeof *p->ops);
	if (!p->in || !p->chosen || !p->ops)
		return cli_nomem(ctx);
	if (diff_operations(ctx, a, in, p->n_before, p->n, p->ops))
		return 2;
	for (size_t i = 0; i < p->n; i++) {
		struct cmd_report as_report = { 0 };
		int type;

		p->chosen[i] = cmd_apply_select(ctx, &a->select, &as_report, in[i].doc, a->select.sample_type ? &type : NULL);
		if (!p->chosen[i])
			return 2;
		p->in[i].doc = p->chosen[i];
		/* without a selection the document and the whole are one and the same */
		p->in[i].whole = p->chosen[i] == in[i].doc ? NULL : in[i].doc;
		p->in[i].ops = p->ops[i];
	}
	return 0;
}

/* ---- the gate ---- */

/* Change of a row as the gate measures it. */
static double growth(const struct diff_report *r, const struct pd_diff_test *t, bool points)
{
	double by = 1;

	if (!points)
		return t->before > 0 ? t->ratio - 1 : t->after > 0 ? INFINITY : 0;
	if (r->s->per != PD_DIFF_PER_TOTAL)
		by = (double)r->s->side[PD_BEFORE].total / r->s->side[PD_BEFORE].exposure;
	return by > 0 ? (t->after - t->before) / by : 0;
}

/* Part of the total that the difference is, whatever the gate measures. */
static bool matters(const struct diff_report *r, const struct pd_diff_test *t, double least)
{
	return growth(r, t, true) >= least;
}

static void say_why(struct cmd_ctx *ctx, const struct pd_diff_row *row, double grown, bool points, const char *limit)
{
	char name[400];

	cmd_printable(name, sizeof name, row->name);
	if (!isfinite(grown))
		cmd_notef(ctx, "%s is new (--fail-on %s)", name, limit);
	else if (points)
		cmd_notef(ctx, "%s grew by %.3g%% of the total (--fail-on %s)", name, grown * 100, limit);
	else if (grown >= 9)
		cmd_notef(ctx, "%s grew to \xc3\x97%.3g (--fail-on %s)", name, grown + 1, limit);
	else
		cmd_notef(ctx, "%s grew by %.3g%% (--fail-on %s)", name, grown * 100, limit);
}

static int gate(struct cmd_ctx *ctx, const struct diff_report *r, double least)
{
	bool points, open = !r->s->testable;
	double limit;
	int failed = 0;

	if (!r->a->fail_on || !percent(r->a->fail_on, &limit, &points))
		return 0;
	for (size_t i = 0; i < pd_diff_rows(r->diff); i++) {
		struct pd_diff_row row;
		const struct pd_diff_test *t;

		pd_diff_row(r->diff, i, &row);
		t = diff_row_test(&row);
		if ((row.klass == PD_DIFF_NEW || row.klass == PD_DIFF_GROWN) && row.role != PD_DIFF_CARRIER && growth(r, t, points) >= limit) {
			if (failed++ < 10)
				say_why(ctx, &row, growth(r, t, points), points, r->a->fail_on);
		} else if (row.klass == PD_DIFF_UNDECIDED && growth(r, t, points) >= limit && matters(r, t, least)) {
			open = true;
		}
	}
	if (failed)
		return 1;
	if (open && r->a->common.strict) {
		cmd_notef(ctx, "the samples cannot tell whether any function grew by %s", r->a->fail_on);
		return 3;
	}
	return 0;
}

/* ---- outputs ---- */

static int save_pprof(struct cmd_ctx *ctx, const struct diff_args *a, const struct prepared *p)
{
	struct pd_merge_opts how = { .size = sizeof how, .kind = PD_MERGE_VIEW };
	struct pd_subtract_opts sub = { .size = sizeof sub, .kind = PD_MERGE_VIEW, .labelled = true };
	struct pd_error err = { 0 };
	struct pd_doc *before, *after, *both = NULL;
	char dropped[256] = "";
	int status = 2;

	before = pd_merge((const struct pd_doc *const *)p->chosen, p->n_before, &how, NULL, 0, &err);
	after = before ? pd_merge((const struct pd_doc *const *)p->chosen + p->n_before, p->n - p->n_before, &how, NULL, 0, &err) : NULL;
	both = after ? pd_subtract(after, before, &sub, dropped, sizeof dropped, &err) : NULL;
	if (both && *dropped)
		cmd_warnf(ctx, "sample types that not every input has were left out: %s", dropped);
	status = both ? cmd_save(ctx, &a->out, &a->in, both, a->select.sample_type, pd_format_named("pprof")) : cmd_fail(ctx, &err);
	pd_doc_unref(before);
	pd_doc_unref(after);
	pd_doc_unref(both);
	return status;
}

/* Options of the format: those of --opt, and the title. NULL when out of memory; *title is freed with it. */
static const char **format_options(struct cmd_ctx *ctx, const struct diff_args *a, const struct pd_format *f, char **title)
{
	const char **kv = cli_format_options(ctx, &a->in.opt, f), **grown;
	size_t n = 0;

	*title = NULL;
	if (!kv || !a->title || !strcmp(f->name, "folded-diff"))
		return kv;
	while (kv[n])
		n++;
	grown = realloc(kv, (n + 2) * sizeof *grown);
	if (!grown || asprintf(title, "title=%s", a->title) < 0) {
		free(grown ? grown : kv);
		*title = NULL;
		return NULL;
	}
	grown[n] = *title;
	grown[n + 1] = NULL;
	return grown;
}

static int save_union(struct cmd_ctx *ctx, const struct diff_args *a, const struct pd_diff *diff, const char *format)
{
	const struct pd_format *f = pd_format_named(format);
	struct pd_save_opts so = { .size = sizeof so, .command = ctx->command_line, .diff = diff };
	struct pd_error err = { 0 };
	char *title = NULL;
	const char **kv = format_options(ctx, a, f, &title);
	struct pd_doc *both = kv ? pd_diff_doc(diff, &err) : NULL;
	struct pd_out *out = both ? cmd_out_open(ctx, &a->out, f) : NULL;
	int status = 2;

	if (!kv)
		cli_nomem(ctx);
	else if (!both)
		cmd_fail(ctx, &err);
	else if (out)
		status = cmd_out_close(ctx, out, cmd_saved(ctx, pd_save(both, f, &so, kv, out, NULL, 0, &err), &err));
	pd_doc_unref(both);
	free(title);
	free(kv);
	return status;
}

static int print(struct cmd_ctx *ctx, const struct diff_args *a, struct diff_report *r)
{
	struct pd_out *out = cmd_text_open(ctx, &a->out);

	if (!out)
		return 2;
	r->color = !a->out.output && cmd_color(ctx, STDOUT_FILENO);
	if (a->json)
		diff_json(r, out);
	else if (a->csv)
		diff_csv(r, out);
	else
		diff_text(r, out);
	return cmd_out_close(ctx, out, 0);
}

/* ---- all of it ---- */

enum target { TEXT, FOLDED, PPROF, PICTURE, BAD };

static enum target target_of(struct cmd_ctx *ctx, const struct diff_args *a, const char **name)
{
	const struct pd_format *f = NULL;

	if (a->out.to)
		f = cli_format(ctx, a->out.to, true);
	else if (a->out.output && !a->json && !a->csv)
		f = pd_format_for_path(a->out.output);
	if (!f && a->out.to)
		return BAD;
	*name = f ? f->name : NULL;
	if (!f)
		return TEXT;
	if (!strcmp(f->name, "pprof"))
		return PPROF;
	if (!strcmp(f->name, "folded") || !strcmp(f->name, "folded-diff")) {
		*name = "folded-diff";
		return FOLDED;
	}
	if (!strcmp(f->name, "svg") || !strcmp(f->name, "html"))
		return PICTURE;
	cli_usage(ctx, "-t folded, pprof, svg or html, or none for a report", "a difference cannot be written as %s", f->name);
	return BAD;
}

static int compare(struct cmd_ctx *ctx, const struct diff_args *a, const struct pd_diff_opts *o, const struct cmd_loaded *in, const struct prepared *p, enum target target, const char *format)
{
	struct pd_error err = { 0 };
	struct pd_diff *diff = pd_diff_new(p->in, p->n_before, p->in + p->n_before, p->n - p->n_before, o, &err);
	struct diff_report r = { .ctx = ctx, .a = a, .diff = diff, .in = in, .n_before = p->n_before, .n = p->n };
	int status, gated;

	if (!diff)
		return cmd_fail(ctx, &err);
	r.s = pd_diff_summary(diff);
	if (target == TEXT)
		status = print(ctx, a, &r);
	else
		status = target == PPROF ? save_pprof(ctx, a, p) : save_union(ctx, a, diff, format);
	gated = status ? 0 : gate(ctx, &r, o->min_share < 0 ? 0 : o->min_share > 0 ? o->min_share : 0.001);
	pd_diff_free(diff);
	return status ? status : gated;
}

static void diff_defaults(void *args)
{
	((struct diff_args *)args)->nodecount = -1;
}

static int diff_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct diff_args *a = argp;
	struct cmd_loaded *in = NULL;
	struct prepared p = { 0 };
	struct pd_diff_opts o;
	const char *format = NULL;
	enum target target = target_of(ctx, a, &format);
	bool metrics;
	int status;

	if (target == BAD || make_options(ctx, a, &o) || cli_out_check(ctx, &a->out))
		return 2;
	status = cmd_load_each(ctx, &a->in, operands, n, CMD_BUILD_METRICS, &in, &p.n);
	metrics = !status && diff_has_metrics(in, p.n);
	if (!status)
		status = split_sides(ctx, in, p.n, &p.n_before);
	if (!status && metrics)
		status = diff_metrics(ctx, a, in, p.n_before, p.n, target == TEXT);
	if (!status && !metrics)
		status = prepare(ctx, a, in, &p);
	if (!status && !metrics)
		status = compare(ctx, a, &o, in, &p, target, format);
	release(&p);
	cmd_loaded_free(in, p.n);
	return status;
}

const struct pd_cmd pd_cmd_diff = {
	.name = "diff",
	.summary = "what changed between profiles, beyond chance",
	.usage = "[OPTIONS] BEFORE AFTER | before=F... after=F...",
	.about = "Compares two profiles, or several on each side (before=F after=F: replicates), function by function. Functions are\n"
		 "matched by name and file, then by names without what compilers add; what one function lost and another gained under\n"
		 "the same caller is reported as moved. Values are divided by operations (--ops, a comment 'ops: N', or whole runs of a recorded command), by recording\n"
		 "time where every profile knows it, or by the total of its side; the report says which.\n\n"
		 "Every difference comes with its interval and is tested: samples are counts, and counts have noise. What is reported\n"
		 "is beyond chance (5 % false discoveries) and large enough to matter (--min-delta, --min-change). Functions whose\n"
		 "change is explained by what they call are carriers and only counted (--all lists them), and functions that moved\n"
		 "with most others (to make room for one that grew, or because the machine was busy) are no findings.\n\n"
		 "Two sets of metrics of one process (Go runtime/metrics, expvar, Prometheus text) are compared by what happened in\n"
		 "between: increases and rates of counters, gauges, distributions of the events in between against all before.\n\n"
		 "-t folded writes 'stack before after' lines, -t pprof a profile that opens as a difference in pprof, -t svg and\n"
		 "-t html differential flame graphs. --fail-on makes it a gate for continuous integration.",
	.examples = (const char *const[]){ "profdata diff a.pb.gz b.pb.gz", "what changed",
					   "profdata diff before=a.pb.gz before=cpu.pb.gz after=b.pb.gz after=heap.pb.gz", "two recordings of each build: what the builds changed",
					   "profdata diff --fail-on 5% a.pb.gz b.pb.gz", "status 1 when a function grew by 5 % or more",
					   "profdata diff --interval 30 before.prom after.prom", "rates of counters, percentiles of what happened in between",
					   "profdata diff a.pb.gz b.pb.gz -o diff.svg", "a differential flame graph", NULL },
	.args_size = sizeof(struct diff_args),
	.opts = diff_opts,
	.defaults = diff_defaults,
	.run = diff_run,
};
