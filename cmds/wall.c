/* profdata wall: where the time of every thread went. The accounts are the library's; this finds out who is what, and tells. */
#include "cli.h"
#include "wall.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const per_words[] = { "thread", "process", "total", NULL };
static const char *const frame_words[] = { "suffix", "leaf", "root", NULL };

#define A struct wall_args
static const struct pd_opt wall_own_opts[] = {
	{ 0, "per", "WHAT", "settle accounts per thread, process or total (default thread)", PD_OPT_CHOICE, PD_AT(A, per, const char *), per_words },
	{ 0, "hz", "N", "samples a second, where the profile does not say it or says it wrong", PD_OPT_REAL, PD_AT(A, hz, double) },
	{ 0, "off-unit", "UNIT", "unit of off-CPU values that have none: ns, us, ms, s", PD_OPT_STR, PD_AT(A, off_unit, const char *) },
	{ 0, "duration", "SEC", "length of the recording, for inputs that do not say it", PD_OPT_REAL, PD_AT(A, duration, double) },
	{ 0, "blocked-only", NULL, "off-CPU values end at the wake-up (default: where the thread runs again)", PD_OPT_BOOL, PD_AT(A, blocked_only, bool) },
	{ 0, "leaf-first", NULL, "stacks of wall-clock samples are upside down (default: looks)", PD_OPT_BOOL, PD_AT(A, leaf_first, bool) },
	{ 0, "members", "NAME=N", "a name that stands for N threads (repeatable)", PD_OPT_LIST, PD_AT(A, members, struct pd_list) },
	{ 0, "no-residual", NULL, "leave out lifetime that nothing explains", PD_OPT_BOOL, PD_AT(A, no_residual, bool) },
	{ 0, "hide-idle", NULL, "leave out stacks that only wait for work: event loops, accept, pools, timers", PD_OPT_BOOL, PD_AT(A, hide_idle, bool) },
	{ 0, "idle", "RE", "frames that mean waiting for work, too (repeatable)", PD_OPT_LIST, PD_AT(A, idle, struct pd_list) },
	{ 0, "state-frames", "[HOW]", "states as frames: suffix (of the leaf, default), leaf or root (a frame there)", PD_OPT_STR, PD_AT(A, state_frames, const char *) },
	{ 0, "report", "FILE", "write what was done with every thread to FILE (.json: as JSON)", PD_OPT_STR, PD_AT(A, report, const char *), .complete = "file" },
	{ .kind = PD_OPT_END },
};

