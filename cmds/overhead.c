/* profdata overhead: what a profiler (or any variant) costs, from results of benchmarks. */
#include "cli.h"
#include "overhead.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const correct_words[] = { "none", "bonferroni", "holm", "bh", "by", NULL };
static const char *const test_words[] = { "rank", "t", NULL };
static const char *const until_words[] = { "decided", NULL };
static const char *const ci_words[] = { "test", "bootstrap", NULL };

#define A struct overhead_args
static const struct pd_opt compare_opts[] = {
	{ 0, "baseline", "NAME", "variant to compare with (default base, none, baseline, old or before, else the first)", PD_OPT_STR, PD_AT(A, baseline, const char *) },
	{ 0, "control", "NAME", "variant that equals the baseline (repeatable; default BASELINE2 and control)", PD_OPT_LIST, PD_AT(A, control, struct pd_list) },
	{ 0, "metric", "NAME", "only this metric, e.g. time/op (repeatable; default all)", PD_OPT_LIST, PD_AT(A, metric, struct pd_list) },
	{ 0, "margin", "SHARE", "differences below this do not matter, as 2% or 0.02 (default 2%)", PD_OPT_STR, PD_AT(A, margin, const char *) },
	{ 0, "alpha", "P", "level of tests; intervals have 1 - P (default 0.05)", PD_OPT_REAL, PD_AT(A, alpha, double) },
	{ 0, "correct", "METHOD", "for many tests: bh, by, holm, bonferroni or none (default bh)", PD_OPT_CHOICE, PD_AT(A, correct, const char *), correct_words },
	{ 0, "test", "TEST", "rank (Mann-Whitney, signed ranks in blocks) or t (of logarithms) (default rank)", PD_OPT_CHOICE, PD_AT(A, test, const char *), test_words },
	{ 0, "ci", "KIND", "intervals of the test, or bootstrap (ratio of medians) (default test)", PD_OPT_CHOICE, PD_AT(A, ci, const char *), ci_words },
	{ 0, "pair", NULL, "the i-th runs of all variants are one block", PD_OPT_BOOL, PD_AT(A, pair, bool) },
	{ 0, "warm-up", "N", "leave out the first N runs of each variant, or blocks; run: run N blocks before those that count (default 0)", PD_OPT_INT, PD_AT(A, warm_up, int64_t) },
	{ 0, "seed", "N", "of the bootstrap (default 42)", PD_OPT_INT, PD_AT(A, seed, int64_t) },
	{ 0, "generalise", NULL, "also the interval of the geomean for workloads in general", PD_OPT_BOOL, PD_AT(A, generalise, bool) },
	{ 0, "fail-above", "SHARE", "status 1 when some overhead is surely above this, as 5% or 0.05", PD_OPT_STR, PD_AT(A, fail_above, const char *) },
	{ 0, "matrix", NULL, "one table: variants by workloads", PD_OPT_BOOL, PD_AT(A, matrix, bool) },
	{ 0, "json", NULL, "JSON instead of text", PD_OPT_BOOL, PD_AT(A, json, bool) },
	{ 0, "csv", NULL, "CSV instead of text", PD_OPT_BOOL, PD_AT(A, csv, bool) },
	{ .kind = PD_OPT_END },
};

static const struct pd_opt run_opts[] = {
	{ 'n', "blocks", "N", "blocks to run, after those of --warm-up (default 10)", PD_OPT_INT, PD_AT(A, blocks, int64_t) },
	{ 0, "until", "WHEN", "decided: stop as soon as every verdict is in; looks are paid for (default: run all blocks)", PD_OPT_CHOICE, PD_AT(A, until, const char *), until_words },
	{ 0, "max-blocks", "N", "most blocks to run with --until (default 60)", PD_OPT_INT, PD_AT(A, max_blocks, int64_t) },
	{ 0, "looks", "N", "how often --until looks, at equal steps up to --max-blocks (default 5)", PD_OPT_INT, PD_AT(A, max_looks, int64_t) },
	{ 0, "raw", "FILE", "keep the rows in FILE, a block at a time; go on where it ends", PD_OPT_STR, PD_AT(A, raw, const char *), .complete = "file" },
	{ 0, "pause", "SEC", "wait after every run (default 0)", PD_OPT_REAL, PD_AT(A, pause, double) },
	{ 0, "interleave", "MSEC", "the runs of a block take turns of MSEC: tells small differences of CPU time; time is not measured", PD_OPT_REAL, PD_AT(A, interleave, double) },
	{ 0, "pin", "CPUS", "run on these processors only, as 0,2-3", PD_OPT_STR, PD_AT(A, pin, const char *) },
	{ 0, "workload", "NAME", "name of what the commands do (default command)", PD_OPT_STR, PD_AT(A, workload, const char *) },
	{ 0, "no-control", NULL, "without the second run of the first variant", PD_OPT_BOOL, PD_AT(A, no_control, bool) },
	{ 0, "allow-errors", NULL, "count runs that fail", PD_OPT_BOOL, PD_AT(A, allow_errors, bool) },
	{ .kind = PD_OPT_END },
};

