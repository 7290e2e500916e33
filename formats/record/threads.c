/* Threads: who they are, the CPU time they used and the wall time between looks at them. */
#include "base/hash.h"
#include "record/record.h"

static uint32_t image_number(const struct record *r) { return (uint32_t)(r->now - r->image.v); }

struct record_thread *record_thread_of(struct record *r, uint32_t tid)
{
	uint32_t image = image_number(r), hash = pd_fold32(pd_hash_u64(pd_hash_key(), image, tid)), at, row;
	struct record_thread fresh = { .image = image, .tid = tid, .syscall = -1 };

	if (!record_index_room(&r->threads)) {
		r->nomem = true;
		return NULL;
	}
	for (row = pd_index_first(&r->threads, hash, &at); row; row = pd_index_next(&r->threads, hash, &at))
		if (r->thread.v[row - 1].image == image && r->thread.v[row - 1].tid == tid)
			return &r->thread.v[row - 1];
	if (!pd_vec_push(&r->thread, fresh)) {
		r->nomem = true;
		return NULL;
	}
	pd_index_put(&r->threads, hash, at, (uint32_t)r->thread.n);
	return &r->thread.v[r->thread.n - 1];
}

pd_labels record_labels(struct record *r, struct record_thread *t, enum record_state state)
{
	static const char *const word[RECORD_STATES][2] = {
		[RECORD_RUNNING] = { "state", "running" }, [RECORD_SLEEPING] = { "state", "sleeping" }, [RECORD_RUNNABLE] = { "state", "runnable" },
		[RECORD_LOCK + PD_WIRE_LOCK_MUTEX] = { "kind", "mutex" }, [RECORD_LOCK + PD_WIRE_LOCK_RWLOCK] = { "kind", "rwlock" },
		[RECORD_LOCK + PD_WIRE_LOCK_COND] = { "kind", "cond" }, [RECORD_LOCK + PD_WIRE_LOCK_SEM] = { "kind", "sem" },
		[RECORD_LOCK + PD_WIRE_LOCK_JOIN] = { "kind", "join" }, [RECORD_LOCK + PD_WIRE_LOCK_BARRIER] = { "kind", "barrier" },
	};
	struct pd_label *l;
	pd_str span;
	size_t n = 2;

	if (t->labels[state].v)
		return t->labels[state];
	if (!pd_vec_reserve(&r->label, 10)) {
		r->nomem = true;
		return (pd_labels){ 0 };
	}
	l = r->label.v;
	l[0] = (struct pd_label){ .key = pd_intern_z(r->b, "pid"), .kind = PD_LABEL_NUM, .num = r->now->pid };
	l[1] = (struct pd_label){ .key = pd_intern_z(r->b, "comm"), .str = r->now->comm };
	if (t->tid) /* 0: any */
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "tid"), .kind = PD_LABEL_NUM, .num = t->tid };
	if (t->name.v)
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "thread"), .str = t->name };
	if (word[state][0])
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, word[state][0]), .str = pd_intern_z(r->b, word[state][1]) };
	if (state == RECORD_SLEEPING)
		n += record_syscall_labels(r, t->syscall, l + n);
	span = record_span(r, t);
	if (span.v)
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "span"), .str = span };
	n = record_label_add(r, t, n);
	return t->labels[state] = pd_labels_of(r->b, r->label.v, n);
}

unsigned record_series_of(struct record *r, uint32_t *which, const char *name, const char *const (*types)[2])
{
	if (*which != RECORD_NONE)
		return *which;
	*which = pd_series_add(r->b, pd_intern_z(r->b, name));
	for (; (*types)[0]; types++)
		pd_series_value(r->b, *which, &(struct pd_value_type){ .type = pd_intern_z(r->b, (*types)[0]), .unit = pd_intern_z(r->b, (*types)[1]) });
	return *which;
}

