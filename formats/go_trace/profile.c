/*
 * Where the goroutines' time went: every interval between two state changes is
 * a value of the stack the goroutine stood on. Waiting, system calls and being
 * runnable have exact stacks. Running time goes to the CPU samples taken meanwhile, in
 * equal shares; an interval without samples goes to the stack where it ended.
 */
#include "go_trace/profile.h"

#define UNKNOWN "(unknown)"

enum column { COL_INTERVALS, COL_RUNNING, COL_RUNNABLE, COL_SYSCALL, COL_WAITING, COL_WALL, N_COLUMNS };

static const struct { const char *type, *unit; } columns[N_COLUMNS] = {
	{ "intervals", "count" },      { "running", "nanoseconds" }, { "runnable", "nanoseconds" },
	{ "syscall", "nanoseconds" },  { "waiting", "nanoseconds" }, { "wall", "nanoseconds" },
};

/* What a goroutine is doing. Row number = slot. */
struct doing {
	int64_t since;
	pd_stack stack, entry;
	pd_str reason;
	uint32_t sample;   /* first CPU sample of the interval, row of sample, 0 none */
	uint32_t n_samples;
	uint8_t state;     /* enum gt_state; GT_NOT_EXIST: nobody has the slot */
};

struct taken {
	pd_stack stack;
	uint32_t next;
};

struct gt_profile {
	struct gt_reader *r;
	struct pd_builder *b;
	bool times;
	unsigned series, cpu;
	bool has_cpu, began;
	int64_t start, end;
	pd_stack unknown;
	PD_VEC(struct doing) g;
	PD_VEC(struct taken) sample; /* row 0 is none */
	uint32_t free_sample;
	struct gt_map labels;        /* state and reason → pd_labels + 1 */
	pd_str key_state, key_reason, state[GT_IDLE + 1];
};

static const uint8_t column_of[] = {
	[GT_RUNNABLE] = COL_RUNNABLE, [GT_RUNNING] = COL_RUNNING, [GT_WAITING] = COL_WAITING, [GT_SYSCALL] = COL_SYSCALL,
};

struct gt_profile *gt_profile_new(struct gt_reader *r, bool times)
{
	static const char *const names[GT_IDLE + 1] = { [GT_RUNNABLE] = "runnable", [GT_RUNNING] = "running", [GT_WAITING] = "waiting", [GT_SYSCALL] = "syscall" };
	struct gt_profile *p = calloc(1, sizeof *p);
	pd_frame frame;

	if (!p || !pd_vec_push(&p->sample, (struct taken){ 0 })) {
		free(p);
		gt_nomem(r);
		return NULL;
	}
	p->r = r;
	p->b = r->b;
	p->times = times;
	if (!times)
		p->b->flags |= PD_BUILD_AGGREGATE; /* rows of equal stacks and states add up: memory does not grow with the trace */
	p->series = pd_series_add(p->b, (pd_str){ 0 });
	for (unsigned i = 0; i < N_COLUMNS; i++)
		pd_series_value(p->b, p->series, &(struct pd_value_type){ .type = pd_intern_z(p->b, columns[i].type), .unit = pd_intern_z(p->b, columns[i].unit) });
	frame = pd_frame_named(p->b, UNKNOWN, strlen(UNKNOWN));
	p->unknown = pd_stack_of(p->b, &frame, 1, PD_ROOT_FIRST);
	p->key_state = pd_intern_z(p->b, "state");
	p->key_reason = pd_intern_z(p->b, "reason");
	for (unsigned i = 0; i <= GT_IDLE; i++)
		p->state[i] = pd_intern_z(p->b, names[i]);
	return p;
}

void gt_profile_free(struct gt_profile *p)
{
	if (!p)
		return;
	pd_vec_release(&p->g);
	pd_vec_release(&p->sample);
	gt_map_release(&p->labels);
	free(p);
}

static pd_labels labels_of(struct gt_profile *p, uint8_t state, pd_str reason)
{
	uint64_t key = (uint64_t)state << 32 | reason.v;
	uint32_t known = gt_map_get(&p->labels, key);
	struct pd_label l[2] = { { .key = p->key_state, .kind = PD_LABEL_STR, .str = p->state[state] },
				 { .key = p->key_reason, .kind = PD_LABEL_STR, .str = reason } };
	pd_labels set;

	if (known)
		return (pd_labels){ known - 1 };
	set = pd_labels_of(p->b, l, reason.v ? 2 : 1);
	if (!gt_map_put(&p->labels, key, set.v + 1))
		gt_nomem(p->r);
	return set;
}

static void add(struct gt_profile *p, const struct doing *d, pd_stack stack, int64_t at, int64_t dur, int64_t count)
{
	struct pd_sample s = { .stack = stack.v ? stack : d->entry.v ? d->entry : p->unknown, .has_time = p->times, .time = at };
	int64_t value[N_COLUMNS] = { [COL_INTERVALS] = count, [COL_WALL] = dur };

	value[column_of[d->state]] = dur;
	s.labels = labels_of(p, d->state, d->state == GT_WAITING || d->state == GT_RUNNABLE ? d->reason : (pd_str){ 0 });
	pd_sample_add(p->b, p->series, &s, value);
}

