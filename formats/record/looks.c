/*
 * Threads looked at beside samples of their CPU time (PD_WIRE_LOOKS_BEGIN). How long a thread ran, waited for a CPU and slept is known from its clocks; where,
 * from samples of each. Shares are known when the thread has ended, or when there are so many samples that where one lot ends and the next begins makes no
 * difference.
 */
#include "record/record.h"

#define LOT 4096

/* What each state is called. */
static const enum record_state state_of[] = { [RECORD_RAN] = RECORD_RUNNING, [RECORD_SLEPT] = RECORD_SLEEPING, [RECORD_STOPPED] = RECORD_RUNNABLE, [RECORD_WOKEN] = RECORD_RUNNABLE };

enum pd_status record_looks_begin(struct record *r, const struct record_item *item)
{
	struct pd_wire_looks_begin w;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->now->process.wall_period)
		return record_note(r, "looks at threads that make no sense skipped");
	r->now->beside = true;
	return PD_OK;
}

static void put(struct record *r, const struct record_seen *seen, enum record_state state, uint64_t ns, int64_t looks)
{
	struct pd_sample s = { .stack = seen->stack, .labels = seen->labels, .has_time = true, .time = seen->time };
	bool on = state == RECORD_RUNNING;

	pd_sample_add(r->b, record_wall_series(r), &s, (int64_t[]){ looks, on ? (int64_t)ns : 0, on ? 0 : (int64_t)ns, (int64_t)ns });
}

static double weights(const struct record_thread *t, enum record_seen_as as)
{
	double sum = 0;

	for (size_t i = 0; i < t->seen.n; i++)
		sum += t->seen.v[i].as == as ? (double)t->seen.v[i].weight : 0;
	return sum;
}

/* `ns` in one state, to the samples that saw it as this. False: there are none. */
static bool share(struct record *r, struct record_thread *t, enum record_state state, enum record_seen_as as, uint64_t ns)
{
	double sum = weights(t, as), upto = 0;
	uint64_t given = 0;

	if (sum <= 0)
		return false;
	for (size_t i = 0; i < t->seen.n; i++) {
		struct record_seen s = t->seen.v[i];
		uint64_t until;

		if (s.as != as)
			continue;
		upto += (double)s.weight;
		until = upto >= sum ? ns : (uint64_t)((double)ns * (upto / sum)); /* rounded down: the last one gets what is left */
		until = until > ns ? ns : until < given ? given : until;
		if (state != state_of[as])
			s.labels = record_labels(r, t, state);
		if (until > given)
			put(r, &s, state, until - given, state == state_of[as] ? s.looks : 0);
		given = until;
	}
	return true;
}

/* The time for which looks found it woken, as much as there is. */
static uint64_t share_woken(struct record *r, struct record_thread *t, uint64_t ns)
{
	double sum = weights(t, RECORD_WOKEN);
	uint64_t woken = sum < (double)ns ? (uint64_t)sum : ns;

	return woken && share(r, t, RECORD_RUNNABLE, RECORD_WOKEN, woken) ? woken : 0;
}