static const struct pd_opt profile_opts[] = {
	{ 0, "hz", "RATE", "profile: samples asked for per second of CPU time (default: as the profile says)", PD_OPT_REAL, PD_AT(A, hz, double) },
	{ 0, "cpu-seconds", "SEC", "profile: user and system time of the process while it was profiled", PD_OPT_REAL, PD_AT(A, cpu_seconds, double) },
	{ 0, "max-depth", "N", "profile: frames at which the tool cuts stacks (default: guessed)", PD_OPT_INT, PD_AT(A, max_depth, int64_t) },
	{ 0, "classes", "FILE", "share: more classes of functions, looked at before those that are known (repeatable)", PD_OPT_LIST, PD_AT(A, classes, struct pd_list), .complete = "file" },
	{ 0, "metrics", "FILE", "share: Go's metrics of the process, to compare its GC with (runtime/metrics, Prometheus, expvar); twice: before and after", PD_OPT_LIST, PD_AT(A, metrics, struct pd_list), .complete = "file" },
	{ .kind = PD_OPT_END },
};

static const struct pd_opt overhead_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = compare_opts, .offset = 0 },
	{ .kind = PD_OPT_INCLUDE, .help = "Running (overhead run)", .table = run_opts, .offset = 0 },
	{ .kind = PD_OPT_INCLUDE, .help = "Profiles (overhead profile, overhead share)", .table = profile_opts, .offset = 0 },
	{ .kind = PD_OPT_INCLUDE, .help = "Selection (overhead profile, overhead share)", .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select) },
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, input, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_text_output_opts, .offset = PD_AT(A, output, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef A

static void overhead_defaults(void *args)
{
	struct overhead_args *a = args;

	a->alpha = 0.05;
	a->seed = 42;
	a->correct = "bh";
	a->test = "rank";
	a->ci = "test";
	a->workload = "command";
}

/* "2%" or "0.02"; a bare number from 1 on could mean either. */
static int share(struct cmd_ctx *ctx, const char *option, const char *text, double *out)
{
	char *end;
	double v = strtod(text, &end);
	bool percent = strcmp(end, "%") == 0;

	if (end == text || (*end && !percent) || !isfinite(v) || v < 0)
		return cli_usage(ctx, NULL, "--%s: expected a share such as 2%% or 0.02, not '%s'", option, text);
	if (!percent && v >= 1)
		return cli_usage(ctx, "write it with a percent sign or as a fraction", "--%s: is %s per cent meant?", option, text);
	*out = percent ? v / 100 : v;
	return 0;
}

/* ---- reading ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool named(const char *path, const char *name) { return strcmp(base_name(path), name) == 0; }

static bool has_named(const struct cli_operands *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (named(o->v[i].path, name))
			return true;
	return false;
}

/* Is there a file NAME in the folder of this one? */
static bool beside(const char *path, const char *name)
{
	char other[4096];
	struct stat st;

	return (size_t)snprintf(other, sizeof(other), "%.*s%s", (int)(base_name(path) - path), path, name) < sizeof(other) && stat(other, &st) == 0;
}

/* Of a folder only the files that stand for runs: a harness has profiles beside them, criterion older samples. */
static bool is_run_file(const struct cli_operands *all, const char *path)
{
	if (has_named(all, "meta.yaml") || has_named(all, "result.yaml"))
		return named(path, "meta.yaml") || (named(path, "result.yaml") && !beside(path, "meta.yaml"));
	if (has_named(all, "sample.json"))
		return named(path, "sample.json") && strstr(path, "/new/") != NULL;
	return true;
}

/* What reports say about their inputs. */
static int remember(struct cmd_ctx *ctx, const char *path, const char *kind, const char *compression)
{
	struct cli_input *grown = realloc(ctx->input, (ctx->n_inputs + 1) * sizeof(*grown));
	char *copy = strdup(strcmp(path, "-") == 0 ? "<stdin>" : path);

	if (grown)
		ctx->input = grown;
	if (!grown || !copy) {
		free(copy);
		return cli_nomem(ctx);
	}
	grown[ctx->n_inputs] = (struct cli_input){ .path = copy, .format = kind };
	snprintf(grown[ctx->n_inputs].compression, sizeof(grown[0].compression), "%s", compression);
	ctx->n_inputs++;
	return 0;
}

static int read_one(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_limits *limits, struct pd_bench *b, const char *path, const char *label)
{
	struct pd_bench_opts opts = { .size = sizeof(opts), .kind = a->input.from, .label = label, .limits = limits };
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_path(path, limits, &err);
	int status;

	if (!src || pd_bench_read(b, src, &opts, &err) > PD_WARN) {
		status = cmd_fail(ctx, &err);
	} else {
		size_t last = 0;

		while (pd_bench_input(b, last + 1))
			last++;
		status = remember(ctx, path, pd_bench_input_kind(b, last), pd_source_compression(src));
	}
	pd_source_free(src);
	return status;
}

static int read_operand(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_limits *limits, struct pd_bench *b, char *operand)
{
	struct cli_operands all = { 0 };
	struct cmd_input one = { .nul = a->input.nul };
	int status = cli_operands(ctx, &one, &operand, 1, &all);

	for (size_t i = 0; i < all.n && !status; i++)
		if (all.n == 1 || is_run_file(&all, all.v[i].path))
			status = read_one(ctx, a, limits, b, all.v[i].path, all.v[i].label);
	cli_operands_free(&all);
	return status;
}

static int read_all(struct cmd_ctx *ctx, const struct overhead_args *a, struct pd_bench *b, char **operands, size_t n)
{
	struct pd_limits limits = { .size = sizeof(limits) };
	int status = cli_limits(ctx, &a->input, &limits);

	for (size_t i = 0; i < n && !status; i++)
		status = read_operand(ctx, a, &limits, b, operands[i]);
	if (!status && (a->input.files_from || !n)) {
		struct cli_operands all = { 0 };

		status = cli_operands(ctx, &a->input, operands, 0, &all);
		for (size_t i = 0; i < all.n && !status; i++)
			status = read_one(ctx, a, &limits, b, all.v[i].path, all.v[i].label);
		cli_operands_free(&all);
	}
	return status;
}

/* ---- the answer ---- */

static unsigned word_index(const char *const *words, const char *word)
{
	unsigned i = 0;

	while (words[i] && strcmp(words[i], word) != 0)
		i++;
	return i;
}

/* Lists of options end without a NULL: a copy that does. */
static const char **terminated(const struct pd_list *list)
{
	const char **copy = calloc(list->n + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < list->n; i++)
		copy[i] = list->item[i];
	return copy;
}

static bool surely_above(const struct pd_overhead_row *r, double share_limit)
{
	double least = r->higher ? 1 / r->ci.hi : r->ci.lo;

	return !r->control && r->verdict != PD_VERDICT_REFUSED && least - 1 > share_limit;
}

bool overhead_open(const struct pd_overhead *o, bool refused)
{
	const struct pd_overhead_row *r;

	for (size_t i = 0; (r = pd_overhead_row(o, i)); i++)
		if (!r->control && (r->verdict == PD_VERDICT_INCONCLUSIVE || (refused && r->verdict == PD_VERDICT_REFUSED)))
			return true;
	return false;
}

/* 0, 1 (--fail-above), 3 (--strict and something is open). */
static int verdict_status(const struct overhead_args *a, const struct pd_overhead *o)
{
	const struct pd_overhead_row *r;
	bool open = pd_overhead_control_failed(o) || overhead_open(o, true);
	int status = 0;

	for (size_t i = 0; (r = pd_overhead_row(o, i)); i++)
		if (!isnan(a->fail_value) && surely_above(r, a->fail_value))
			status = 1;
	return status ? status : a->common.strict && open ? 3 : 0;
}

static int report(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b, const struct pd_overhead *o)
{
	struct pd_out *out = cmd_text_open(ctx, &a->output);
	int status = verdict_status(a, o), failed = 0;

	if (!out)
		return 2;
	if (a->json)
		failed = overhead_json(ctx, a, b, o, out);
	else if (a->csv)
		overhead_csv(o, out);
	else if (a->matrix)
		overhead_matrix(ctx, a, o, out);
	else
		overhead_text(ctx, a, b, o, out);
	/* the report is complete and wanted, whatever its verdict */
	failed = cmd_out_close(ctx, out, failed);
	return failed ? failed : status;
}

struct pd_overhead *overhead_compare(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b)
{
	const char **controls = terminated(&a->control), **metrics = terminated(&a->metric);
	struct pd_overhead_opts opts = { .size = sizeof(opts), .baseline = a->baseline, .alpha = a->alpha, .margin = a->margin_value,
					 .correct = (enum pd_adjust)word_index(correct_words, a->correct), .test = (enum pd_bench_test)word_index(test_words, a->test),
					 .ci = (enum pd_bench_ci)word_index(ci_words, a->ci), .pair = a->pair, .seed = (uint64_t)a->seed,
					 .warm_up = (size_t)a->warm_up, .looks = a->look, .n_looks = a->looks };
	struct pd_error err = { 0 };
	struct pd_overhead *o = NULL;

	opts.controls = a->control.n ? controls : NULL;
	opts.metrics = a->metric.n ? metrics : NULL;
	if (!controls || !metrics) {
		cli_nomem(ctx);
	} else {
		o = pd_overhead_new(b, &opts, &err);
		if (!o)
			cmd_fail(ctx, &err);
	}
	free(controls);
	free(metrics);
	return o;
}

static int compare(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b)
{
	struct pd_overhead *o = overhead_compare(ctx, a, b);
	int status = o ? report(ctx, a, b, o) : 2;

	pd_overhead_free(o);
	return status;
}

static int check_args(struct cmd_ctx *ctx, struct overhead_args *a)
{
	int status = 0;

	a->margin_value = 0.02;
	a->fail_value = (double)NAN;
	if (a->margin)
		status = share(ctx, "margin", a->margin, &a->margin_value);
	if (!status && a->fail_above)
		status = share(ctx, "fail-above", a->fail_above, &a->fail_value);
	if (!status && a->margin_value == 0)
		return cli_usage(ctx, NULL, "--margin: must be above 0");
	if (!status && !(a->alpha > 0 && a->alpha < 1))
		return cli_usage(ctx, NULL, "--alpha: expected a number between 0 and 1");
	if (!status && (a->seed < 0 || a->warm_up < 0))
		return cli_usage(ctx, NULL, "--%s: must not be negative", a->seed < 0 ? "seed" : "warm-up");
	return status;
}

static int check_profile_args(struct cmd_ctx *ctx, const struct overhead_args *a)
{
	if (!(a->hz >= 0 && isfinite(a->hz)))
		return cli_usage(ctx, NULL, "--hz: expected samples per second");
	if (!(a->cpu_seconds >= 0 && isfinite(a->cpu_seconds)))
		return cli_usage(ctx, NULL, "--cpu-seconds: expected seconds");
	if (a->max_depth < 0 || a->max_depth > 1000000)
		return cli_usage(ctx, NULL, "--max-depth: expected 1 to 1000000");
	if (a->csv || a->matrix)
		return cli_usage(ctx, NULL, "--%s: not for profiles; there is --json", a->csv ? "csv" : "matrix");
	return 0;
}

static int overhead_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct overhead_args *a = args;
	bool run = n && strcmp(operands[0], "run") == 0;
	struct pd_bench *b;
	int status;

	if (n && (strcmp(operands[0], "profile") == 0 || strcmp(operands[0], "share") == 0)) {
		status = check_profile_args(ctx, a);
		if (status)
			return status;
		return operands[0][0] == 'p' ? overhead_quality(ctx, a, operands + 1, n - 1) : overhead_share(ctx, a, operands + 1, n - 1);
	}
	if (!n || (!run && strcmp(operands[0], "compare") != 0))
		return cli_usage(ctx, "profdata overhead compare base=FILE cpu=FILE", n ? "overhead has no part '%s'" : "which part of overhead?%s", n ? operands[0] : "");
	status = check_args(ctx, a);
	if (status)
		return status;
	b = pd_bench_new();
	if (!b)
		return cli_nomem(ctx);
	status = run ? overhead_measure(ctx, a, operands + 1, n - 1, b) : read_all(ctx, a, b, operands + 1, n - 1);
	if (run)
		a->warm_up = 0; /* left out by the rows themselves */
	if (!status)
		status = compare(ctx, a, b);
	pd_bench_free(b);
	return status;
}

