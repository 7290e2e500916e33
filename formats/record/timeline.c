/* Events for whoever wants them: writers of traces, counters, and the sink that makes a profile of spans. Tracks are processes, threads, counters. */
#include "base/hash.h"
#include "record/record.h"

static bool wanted(const struct record *r) { return r->timeline || r->profile; }

static void send(struct record *r, const struct pd_event *e)
{
	if (r->timeline)
		pd_events_event(r->timeline, e);
	if (r->profile && e->kind != PD_EV_SAMPLE) /* samples are series of their own */
		pd_events_event(r->profile, e);
}

static void describe(struct record *r, uint32_t track)
{
	const struct record_track *t = &r->track.v[track - 1];
	struct pd_track_desc d = { .kind = t->kind, .parent = { t->parent }, .id = t->kind == PD_TRACK_COUNTER ? 0 : t->id, .name = pd_builder_string(r->b, t->name),
				   .n_series = t->kind == PD_TRACK_COUNTER };

	if (r->timeline)
		pd_events_track(r->timeline, (pd_track){ track }, &d);
	if (r->profile)
		pd_events_track(r->profile, (pd_track){ track }, &d);
}

void record_timeline_start(struct record *r)
{
	struct pd_trace_desc d = { .size = sizeof(d), .clock = SPAN("monotonic"), .has_origin = true, .has_wall = true, .source = SPAN("profdata record") };

	if (!r->profile && !r->events_only) {
		r->profile = pd_events_profile(r->b, r->sink->err);
		r->nomem |= !r->profile;
		for (uint32_t i = 1; i <= r->track.n && r->profile; i++)
			describe(r, i);
	}
	if (!r->timeline || r->started)
		return;
	r->started = true;
	d.origin = (int64_t)(r->now->image < r->file_time ? r->now->image : r->file_time);
	d.wall = (int64_t)(r->file_wall - (r->file_time - (uint64_t)d.origin));
	pd_events_start(r->timeline, &d);
}

/* The track of a kind with this parent and id, made when it is new. 0: no memory. */
static uint32_t track_of(struct record *r, enum pd_track_kind kind, uint32_t parent, int64_t id, pd_str name)
{
	uint32_t hash = pd_fold32(pd_hash_u64(pd_hash_key(), (uint64_t)kind << 32 | parent, (uint64_t)id)), at, row;
	struct record_track fresh = { .kind = kind, .parent = parent, .id = id, .name = name };

	if (!record_index_room(&r->tracks) || !pd_vec_reserve(&r->track, 1)) {
		r->nomem = true;
		return 0;
	}
	for (row = pd_index_first(&r->tracks, hash, &at); row; row = pd_index_next(&r->tracks, hash, &at)) {
		struct record_track *t = &r->track.v[row - 1];

		if (t->kind == kind && t->parent == parent && t->id == id) {
			if (t->name.v != name.v && name.v) { /* another program in the process, another thread of the number */
				t->name = name;
				describe(r, row);
			}
			return row;
		}
	}
	r->track.v[r->track.n++] = fresh;
	row = (uint32_t)r->track.n;
	pd_index_put(&r->tracks, hash, at, row);
	describe(r, row);
	return row;
}

static uint32_t process_track(struct record *r)
{
	if (!r->now->track) {
		record_timeline_start(r);
		r->now->track = track_of(r, PD_TRACK_PROCESS, 0, r->now->pid, r->now->comm);
	}
	return r->now->track;
}

static uint32_t thread_track(struct record *r, struct record_thread *t)
{
	uint32_t process = process_track(r);

	if (!t->track && process)
		t->track = track_of(r, PD_TRACK_THREAD, process, t->tid, t->name);
	return t->track;
}

void record_timeline_named(struct record *r, struct record_thread *t)
{
	if (t->track)
		t->track = track_of(r, PD_TRACK_THREAD, r->now->track, t->tid, t->name);
}

void record_timeline_event(struct record *r, struct record_thread *t, struct pd_event *e)
{
	if (!wanted(r))
		return;
	e->track.v = thread_track(r, t);
	if (!e->track.v)
		return;
	e->ts = e->ts > t->marked ? e->ts : t->marked;
	t->marked = e->ts;
	send(r, e);
}

void record_timeline_counter(struct record *r, pd_str name, int64_t ts, double value)
{
	struct pd_event e = { .kind = PD_EV_COUNTER, .ts = ts, .n_values = 1, .values = &value };
	uint32_t process = r->timeline ? process_track(r) : 0;

	e.track.v = process ? track_of(r, PD_TRACK_COUNTER, process, name.v, name) : 0;
	if (e.track.v)
		send(r, &e);
}

void record_timeline_sample(struct record *r, struct record_thread *t, const struct pd_sample *s, int64_t ns)
{
	struct pd_event e = { .kind = PD_EV_SAMPLE, .ts = s->time, .stack = s->stack, .dur = ns, .flags = ns ? PD_EV_LASTING : 0 };

	if (r->timeline)
		record_timeline_event(r, t, &e);
}

void record_timeline_wait(struct record *r, struct record_thread *t, const char *what, uint64_t from, uint64_t to, pd_stack stack)
{
	struct pd_event e = { .kind = PD_EV_BEGIN, .ts = (int64_t)from, .name = { what, strlen(what) }, .category = SPAN("lock"), .stack = stack };

	if (!wanted(r))
		return;
	record_timeline_event(r, t, &e);
	record_timeline_event(r, t, &(struct pd_event){ .kind = PD_EV_END, .ts = (int64_t)to });
}

void record_timeline_moment(struct record *r, struct record_thread *t, const char *what, uint64_t time)
{
	struct pd_event e = { .kind = PD_EV_INSTANT, .ts = (int64_t)time, .name = { what, strlen(what) }, .category = SPAN("thread") };

	if (r->timeline)
		record_timeline_event(r, t, &e);
}

enum pd_status record_timeline_end(struct record *r, enum pd_status status)
{
	if (r->profile && status == PD_OK)
		status = pd_events_finish(r->profile, r->sink->err);
	pd_events_free(r->profile);
	r->profile = NULL;
	return status;
}