/* What is known and in no sample yet; all of it when the thread has ended, if need be where it was seen doing something else. */
static void settle(struct record *r, struct record_thread *t, uint64_t time, uint64_t cpu, bool ended)
{
	static const struct {
		enum record_state state;
		enum record_seen_as as[4];
	} place[] = { { RECORD_RUNNING, { RECORD_RAN, RECORD_STOPPED, RECORD_SLEPT, RECORD_WOKEN } },
		      { RECORD_RUNNABLE, { RECORD_STOPPED, RECORD_RAN, RECORD_WOKEN, RECORD_SLEPT } },
		      { RECORD_SLEEPING, { RECORD_SLEPT, RECORD_WOKEN, RECORD_STOPPED, RECORD_RAN } } };
	uint64_t life = time > t->begin_time ? time - t->begin_time : 0, is[RECORD_STATES] = { 0 };

	is[RECORD_RUNNING] = cpu < t->begin_cpu ? 0 : cpu - t->begin_cpu < life ? cpu - t->begin_cpu : life;
	is[RECORD_RUNNABLE] = t->ready < life - is[RECORD_RUNNING] ? t->ready : life - is[RECORD_RUNNING];
	is[RECORD_SLEEPING] = life - is[RECORD_RUNNING] - is[RECORD_RUNNABLE];
	for (size_t i = 0; i < PD_ARRAY_LEN(place) && !r->events_only; i++) {
		enum record_state s = place[i].state;
		uint64_t ns = is[s] > t->told[s] ? is[s] - t->told[s] : 0, woken = s == RECORD_RUNNABLE ? share_woken(r, t, ns) : 0;
		bool told = ns == woken;

		ns -= woken;
		for (size_t k = 0; k < (ended ? 4 : 1) && !told; k++)
			told = share(r, t, s, place[i].as[k], ns);
		if (!told && ended) /* a life between two looks has no stack */
			put(r, &(struct record_seen){ .labels = record_labels(r, t, s), .time = (int64_t)time }, s, ns,
			    (int64_t)((ns + r->now->process.wall_period / 2) / r->now->process.wall_period));
		t->told[s] += woken + (told ? ns : 0);
	}
	t->seen.n = 0;
	t->asleep = 0;
}

static void add(struct record *r, struct record_thread *t, struct record_seen seen)
{
	seen.labels = record_labels(r, t, state_of[seen.as]);
	if (!r->events_only && !pd_vec_push(&t->seen, seen))
		r->nomem = true;
}

void record_look_runs(struct record *r, struct record_thread *t, pd_stack stack, uint64_t time, uint32_t count)
{
	add(r, t, (struct record_seen){ .stack = stack, .time = (int64_t)time, .weight = count, .looks = count, .as = RECORD_RAN });
}

enum pd_status record_look(struct record *r, const struct record_item *item)
{
	struct record_thread *t;
	struct pd_wire_look w;
	pd_stack stack = { 0 };

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->now->beside || w.time > INT64_MAX || w.cpu > INT64_MAX ||
	    w.state < PD_WIRE_RUNNING || w.state > PD_WIRE_SLEEPING || (w.stack && !record_stack_of(r, w.stack, w.time, &stack)))
		return record_note(r, "looks at threads that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	if (!t->live) { /* its beginning is missing */
		t->live = true;
		t->begin_time = t->time = w.time;
		t->begin_cpu = t->cpu = w.cpu;
	}
	t->time = w.time > t->time ? w.time : t->time;
	t->cpu = w.cpu > t->cpu ? w.cpu : t->cpu;
	t->ready = w.ready > t->ready ? w.ready : t->ready;
	if (!w.stack && t->asleep) {
		t->seen.v[t->asleep - 1].weight += w.weight < INT64_MAX ? w.weight : 0;
		t->seen.v[t->asleep - 1].looks += w.looks;
	}
	if (!w.stack || w.state == PD_WIRE_RUNNING)
		return PD_OK;
	if (w.state == PD_WIRE_SLEEPING)
		record_asleep(t, w.syscall < 0 ? -1 : w.syscall);
	if (t->seen.n >= LOT)
		settle(r, t, t->time, t->cpu, false);
	add(r, t, (struct record_seen){ .stack = stack, .time = (int64_t)w.time, .weight = w.weight < INT64_MAX ? w.weight : 1, .looks = w.looks,
					.as = w.state == PD_WIRE_SLEEPING ? RECORD_SLEPT : w.flags & PD_WIRE_WOKEN ? RECORD_WOKEN : RECORD_STOPPED });
	if (w.state == PD_WIRE_SLEEPING)
		t->asleep = t->seen.n;
	return PD_OK;
}

void record_look_end(struct record *r, struct record_thread *t, uint64_t time, uint64_t cpu)
{
	settle(r, t, time, cpu > t->cpu ? cpu : t->cpu, true);
	memset(t->told, 0, sizeof(t->told));
	t->ready = 0;
}