static const char *const overhead_examples[] = {
	"profdata overhead compare base=base.txt cpu=cpu.txt", "two files of `go test -bench`",
	"profdata overhead compare --matrix blocks.csv", "variants by workloads, from rows of CSV",
	"profdata overhead run -n 6 --metric time base=true new='sleep 0.01'", "runs the commands in random order, block by block",
	"profdata overhead profile --cpu-seconds 1.6 cpu.pb.gz", "expected and delivered samples, cut stacks, missing names",
	"profdata overhead share cpu.pb.gz", "how much is garbage collection, allocation, locks, ...",
	"profdata overhead compare --fail-above 50% base=base.txt cpu=cpu.txt", "a gate: status 1 when the overhead is surely above",
	NULL,
};

const struct pd_cmd pd_cmd_overhead = {
	.name = "overhead",
	.summary = "what a profiler costs, and how good its profile is",
	.usage = "compare|run|profile|share [OPTIONS] [NAME=]INPUT...",
	.about = "Compares the runs of variants of a program (without and with profilers, before and after a change) and prints for every workload "
		 "and metric the ratio to the baseline with an interval, a p-value, a p-value corrected for the number of tests, and a verdict.\n\n"
		 "Inputs are results of go test -bench, hyperfine, Google Benchmark, pyperf, criterion, wrk, hey, k6, folders of an observability harness, or "
		 "rows of CSV or NDJSON; they are recognised by content. VARIANT=INPUT names the variant of a file; a variant may have several files. "
		 "Runs are compared inside blocks where the input names blocks (or with --pair), by signed ranks; otherwise by ranks, and a remark says that "
		 "drift cannot be told from the effect.\n\n"
		 "run measures itself: a block is one run of every variant, each a process of its own, in an order drawn for that block, with a second run of "
		 "the first variant as control; then it reports as compare does. Measured are time, CPU time, memory and context switches. With --raw FILE the rows "
		 "are kept and an experiment that was interrupted goes on. Figures that only the command can know it appends to the file named by "
		 "PROFDATA_METRICS, a line METRIC,UNIT,VALUE[,lower|higher[,OPERATIONS]] each. --until decided stops early; intervals and p-values allow for "
		 "the looks (alpha is spent after Lan and DeMets). With --interleave MSEC the runs of a block take turns: one goes on while all others are "
		 "stopped, so that what disturbs one disturbs all of them, and their CPU times can be compared much more closely.\n\n"
		 "profile judges a profile: samples expected (rate times CPU time) and delivered, rates at which timers stop that ride on the kernel's tick, samples "
		 "lost, stacks cut, names missing, samples that keep step with a clock; shares have Wilson's 95 % intervals. share sums up classes of functions (garbage "
		 "collection, allocation, copying, locks, the kernel, the profiler itself): of every sample the frame nearest to the leaf that has a class decides. "
		 "--classes FILE adds classes: [NAME] and a pattern per line. With --strict profile ends with 3 when there is something to note.\n\n"
		 "The verdict follows from the interval: slower, faster, within the margin, or inconclusive with the number of runs that would decide. A cell that "
		 "cannot be compared is refused with the reason. Status 1: an overhead is surely above --fail-above; 3: with --strict when a verdict is open or a "
		 "control row differs.",
	.examples = overhead_examples,
	.args_size = sizeof(struct overhead_args),
	.opts = overhead_opts,
	.defaults = overhead_defaults,
	.run = overhead_run,
};
