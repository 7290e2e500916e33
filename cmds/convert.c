/* convert - any readable format to any writable one; names what the target cannot hold. */
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct convert_args {
	struct cmd_common common;
	struct cmd_input in;
	struct cmd_output out;
	struct cmd_select select;
	const char *annotate, *view;
};

#define V struct convert_args
static const char *const views[] = { "procs", "goroutines", "threads", "all", NULL };
static const struct pd_opt convert_opts[] = {
	CMD_OPT_ANNOTATE(V, annotate),
	{ 0, "view", "WHICH", "Go traces to a timeline: rows for procs, goroutines, threads or all (default)", PD_OPT_CHOICE, PD_AT(V, view, const char *), .choices = views },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_output_opts, .offset = PD_AT(V, out, struct cmd_output), .help = "Output" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(V, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = cmd_base_opts, .offset = PD_AT(V, in.base, struct cmd_base) },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_select_opts, .offset = PD_AT(V, select, struct cmd_select), .help = "Selection" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(V, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef V

static int save(struct cmd_ctx *ctx, const struct convert_args *a, const struct pd_format *f, const struct pd_doc *doc)
{
	int type, status;
	struct pd_doc *chosen = cmd_apply_select(ctx, &a->select, NULL, doc, a->select.sample_type ? &type : NULL);

	if (!chosen)
		return 2;
	status = cmd_save(ctx, &a->out, &a->in, chosen, a->select.sample_type, f);
	pd_doc_unref(chosen);
	return status;
}

/* ---- trace to timeline: nothing is stored ---- */

struct streaming {
	const struct convert_args *a;
	const struct pd_format *f;
	struct pd_out *out;
};

/* Events pass by one at a time: a part of the time can be cut out of them, but what selects samples would be ignored, so it is refused. */
static int check_selection(struct cmd_ctx *ctx, const struct convert_args *a, const struct pd_format *f)
{
	struct cmd_select others = a->select;
	struct cmd_kv kv = { 0 };
	int status;

	others.time_range = NULL;
	status = cmd_kv_table(&kv, cmd_select_opts, &others) ? 0 : 2;
	if (kv.n)
		status = cli_usage(ctx, NULL, "option '--%.*s' selects samples, but a trace goes to %s event by event; convert it to a profile instead (pprof, folded, speedscope)",
				   (int)strcspn(kv.v[0], "="), kv.v[0], f->name);
	cmd_kv_release(&kv);
	return status;
}

static struct pd_events *open_timeline(struct cmd_ctx *ctx, void *arg)
{
	struct streaming *s = arg;
	const char *range = s->a->select.time_range;
	struct pd_error err = { 0 };
	struct pd_events *ev;
	int64_t lo, hi;

	if (check_selection(ctx, s->a, s->f))
		return NULL;
	if (range && !cmd_time_range(range, &lo, &hi)) {
		cli_usage(ctx, NULL, "option '--time-range' cannot be '%s' (expected A:B in seconds, A before B)", range);
		return NULL;
	}
	s->out = cmd_out_open(ctx, &s->a->out, s->f);
	ev = s->out ? cmd_save_events(ctx, &s->a->in, s->f, s->a->select.sample_type, s->out) : NULL;
	if (!ev || !range)
		return ev;
	ev = pd_events_range(ev, lo, hi, &err);
	if (!ev)
		cmd_fail(ctx, &err);
	return ev;
}

/* What was read, or NULL; *streamed when it is written already, *status then says how that went. */
static struct pd_doc *load(struct cmd_ctx *ctx, const struct convert_args *a, const struct pd_format *f, char **operands, size_t n, bool *streamed, int *status)
{
	unsigned flags = f && !(f->keeps & PD_KEEPS_TIME) && !a->select.time_range ? PD_BUILD_AGGREGATE : 0;
	struct streaming s = { .a = a, .f = f };
	struct cmd_stream stream = { .open = open_timeline, .arg = &s, .instead = true };
	struct pd_doc *doc;

	flags |= f && (f->keeps & PD_KEEPS_METRICS) ? CMD_BUILD_METRICS : 0;
	if (!f->write_events)
		return cmd_load(ctx, &a->in, operands, n, flags);
	doc = cmd_load_stream(ctx, &a->in, operands, n, flags, &stream);
	*streamed = s.out != NULL;
	pd_events_free(stream.events);
	if (s.out)
		*status = cmd_out_close(ctx, s.out, doc ? 0 : 2);
	return doc;
}

static int convert_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct convert_args *a = argp;
	const struct pd_format *f = cmd_out_format(ctx, &a->out, NULL);
	struct pd_doc *doc;
	bool streamed = false;
	char *kv, *view = NULL;
	int status = 2;

	if (!f || cli_out_check(ctx, &a->out) || cmd_add_annotate(ctx, &a->in, a->annotate, &kv))
		return 2;
	if (cmd_add_option(ctx, &a->in, "view", a->view, &view)) {
		free(kv);
		return 2;
	}
	doc = load(ctx, a, f, operands, n, &streamed, &status);
	if (!streamed)
		status = doc ? save(ctx, a, f, doc) : 2;
	pd_doc_unref(doc);
	free(kv);
	free(view);
	return status;
}

const struct pd_cmd pd_cmd_convert = {
	.name = "convert",
	.summary = "any readable format to any writable one",
	.usage = "-t FORMAT [OPTIONS] [INPUT...]",
	.about = "Reads every INPUT, adds them up where there are several, and writes the result. What the output format cannot hold is\n"
		 "named in one warning (lost: ...). Selection options work as in the reports.\n\n"
		 "For inputs that know commands (perf script), folded output has the command as its root frame; --tagroot= leaves it out,\n"
		 "--tagroot=KEYS puts the values of other labels there.",
	.examples = (const char *const[]){ "profdata convert -t folded cpu.pb.gz", "pprof as folded stacks", "perf script | profdata convert -o cpu.pb.gz -",
					   "perf samples as pprof", "profdata convert -t speedscope -s cpu cpu.pb.gz -o cpu.speedscope.json", "for speedscope, one sample type",
					   NULL },
	.args_size = sizeof(struct convert_args),
	.opts = convert_opts,
	.run = convert_run,
};
