/* Memory: what was allocated and is not freed, as Go and pprof call it. The sampler has already made one sampled object stand for many. */
#include "record/record.h"

#include <inttypes.h>

static const char *const heap_types[][2] = {
	{ "alloc_objects", "count" }, { "alloc_space", "bytes" }, { "inuse_objects", "count" }, { "inuse_space", "bytes" }, { NULL, NULL }
};

enum pd_status record_heap_begin(struct record *r, const struct record_item *item)
{
	struct pd_wire_heap_begin b;

	if (!record_fixed(item, &b, sizeof(b), sizeof(b)) || !r->now->begun || !b.period || b.period > INT64_MAX)
		return record_note(r, "beginnings of heap profiles that make no sense skipped");
	r->now->heap_period = b.period;
	record_series_of(r, &r->heap_series, "heap", heap_types);
	return PD_OK;
}

enum pd_status record_heap(struct record *r, const struct record_item *item)
{
	struct pd_sample s = { .has_time = true };
	struct record_thread *t;
	struct pd_wire_heap h;
	int64_t value[4];

	if (!record_fixed(item, &h, sizeof(h), sizeof(h)) || !r->now->heap_period || !record_stack_of(r, h.stack, h.time, &s.stack) || h.time > INT64_MAX ||
	    h.alloc_objects > INT64_MAX || h.alloc_space > INT64_MAX || h.free_objects > INT64_MAX || h.free_space > INT64_MAX)
		return record_note(r, "allocations that make no sense skipped");
	t = record_thread_of(r, h.tid);
	if (!t)
		return PD_OK;
	value[0] = (int64_t)h.alloc_objects;
	value[1] = (int64_t)h.alloc_space;
	value[2] = value[0] - (int64_t)h.free_objects;
	value[3] = value[1] - (int64_t)h.free_space;
	s.time = (int64_t)h.time;
	s.labels = record_labels(r, t, RECORD_PLAIN);
	pd_sample_add(r->b, r->heap_series, &s, value);
	return PD_OK;
}

enum pd_status record_heap_stats(struct record *r, const struct record_item *item)
{
	struct pd_wire_heap_stats s;

	if (!record_fixed(item, &s, sizeof(s), sizeof(s)))
		return record_note(r, "sums that make no sense skipped");
	r->now->heap_stats = s;
	return PD_OK;
}

static double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

/* Sums over processes; they are for people, so a double is exact enough. */
void record_heap_facts(struct record *r)
{
	double bytes = 0, space = 0, allocs = 0, frees = 0, dropped = 0, no_stack = 0, ns = 0, cpu = 0;
	struct pd_meta *m = pd_builder_meta(r->b);
	uint64_t period = 0;

	for (size_t i = 0; i < r->image.n; i++) {
		const struct pd_wire_heap_stats *s = &r->image.v[i].heap_stats;

		if (!r->image.v[i].heap_period)
			continue;
		period = r->image.v[i].heap_period;
		cpu += (double)r->image.v[i].stats.process_cpu;
		bytes += (double)s->bytes;
		space += (double)s->alloc_space;
		allocs += (double)s->allocs;
		frees += (double)s->frees;
		dropped += (double)s->dropped;
		no_stack += (double)s->no_stack;
		ns += (double)s->ns;
	}
	if (!period)
		return;
	if (!m->period) {
		m->period = (int64_t)period;
		m->period_type = pd_intern_z(r->b, "space");
		m->period_unit = pd_intern_z(r->b, "bytes");
		m->default_sample_type = pd_intern_z(r->b, "inuse_space");
	}
	record_say(r, "record.heap_period: %" PRIu64 " bytes%s", period, period == 1 ? " (every object)" : "");
	if (!allocs && !bytes)
		return;
	record_say(r, "record.heap_sampled: %.0f allocated, %.0f freed, %.0f dropped for lack of room, %.0f without stack", allocs, frees, dropped, no_stack);
	record_say(r, "record.heap_allocated: %.0f bytes by count, %.0f by sample (%+.2f %%)", bytes, space, percent(space - bytes, bytes));
	if (cpu > 0 && allocs > 0)
		record_say(r, "record.heap_cost: %.3g us per sampled object, %.3g %% of the CPU time", ns / allocs / 1e3, percent(ns, cpu));
}