static const struct pd_opt wall_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Combination", .table = wall_own_opts, .offset = 0 },
	{ .kind = PD_OPT_INCLUDE, .help = "Selection, of the result", .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select) },
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_output_opts, .offset = PD_AT(A, out, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, in, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef A

/* One run. */
struct run {
	struct cmd_ctx *ctx;
	struct wall_args *a;
	const struct pd_format *format;
	struct pd_wall *wall;
	struct pd_out *out;         /* of the timeline */
	struct pd_events *timeline;
	const char *name;           /* of the lone input */
	struct pd_doc *doc;         /* it; the stacks of the timeline are in there */
	char *own[4];               /* options for readers */
	size_t first_own;
};

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

/* A list as the library wants it; NULL when it is empty or there is no memory (*ok). */
static const char **terminated(const struct pd_list *list, bool *ok)
{
	const char **v = list->n ? calloc(list->n + 1, sizeof *v) : NULL;

	*ok &= v || !list->n;
	for (size_t i = 0; v && i < list->n; i++)
		v[i] = list->item[i];
	return v;
}

static int check(struct run *r)
{
	struct wall_args *a = r->a;

	if (a->hz < 0 || !isfinite(a->hz))
		return cli_usage(r->ctx, NULL, "option '--hz' cannot be %g (expected more than 0)", a->hz);
	if (a->duration < 0 || !(a->duration < 9e9))
		return cli_usage(r->ctx, NULL, "option '--duration' cannot be %g (expected seconds)", a->duration);
	if (a->state_frames && a->state_frames[0] && word_index(frame_words, a->state_frames) < 0)
		return cli_usage(r->ctx, NULL, "option '--state-frames' cannot be '%s' (expected suffix, leaf or root)", a->state_frames);
	for (size_t i = 0; i < a->members.n; i++) {
		const char *eq = strrchr(a->members.item[i], '=');

		if (!eq || strtoul(eq + 1, NULL, 10) == 0)
			return cli_usage(r->ctx, NULL, "option '--members' cannot be '%s' (expected NAME=N)", a->members.item[i]);
	}
	return 0;
}

/* ---- what readers are asked for ---- */

static bool reader_knows(const char *format, const char *option)
{
	const struct pd_format *f = pd_format_named(format);
	struct pd_opt_walk w;
	const struct pd_opt *o;

	if (!f)
		return false;
	pd_opt_walk_init(&w, f->opts);
	while ((o = pd_opt_walk_next(&w)))
		if (o->name && strcmp(o->name, option) == 0)
			return true;
	return false;
}

/* Switches, lifetimes, and of Go traces the goroutines: nobody need say so. */
static int ask_readers(struct run *r)
{
	static const struct { const char *format, *option, *value; } wish[] = {
		{ "perf-script", "sched", "true" }, { "go-trace", "view", "goroutines" }, { "go-trace", "no-flows", "true" }, { "go-trace", "no-counters", "true" },
	};
	size_t n = 0;

	r->first_own = r->a->in.opt.n;
	for (size_t i = 0; i < sizeof(wish) / sizeof(wish[0]); i++)
		if (reader_knows(wish[i].format, wish[i].option) && cmd_add_option(r->ctx, &r->a->in, wish[i].option, wish[i].value, &r->own[n++]))
			return 2;
	return 0;
}

/* Options of ours that no reader needed are nobody's mistake. */
static void forgive(struct run *r)
{
	for (size_t i = r->first_own; r->ctx->opt_used && i < r->a->in.opt.n; i++)
		r->ctx->opt_used[i] = true;
}

/* ---- reading ---- */

static bool is_timeline(const struct pd_format *f)
{
	return strcmp(f->name, "chrome") == 0 || strcmp(f->name, "perfetto") == 0;
}

static int open_timeline(struct run *r)
{
	if (!is_timeline(r->format))
		return 0;
	r->out = cmd_out_open(r->ctx, &r->a->out, r->format);
	r->timeline = r->out ? cmd_save_events(r->ctx, &r->a->in, r->format, NULL, r->out) : NULL;
	if (!r->timeline)
		return 2;
	pd_wall_timeline(r->wall, r->timeline);
	return 0;
}

static struct pd_events *open_events(struct cmd_ctx *ctx, void *arg)
{
	struct run *r = arg;
	struct pd_error err = { 0 };
	struct pd_events *ev = pd_wall_events(r->wall, r->name, &err);

	if (!ev)
		cmd_fail(ctx, &err);
	return ev;
}

static enum pd_wall_role role_of(struct cmd_ctx *ctx, const char *label, bool *fine)
{
	static const struct { const char *label; enum pd_wall_role role; } roles[] = {
		{ "on", PD_WALL_ON }, { "cpu", PD_WALL_ON }, { "off", PD_WALL_OFF }, { "wall", PD_WALL_WHOLE }, { "auto", PD_WALL_AUTO },
	};

	*fine = true;
	for (size_t i = 0; label && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(label, roles[i].label) == 0)
			return roles[i].role;
	if (label) {
		cli_usage(ctx, "on=FILE off=FILE, or wall=FILE", "'%s' is no role of an input", label);
		*fine = false;
	}
	return PD_WALL_AUTO;
}

/* "on" of "on=FILE"; a file of that whole name wins. */
static const char *bare(const char *operand)
{
	const char *slash = strrchr(operand, '/');

	return slash ? slash + 1 : operand;
}

static int add_doc(struct run *r, const struct pd_doc *doc, const char *label, const char *path)
{
	struct pd_error err = { 0 };
	bool fine;
	enum pd_wall_role role = role_of(r->ctx, label, &fine);

	if (!fine)
		return 2;
	return pd_wall_add(r->wall, doc, role, path, &err) > PD_WARN ? cmd_fail(r->ctx, &err) : 0;
}

/* A trace may say by its slices what every thread did; else what it says as a profile counts. */
static int read_lone(struct run *r, char **operands, size_t n)
{
	struct cmd_stream stream = { .open = open_events, .arg = r };

	r->name = n ? bare(operands[0]) : "<stdin>";
	r->doc = cmd_load_stream(r->ctx, &r->a->in, operands, n, 0, &stream);
	pd_events_free(stream.events);
	if (!r->doc)
		return 2;
	return pd_wall_has_states(r->wall) ? 0 : add_doc(r, r->doc, NULL, r->name);
}

static int read_each(struct run *r, char **operands, size_t n)
{
	struct cmd_loaded *in;
	size_t n_in;
	int status = cmd_load_each(r->ctx, &r->a->in, operands, n, 0, &in, &n_in);

	if (status)
		return status;
	for (size_t i = 0; i < n_in && !status; i++)
		status = add_doc(r, in[i].doc, in[i].label, bare(in[i].path));
	cmd_loaded_free(in, n_in);
	return status;
}

static bool has_role(const char *operand)
{
	static const char *const roles[] = { "on=", "cpu=", "off=", "wall=", "auto=" };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strncmp(operand, roles[i], strlen(roles[i])) == 0)
			return true;
	return false;
}

