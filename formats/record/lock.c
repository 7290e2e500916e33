/*
 * Waiting for locks and other threads: the series "block" (who waited) and "mutex" (who held the lock, credited where it was given back), both
 * contentions and delay, as Go's profiles of these names have them.
 */
#include "record/record.h"

#include <inttypes.h>

static const char *const types[][2] = { { "contentions", "count" }, { "delay", "nanoseconds" }, { NULL, NULL } };
static const char *const waits[] = {
	[PD_WIRE_LOCK_MUTEX] = "wait for mutex", [PD_WIRE_LOCK_RWLOCK] = "wait for rwlock", [PD_WIRE_LOCK_COND] = "wait for condition",
	[PD_WIRE_LOCK_SEM] = "wait for semaphore", [PD_WIRE_LOCK_JOIN] = "wait for thread", [PD_WIRE_LOCK_BARRIER] = "wait at barrier",
};
static const char *const names[] = { "block", "mutex" };

static enum pd_status begin(struct record *r, const struct record_item *item)
{
	struct pd_wire_lock w;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !w.rate || w.rate > INT64_MAX)
		return record_note(r, "records of waiting that make no sense skipped");
	r->now->lock_rate = w.rate;
	for (size_t i = 0; i < 2; i++)
		record_series_of(r, &r->lock_series[i], names[i], types);
	return PD_OK;
}

static enum pd_status sums(struct record *r, const struct record_item *item)
{
	struct pd_wire_lock_stats w;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)))
		return record_note(r, "sums that make no sense skipped");
	r->now->lock_stats = w;
	return PD_OK;
}

/* Contentions are whole, what a sample stands for need not be: the rest goes to the next one, so that the sum is right. */
static int64_t whole(double *rest, double n)
{
	double all = *rest + n;
	int64_t out = (int64_t)all;

	*rest = all - (double)out;
	return out;
}

enum pd_status record_lock(struct record *r, const struct record_item *item)
{
	size_t which = item->kind == PD_WIRE_LOCK_HOLD;
	struct pd_sample s = { .has_time = true };
	struct pd_wire_lock_event w;
	struct record_thread *t;
	uint64_t delay;

	if (item->kind == PD_WIRE_LOCK)
		return begin(r, item);
	if (item->kind == PD_WIRE_LOCK_STATS)
		return sums(r, item);
	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->now->lock_rate || !record_stack_of(r, w.stack, w.time, &s.stack) || !w.ns ||
	    w.ns > INT64_MAX || !w.rate || w.rate > INT64_MAX || w.time > INT64_MAX || w.what < PD_WIRE_LOCK_MUTEX || w.what > PD_WIRE_LOCK_BARRIER)
		return record_note(r, "records of waiting that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	if (!which)
		record_timeline_wait(r, t, waits[w.what], w.time > w.ns ? w.time - w.ns : 0, w.time, s.stack);
	if (r->events_only)
		return PD_OK;
	delay = w.ns > w.rate ? w.ns : w.rate;
	s.time = (int64_t)w.time;
	s.labels = record_labels(r, t, (enum record_state)(RECORD_LOCK + w.what));
	pd_sample_add(r->b, record_series_of(r, &r->lock_series[which], names[which], types), &s,
		      (int64_t[]){ whole(&r->lock_rest[which], (double)delay / (double)w.ns), (int64_t)delay });
	return PD_OK;
}

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

void record_lock_facts(struct record *r)
{
	struct pd_wire_lock_stats all = { 0 };
	struct pd_meta *m = pd_builder_meta(r->b);
	uint64_t rate = 0;

	for (size_t i = 0; i < r->image.n; i++) {
		const struct record_image *im = &r->image.v[i];

		rate = most(rate, im->lock_rate);
		all.wait_rate = most(all.wait_rate, most(im->lock_stats.wait_rate, im->lock_rate));
		all.hold_rate = most(all.hold_rate, most(im->lock_stats.hold_rate, im->lock_rate));
		all.waits += im->lock_stats.waits;
		all.holds += im->lock_stats.holds;
		all.lost += im->lock_stats.lost;
		all.unmatched += im->lock_stats.unmatched;
	}
	if (!rate)
		return;
	if (!m->period) { /* as Go's profiles of waiting have it */
		m->period = 1;
		m->period_type = pd_intern_z(r->b, "contentions");
		m->period_unit = pd_intern_z(r->b, "count");
		m->default_sample_type = pd_intern_z(r->b, "delay");
	}
	record_say(r, "record.lock_rate: %.6g us of waiting per sample (up to %.6g us for block, %.6g us for mutex while there was more than the sampler's share)",
		   (double)rate / 1e3, (double)all.wait_rate / 1e3, (double)all.hold_rate / 1e3);
	record_say(r, "record.lock_samples: %" PRIu64 " block, %" PRIu64 " mutex, %" PRIu64 " lost, %" PRIu64 " waits without a holder", all.waits, all.holds, all.lost,
		   all.unmatched);
}
