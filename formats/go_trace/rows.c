/* Rows of the timeline of a Go trace: slices that nest by construction, names, counters. */
#include "go_trace/views.h"

#include "base/error.h"
#include "common/json_write.h"

#include <inttypes.h>

#define COUNTER_STEP 10000 /* ns between two values of a counter */

enum pid { PID_STATS = 1, PID_RUNTIME, PID_PROCS, PID_GOROUTINES, PID_THREADS, PID_TASKS };

/* ---- tracks ---- */

static pd_track new_track(struct gt_views *v, enum pd_track_kind kind, unsigned pid, int64_t id, struct pd_span name, int32_t sort)
{
	pd_track t = { ++v->n_tracks };

	pd_events_track(v->ev, t, &(struct pd_track_desc){ .kind = kind, .flags = PD_TRACK_SORTED, .parent = pid ? v->process[pid] : (pd_track){ 0 },
							   .id = id, .name = name, .sort = sort });
	return t;
}

static struct gt_counter new_counter(struct gt_views *v, const char *name, const char *const *series, unsigned n, const char *unit)
{
	struct pd_span names[5];
	pd_track t = { ++v->n_tracks };

	for (unsigned i = 0; i < n; i++)
		names[i] = span_of(series[i]);
	pd_events_track(v->ev, t, &(struct pd_track_desc){ .kind = PD_TRACK_COUNTER, .parent = v->process[PID_STATS], .id = t.v, .name = span_of(name),
							   .series = names, .n_series = n, .unit = span_of(unit) });
	return (struct gt_counter){ .track = t, .n = n, .last = INT64_MIN };
}

bool gt_start_rows(struct gt_views *v)
{
	static const char *const name[] = { NULL, "Stats", "GC and runtime", "Processors", "Goroutines", "Threads", "Tasks" };
	static const char *const states[] = { "running", "runnable", "syscall", "waiting", "waiting for GC" };
	static const char *const heap[] = { "live", "to goal" }, *const one[] = { "count" }, *const threads[] = { "with a processor", "in system calls" };
	static const unsigned view_of[] = { [PID_PROCS] = GT_VIEW_PROCS, [PID_GOROUTINES] = GT_VIEW_GOROUTINES, [PID_THREADS] = GT_VIEW_THREADS, [PID_TASKS] = 0 };

	for (unsigned pid = 1; pid <= PID_TASKS; pid++)
		if (!view_of[pid] || (v->o.views & view_of[pid]))
			v->process[pid] = new_track(v, PD_TRACK_PROCESS, 0, pid, span_of(name[pid]), (int32_t)pid);
	v->gc.track = new_track(v, PD_TRACK_THREAD, PID_RUNTIME, 1, SPAN("GC mark"), 1);
	v->stw.track = new_track(v, PD_TRACK_THREAD, PID_RUNTIME, 2, SPAN("stop the world"), 2);
	v->network.track = new_track(v, PD_TRACK_THREAD, PID_RUNTIME, 3, SPAN("network poller"), 3);
	v->exits.track = new_track(v, PD_TRACK_THREAD, PID_RUNTIME, 4, SPAN("system calls that blocked"), 4);
	v->sched.track = new_track(v, PD_TRACK_THREAD, PID_RUNTIME, 5, SPAN("scheduler and timers"), 5);
	v->goroutines = new_counter(v, "Goroutines", states, 5, "count");
	v->heap = new_counter(v, "Heap", heap, 2, "bytes");
	v->procs = new_counter(v, "GOMAXPROCS", one, 1, "count");
	v->threads = new_counter(v, "Threads", threads, 2, "count");
	return !v->ev->failed;
}

static uint32_t row_for(struct gt_views *v, struct gt_map *map, uint64_t id, unsigned pid, const char *fmt)
{
	bool procs = pid == PID_PROCS;
	uint32_t row = id == GT_NONE ? 0 : gt_map_get(map, id), n;
	struct gt_row fresh = { .last = v->start };
	char text[40];

	if (row || id == GT_NONE)
		return row;
	n = (uint32_t)(procs ? v->p.n : v->m.n);
	snprintf(text, sizeof text, fmt, id);
	if (v->process[pid].v)
		fresh.track = new_track(v, PD_TRACK_THREAD, pid, procs && id < INT32_MAX ? (int64_t)id + 1 : (int64_t)n, span_of(text), (int32_t)n);
	if (n == UINT32_MAX || !(procs ? pd_vec_push(&v->p, fresh) : pd_vec_push(&v->m, fresh)) || !gt_map_put(map, id, n)) {
		gt_nomem(v->r);
		return 0;
	}
	return n;
}

