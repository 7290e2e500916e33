/*
 * Go's scheduler as rows: a row per processor, goroutine and thread, the
 * runtime's own rows, tasks, counters, and arrows from who wakes or creates a goroutine to
 * where it runs next.
 *
 * On a goroutine's row every moment from birth to death is a slice named by its state: running, runnable, the
 * reason of waiting, or the system call. On rows of processors and threads a slice is a goroutine running there.
 */
#include "go_trace/views.h"

#include "base/error.h"

enum flow_kind { FLOW_GO, FLOW_UNBLOCK, FLOW_EXIT };
static const char *const flow_name[] = { "go", "unblock", "system call exit" };

struct gt_views *gt_views_new(struct gt_reader *r, struct pd_events *ev, const struct gt_view_opts *o)
{
	struct gt_views *v = calloc(1, sizeof *v);

	if (!v || !pd_vec_push(&v->p, (struct gt_row){ 0 }) || !pd_vec_push(&v->m, (struct gt_row){ 0 })) {
		gt_views_free(v);
		gt_nomem(r);
		return NULL;
	}
	v->r = r;
	v->ev = ev;
	v->o = *o;
	v->wait_network = pd_intern_z(r->b, "network");
	return v;
}

void gt_views_free(struct gt_views *v)
{
	if (!v)
		return;
	gt_map_release(&v->p_map);
	gt_map_release(&v->m_map);
	gt_map_release(&v->syscalls);
	pd_vec_release(&v->p);
	pd_vec_release(&v->m);
	pd_vec_release(&v->g);
	free(v);
}

static struct gt_shown *shown(struct gt_views *v, uint32_t slot)
{
	return slot && slot < v->g.n && v->g.v[slot].state != GT_NOT_EXIST ? &v->g.v[slot] : NULL;
}

static struct gt_shown *at_work(struct gt_views *v, const struct gt_event *e)
{
	return e->g == GT_NONE ? NULL : shown(v, gt_g_slot(v->r, e->g));
}

static struct pd_arg arg_str(const char *key, struct pd_span s)
{
	return (struct pd_arg){ .key = span_of(key), .kind = PD_ARG_STR, .str = s };
}

static struct pd_arg arg_uint(const char *key, uint64_t u)
{
	return (struct pd_arg){ .key = span_of(key), .kind = PD_ARG_UINT, .u = u };
}

/* ---- counters ---- */

static const int8_t counter_of[] = { [GT_RUNNING] = 0, [GT_RUNNABLE] = 1, [GT_SYSCALL] = 2, [GT_WAITING] = 3 };

static void count(struct gt_views *v, const struct gt_shown *g, uint8_t state, double by)
{
	unsigned i;

	if (state < GT_RUNNABLE || state > GT_SYSCALL)
		return;
	i = state == GT_WAITING && g->gc_wait ? 4 : (unsigned)counter_of[state];
	gt_counter_set(v, &v->goroutines, i, v->goroutines.v[i] + by);
	if (state == GT_SYSCALL)
		gt_counter_set(v, &v->threads, 1, v->threads.v[1] + by);
}

/* ---- rows a goroutine is on ---- */

static struct gt_row *proc_row(struct gt_views *v, uint32_t row) { return row ? &v->p.v[row] : NULL; }
static struct gt_row *thread_row(struct gt_views *v, uint32_t row) { return row ? &v->m.v[row] : NULL; }

/* Mark assists go on where the goroutine goes on. */
static void reopen_ranges(struct gt_views *v, struct gt_shown *g, struct gt_row *row, int64_t ts)
{
	if (row && g->assist)
		gt_row_begin(v, row, GT_OPEN_ASSIST, ts, &(struct pd_event){ .name = SPAN("GC mark assist"), .category = SPAN("gc") });
}

