/*
 * Scheduler events to thread states. Every thread is running, blocked or
 * runnable from its first to its last moment: a switch ends one state and begins
 * another, a wake-up makes a blocked thread runnable. A blocked or runnable
 * stretch belongs to the stack on which the thread left the processor.
 */
#include "xform/wall.h"

#include "base/error.h"
#include "base/sort.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BEFORE "[since before the recording]" /* a state that began unseen */

enum event_kind { EV_OUT, EV_IN, EV_WAKE, EV_BORN, EV_DIES, EV_STACK };

struct event {
	int64_t time;
	uint32_t task;   /* row */
	uint32_t stack;  /* of the result */
	pd_str reason;   /* OUT: state of the kernel */
	pd_str name;     /* of the thread at that time, 0 unknown */
	uint8_t kind;
	bool preempted;
};

enum task_state { TASK_UNSEEN, TASK_ON, TASK_OFF, TASK_READY, TASK_GONE };

struct task {
	struct wall_who who;
	uint32_t group;      /* 1 + row, made when something is known of it */
	uint8_t state;       /* enum task_state */
	int64_t since, life; /* life: ns */
	uint32_t stack;      /* where it left the processor */
	pd_str reason;
	uint32_t cs_stack;   /* of a sample of the switch that is about to be recorded */
	uint64_t outs, ins, unpaired; /* unpaired: went out without having come in */
	pd_track track;
	bool old;            /* was there before the recording */
};

struct sched {
	struct pd_wall *w;
	struct wall_input *in;
	PD_VEC(struct event) event;
	PD_VEC(struct task) task;
	struct wall_index by_tid;
	int64_t begin, end; /* end: INT64_MIN before the first row */
	bool thinned;        /* a row stands for several switches */
	bool any, everywhere; /* everywhere: the idle task is seen, so the whole machine was recorded */
	pd_str woken, preempted, before;
	pd_stack unseen;
	struct pd_error *err;
	bool failed;
};

static bool nomem(struct sched *s)
{
	if (!s->failed)
		wall_nomem(s->err);
	s->failed = true;
	return false;
}

/* ---- gathering ---- */

/* Row + 1 of the thread with this id; 0 for the idle task, or when out of memory. */
static uint32_t task_of(struct sched *s, int64_t tid, bool has_pid, int64_t pid)
{
	bool fresh;
	uint32_t *row;
	struct task *t;

	if (tid <= 0) {
		s->everywhere |= tid == 0;
		return 0;
	}
	row = wall_index_put(&s->by_tid, (uint64_t)tid, 0, (uint32_t)s->task.n, &fresh);
	if (!row || (fresh && !pd_vec_push(&s->task, ((struct task){ .who = { .has_tid = true, .tid = tid, .key = s->w->k_comm } })))) {
		nomem(s);
		return 0;
	}
	t = &s->task.v[*row - 1];
	if (has_pid && pid > 0 && !t->who.has_pid) {
		t->who.has_pid = true;
		t->who.pid = pid;
	}
	return *row;
}

static void push(struct sched *s, struct event e)
{
	if (!e.task)
		return;
	e.task--;
	if (!pd_vec_push(&s->event, e))
		nomem(s);
}

/* Labels of one set that speak of switches. */
struct said {
	bool has_pid, has_tid, has_next, has_prev, has_other;
	int64_t pid, tid, next, prev, other;
	pd_str comm, next_comm, other_comm, state, in_out, task; /* of the result */
};

static bool number(const struct pd_doc *doc, const struct pd_label *l, int64_t *out)
{
	if (l->kind == PD_LABEL_NUM) {
		*out = l->num;
		return true;
	}
	return span_i64(pd_doc_string(doc, l->str), out);
}