uint32_t gt_proc_row(struct gt_views *v, uint64_t p)
{
	return row_for(v, &v->p_map, p, PID_PROCS, "P %" PRIu64);
}

uint32_t gt_thread_row(struct gt_views *v, uint64_t m)
{
	return row_for(v, &v->m_map, m, PID_THREADS, "M %" PRIu64);
}

/* ---- goroutines ---- */

struct pd_span gt_join(char *buf, size_t at, const char *before, struct pd_span s, const char *after)
{
	const struct pd_span part[] = { span_of(before), { s.p, s.n < 400 ? s.n : 400 }, span_of(after) };

	for (unsigned i = 0; i < PD_ARRAY_LEN(part); i++) {
		if (part[i].n)
			memcpy(buf + at, part[i].p, part[i].n);
		at += part[i].n;
	}
	return (struct pd_span){ buf, at };
}

struct pd_span gt_goroutine_text(const struct gt_views *v, const struct gt_shown *g, char *buf)
{
	struct pd_span name = pd_builder_string(v->r->b, g->name);
	size_t at = 1 + pd_put_u64(buf + 1, g->id);

	buf[0] = 'G';
	return gt_join(buf, at, name.n ? " " : "", name, "");
}

static void describe(struct gt_views *v, struct gt_shown *g)
{
	char buf[GT_NAME];

	if (!g->row.track.v)
		return;
	pd_events_track(v->ev, g->row.track, &(struct pd_track_desc){ .kind = PD_TRACK_THREAD, .flags = PD_TRACK_SORTED, .parent = v->process[PID_GOROUTINES],
								      .id = g->serial, .name = gt_goroutine_text(v, g, buf),
								      .sort = (int32_t)(g->serial & 0x3fffffff) + (g->system ? 0x40000000 : 0) });
}

struct gt_shown *gt_show_goroutine(struct gt_views *v, uint32_t slot, uint64_t id)
{
	struct gt_shown *g;

	while (v->g.n <= slot) {
		if (!pd_vec_push(&v->g, (struct gt_shown){ .state = GT_NOT_EXIST })) {
			gt_nomem(v->r);
			return NULL;
		}
	}
	g = &v->g.v[slot];
	*g = (struct gt_shown){ .id = id, .serial = ++v->n_goroutines, .state = GT_NOT_EXIST };
	g->row.last = v->start;
	if (v->process[PID_GOROUTINES].v)
		g->row.track.v = ++v->n_tracks;
	describe(v, g);
	return g;
}

void gt_name_goroutine(struct gt_views *v, struct gt_shown *g, pd_stack stack)
{
	const struct pd_doc *doc = pd_builder_view(v->r->b);
	pd_stack at = stack;
	const pd_frame *run;
	struct pd_frame_desc f;
	struct pd_func_desc fn;
	struct pd_span name;

	if (g->name.v || !stack.v)
		return;
	for (pd_stack up = pd_doc_stack_parent(doc, at); up.v; up = pd_doc_stack_parent(doc, at))
		at = up;
	if (!pd_doc_stack_run(doc, at, &run))
		return;
	pd_doc_frame(doc, run[0], &f);
	if (!f.n_lines)
		return;
	pd_doc_func(doc, f.lines[0].func, &fn);
	g->name = fn.name;
	name = pd_builder_string(v->r->b, fn.name);
	g->system = (span_starts(name, "runtime.") && !span_is(name, "runtime.main")) || span_starts(name, "runtime/trace.Start.func");
	describe(v, g);
}