static const char *const cpu_types[][2] = { { "samples", "count" }, { "cpu", "nanoseconds" }, { NULL, NULL } };
static const char *const wall_types[][2] = { { "samples", "count" }, { "on_cpu", "nanoseconds" }, { "off_cpu", "nanoseconds" }, { "wall", "nanoseconds" }, { NULL, NULL } };

unsigned record_wall_series(struct record *r) { return record_series_of(r, &r->wall_series, "wall", wall_types); }

void record_series(struct record *r)
{
	if (r->now->process.cpu_period)
		record_series_of(r, &r->cpu_series, "cpu", cpu_types);
	if (r->now->process.wall_period)
		record_wall_series(r);
}

static void named(struct record *r, uint32_t tid, struct pd_span name)
{
	struct record_thread *t = record_thread_of(r, tid);
	pd_str text = pd_intern(r->b, name.p, name.n);

	if (!t || t->name.v == text.v)
		return;
	t->name = text;
	memset(t->labels, 0, sizeof(t->labels));
	record_timeline_named(r, t);
}

/* ---- wall ---- */

void record_asleep(struct record_thread *t, int32_t syscall)
{
	if (t->syscall != syscall)
		t->labels[RECORD_SLEEPING] = (pd_labels){ 0 };
	t->syscall = syscall;
}

/* Part of a stretch in one state. */
static void part(struct record *r, struct record_thread *t, struct pd_sample *s, enum record_state state, uint64_t ns, int64_t looks)
{
	bool on = state == RECORD_RUNNING;

	if (!ns)
		return;
	s->labels = record_labels(r, t, state);
	pd_sample_add(r->b, record_wall_series(r), s, (int64_t[]){ looks, on ? (int64_t)ns : 0, on ? 0 : (int64_t)ns, (int64_t)ns });
}

/*
 * From the look before to `time`, `cpu`: on the CPU as long as the clock says, off it the rest, which is waiting for one as long as the kernel says and
 * else sleep; all of it at `stack`. `looks`: at least so many; they count where most of it was.
 */
static enum pd_status stretch(struct record *r, struct record_thread *t, uint64_t time, uint64_t cpu, pd_stack stack, int64_t looks)
{
	struct pd_sample s = { .stack = stack, .has_time = true, .time = (int64_t)time };
	uint64_t wall = time - t->time, on = cpu - t->cpu, ready, asleep;
	int64_t periods = (int64_t)((wall + r->now->process.wall_period / 2) / r->now->process.wall_period);

	if (time > INT64_MAX || time < t->time || cpu < t->cpu)
		return record_note(r, "looks at threads in the wrong order skipped");
	t->time = time;
	t->cpu = cpu;
	on = on < wall ? on : wall; /* the clocks are read one after another */
	ready = t->waited < wall - on ? t->waited : wall - on;
	t->waited -= ready;
	asleep = wall - on - ready;
	if (r->events_only)
		return PD_OK;
	looks = periods > looks ? periods : looks;
	part(r, t, &s, RECORD_RUNNING, on, on >= ready && on >= asleep ? looks : 0);
	part(r, t, &s, RECORD_RUNNABLE, ready, ready > on && ready >= asleep ? looks : 0);
	part(r, t, &s, RECORD_SLEEPING, asleep, asleep > on && asleep > ready ? looks : 0);
	return PD_OK;
}

enum pd_status record_wall(struct record *r, const struct record_item *item)
{
	struct record_thread *t;
	struct pd_wire_wall w;
	pd_stack stack;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->now->process.wall_period || r->now->beside || !record_stack_of(r, w.stack, w.time, &stack))
		return record_note(r, "looks at threads that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	if (!t->live) { /* its beginning is missing */
		t->live = true;
		t->time = w.time;
		t->cpu = w.cpu;
	}
	if (!(w.flags & PD_WIRE_ASLEEP)) /* what it slept in before is not known */
		record_asleep(t, -1);
	t->looked = true;
	t->stack = stack;
	if (!(w.flags & PD_WIRE_ASLEEP) && !r->now->process.cpu_period)
		record_timeline_sample(r, t, &(struct pd_sample){ .stack = stack, .time = (int64_t)w.time }, 0);
	t->waited += (uint64_t)w.waited * 1000;
	return stretch(r, t, w.time, w.cpu, stack, !(w.flags & PD_WIRE_ASLEEP));
}

