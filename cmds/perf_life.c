/*
 * record from outside: the lives of threads, on and off the CPU, by the kernel's records of context switches.
 *
 * A thread is in one state at a time, from one record to the next, so that what is written adds up to its life by itself. What it
 * uses on the CPU is claimed by the next sample of the clock: samples come after equal amounts of it, so each claims its period;
 * what is left at the end goes to the sample before, or to where it slept when there was none.
 *
 * Where the kernel had no room for records, a thread can be off the CPU without having left it, or the other way round. When that was is known all
 * the same, but for the gap: the middle of it is as good as any.
 */
#include "perf.h"

static void spell(struct perf *p, struct perf_thread *t, uint64_t time, uint64_t ns, enum pd_wire_state state, uint32_t stack, uint32_t count)
{
	struct pd_wire_spell w = { .time = time, .ns = ns, .tid = t->tid, .stack = stack, .state = state, .count = count };

	if (!ns)
		return;
	if (!w.stack)
		w.stack = perf_put_stack(p, t->proc, NULL, 0, PD_WIRE_UNSEEN);
	perf_tell(p, t);
	perf_put(p, t->proc, PD_WIRE_SPELL, &w, sizeof(w), NULL, 0, NULL, 0);
}

/* How long the state has lasted; from now on it is another one. */
static uint64_t step(const struct perf *p, struct perf_thread *t, uint64_t time, enum perf_state state)
{
	uint64_t ns;

	t->state = state;
	if (p->end && time > p->end)
		time = p->end;
	if (time <= t->since)
		return 0;
	ns = time - t->since;
	t->since = time;
	return ns;
}

static void off(struct perf *p, struct perf_thread *t, uint64_t time, enum perf_state was, enum perf_state state)
{
	uint64_t ns = step(p, t, time, state);

	spell(p, t, t->since, ns, was == PERF_RUNNABLE ? PD_WIRE_RUNNABLE : PD_WIRE_SLEEPING, t->sleeps_at, 1);
}

/* ---- where records are missing ---- */

static struct perf_cpu *cpu_of(struct perf *p, uint32_t cpu)
{
	if (cpu >= 65536)
		return NULL;
	while (p->cpu.n <= cpu)
		if (!PERF_PUSH(p->cpu, (struct perf_cpu){ 0 }))
			return NULL;
	return &p->cpu.v[cpu];
}

/* When the record that is missing should have come, at `time` at the latest. */
static uint64_t missed_at(struct perf *p, const struct perf_thread *t, uint64_t time)
{
	const struct perf_cpu *c = t->cpu == PERF_NOWHERE ? NULL : cpu_of(p, t->cpu);
	uint64_t at = c && c->to > t->since ? c->from + (c->to - c->from) / 2 : c && c->last > t->since ? c->last : time;

	return at > time ? time : at;
}

/* It turns out that it is not running any more. */
static void must_rest(struct perf *p, struct perf_thread *t, uint64_t time)
{
	p->stats.unpaired++;
	t->unclaimed += step(p, t, missed_at(p, t, time), PERF_SLEEPING);
	t->sleeps_at = t->next_sleep = 0;
}

/* It turns out that it is running, or was until now. */
static void must_run(struct perf *p, struct perf_thread *t, uint64_t time)
{
	if (t->state == PERF_NEW) { /* attached to while it ran */
		t->state = PERF_RUNNING;
	} else if (t->state != PERF_RUNNING) {
		p->stats.unpaired++;
		off(p, t, missed_at(p, t, time), t->state, PERF_RUNNING);
	}
}

void perf_life_gap(struct perf *p, uint32_t cpu, uint64_t from, uint64_t to)
{
	struct perf_cpu *c = cpu_of(p, cpu);

	if (!c)
		return;
	c->from = from;
	c->to = to;
}

void perf_life_cpu(struct perf *p, uint32_t cpu, uint32_t tid, uint64_t time, bool in)
{
	struct perf_cpu *c = cpu_of(p, cpu);
	struct perf_thread *was = c && c->tid && c->tid != tid ? perf_thread_of(p, c->tid) : NULL;

	if (!c)
		return;
	if (was && was->state == PERF_RUNNING && was->cpu == cpu)
		must_rest(p, was, time);
	c->tid = in ? tid : 0;
	c->last = time;
}

/* ---- records ---- */

void perf_life_sample(struct perf *p, struct perf_thread *t, uint64_t time, uint32_t stack)
{
	must_run(p, t, time);
	t->unclaimed += step(p, t, time, PERF_RUNNING);
	t->ran_at = stack;
	spell(p, t, t->since, t->unclaimed, PD_WIRE_RUNNING, stack, 1);
	t->unclaimed = 0;
}

void perf_life_switch(struct perf *p, struct perf_thread *t, uint64_t time, bool out, bool preempted)
{
	p->stats.switches++;
	if (out) {
		must_run(p, t, time);
		t->unclaimed += step(p, t, time, preempted ? PERF_RUNNABLE : PERF_SLEEPING);
		t->sleeps_at = t->next_sleep ? t->next_sleep : t->left;
		t->next_sleep = 0;
		return;
	}
	t->next_sleep = 0; /* of a switch whose record was lost */
	if (t->state == PERF_NEW)
		t->state = t->guess;
	else if (t->state == PERF_RUNNING)
		must_rest(p, t, time);
	off(p, t, time, t->state, PERF_RUNNING);
}

void perf_life_end(struct perf *p, struct perf_thread *t, uint64_t time)
{
	enum perf_state was = t->state == PERF_NEW ? t->guess : t->state;

	if (was != PERF_RUNNING) {
		off(p, t, time, was, was);
	} else {
		t->unclaimed += step(p, t, time, PERF_RUNNING);
	}
	spell(p, t, t->since, t->unclaimed, PD_WIRE_RUNNING, t->ran_at ? t->ran_at : t->sleeps_at, 0);
	t->unclaimed = 0;
}