/* The goroutine runs on a processor's or thread's row. */
static void run_on(struct gt_views *v, struct gt_shown *g, uint32_t slot, struct gt_row *row, int64_t ts)
{
	char buf[GT_NAME];
	struct pd_arg arg[1];

	if (!row)
		return;
	if (row->slot == slot && row->depth) {
		gt_row_close(v, row, 1, ts, NULL); /* back from a system call */
		return;
	}
	gt_row_close(v, row, 0, ts, NULL);
	row->slot = slot;
	arg[0] = arg_uint("goroutine", g->id);
	gt_row_begin(v, row, GT_OPEN_RUN, ts, &(struct pd_event){ .name = gt_goroutine_text(v, g, buf), .category = SPAN("running"), .args = arg, .n_args = 1,
								  .stack = g->stack });
	reopen_ranges(v, g, row, ts);
}

static void leave(struct gt_views *v, uint32_t slot, struct gt_row *row, int64_t ts, const struct pd_event *how)
{
	if (!row || row->slot != slot)
		return;
	gt_row_close(v, row, 0, ts, how);
	row->slot = 0;
}

static void syscall_on(struct gt_views *v, const struct gt_shown *g, uint32_t slot, struct gt_row *row, int64_t ts, struct pd_span name)
{
	char buf[GT_NAME];

	if (!row)
		return;
	if (row->slot != slot || !row->depth) { /* was in it before the trace began */
		gt_row_close(v, row, 0, ts, NULL);
		row->slot = slot;
		gt_row_begin(v, row, GT_OPEN_RUN, ts, &(struct pd_event){ .name = gt_goroutine_text(v, g, buf), .category = SPAN("running") });
	}
	gt_row_begin(v, row, GT_OPEN_SYSCALL, ts, &(struct pd_event){ .name = name, .category = SPAN("syscall"), .stack = g->stack });
}

/* ---- states ---- */

static struct pd_span state_name(struct gt_views *v, const struct gt_shown *g, uint8_t from, char *buf)
{
	struct pd_span s;
	pd_str call;

	switch (g->state) {
	case GT_RUNNING:
		return SPAN("running");
	case GT_RUNNABLE:
		s = pd_builder_string(v->r->b, g->reason);
		if (from == GT_NOT_EXIST)
			return SPAN("runnable (new)");
		if (from != GT_RUNNING || !s.n)
			return SPAN("runnable");
		return gt_join(buf, 0, "runnable (", s, ")");
	case GT_SYSCALL:
		call = gt_syscall_name(v, g->stack);
		s = pd_builder_string(v->r->b, call);
		return gt_join(buf, 0, s.n ? "syscall " : "syscall", s, "");
	default:
		s = pd_builder_string(v->r->b, g->reason);
		return s.n ? s : SPAN("waiting");
	}
}

static void leave_state(struct gt_views *v, struct gt_shown *g, uint32_t slot, const struct gt_event *e)
{
	struct pd_arg arg[4];
	struct pd_event how = { .args = arg, .end_stack = gt_stack(v->r, e->of_stack) };
	bool blocked = g->state == GT_SYSCALL && e->to != GT_RUNNING;

	how.stack = how.end_stack;
	if (g->state == GT_RUNNING && e->name.v)
		arg[how.n_args++] = arg_str(e->to == GT_WAITING ? "blocks" : "stops", pd_builder_string(v->r->b, e->name));
	if (g->state == GT_WAITING && e->g != GT_NONE)
		arg[how.n_args++] = arg_uint("woken by goroutine", e->g);
	if (blocked)
		arg[how.n_args++] = arg_str("blocked", SPAN("yes"));
	if (g->state == GT_RUNNING && g->label.v)
		arg[how.n_args++] = arg_str("label", pd_builder_string(v->r->b, g->label));
	g->label = (pd_str){ 0 }; /* what a GC worker does is said anew each time it runs */
	gt_row_close(v, &g->row, 0, e->time, &how);
	count(v, g, g->state, -1);
	if (g->state == GT_RUNNING && e->to == GT_SYSCALL)
		return; /* stays where it is */
	if (g->state == GT_RUNNING || blocked) {
		leave(v, slot, proc_row(v, g->p_row), e->time, &how);
		leave(v, slot, thread_row(v, g->m_row), e->time, &how);
	}
}

