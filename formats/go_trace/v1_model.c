/* Ordered records of a trace before Go 1.22 → events of the model of later traces. */
#include "go_trace/v1.h"

/* A goroutine of the snapshot at the begin of the trace. */
struct was {
	uint64_t g;     /* 0: it was said what it was doing */
	uint32_t entry; /* stack row of its entry function */
};

/* What is known while sending. */
struct sending {
	struct v1 *v;
	struct gt_reader *r;
	int64_t zero;            /* ticks of the first event */
	double ns;
	bool snapshot;           /* events still describe what was there when the trace began */
	PD_VEC(struct was) before; /* goroutines that were there */
	struct gt_map before_at; /* goroutine → place in it, plus 1 */
	struct gt_map tasks;     /* task → event row */
	pd_str stw;              /* kind of the open stop-the-world */
};

enum { RUNNABLE = 1, RUNNING, SYSCALL, WAITING }; /* as in order.c */

static const char *const stw_kind[] = {
	"", "GC mark termination", "GC sweep termination", "write heap dump", "goroutine profile", "goroutine profile cleanup",
	"all goroutine stack trace", "read mem stats", "AllThreadsSyscall", "GOMAXPROCS", "start trace", "stop trace",
	"CountPagesInUse (test)", "ReadMetricsSlow (test)", "ReadMemStatsSlow (test)", "PageCachePagesLeaked (test)", "ResetDebugLog (test)",
};

static pd_str stw_name(const struct sending *s, uint64_t kind)
{
	if (s->r->version < 21)
		kind = kind < 2 ? kind + 1 : 0;
	return pd_intern_z(s->r->b, kind < PD_ARRAY_LEN(stw_kind) ? stw_kind[kind] : "");
}

static struct gt_event at(const struct sending *s, const struct v1_event *e, enum gt_kind kind, enum gt_wire wire)
{
	const struct v1_stream *st = &s->v->stream.v[e->stream];
	struct gt_event out = { .kind = kind, .wire = wire, .time = e->ts, .m = st->m, .p = st->p, .g = e->g ? e->g : GT_NONE };

	out.slot = gt_g_slot(s->r, out.g);
	return out;
}

/* A change of a goroutine; `stack` is the one it stands on. */
static void send_go(struct sending *s, struct gt_event *out, uint64_t g, enum gt_state from, enum gt_state to)
{
	static const uint8_t status[] = { [GT_RUNNABLE] = RUNNABLE, [GT_RUNNING] = RUNNING, [GT_WAITING] = WAITING, [GT_SYSCALL] = SYSCALL };
	uint32_t slot = gt_g_slot(s->r, g);

	if (g == 0 || g == GT_NONE)
		return; /* the scheduler itself */
	if (!slot)
		slot = gt_g_new(s->r, g, RUNNABLE);
	if (!slot)
		return;
	if (to != GT_NOT_EXIST)
		s->r->g.v[slot].status = status[to];
	out->kind = GT_EV_GO;
	out->id = g;
	out->slot = slot;
	out->from = (uint8_t)from;
	out->to = (uint8_t)to;
	gt_send(s->r, out);
	if (to == GT_NOT_EXIST)
		gt_g_delete(s->r, slot);
}

/* Strikes a goroutine off the snapshot; its entry. */
static uint32_t strike(struct sending *s, uint64_t g)
{
	uint32_t place = gt_map_get(&s->before_at, g);

	if (!place)
		return 0;
	s->before.v[place - 1].g = 0;
	gt_map_remove(&s->before_at, g);
	return s->before.v[place - 1].entry;
}

/* The snapshot is over: goroutines of which nothing was said are runnable. */
static void end_snapshot(struct sending *s, int64_t time)
{
	s->snapshot = false;
	for (size_t i = 0; i < s->before.n; i++) {
		struct gt_event out = { .wire = GT_W_GO_STATUS, .time = time, .m = GT_NONE, .p = GT_NONE, .g = GT_NONE, .entry = s->before.v[i].entry };

		if (s->before.v[i].g)
			send_go(s, &out, s->before.v[i].g, GT_UNDETERMINED, GT_RUNNABLE);
	}
}