pd_str gt_syscall_name(struct gt_views *v, pd_stack stack)
{
	const struct pd_doc *doc = pd_builder_view(v->r->b);
	uint32_t known = stack.v ? gt_map_get(&v->syscalls, stack.v) : 1;
	pd_str found = { 0 };

	if (known)
		return (pd_str){ known - 1 };
	for (pd_stack at = stack; at.v && !found.v; at = pd_doc_stack_parent(doc, at)) {
		const pd_frame *run;

		for (uint32_t n = pd_doc_stack_run(doc, at, &run); n-- > 0 && !found.v;) {
			struct pd_frame_desc f;
			struct pd_func_desc fn = { 0 };
			struct pd_span name;

			pd_doc_frame(doc, run[n], &f);
			if (f.n_lines)
				pd_doc_func(doc, f.lines[0].func, &fn);
			name = pd_builder_string(v->r->b, fn.name);
			if (!span_starts(name, "syscall.") || span_starts(name, "syscall.Syscall") || span_starts(name, "syscall.RawSyscall") ||
			    span_starts(name, "syscall.rawSyscall"))
				continue;
			name = span_skip(name, strlen("syscall."));
			found = pd_intern(v->r->b, name.p, name.n);
		}
	}
	if (!gt_map_put(&v->syscalls, stack.v, found.v + 1))
		gt_nomem(v->r);
	return found;
}

/* ---- slices ---- */

void gt_row_begin(struct gt_views *v, struct gt_row *row, enum gt_open what, int64_t ts, struct pd_event *e)
{
	if (!row || !row->track.v || row->depth == GT_OPEN)
		return;
	e->kind = PD_EV_BEGIN;
	e->track = row->track;
	e->ts = ts > row->last ? ts : row->last;
	row->last = e->ts;
	row->open[row->depth++] = (uint8_t)what;
	pd_events_event(v->ev, e);
}

void gt_row_close(struct gt_views *v, struct gt_row *row, unsigned depth, int64_t ts, const struct pd_event *e)
{
	if (!row || !row->track.v)
		return;
	if (ts < row->last)
		ts = row->last;
	while (row->depth > depth) {
		struct pd_event end = { .kind = PD_EV_END };

		if (row->depth == depth + 1 && e)
			end = *e;
		end.kind = PD_EV_END;
		end.track = row->track;
		end.ts = row->last = ts;
		row->depth--;
		pd_events_event(v->ev, &end);
	}
}

unsigned gt_row_find(const struct gt_row *row, enum gt_open what)
{
	for (unsigned i = row->depth; i-- > 0;)
		if (row->open[i] == what)
			return i;
	return GT_OPEN;
}

void gt_row_instant(struct gt_views *v, struct gt_row *row, int64_t ts, struct pd_span name, const struct pd_arg *args, uint32_t n_args, pd_stack stack)
{
	if (row && row->track.v)
		pd_events_event(v->ev, &(struct pd_event){ .kind = PD_EV_INSTANT, .track = row->track, .ts = ts, .name = name, .category = SPAN("sched"),
							   .args = args, .n_args = n_args, .stack = stack });
}

/* An end binds to the slice that begins now. Importers that look for the next one may be past it already: they put slices before arrows of the same time. */
void gt_row_flow(struct gt_views *v, struct gt_row *row, int64_t ts, enum pd_event_kind kind, const char *name, uint64_t id)
{
	if (row && row->track.v && !v->o.no_flows)
		pd_events_event(v->ev, &(struct pd_event){ .kind = kind, .flags = kind == PD_EV_FLOW_END ? PD_EV_ENCLOSING : 0, .track = row->track, .ts = ts, .name = span_of(name), .category = SPAN("sched"), .id = id });
}

/* ---- counters ---- */

static void flush(struct gt_views *v, struct gt_counter *c, int64_t ts)
{
	if (c->dirty)
		pd_events_event(v->ev, &(struct pd_event){ .kind = PD_EV_COUNTER, .track = c->track, .ts = ts, .values = c->v, .n_values = c->n });
	c->dirty = false;
	c->last = ts;
}

void gt_counter_set(struct gt_views *v, struct gt_counter *c, unsigned i, double value)
{
	if (v->o.no_counters || c->v[i] == value)
		return;
	c->v[i] = value;
	c->dirty = true;
}

void gt_counters_flush(struct gt_views *v, bool all)
{
	struct gt_counter *const c[] = { &v->goroutines, &v->heap, &v->procs, &v->threads };

	for (unsigned i = 0; i < PD_ARRAY_LEN(c); i++)
		if (c[i]->dirty && (all || c[i]->last == INT64_MIN || v->now - c[i]->last >= COUNTER_STEP))
			flush(v, c[i], v->now);
}