static struct said said_of(const struct sched *s, pd_labels set)
{
	const struct pd_doc *doc = s->in->doc;
	const uint32_t *str = s->in->map.str;
	struct said d = { 0 };
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, set, &l);

	for (size_t i = 0; i < n; i++) {
		struct pd_span key = pd_doc_string(doc, l[i].key);
		pd_str text = { l[i].kind == PD_LABEL_STR ? str[l[i].str.v] : 0 };

		if (span_is(key, "pid"))
			d.has_pid = number(doc, &l[i], &d.pid);
		else if (span_is(key, "tid"))
			d.has_tid = number(doc, &l[i], &d.tid);
		else if (span_is(key, "comm"))
			d.comm = text;
		else if (span_is(key, "next_pid"))
			d.has_next = number(doc, &l[i], &d.next);
		else if (span_is(key, "prev_pid"))
			d.has_prev = number(doc, &l[i], &d.prev);
		else if (span_is(key, "payload.pid") || span_is(key, "child_pid"))
			d.has_other = number(doc, &l[i], &d.other);
		else if (span_is(key, "next_comm"))
			d.next_comm = text;
		else if (span_is(key, "payload.comm") || span_is(key, "child_comm"))
			d.other_comm = text;
		else if (span_is(key, "prev_state"))
			d.state = text;
		else if (span_is(key, "switch"))
			d.in_out = text;
		else if (span_is(key, "task"))
			d.task = text;
	}
	return d;
}

/* Letters of prev_state; 0x, X and Z: the thread ends here. */
static enum event_kind leaves(struct sched *s, struct said *d, struct event *e)
{
	static const struct { char letter; const char *why; } whys[] = { { 'S', "sleeping" }, { 'D', "uninterruptible" }, { 'T', "stopped" }, { 't', "traced" }, { 'I', "idle" },
									 { 'K', "killable" }, { 'P', "parked" }, { 'W', "waking" } };
	struct pd_span text = pd_builder_string(s->w->b, d->state);
	char letter = text.n ? text.p[0] : 0;

	if (letter == 'R') {
		e->preempted = true;
		e->reason = s->preempted;
		return EV_OUT;
	}
	if (letter == 'X' || letter == 'x' || letter == 'Z')
		return EV_DIES;
	e->reason = d->state;
	for (size_t i = 0; i < PD_ARRAY_LEN(whys); i++)
		if (letter == whys[i].letter)
			e->reason = pd_intern_z(s->w->b, whys[i].why);
	return EV_OUT;
}

static void take_switch(struct sched *s, struct said *d, struct event e)
{
	struct event in = { .time = e.time, .kind = EV_IN, .name = d->next_comm };

	e.kind = (uint8_t)leaves(s, d, &e);
	/* the payload counts in the namespace of the kernel, the header in that of perf: where they differ, only the payload fits together */
	if (d->has_prev && (!d->has_tid || d->prev != d->tid))
		e.task = task_of(s, d->prev, false, 0);
	else if (d->has_tid)
		e.task = task_of(s, d->tid, d->has_pid, d->pid);
	push(s, e);
	if (d->has_next) {
		in.task = task_of(s, d->next, false, 0);
		push(s, in);
	}
}

static void take_record(struct sched *s, const struct said *d, struct event e)
{
	struct pd_span how = pd_builder_string(s->w->b, d->in_out), what = pd_builder_string(s->w->b, d->task);

	e.kind = EV_OUT;
	if (span_is(how, "in")) {
		e.kind = EV_IN;
	} else if (span_is(how, "preempt") || span_is(how, "out preempt")) {
		e.preempted = true;
		e.reason = s->preempted;
	}
	if (span_is(what, "fork"))
		e.kind = EV_BORN;
	else if (span_is(what, "exit"))
		e.kind = EV_DIES;
	if (d->has_tid)
		e.task = task_of(s, d->tid, d->has_pid, d->pid);
	push(s, e);
}

static void take_row(struct sched *s, struct pd_span series, const struct pd_rows *rows, size_t i)
{
	struct said d = said_of(s, rows->labels[i]);
	struct event e = { .time = rows->time[i], .stack = s->in->map.stack[rows->stack[i].v], .name = d.comm };

	if (span_is(series, "sched:sched_switch") || span_is(series, "sched_switch")) {
		take_switch(s, &d, e);
	} else if (span_is(series, "switch") || span_is(series, "task")) {
		take_record(s, &d, e);
	} else if (span_is(series, "sched:sched_process_exit")) {
		e.kind = EV_DIES;
		e.task = d.has_other ? task_of(s, d.other, false, 0) : d.has_tid ? task_of(s, d.tid, d.has_pid, d.pid) : 0;
		e.name = d.has_other ? d.other_comm : d.comm;
		push(s, e);
	} else if (span_starts(series, "sched:")) { /* wake-ups, fork */
		e.kind = span_is(series, "sched:sched_wakeup_new") || span_is(series, "sched:sched_process_fork") ? EV_BORN : EV_WAKE;
		e.stack = 0;
		e.name = d.other_comm;
		e.task = d.has_other ? task_of(s, d.other, false, 0) : 0;
		push(s, e);
	} else { /* context switches as samples: only the stack counts */
		e.kind = EV_STACK;
		e.task = d.has_tid ? task_of(s, d.tid, d.has_pid, d.pid) : 0;
		push(s, e);
	}
}

