/* What was seen from outside, by the kernel's perf events: spells of threads, other events than clocks, and the account of the recorder. */
#include "record/record.h"

#include <inttypes.h>

enum pd_status record_outside(struct record *r, const struct record_item *item)
{
	struct pd_wire_outside o;
	struct pd_span name;
	size_t at = 0;

	if (r->outside.r.kind || !record_fixed(item, &o, sizeof(o), sizeof(o)) || !record_tail(item, &at, o.event_size, &name) || !(o.rate >= 0 && o.rate <= 1e9))
		return record_note(r, "recordings from outside that make no sense skipped");
	r->outside = o;
	r->event = pd_intern(r->b, name.p, name.n);
	return PD_OK;
}

enum pd_status record_outside_stats(struct record *r, const struct record_item *item)
{
	struct pd_wire_outside_stats s;

	if (!record_fixed(item, &s, sizeof(s), sizeof(s)))
		return record_note(r, "sums that make no sense skipped");
	r->outside_stats = s;
	return PD_OK;
}

enum pd_status record_outside_lost(struct record *r, const struct record_item *item)
{
	struct pd_wire_outside_lost l;

	if (!record_fixed(item, &l, sizeof(l), sizeof(l)))
		return record_note(r, "sums that make no sense skipped");
	r->outside_lost = l;
	return PD_OK;
}

/* ---- samples ---- */

enum pd_status record_spell(struct record *r, const struct record_item *item)
{
	static const enum record_state state[] = { [PD_WIRE_RUNNING] = RECORD_RUNNING, [PD_WIRE_RUNNABLE] = RECORD_RUNNABLE, [PD_WIRE_SLEEPING] = RECORD_SLEEPING };
	struct pd_sample s = { .has_time = true };
	struct record_thread *t;
	struct pd_wire_spell w;
	int64_t ns;
	bool on;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->now->process.wall_period || w.time > INT64_MAX || w.ns > INT64_MAX ||
	    w.state < PD_WIRE_RUNNING || w.state > PD_WIRE_SLEEPING || !record_stack_of(r, w.stack, w.time, &s.stack))
		return record_note(r, "spells of threads that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	on = w.state == PD_WIRE_RUNNING;
	ns = (int64_t)w.ns;
	s.time = (int64_t)w.time;
	s.labels = record_labels(r, t, state[w.state]);
	if (pd_add_overflow(t->spells, w.ns, &t->spells))
		t->spells = UINT64_MAX;
	pd_sample_add(r->b, record_wall_series(r), &s, (int64_t[]){ w.count, on ? ns : 0, on ? 0 : ns, ns });
	return PD_OK;
}

void record_event_series(struct record *r)
{
	if (r->event_series != RECORD_NONE)
		return;
	r->event_series = pd_series_add(r->b, r->event);
	pd_series_value(r->b, r->event_series, &(struct pd_value_type){ .type = pd_intern_z(r->b, "samples"), .unit = pd_intern_z(r->b, "count") });
	pd_series_value(r->b, r->event_series, &(struct pd_value_type){ .type = r->event, .unit = pd_intern_z(r->b, "count") });
}

enum pd_status record_event(struct record *r, const struct record_item *item)
{
	struct pd_sample s = { .has_time = true };
	struct record_thread *t;
	struct pd_wire_event w;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->outside.r.kind || r->outside.flags & PD_WIRE_CLOCK || w.time > INT64_MAX ||
	    w.value > INT64_MAX || !record_stack_of(r, w.stack, w.time, &s.stack))
		return record_note(r, "samples that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	record_event_series(r);
	s.time = (int64_t)w.time;
	s.labels = record_labels(r, t, RECORD_PLAIN);
	pd_sample_add(r->b, r->event_series, &s, (int64_t[]){ 1, (int64_t)w.value });
	return PD_OK;
}

/* The thread has ended: did its spells add up to its life? */
void record_balance(struct record *r, struct record_thread *t, uint64_t time)
{
	uint64_t life = time - t->time, off;

	if (!t->live || time < t->time || !r->now->process.wall_period)
		return;
	off = life > t->spells ? life - t->spells : t->spells - life;
	r->lives++;
	r->unbalanced += off != 0;
	r->worst = off > r->worst ? off : r->worst;
	t->spells = 0;
}