/* The interval is shared by the samples in it. */
static void share(struct gt_profile *p, struct doing *d, int64_t dur)
{
	int64_t part = dur / d->n_samples, rest = dur - part * d->n_samples, at = d->since;
	uint32_t i = d->sample, last = 0;
	int64_t count = 1;

	for (; i; last = i, i = p->sample.v[i].next) {
		add(p, d, p->sample.v[i].stack, at, part + rest, count);
		at += part + rest;
		rest = count = 0;
	}
	p->sample.v[last].next = p->free_sample;
	p->free_sample = d->sample;
	d->sample = d->n_samples = 0;
}

/* The state d has been in is over; `guess` is where it ended. */
static void close_interval(struct gt_profile *p, struct doing *d, int64_t end, pd_stack guess)
{
	int64_t dur = end > d->since ? end - d->since : 0;

	if (d->state == GT_RUNNING && d->n_samples)
		share(p, d, dur);
	else if (d->state == GT_RUNNING)
		add(p, d, guess, d->since, dur, 1);
	else if (d->state >= GT_RUNNABLE && d->state <= GT_SYSCALL)
		add(p, d, d->stack, d->since, dur, 1);
}

static struct doing *doing_at(struct gt_profile *p, uint32_t slot)
{
	while (p->g.n <= slot)
		if (!pd_vec_push(&p->g, (struct doing){ .state = GT_NOT_EXIST })) {
			gt_nomem(p->r);
			return NULL;
		}
	return &p->g.v[slot];
}

static void go_event(struct gt_profile *p, const struct gt_event *e)
{
	struct doing *d = doing_at(p, e->slot);
	pd_stack stack = gt_stack(p->r, e->of_stack);

	if (!d)
		return;
	if (e->from == GT_NOT_EXIST || e->from == GT_UNDETERMINED || d->state == GT_NOT_EXIST)
		*d = (struct doing){ .since = e->from == GT_UNDETERMINED ? p->start : e->time, .stack = stack, .entry = stack.v ? stack : gt_stack(p->r, e->entry),
				      .state = e->to };
	else if (e->from == e->to) {
		if (!d->stack.v)
			d->stack = stack;
		return; /* a reminder */
	} else {
		close_interval(p, d, e->time, stack);
		d->since = e->time;
		d->state = e->to;
	}
	if (e->to == GT_WAITING || (e->to == GT_RUNNABLE && e->from == GT_RUNNING))
		d->reason = e->name;
	else if (e->to == GT_RUNNABLE)
		d->reason = (pd_str){ 0 };
	if (e->of_stack) {
		d->stack = stack;
		if (!d->entry.v)
			d->entry = stack;
	}
}

static void sample_event(struct gt_profile *p, const struct gt_event *e)
{
	struct pd_sample s = { .stack = gt_stack(p->r, e->stack), .has_time = p->times, .time = e->time };
	struct doing *d = e->slot && e->slot < p->g.n ? &p->g.v[e->slot] : NULL;
	int64_t one = 1;
	uint32_t at = p->free_sample;

	if (!p->has_cpu) {
		p->cpu = pd_series_add(p->b, pd_intern_z(p->b, "cpu"));
		pd_series_value(p->b, p->cpu, &(struct pd_value_type){ .type = pd_intern_z(p->b, "cpu_samples"), .unit = pd_intern_z(p->b, "count") });
		p->has_cpu = true;
	}
	pd_sample_add(p->b, p->cpu, &s, &one);
	if (!d || d->state != GT_RUNNING || !s.stack.v)
		return;
	if (at)
		p->free_sample = p->sample.v[at].next;
	else if (!pd_vec_push(&p->sample, (struct taken){ 0 })) {
		gt_nomem(p->r);
		return;
	} else
		at = (uint32_t)p->sample.n - 1;
	p->sample.v[at] = (struct taken){ .stack = s.stack, .next = d->sample };
	d->sample = at;
	d->n_samples++;
}

static void clock_event(struct gt_profile *p, const struct gt_event *e)
{
	struct pd_meta *meta = pd_builder_meta(p->b);
	int64_t wall;

	if (!e->has_clock || meta->time_nanos || e->arg[2] > INT64_MAX / 1000000000 - 1)
		return;
	wall = (int64_t)(e->arg[2] * 1000000000 + e->arg[3] % 1000000000);
	if (!pd_sub_overflow(wall, (int64_t)e->arg[0], &wall) && !pd_add_overflow(wall, p->start, &wall))
		meta->time_nanos = wall;
}

void gt_profile_event(void *profile, const struct gt_event *e)
{
	struct gt_profile *p = profile;

	if (pd_unlikely(!p->began)) {
		p->began = true;
		p->start = e->time;
	}
	p->end = e->time;
	if (e->kind == GT_EV_GO)
		go_event(p, e);
	else if (e->kind == GT_EV_STACK_SAMPLE)
		sample_event(p, e);
	else if (e->kind == GT_EV_SYNC)
		clock_event(p, e);
}

void gt_profile_finish(struct gt_profile *p)
{
	struct pd_meta *meta = pd_builder_meta(p->b);
	char text[32];

	for (size_t i = 1; i < p->g.n; i++)
		if (p->g.v[i].state != GT_NOT_EXIST)
			close_interval(p, &p->g.v[i], p->end, p->g.v[i].stack);
	meta->duration_nanos = p->end - p->start;
	meta->period = 1;
	meta->period_type = pd_intern_z(p->b, "wallclock");
	meta->period_unit = pd_intern_z(p->b, "nanoseconds");
	meta->default_sample_type = pd_intern_z(p->b, columns[COL_WALL].type);
	snprintf(text, sizeof text, "go 1.%u", p->r->version);
	meta->producer = pd_intern_z(p->b, text);
}
