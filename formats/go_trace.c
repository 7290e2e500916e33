/*
 * go-trace - execution traces of Go programs: runtime/trace, the flight
 * recorder, /debug/pprof/trace. All versions since Go 1.11: up to 1.21 a list of
 * records per processor with the tables at the end, since 1.22 generations of
 * batches per thread.
 *
 * As a profile a trace says where the time of the goroutines went: sample types
 * running, runnable, syscall, waiting and wall (nanoseconds), labels state and reason.
 */
#include "go_trace/facts.h"
#include "go_trace/profile.h"
#include "go_trace/trace.h"
#include "go_trace/views.h"

#include "io/source.h"

struct go_trace_opts {
	bool times, no_flows, no_samples, no_counters;
	const char *view;
};

#define O struct go_trace_opts
static const char *const views[] = { "procs", "goroutines", "threads", "all", NULL };
static const struct pd_opt go_trace_opts[] = {
	{ 0, "view", "WHICH", "rows of a timeline: procs, goroutines, threads, or all (default)", PD_OPT_CHOICE, PD_AT(O, view, const char *), .choices = views },
	{ 0, "no-flows", NULL, "a timeline without arrows from who wakes a goroutine", PD_OPT_BOOL, PD_AT(O, no_flows, bool) },
	{ 0, "no-samples", NULL, "a timeline without CPU samples", PD_OPT_BOOL, PD_AT(O, no_samples, bool) },
	{ 0, "no-counters", NULL, "a timeline without counters", PD_OPT_BOOL, PD_AT(O, no_counters, bool) },
	{ 0, "times", NULL, "a row per interval with the time it began, instead of sums per stack", PD_OPT_BOOL, PD_AT(O, times, bool) },
	{ .kind = PD_OPT_END },
};
#undef O

static enum pd_sniff go_trace_sniff(const struct pd_probe *p)
{
	return gt_version(p->head) ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}

static void listen(struct gt_reader *r, void (*event)(void *, const struct gt_event *), void *ctx)
{
	r->listener[r->n_listeners++] = (struct gt_listener){ event, ctx };
}

/* What is made of the trace on the way. */
struct makers {
	struct gt_profile *profile;
	struct gt_views *views;
	struct gt_facts *facts;
};

static struct gt_views *new_views(struct gt_reader *r, struct pd_events *ev, const struct go_trace_opts *o)
{
	struct gt_view_opts vo = { .no_flows = o->no_flows, .no_samples = o->no_samples, .no_counters = o->no_counters };
	struct gt_views *v;

	for (unsigned i = 0; i < 3; i++)
		if (!o->view || strcmp(o->view, views[i]) == 0 || strcmp(o->view, "all") == 0)
			vo.views |= 1u << i;
	v = gt_views_new(r, ev, &vo);
	if (v)
		listen(r, gt_views_event, v);
	return v;
}

/* Events and figures, as far as somebody wants them. */
static void make_for(struct gt_reader *r, struct makers *m, struct pd_events *ev, const struct go_trace_opts *o)
{
	if (ev && (ev->ops->wants & PD_WANTS_EVENTS))
		m->views = new_views(r, ev, o);
	if (ev && (ev->ops->wants & PD_WANTS_FACTS) && (m->facts = gt_facts_new(r)))
		listen(r, gt_facts_event, m->facts);
}

static enum pd_status run(struct gt_reader *r, struct makers *m, struct pd_events *ev)
{
	enum pd_status status = r->status == PD_OK ? gt_read(r) : r->status;

	if (status == PD_OK && m->profile)
		gt_profile_finish(m->profile);
	if (status == PD_OK && m->views)
		gt_views_finish(m->views);
	if (status == PD_OK && m->facts)
		gt_facts_send(m->facts, ev);
	if (r->status != PD_OK)
		status = r->status;
	gt_profile_free(m->profile);
	gt_views_free(m->views);
	gt_facts_free(m->facts);
	gt_reader_release(r);
	return status;
}

static enum pd_status go_trace_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	const struct go_trace_opts *o = opts;
	struct gt_reader r = { .src = src, .sink = sink, .b = sink->prof };
	struct makers m = { .profile = gt_profile_new(&r, o->times) };

	if (m.profile)
		listen(&r, gt_profile_event, m.profile);
	make_for(&r, &m, sink->events, o);
	return run(&r, &m, sink->events);
}

static enum pd_status go_trace_events(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	struct gt_reader r = { .src = src, .sink = sink, .b = sink->prof };
	struct makers m = { 0 };

	make_for(&r, &m, ev, opts);
	return run(&r, &m, ev);
}

const struct pd_format pd_format_go_trace = {
	.name = "go-trace",
	.summary = "execution traces of Go programs (runtime/trace), Go 1.11 and later",
	.aliases = (const char *const[]){ "gotrace", NULL },
	.opts_size = sizeof(struct go_trace_opts),
	.opts = go_trace_opts,
	.sniff = go_trace_sniff,
	.read = go_trace_read,
	.read_events = go_trace_events,
};