static void enter_state(struct gt_views *v, struct gt_shown *g, uint32_t slot, const struct gt_event *e, int64_t ts)
{
	char buf[GT_NAME];
	struct pd_arg arg[2];
	struct pd_event in = { .category = SPAN("goroutine"), .args = arg, .stack = e->to == GT_RUNNING ? (pd_stack){ 0 } : g->stack };
	struct pd_span name = state_name(v, g, e->from, buf);

	count(v, g, g->state, 1);
	in.name = name;
	if (g->state == GT_RUNNING || g->state == GT_SYSCALL) {
		g->p_row = gt_proc_row(v, e->p);
		g->m_row = gt_thread_row(v, e->m);
		if (e->p != GT_NONE)
			arg[in.n_args++] = arg_uint("proc", e->p);
		if (e->m != GT_NONE)
			arg[in.n_args++] = arg_uint("thread", e->m);
	}
	gt_row_begin(v, &g->row, GT_OPEN_STATE, ts, &in);
	if (g->state == GT_RUNNING) {
		reopen_ranges(v, g, &g->row, ts);
		run_on(v, g, slot, proc_row(v, g->p_row), ts);
		run_on(v, g, slot, thread_row(v, g->m_row), ts);
	} else if (g->state == GT_SYSCALL) {
		syscall_on(v, g, slot, proc_row(v, g->p_row), ts, name);
		syscall_on(v, g, slot, thread_row(v, g->m_row), ts, name);
	}
}

/* ---- arrows ---- */

/* The arrow starts where the goroutine was made runnable: on the rows of who did it, else on one of the runtime's. */
static void start_flow(struct gt_views *v, struct gt_shown *g, const struct gt_event *e)
{
	struct gt_shown *by = at_work(v, e);
	enum flow_kind kind = e->from == GT_NOT_EXIST ? FLOW_GO : e->from == GT_SYSCALL ? FLOW_EXIT : FLOW_UNBLOCK;
	struct gt_row *own;
	char buf[GT_NAME];

	if (v->o.no_flows)
		return;
	g->flow = ++v->n_flows * 2;
	g->flow_kind = (uint8_t)kind;
	if (by && by != g && kind != FLOW_EXIT) {
		gt_row_flow(v, &by->row, e->time, PD_EV_FLOW_BEGIN, flow_name[kind], g->flow);
		gt_row_flow(v, proc_row(v, by->p_row), e->time, PD_EV_FLOW_BEGIN, flow_name[kind], g->flow + 1);
		return;
	}
	own = kind == FLOW_EXIT ? &v->exits : g->reason.v == v->wait_network.v ? &v->network : &v->sched;
	if (own->track.v) /* a nanosecond long: importers tie arrows to slices, not to instants */
		pd_events_event(v->ev, &(struct pd_event){ .kind = PD_EV_SLICE, .track = own->track, .ts = e->time, .dur = 1, .name = gt_goroutine_text(v, g, buf), .category = SPAN("sched") });
	gt_row_flow(v, own, e->time, PD_EV_FLOW_BEGIN, flow_name[kind], g->flow);
	if (v->o.views & GT_VIEW_PROCS)
		gt_row_flow(v, own, e->time, PD_EV_FLOW_BEGIN, flow_name[kind], g->flow + 1);
}

static void end_flow(struct gt_views *v, struct gt_shown *g, int64_t ts)
{
	if (!g->flow)
		return;
	gt_row_flow(v, &g->row, ts, PD_EV_FLOW_END, flow_name[g->flow_kind], g->flow);
	gt_row_flow(v, proc_row(v, g->p_row), ts, PD_EV_FLOW_END, flow_name[g->flow_kind], g->flow + 1);
	g->flow = 0;
}

/* ---- events ---- */

static bool is_gc_reason(struct gt_views *v, pd_str reason)
{
	struct pd_span s = pd_builder_string(v->r->b, reason);

	return span_starts(s, "GC ") || span_is(s, "wait until GC ends");
}