static void go_create(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_GO, GT_W_GO_CREATE);

	if (s->snapshot) {
		if (!pd_vec_push(&s->before, ((struct was){ e->arg[0], gt_stack_row(s->r, e->arg[1]) })) || !gt_map_put(&s->before_at, e->arg[0], (uint32_t)s->before.n))
			gt_nomem(s->r);
		return;
	}
	out.of_stack = gt_stack_row(s->r, e->arg[1]);
	out.stack = gt_stack_row(s->r, e->stack);
	send_go(s, &out, e->arg[0], GT_NOT_EXIST, GT_RUNNABLE);
}

/* What was said about a goroutine when the trace began. */
static void go_was(struct sending *s, const struct v1_event *e, enum gt_state state)
{
	struct gt_event out = at(s, e, GT_EV_GO, GT_W_GO_STATUS);

	out.entry = strike(s, e->arg[0]);
	send_go(s, &out, e->arg[0], GT_UNDETERMINED, state);
}

static void go_start(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_GO, GT_W_GO_START), label;

	if (s->snapshot && e->type == V1_GO_START) {
		go_was(s, e, GT_RUNNING);
		return;
	}
	send_go(s, &out, e->arg[0], GT_RUNNABLE, GT_RUNNING);
	if (e->type != V1_GO_START_LABEL)
		return;
	label = at(s, e, GT_EV_LABEL, GT_W_GO_LABEL);
	label.name = gt_string(s->r, e->arg[2]);
	gt_send(s->r, &label);
}

static const char *reason_of(uint8_t type)
{
	switch (type) {
	case V1_GO_STOP: return "forever";
	case V1_GO_SCHED: return "runtime.Gosched";
	case V1_GO_PREEMPT: return "preempted";
	case V1_GO_SLEEP: return "sleep";
	case V1_GO_BLOCK_SEND: return "chan send";
	case V1_GO_BLOCK_RECV: return "chan receive";
	case V1_GO_BLOCK_SELECT: return "select";
	case V1_GO_BLOCK_SYNC: return "sync";
	case V1_GO_BLOCK_COND: return "sync.(*Cond).Wait";
	case V1_GO_BLOCK_NET: return "network";
	case V1_GO_BLOCK_GC: return "GC mark assist wait for work";
	default: return "";
	}
}

static void go_stop(struct sending *s, const struct v1_event *e)
{
	bool stays = e->type == V1_GO_SCHED || e->type == V1_GO_PREEMPT;
	struct gt_event out = at(s, e, GT_EV_GO, stays ? GT_W_GO_STOP : GT_W_GO_BLOCK);

	out.name = pd_intern_z(s->r->b, reason_of(e->type));
	out.stack = out.of_stack = gt_stack_row(s->r, e->stack);
	if (out.slot)
		s->r->g.v[out.slot].seq = e->type == V1_GO_BLOCK_NET;
	send_go(s, &out, e->g, GT_RUNNING, stays ? GT_RUNNABLE : GT_WAITING);
}

static void go_unblock(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_GO, GT_W_GO_UNBLOCK);
	uint32_t slot = gt_g_slot(s->r, e->arg[0]);

	if (slot && s->r->g.v[slot].seq) /* by the network poller, whichever processor polled */
		out.p = out.m = GT_NONE;
	if (slot)
		s->r->g.v[slot].seq = 0;
	out.stack = gt_stack_row(s->r, e->stack);
	send_go(s, &out, e->arg[0], GT_WAITING, GT_RUNNABLE);
}

/* arg[0] says whether it blocked, see mark_syscalls(). One that did not is given 1 ns. */
static void go_syscall(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_GO, GT_W_GO_SYSCALL_BEGIN), end = at(s, e, GT_EV_GO, GT_W_GO_SYSCALL_END);

	out.stack = out.of_stack = gt_stack_row(s->r, e->stack);
	send_go(s, &out, e->g, GT_RUNNING, GT_SYSCALL);
	if (e->arg[0])
		return;
	end.time = e->ts + 1;
	send_go(s, &end, e->g, GT_SYSCALL, GT_RUNNING);
}

static void go_sysexit(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_GO, GT_W_GO_SYSCALL_END_BLOCKED);

	out.p = out.m = GT_NONE; /* written when it runs again, where it is not yet */
	send_go(s, &out, e->arg[0], GT_SYSCALL, GT_RUNNABLE);
}