/* ---- writing ---- */

static int save(struct run *r)
{
	struct pd_doc *doc = pd_wall_doc(r->wall), *chosen;
	int type, status;

	chosen = cmd_apply_select(r->ctx, &r->a->select, NULL, doc, r->a->select.sample_type ? &type : NULL);
	pd_doc_unref(doc);
	if (!chosen)
		return 2;
	r->ctx->canonical = false;
	status = cmd_save(r->ctx, &r->a->out, &r->a->in, chosen, r->a->select.sample_type, r->format);
	pd_doc_unref(chosen);
	return status;
}

static int finish_timeline(struct run *r, int status)
{
	struct pd_error err = { 0 };

	if (!r->timeline)
		return status;
	if (!status && !pd_wall_has_states(r->wall))
		status = cmd_errorf(r->ctx, "a timeline needs a recording with the states of threads in order: scheduler switches or a trace");
	if (!status && pd_events_finish(r->timeline, &err) > PD_WARN)
		status = cmd_fail(r->ctx, &err);
	return status;
}

/* Combined: 0, 2, or 3 when the inputs contradict each other. */
static int combine(struct run *r)
{
	struct pd_error err = { 0 };
	struct pd_wall_summary s;
	enum pd_status status = pd_wall_finish(r->wall, &err);

	pd_wall_summary(r->wall, &s);
	if (status > PD_WARN) {
		wall_tell(r->ctx, r->wall, r->a);
		cmd_fail(r->ctx, &err);
		return s.impossible ? 3 : 2;
	}
	return wall_tell(r->ctx, r->wall, r->a);
}

static int read_and_write(struct run *r, char **operands, size_t n)
{
	bool lone = n <= 1 && !r->a->in.files_from && (!n || !has_role(operands[0]));
	int status = open_timeline(r);

	if (!status)
		status = lone ? read_lone(r, operands, n) : read_each(r, operands, n);
	forgive(r);
	if (!status)
		status = combine(r);
	if (r->timeline || r->out) {
		status = finish_timeline(r, status);
		pd_events_free(r->timeline);
		return r->out ? cmd_out_close(r->ctx, r->out, status) : 2;
	}
	return status ? status : save(r);
}