static bool gather(struct sched *s)
{
	struct pd_rows rows;

	for (unsigned n = 0; n < pd_doc_series(s->in->doc); n++) {
		struct pd_span name = pd_doc_string(s->in->doc, pd_series_name(s->in->doc, n));
		bool ours = wall_is_switch_series(name), weights = pd_series_values(s->in->doc, n) > 1;
		bool is_switch = span_is(name, "sched:sched_switch") || span_is(name, "sched_switch");

		for (uint64_t first = 0; pd_series_has_time(s->in->doc, n) && pd_series_rows(s->in->doc, n, first, &rows); first += rows.n)
			for (size_t i = 0; i < rows.n && !s->failed; i++) {
				if (!rows.time || rows.time[i] == PD_NO_TIME)
					continue;
				if (!span_is(name, "task") || rows.time[i] > 0) { /* threads that were there before are born at time 0 */
					s->begin = !s->any || rows.time[i] < s->begin ? rows.time[i] : s->begin;
					s->any = true;
				}
				s->end = rows.time[i] > s->end ? rows.time[i] : s->end;
				if (ours)
					take_row(s, name, &rows, i);
				if (is_switch && weights && rows.value[1][i] > 1)
					s->thinned = true;
			}
	}
	return !s->failed;
}

/* By time; what came first stays first. */
static struct pd_sort_item *in_order(struct sched *s)
{
	struct pd_sort_item *item = calloc(s->event.n + 1, sizeof *item), *tmp = calloc(s->event.n + 1, sizeof *tmp);

	if (item && tmp) {
		for (size_t i = 0; i < s->event.n; i++)
			item[i] = (struct pd_sort_item){ .key = (uint64_t)s->event.v[i].time ^ UINT64_C(1) << 63, .row = (uint32_t)i };
		pd_sort_u64(item, tmp, s->event.n);
	} else {
		free(item);
		item = NULL;
		nomem(s);
	}
	free(tmp);
	return item;
}

/* ---- states ---- */

static void show(struct sched *s, struct task *t, enum wall_state state, int64_t from, int64_t to)
{
	static const char *const name[] = { "running", "blocked", "runnable" };
	char text[128];
	struct pd_span why = pd_builder_string(s->w->b, t->reason);
	struct pd_event e = { .kind = PD_EV_SLICE, .ts = from, .dur = to - from, .category = SPAN("state") };

	if (!s->w->timeline || to <= from)
		return;
	if (!t->track.v) {
		struct pd_track_desc process = { .kind = PD_TRACK_PROCESS, .id = t->who.has_pid ? t->who.pid : t->who.tid };
		struct pd_track_desc thread = { .kind = PD_TRACK_THREAD, .id = t->who.tid, .name = pd_builder_string(s->w->b, t->who.name) };
		bool fresh;
		uint32_t *row = wall_index_put(&s->by_tid, (uint64_t)process.id, 1, s->w->timeline_tracks, &fresh); /* b = 1: processes */

		if (!row) {
			nomem(s);
			return;
		}
		if (fresh)
			pd_events_track(s->w->timeline, (pd_track){ ++s->w->timeline_tracks }, &process);
		thread.parent.v = *row;
		t->track.v = ++s->w->timeline_tracks;
		pd_events_track(s->w->timeline, t->track, &thread);
	}
	snprintf(text, sizeof text, "%s%s%.*s%s", name[state], state != WALL_ON && why.n ? " (" : "", state == WALL_ON ? 0 : (int)(why.n < 60 ? why.n : 60), why.p,
		 state != WALL_ON && why.n ? ")" : "");
	e.name = span_of(text);
	e.track = t->track;
	e.stack.v = state == WALL_ON ? 0 : t->stack;
	pd_events_event(s->w->timeline, &e);
}