static void proc_event(struct sending *s, const struct v1_event *e)
{
	struct v1_stream *st = &s->v->stream.v[e->stream];
	bool start = e->type == V1_PROC_START;
	struct gt_event out;

	if (start)
		st->m = e->arg[0];
	out = at(s, e, GT_EV_PROC, start ? GT_W_PROC_START : GT_W_PROC_STOP);
	out.id = st->p;
	out.from = !st->seen ? GT_UNDETERMINED : start ? GT_IDLE : GT_RUNNING;
	out.to = start ? GT_RUNNING : GT_IDLE;
	st->seen = true;
	gt_send(s->r, &out);
	if (!start)
		st->m = GT_NONE;
}

static void range_event(struct sending *s, const struct v1_event *e, enum gt_range what, bool begin)
{
	struct gt_event out = at(s, e, begin ? GT_EV_RANGE_BEGIN : GT_EV_RANGE_END, 0);

	out.what = (uint8_t)what;
	out.id = what == GT_RANGE_SWEEP ? out.p : what == GT_RANGE_GC ? e->arg[0] : out.g;
	if (e->type == V1_GC_START)
		out.p = out.m = GT_NONE;
	if (e->type == V1_STW_START)
		s->stw = stw_name(s, e->arg[0]);
	if (what == GT_RANGE_STW)
		out.name = s->stw;
	if (v1_specs[e->type].stack)
		out.stack = gt_stack_row(s->r, e->stack);
	if (e->type == V1_SWEEP_DONE) {
		out.arg[0] = e->arg[0];
		out.arg[1] = e->arg[1];
	}
	gt_send(s->r, &out);
}

static void metric(struct sending *s, const struct v1_event *e, enum gt_metric what)
{
	struct gt_event out = at(s, e, GT_EV_METRIC, 0);

	out.what = (uint8_t)what;
	out.arg[0] = e->arg[0];
	if (what == GT_METRIC_PROCS)
		out.stack = gt_stack_row(s->r, e->stack);
	gt_send(s->r, &out);
}

static void task_event(struct sending *s, const struct v1_event *e)
{
	bool begin = e->type == V1_TASK_CREATE;
	struct gt_event out = at(s, e, begin ? GT_EV_TASK_BEGIN : GT_EV_TASK_END, 0);
	const struct v1_event *made = e;
	uint32_t row;

	if (!begin) {
		row = gt_map_get(&s->tasks, e->arg[0]);
		made = row ? &s->v->event.v[row] : NULL;
		gt_map_remove(&s->tasks, e->arg[0]);
	} else if (!gt_map_put(&s->tasks, e->arg[0], (uint32_t)(e - s->v->event.v))) {
		gt_nomem(s->r);
	}
	out.id = e->arg[0];
	out.arg[0] = made && made->arg[1] ? made->arg[1] : GT_NONE;
	out.name = made ? gt_string(s->r, made->arg[2]) : (pd_str){ 0 };
	out.stack = gt_stack_row(s->r, e->stack);
	gt_send(s->r, &out);
}

static void region_event(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, e->arg[1] == 0 ? GT_EV_REGION_BEGIN : GT_EV_REGION_END, 0);

	if (e->arg[1] > 1) {
		gt_note(s->r, e->offset, "regions with neither begin nor end left out");
		return;
	}
	out.arg[0] = e->arg[0];
	out.name = gt_string(s->r, e->arg[2]);
	out.stack = gt_stack_row(s->r, e->stack);
	gt_send(s->r, &out);
}

static void log_event(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_LOG, 0);
	const uint8_t *p = s->v->base + e->arg[2];
	uint64_t n = 0;

	if (gt_varint(&p, s->v->end, &n)) /* read before, when it was indexed */
		out.text = (struct pd_span){ (const char *)p, (size_t)n };
	out.arg[0] = e->arg[0];
	out.name = gt_string(s->r, e->arg[1]);
	out.stack = gt_stack_row(s->r, e->stack);
	gt_send(s->r, &out);
}

static void sample_event(struct sending *s, const struct v1_event *e)
{
	struct gt_event out = at(s, e, GT_EV_STACK_SAMPLE, GT_W_CPU_SAMPLE);

	out.p = e->arg[1];
	out.stack = gt_stack_row(s->r, e->stack);
	gt_send(s->r, &out);
}