static int wall_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct wall_args *a = argp;
	struct run r = { .ctx = ctx, .a = a, .format = cmd_out_format(ctx, &a->out, pd_format_named("pprof")) };
	struct pd_error err = { 0 };
	bool ok = true;
	const char **idle = terminated(&a->idle, &ok), **members = terminated(&a->members, &ok);
	struct pd_wall_opts o = { .size = sizeof o, .hz = a->hz, .off_unit = a->off_unit, .duration = (int64_t)(a->duration * 1e9), .no_residual = a->no_residual, .force = a->out.force,
				  .blocked_only = a->blocked_only, .leaf_first = a->leaf_first, .hide_idle = a->hide_idle, .idle = idle, .members = members };
	int status = !r.format || cli_out_check(ctx, &a->out) || check(&r) ? 2 : 0;

	if (!ok)
		status = cli_nomem(ctx);
	if (a->per)
		o.per = (enum pd_wall_per)word_index(per_words, a->per);
	if (a->state_frames)
		o.frames = a->state_frames[0] ? (enum pd_wall_frames)(word_index(frame_words, a->state_frames) + 1) : PD_WALL_FRAMES_SUFFIX;
	if (!status && !(r.wall = pd_wall_new(&o, &err)))
		status = cmd_fail(ctx, &err);
	if (!status)
		status = ask_readers(&r);
	if (!status)
		status = read_and_write(&r, operands, n);
	pd_wall_free(r.wall);
	pd_doc_unref(r.doc);
	a->in.opt.n = r.first_own; /* ours are freed here */
	for (size_t i = 0; i < sizeof(r.own) / sizeof(r.own[0]); i++)
		free(r.own[i]);
	free(idle);
	free(members);
	return status;
}

static const char *const wall_examples[] = {
	"profdata wall on=cpu.pb.gz off=offcpu.folded --off-unit us -o wall.pb.gz", "a CPU profile and what offcputime -f printed",
	"perf script --show-switch-events --show-task-events | profdata wall - -o wall.svg", "one recording of samples and switches, as a flame graph coloured by state",
	"profdata wall trace.out -t folded --state-frames", "a Go execution trace, as text with the state behind every leaf",
	"profdata wall wall=fgprof.pprof on=cpu.pb.gz -o wall.pb.gz", "fgprof, split into running and runnable by a CPU profile",
	"perf script --show-switch-events | profdata wall - -t chrome -o states.json", "the states of all threads over time",
	NULL,
};

const struct pd_cmd pd_cmd_wall = {
	.name = "wall",
	.summary = "where the time went, on and off the processor together",
	.usage = "[OPTIONS] on=INPUT off=INPUT | INPUT...",
	.about = "Makes one wall-clock profile: for every thread, time on the processor, time blocked and time runnable add up to its\n"
		 "lifetime. Time on the processor comes from samples, time off it from tracing (offcputime, bpftrace, perf record --off-cpu,\n"
		 "the block profile of Go), or both from one recording of scheduler switches, one Go execution trace, one JSON trace with\n"
		 "states, or samples of all threads (fgprof). What an input is, is found out; on=, off= and wall= say it.\n\n"
		 "Lifetime that nothing explains is a row named [runnable or unattributed]. Where on and off together exceed a lifetime,\n"
		 "samples are scaled down as far as chance explains it, within three standard errors; beyond that the status is 3, and\n"
		 "nothing is written without --force, which keeps the values as they are (and combines windows that do not meet). What would count time twice is refused: two sources of blocked time, a CPU profile\n"
		 "beside wall-clock samples (it splits them instead), mutex profiles, which charge those who unlock.\n\n"
		 "The result has the sample types samples/count, on_cpu, off_cpu and wall in nanoseconds (wall is the default) and the\n"
		 "labels state (on, off, runnable) and, where known, reason. -v and --report tell what was done with every thread.",
	.examples = wall_examples,
	.args_size = sizeof(struct wall_args),
	.opts = wall_opts,
	.run = wall_run,
};