/* The state the thread has been in is over. */
static void close_state(struct sched *s, struct task *t, int64_t now)
{
	enum wall_state state = t->state == TASK_ON ? WALL_ON : t->state == TASK_OFF ? WALL_OFF : WALL_RUNNABLE;
	struct wall_amount a = { .ns = now > t->since ? now - t->since : 0 };
	struct wall_group *g;

	if (t->state == TASK_UNSEEN || t->state == TASK_GONE || s->failed)
		return;
	show(s, t, state, t->since, now);
	if (s->in->scale != 1)
		a.ns = llrint((double)a.ns * s->in->scale);
	if (!t->group && (t->group = wall_group_of(s->w, &t->who) + 1) == WALL_NONE + 1) {
		nomem(s);
		return;
	}
	g = &s->w->group.v[t->group - 1];
	g->measured_on = g->measured_life = true;
	if (pd_add_overflow(g->t.lifetime, a.ns, &g->t.lifetime) || (state == WALL_ON && pd_add_overflow(g->run, a.ns, &g->run))) {
		pd_builder_fail(s->w->b, PD_ERR_LIMIT, "a sum of times does not fit into 64 bits");
		s->failed = true;
	}
	if (state != WALL_ON && a.ns)
		wall_add(s->w, t->group - 1, (pd_stack){ t->stack }, wall_labels(s->w, t->group - 1, state, t->reason, NULL, 0), state, &a);
}

/* The first sign of a thread of which nobody saw the birth. */
static void appears(struct sched *s, struct task *t, const struct event *e)
{
	t->since = s->everywhere || t->old ? s->begin : e->time;
	t->stack = s->unseen.v;
	t->reason = s->before;
	t->state = e->kind == EV_OUT || e->kind == EV_DIES ? TASK_ON : TASK_OFF;
}

static void enter(struct sched *s, struct task *t, enum task_state state, int64_t now)
{
	close_state(s, t, now);
	t->state = (uint8_t)state;
	t->since = now;
}

static void goes_out(struct sched *s, struct task *t, const struct event *e)
{
	if (t->state == TASK_OFF || t->state == TASK_READY) {
		if (!t->stack && e->stack)
			t->stack = e->stack; /* the second record of one switch */
		else
			t->unpaired++;
		return;
	}
	t->outs++;
	enter(s, t, e->preempted ? TASK_READY : TASK_OFF, e->time);
	t->stack = e->stack ? e->stack : t->cs_stack;
	t->cs_stack = 0;
	t->reason = e->reason;
}

static void step(struct sched *s, const struct event *e)
{
	struct task *t = &s->task.v[e->task];

	if (t->state == TASK_GONE && e->kind != EV_BORN)
		return; /* its last switch is recorded after its end */
	if (e->kind == EV_STACK) {
		if (t->state == TASK_ON || t->state == TASK_UNSEEN)
			t->cs_stack = e->stack;
		else if (!t->stack)
			t->stack = e->stack;
		return;
	}
	if (t->state == TASK_UNSEEN && e->kind != EV_BORN)
		appears(s, t, e);
	switch (e->kind) {
	case EV_OUT:
		goes_out(s, t, e);
		break;
	case EV_IN:
		t->ins++;
		if (t->state != TASK_ON)
			enter(s, t, TASK_ON, e->time);
		t->cs_stack = 0;
		break;
	case EV_WAKE:
		if (t->state == TASK_OFF) {
			enter(s, t, TASK_READY, e->time);
			t->reason = s->woken;
		}
		break;
	case EV_BORN:
		if (t->state != TASK_UNSEEN && t->state != TASK_GONE)
			break;
		t->old = e->time <= 0;
		if (t->old)
			break;
		t->state = TASK_READY;
		t->since = e->time;
		t->stack = 0;
		t->reason = s->woken;
		break;
	default:
		enter(s, t, TASK_GONE, e->time);
		break;
	}
}

/*
 * A recording of single threads sees them leave but not come back, as the event belongs to whoever runs before: time
 * on and off the processor cannot be told apart then.
 */