static void go_event(struct gt_views *v, const struct gt_event *e)
{
	struct gt_shown *g = shown(v, e->slot);
	bool fresh = !g || e->from == GT_NOT_EXIST || e->from == GT_UNDETERMINED;
	pd_stack stack = gt_stack(v->r, e->of_stack);
	int64_t ts = e->from == GT_UNDETERMINED ? v->start : e->time;

	if (fresh)
		g = gt_show_goroutine(v, e->slot, e->id);
	if (!g)
		return;
	if (!fresh && e->from == e->to)
		return; /* a reminder at the begin of a generation */
	if (stack.v) {
		gt_name_goroutine(v, g, stack);
		g->stack = stack;
	}
	gt_name_goroutine(v, g, gt_stack(v->r, e->entry));
	if (!fresh)
		leave_state(v, g, e->slot, e);
	if (e->to == GT_RUNNABLE && e->from != GT_UNDETERMINED && e->from != GT_RUNNING)
		start_flow(v, g, e);
	if (e->to == GT_WAITING || e->to == GT_RUNNABLE) {
		g->reason = e->name;
		g->gc_wait = e->to == GT_WAITING && is_gc_reason(v, e->name);
	}
	g->state = e->to;
	if (e->to == GT_NOT_EXIST)
		return;
	enter_state(v, g, e->slot, e, ts);
	if (e->to == GT_RUNNING)
		end_flow(v, g, e->time);
}

static void proc_event(struct gt_views *v, const struct gt_event *e)
{
	uint32_t row = gt_proc_row(v, e->id);
	struct pd_arg arg = arg_uint("thread", e->m);
	bool was = e->from == GT_RUNNING, is = e->to == GT_RUNNING;
	struct gt_row *p = proc_row(v, row);

	if (!p || was == is)
		return;
	gt_counter_set(v, &v->threads, 0, v->threads.v[0] + (is ? 1 : -1));
	if (!is) {
		gt_row_close(v, p, 0, e->time, NULL);
		p->slot = 0;
	}
	if (e->from != GT_UNDETERMINED)
		gt_row_instant(v, p, e->time, is ? SPAN("proc start") : SPAN("proc stop"), &arg, e->m == GT_NONE ? 0 : 1, (pd_stack){ 0 });
}

/* Opens or closes a range on one row. */
static void turn(struct gt_views *v, struct gt_row *row, enum gt_open what, const struct gt_event *e, struct pd_event *in)
{
	unsigned depth;

	if (!row)
		return;
	if (e->kind == GT_EV_RANGE_END) {
		depth = gt_row_find(row, what);
		if (depth < GT_OPEN)
			gt_row_close(v, row, depth, e->time, in);
	} else if (gt_row_find(row, what) == GT_OPEN) {
		gt_row_begin(v, row, what, e->kind == GT_EV_RANGE_ACTIVE ? v->start : e->time, in);
	}
}

static void range_event(struct gt_views *v, const struct gt_event *e)
{
	struct gt_shown *g = e->what == GT_RANGE_ASSIST || e->what == GT_RANGE_STW ? shown(v, e->slot) : NULL;
	struct pd_event in = { .category = SPAN("gc"), .stack = gt_stack(v->r, e->stack) };
	struct pd_span kind = pd_builder_string(v->r->b, e->name);
	struct pd_arg arg[2];
	char buf[GT_NAME];

	if (e->what == GT_RANGE_GC) {
		in.name = SPAN("GC concurrent mark phase");
		turn(v, &v->gc, GT_OPEN_GC, e, &in);
	} else if (e->what == GT_RANGE_SWEEP) {
		in.name = SPAN("GC incremental sweep");
		arg[0] = arg_uint("bytes swept", e->arg[0]);
		arg[1] = arg_uint("bytes reclaimed", e->arg[1]);
		in.args = arg;
		in.n_args = e->kind == GT_EV_RANGE_END ? 2 : 0;
		turn(v, proc_row(v, gt_proc_row(v, e->id)), GT_OPEN_SWEEP, e, &in);
	} else if (e->what == GT_RANGE_STW) {
		in.name = gt_join(buf, 0, "stop-the-world (", kind, ")");
		turn(v, &v->stw, GT_OPEN_STW, e, &in);
	} else {
		in.name = SPAN("GC mark assist");
	}
	if (!g)
		return;
	if (e->what == GT_RANGE_ASSIST)
		g->assist = e->kind != GT_EV_RANGE_END;
	if (g->state == GT_RUNNING) {
		enum gt_open what = e->what == GT_RANGE_STW ? GT_OPEN_STW : GT_OPEN_ASSIST;

		turn(v, &g->row, what, e, &in);
		turn(v, proc_row(v, g->p_row), what, e, &in);
		turn(v, thread_row(v, g->m_row), what, e, &in);
	}
}