static void send_event(struct sending *s, const struct v1_event *e)
{
	struct gt_event out;

	switch (e->type) {
	case V1_GOMAXPROCS:
		if (s->snapshot)
			end_snapshot(s, e->ts);
		else
			metric(s, e, GT_METRIC_PROCS);
		break;
	case V1_HEAP_ALLOC: metric(s, e, GT_METRIC_HEAP); break;
	case V1_HEAP_GOAL: metric(s, e, GT_METRIC_GOAL); break;
	case V1_PROC_START:
	case V1_PROC_STOP: proc_event(s, e); break;
	case V1_GC_START:
	case V1_GC_DONE: range_event(s, e, GT_RANGE_GC, e->type == V1_GC_START); break;
	case V1_STW_START:
	case V1_STW_DONE: range_event(s, e, GT_RANGE_STW, e->type == V1_STW_START); break;
	case V1_SWEEP_START:
	case V1_SWEEP_DONE: range_event(s, e, GT_RANGE_SWEEP, e->type == V1_SWEEP_START); break;
	case V1_ASSIST_START:
	case V1_ASSIST_DONE: range_event(s, e, GT_RANGE_ASSIST, e->type == V1_ASSIST_START); break;
	case V1_GO_CREATE: go_create(s, e); break;
	case V1_GO_START:
	case V1_GO_START_LABEL: go_start(s, e); break;
	case V1_GO_END:
		out = at(s, e, GT_EV_GO, GT_W_GO_DESTROY);
		send_go(s, &out, e->g, GT_RUNNING, GT_NOT_EXIST);
		break;
	case V1_GO_UNBLOCK: go_unblock(s, e); break;
	case V1_GO_SYSCALL: go_syscall(s, e); break;
	case V1_GO_SYSEXIT: go_sysexit(s, e); break;
	case V1_GO_WAITING: go_was(s, e, GT_WAITING); break;
	case V1_GO_IN_SYSCALL: go_was(s, e, GT_SYSCALL); break;
	case V1_TASK_CREATE:
	case V1_TASK_END: task_event(s, e); break;
	case V1_REGION: region_event(s, e); break;
	case V1_LOG: log_event(s, e); break;
	case V1_CPU_SAMPLE: sample_event(s, e); break;
	case V1_GO_SYSBLOCK:
	case V1_FUTILE_WAKEUP: break; /* said otherwise */
	default: go_stop(s, e); break;
	}
}

/* A system call blocked when the goroutine's next event says so. */
static bool mark_syscalls(struct sending *s)
{
	struct v1 *v = s->v;
	struct gt_map next = { 0 };

	for (size_t i = v->order.n; i-- > 0 && s->r->status == PD_OK;) {
		struct v1_event *e = &v->event.v[v->order.v[i]];
		uint32_t row = gt_map_get(&next, e->g);

		if (e->type == V1_GO_SYSCALL)
			e->arg[0] = row && v->event.v[row].type == V1_GO_SYSBLOCK;
		if (!gt_map_put(&next, e->g, v->order.v[i]))
			gt_nomem(s->r);
	}
	gt_map_release(&next);
	return s->r->status == PD_OK;
}

void v1_send(struct v1 *v)
{
	struct sending s = { .v = v, .r = v->r, .ns = 1e9 / (double)v->freq, .snapshot = true };
	struct gt_event sync = { .kind = GT_EV_SYNC, .wire = GT_W_SYNC, .m = GT_NONE, .p = GT_NONE, .g = GT_NONE, .id = 1, .time = -1 };

	if (!v->order.n)
		return;
	s.zero = v->event.v[v->order.v[0]].ts;
	for (size_t i = 0; i < v->order.n; i++) {
		struct v1_event *e = &v->event.v[v->order.v[i]];
		double ns = (double)((uint64_t)e->ts - (uint64_t)s.zero) * s.ns;

		e->ts = ns < 9.2e18 ? (int64_t)ns : INT64_C(9200000000000000000);
	}
	gt_send(v->r, &sync);
	if (mark_syscalls(&s))
		for (size_t i = 0; i < v->order.n && v->r->status == PD_OK; i++)
			send_event(&s, &v->event.v[v->order.v[i]]);
	sync.id = 2;
	sync.time = v->r->last_time;
	gt_send(v->r, &sync);
	pd_vec_release(&s.before);
	gt_map_release(&s.before_at);
	gt_map_release(&s.tasks);
}