static enum pd_status check_pairs(struct sched *s)
{
	uint64_t outs = 0, ins = 0, unpaired = 0;

	for (size_t i = 0; i < s->task.n; i++) {
		outs += s->task.v[i].outs;
		ins += s->task.v[i].ins;
		unpaired += s->task.v[i].unpaired;
	}
	if (s->thinned && !s->w->o.force) {
		pd_error_set(s->err, PD_ERR_DATA, "%s: switches were sampled, not recorded one by one", s->in->name);
		pd_error_hint(s->err, "perf record -F and -c thin out every event: -e cpu-clock/freq=199/ -e sched:sched_switch/period=1/ instead");
		return PD_ERR_DATA;
	}
	if (unpaired * 5 > outs + unpaired && unpaired > 1 && !s->w->o.force) {
		pd_error_set(s->err, PD_ERR_DATA, "%s: threads go off the processor %" PRIu64 " times and come back %" PRIu64 " times: the returns were not recorded", s->in->name, outs + unpaired, ins);
		pd_error_hint(s->err, "record every switch of the whole machine (perf record -a; -F and -c thin out every event, -e cpu-clock/freq=99/ only its own), or with --switch-events and perf script --show-switch-events");
		return PD_ERR_DATA;
	}
	if (unpaired)
		wall_remark(s->w, true, "%s: %" PRIu64 " of %" PRIu64 " switches off the processor have no return before them: records were lost", s->in->name, unpaired, outs + unpaired);
	return PD_OK;
}

/* Programs name their threads after the start: the last name counts, and that of the parent only where there is none. */
static void name_tasks(struct sched *s, const struct pd_sort_item *order)
{
	for (size_t i = 0; i < s->event.n; i++) {
		const struct event *e = &s->event.v[order[i].row];
		struct task *t = &s->task.v[e->task];

		if (e->name.v && (e->kind != EV_BORN || !t->who.name.v) && (e->kind != EV_DIES || !t->who.name.v))
			t->who.name = e->name;
	}
}

static enum pd_status run(struct sched *s)
{
	struct pd_sort_item *order = gather(s) ? in_order(s) : NULL;
	size_t shown = 0;

	if (!order)
		return PD_ERR_NOMEM;
	name_tasks(s, order);
	if (s->w->input.n == 1 && s->any && s->end > s->begin)
		s->w->s.window = s->end - s->begin; /* the header knows only of samples */
	if (s->w->timeline) {
		pd_events_tables(s->w->timeline, pd_builder_view(s->w->b));
		pd_events_start(s->w->timeline, &(struct pd_trace_desc){ .size = sizeof(struct pd_trace_desc), .clock = SPAN("monotonic"), .has_origin = true, .origin = s->begin });
	}
	for (size_t i = 0; i < s->event.n && !s->failed; i++)
		step(s, &s->event.v[order[i].row]);
	free(order);
	for (size_t i = 0; i < s->task.n && !s->failed; i++) {
		shown += s->task.v[i].state != TASK_UNSEEN;
		close_state(s, &s->task.v[i], s->end);
	}
	if (s->failed)
		return pd_builder_failed(s->w->b) ? pd_builder_status(s->w->b) : PD_ERR_NOMEM;
	if (!shown)
		return pd_error_set(s->err, PD_ERR_DATA, "%s: no switches of threads", s->in->name);
	snprintf(s->in->what, sizeof s->in->what, "%zu switches of %zu threads%s", s->event.n, s->task.n, wall_has(s->in, PD_WALL_ON) ? ", with on-CPU samples" : "");
	return check_pairs(s);
}

enum pd_status wall_sched(struct pd_wall *w, struct wall_input *in, struct pd_error *err)
{
	struct sched s = { .w = w, .in = in, .err = err, .end = INT64_MIN };
	enum pd_status status;

	s.woken = pd_intern_z(w->b, "woken");
	s.preempted = pd_intern_z(w->b, "preempted");
	s.before = pd_intern_z(w->b, "before the recording");
	s.unseen = wall_frame_stack(w, BEFORE);
	status = run(&s);
	pd_vec_release(&s.event);
	pd_vec_release(&s.task);
	wall_index_release(&s.by_tid);
	return status;
}