static void sample_event(struct gt_views *v, const struct gt_event *e)
{
	struct gt_shown *g = shown(v, e->slot);
	struct gt_row *rows[3] = { g ? &g->row : NULL, proc_row(v, gt_proc_row(v, e->p)), thread_row(v, gt_thread_row(v, e->m)) };
	struct pd_event s = { .kind = PD_EV_SAMPLE, .ts = e->time, .name = SPAN("CPU profile sample"), .category = SPAN("cpu"), .stack = gt_stack(v->r, e->stack) };

	if (v->o.no_samples)
		return;
	for (unsigned i = 0; i < 3; i++) {
		if (!rows[i] || !rows[i]->track.v)
			continue;
		s.track = rows[i]->track;
		pd_events_event(v->ev, &s);
	}
}

/* ---- what the program says ---- */

static struct gt_row *own_row(struct gt_views *v, const struct gt_event *e)
{
	struct gt_shown *g = at_work(v, e);

	if (g && g->row.track.v)
		return &g->row;
	if (v->o.views & GT_VIEW_PROCS)
		return proc_row(v, gt_proc_row(v, e->p));
	return thread_row(v, gt_thread_row(v, e->m));
}

static void region_event(struct gt_views *v, const struct gt_event *e)
{
	struct gt_shown *g = at_work(v, e);
	struct gt_row *row = own_row(v, e);
	struct pd_arg arg = arg_uint("task", e->arg[0]);
	struct pd_event a = { .kind = e->kind == GT_EV_REGION_BEGIN ? PD_EV_ASYNC_BEGIN : PD_EV_ASYNC_END, .ts = e->time, .name = pd_builder_string(v->r->b, e->name),
			      .category = SPAN("region"), .args = &arg, .n_args = e->arg[0] ? 1 : 0, .stack = gt_stack(v->r, e->stack) };

	if (!g || !row || !row->track.v)
		return;
	if (e->kind == GT_EV_REGION_END && !g->regions)
		return; /* began before the trace: nothing to end */
	g->regions += e->kind == GT_EV_REGION_BEGIN ? 1 : -1u;
	a.track = row->track;
	a.id = g->serial;
	pd_events_event(v->ev, &a);
}

static void task_event(struct gt_views *v, const struct gt_event *e)
{
	struct pd_arg arg[3];
	struct pd_event a = { .kind = e->kind == GT_EV_TASK_BEGIN ? PD_EV_ASYNC_BEGIN : PD_EV_ASYNC_END, .track = v->process[6], .ts = e->time,
			      .name = pd_builder_string(v->r->b, e->name), .category = SPAN("task"), .id = e->id, .args = arg, .stack = gt_stack(v->r, e->stack) };

	arg[a.n_args++] = arg_uint("task", e->id);
	if (e->arg[0] != GT_NONE)
		arg[a.n_args++] = arg_uint("parent", e->arg[0]);
	if (e->g != GT_NONE)
		arg[a.n_args++] = arg_uint(e->kind == GT_EV_TASK_BEGIN ? "begun by goroutine" : "ended by goroutine", e->g);
	pd_events_event(v->ev, &a);
}

static void log_event(struct gt_views *v, const struct gt_event *e)
{
	struct pd_span category = pd_builder_string(v->r->b, e->name);
	struct gt_row *row = own_row(v, e);
	struct pd_arg arg[2] = { arg_str("message", e->text), arg_uint("task", e->arg[0]) };
	char buf[1200];

	if (!row || !row->track.v)
		return;
	snprintf(buf, sizeof buf, "%s%.*s%s%.*s", category.n ? "[" : "", (int)(category.n < 128 ? category.n : 128), category.p, category.n ? "] " : "",
		 (int)(e->text.n < 1024 ? e->text.n : 1024), e->text.p);
	pd_events_event(v->ev, &(struct pd_event){ .kind = PD_EV_INSTANT, .track = row->track, .ts = e->time, .name = span_of(buf), .category = SPAN("log"), .args = arg,
						   .n_args = e->arg[0] ? 2 : 1, .stack = gt_stack(v->r, e->stack) });
}