/* ---- comments ---- */

static void how(struct record *r)
{
	const struct pd_wire_outside *o = &r->outside;

	record_say(r, "record.engine: perf events (%s%s), from outside%s", pd_builder_string(r->b, r->event).p, o->flags & PD_WIRE_USER_ONLY ? ", user side only" : "",
		   o->flags & PD_WIRE_ALL_CPUS ? ", all CPUs" : o->flags & PD_WIRE_ATTACHED ? ", attached" : "");
	record_say(r, "record.rate_asked: %.6g per %s", o->rate, o->flags & PD_WIRE_CLOCK ? "CPU second" : "second");
	if (o->flags & PD_WIRE_FRAME_POINTERS)
		record_say(r, "record.stacks: frame pointers");
	else if (o->switch_stack)
		record_say(r, "record.stacks: %u bytes copied with each sample, %u at each switch", o->stack, o->switch_stack);
	else
		record_say(r, "record.stacks: %u bytes copied with each sample", o->stack);
	if (o->flags & PD_WIRE_NO_SWITCHES)
		record_say(r, "record.warning: without rights to see the kernel's side there are no stacks of sleeping threads: they are under [not seen], where they were seen last");
	record_say(r, "record.ring: %u KiB for each of %u CPUs", o->ring >> 10, o->cpus);
	record_say(r, "record.perf_event_paranoid: %d", o->paranoid);
}

static double share(uint64_t part, uint64_t whole) { return whole ? 100.0 * (double)part / (double)whole : 0; }

static void account(struct record *r)
{
	const struct pd_wire_outside *o = &r->outside;
	const struct pd_wire_outside_stats *s = &r->outside_stats;

	if (s->cpu && o->flags & PD_WIRE_CLOCK)
		record_say(r, "record.rate_delivered: %.6g per CPU second", (double)s->samples / (double)s->cpu * 1e9);
	if (s->cpu)
		record_say(r, "record.cpu_seconds: %.6f", (double)s->cpu / 1e9);
	record_say(r, "record.processes: %" PRIu64, s->processes);
	record_say(r, "record.threads: %" PRIu64, s->threads);
	record_say(r, "record.samples: %" PRIu64 " taken, %" PRIu64 " lost, %" PRIu64 " truncated, %" PRIu64 " incomplete, %" PRIu64 " times throttled", s->samples, s->lost,
		   s->truncated, s->incomplete, s->throttled);
	if (s->unwound)
		record_say(r, "record.unwound: %" PRIu64 " stacks, %" PRIu64 " of them continued by frame pointers", s->unwound, s->spliced);
	if (r->lives)
		record_say(r, "record.switches: %" PRIu64 ", %" PRIu64 " without their counterpart", s->switches, s->unpaired);
	if (r->outside_lost.asleep)
		record_say(r, "record.lost_stacks: %" PRIu64 " stacks of threads that went to sleep; how long they did is known, and is under [not seen]", r->outside_lost.asleep);
	if (r->outside_lost.gaps)
		record_say(r, "record.lost_records: %" PRIu64 ", in %" PRIu64 " gaps of together %.3f ms on one CPU each, in which who ran is partly guessed", r->outside_lost.records,
			   r->outside_lost.gaps, (double)r->outside_lost.ns / 1e6);
	if (r->lives && !r->unbalanced)
		record_say(r, "record.balance: on + off = life to the nanosecond for all of %" PRIu64 " threads", r->lives);
	else if (r->lives)
		record_say(r, "record.balance: on + off is not the life of %" PRIu64 " of %" PRIu64 " threads, by up to %" PRIu64 " ns", r->unbalanced, r->lives, r->worst);
	record_say(r, "record.recorder_cpu: %.6f s, %.3g %% of a CPU", (double)s->own_cpu / 1e9, share(s->own_cpu, s->elapsed));
}

void record_outside_facts(struct record *r)
{
	struct pd_meta *m = pd_builder_meta(r->b);

	how(r);
	if (r->outside_stats.time)
		account(r);
	if (r->outside.flags & PD_WIRE_CLOCK)
		return;
	record_event_series(r);
	m->period = 0;
	m->period_type = r->event;
	m->period_unit = pd_intern_z(r->b, "count");
	m->default_sample_type = r->event;
}