static void thread_end(struct record *r, struct record_thread *t, uint64_t time, uint64_t cpu)
{
	if (r->outside.r.kind)
		record_balance(r, t, time);
	else if (r->now->beside && t->live)
		record_look_end(r, t, time, cpu);
	/* the rest of its life was spent where it was seen last, as far as we know; a life between two looks has no stack */
	else if (t->live && r->now->process.wall_period && time > t->time)
		stretch(r, t, time, cpu, t->stack, 0);
	t->live = t->looked = false;
}

void record_threads_end(struct record *r, uint64_t time)
{
	uint32_t image = image_number(r);

	for (size_t i = 0; i < r->thread.n; i++)
		if (r->thread.v[i].image == image) {
			record_marks_end(r, &r->thread.v[i], time);
			thread_end(r, &r->thread.v[i], time, r->thread.v[i].cpu);
		}
}

enum pd_status record_thread_item(struct record *r, const struct record_item *item)
{
	struct pd_wire_thread w;
	struct pd_wire_name name;
	struct pd_span text;
	struct record_thread *t;
	size_t at = 0;

	if (item->kind == PD_WIRE_NAME) {
		if (!record_fixed(item, &name, sizeof(name), sizeof(name)) || !record_tail(item, &at, name.name_size, &text))
			return record_note(r, "threads that make no sense skipped");
		named(r, name.tid, text);
		return PD_OK;
	}
	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || w.time > INT64_MAX || w.cpu > INT64_MAX)
		return record_note(r, "threads that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	record_timeline_moment(r, t, item->kind == PD_WIRE_THREAD ? "thread begins" : "thread ends", w.time);
	record_marks_end(r, t, w.time);
	if (item->kind == PD_WIRE_THREAD_END) {
		thread_end(r, t, w.time, w.cpu);
		return PD_OK;
	}
	if (t->live && r->now->beside) /* whose end is missing */
		record_look_end(r, t, t->time, t->cpu);
	t->live = true; /* a number may be used again */
	t->looked = false;
	t->time = w.time;
	t->cpu = w.cpu;
	t->stack = (pd_stack){ 0 };
	record_asleep(t, -1);
	t->waited = 0;
	t->spells = 0;
	t->begin_time = w.time;
	t->begin_cpu = w.cpu;
	return PD_OK;
}

/* ---- CPU time ---- */

enum pd_status record_cpu(struct record *r, const struct record_item *item)
{
	struct pd_sample s = { .has_time = true };
	struct record_thread *t;
	struct pd_wire_cpu c;
	int64_t value[2];

	if (!record_fixed(item, &c, sizeof(c), sizeof(c)) || !r->now->begun || !r->now->process.cpu_period || !record_stack_of(r, c.stack, c.time, &s.stack) ||
	    c.time > INT64_MAX || pd_mul_overflow((int64_t)r->now->process.cpu_period, (int64_t)c.count, &value[1]))
		return record_note(r, "samples that make no sense skipped");
	t = record_thread_of(r, c.tid);
	if (!t)
		return PD_OK;
	value[0] = c.count;
	s.time = (int64_t)c.time;
	record_timeline_sample(r, t, &s, value[1]);
	if (r->events_only)
		return PD_OK;
	if (r->now->beside)
		record_look_runs(r, t, s.stack, c.time, c.count);
	s.labels = record_labels(r, t, RECORD_PLAIN);
	pd_sample_add(r->b, record_series_of(r, &r->cpu_series, "cpu", cpu_types), &s, value);
	return PD_OK;
}