static void metric_event(struct gt_views *v, const struct gt_event *e)
{
	double value = e->arg[0] > (uint64_t)1 << 50 ? 0 : (double)e->arg[0]; /* Go up to 1.24 writes nonsense when the GC is off */

	if (e->what == GT_METRIC_PROCS) {
		gt_counter_set(v, &v->procs, 0, value);
		return;
	}
	if (e->what == GT_METRIC_GOAL)
		v->heap_goal = value;
	else
		gt_counter_set(v, &v->heap, 0, value);
	gt_counter_set(v, &v->heap, 1, v->heap_goal > v->heap.v[0] ? v->heap_goal - v->heap.v[0] : 0);
}

/* ---- begin and end ---- */

static void begin(struct gt_views *v, const struct gt_event *e)
{
	char source[32];
	struct pd_trace_desc d = { .size = sizeof d, .clock = v->r->version >= 22 ? SPAN("monotonic") : SPAN("trace"), .has_origin = true, .origin = e->time };
	int64_t wall;

	v->began = true;
	v->start = v->now = e->time;
	snprintf(source, sizeof source, "go 1.%u", v->r->version);
	d.source = span_of(source);
	if (e->has_clock && e->arg[2] < INT64_MAX / 1000000000 - 1) {
		wall = (int64_t)(e->arg[2] * 1000000000 + e->arg[3] % 1000000000);
		d.has_wall = !pd_sub_overflow(wall, (int64_t)e->arg[0], &wall) && !pd_add_overflow(wall, e->time, &wall);
		d.wall = wall;
	}
	pd_events_start(v->ev, &d);
	gt_start_rows(v);
}

void gt_views_event(void *views, const struct gt_event *e)
{
	struct gt_views *v = views;
	struct gt_shown *g;

	if (v->ev->failed)
		return;
	if (pd_unlikely(!v->began))
		begin(v, e);
	v->now = e->time;
	switch (e->kind) {
	case GT_EV_GO: go_event(v, e); break;
	case GT_EV_PROC: proc_event(v, e); break;
	case GT_EV_RANGE_BEGIN:
	case GT_EV_RANGE_ACTIVE:
	case GT_EV_RANGE_END: range_event(v, e); break;
	case GT_EV_STACK_SAMPLE: sample_event(v, e); break;
	case GT_EV_REGION_BEGIN:
	case GT_EV_REGION_END: region_event(v, e); break;
	case GT_EV_TASK_BEGIN:
	case GT_EV_TASK_END: task_event(v, e); break;
	case GT_EV_LOG: log_event(v, e); break;
	case GT_EV_METRIC: metric_event(v, e); break;
	case GT_EV_LABEL:
		g = at_work(v, e);
		if (g)
			g->label = e->name;
		break;
	default: break;
	}
	gt_counters_flush(v, false);
}

static void close_row(struct gt_views *v, struct gt_row *row)
{
	struct pd_arg arg = { .key = SPAN("unfinished"), .kind = PD_ARG_BOOL, .yes = true };

	while (row->depth)
		gt_row_close(v, row, row->depth - 1u, v->now, &(struct pd_event){ .flags = PD_EV_UNFINISHED, .args = &arg, .n_args = 1 });
}

void gt_views_finish(struct gt_views *v)
{
	struct gt_row *own[] = { &v->gc, &v->stw };

	for (size_t i = 0; i < v->g.n; i++)
		close_row(v, &v->g.v[i].row);
	for (size_t i = 0; i < v->p.n; i++)
		close_row(v, &v->p.v[i]);
	for (size_t i = 0; i < v->m.n; i++)
		close_row(v, &v->m.v[i]);
	for (size_t i = 0; i < PD_ARRAY_LEN(own); i++)
		close_row(v, own[i]);
	gt_counters_flush(v, true);
}
