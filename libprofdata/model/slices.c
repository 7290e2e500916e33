/*
 * Nested slices → profile: the names open on a track are a stack, the time of
 * a slice that no slice inside covers is the value of that stack.
 */
#include "model/events.h"

#include "base/error.h"

#include <inttypes.h>

#define ANONYMOUS "[no name]"
#define MOST_LANES 64u /* of overlapping slices on one track; the rest share the last */

/* An open slice. */
struct level {
	int64_t ts, end;  /* end: OPEN_END until an END says */
	int64_t inside;   /* time its children have covered */
	pd_stack stack;
	uint32_t below;   /* level under it, 0 = none */
};
#define OPEN_END INT64_MAX

struct lane_track {
	struct pd_track_desc desc; /* name is not used: see `name` */
	pd_str name;
	pd_labels labels;
	bool labelled;
	uint32_t top;    /* innermost open level of lane 0 */
	uint32_t lane;   /* first overflow lane, 0 = none */
};

struct overflow {
	uint32_t top, next;
};

struct slices {
	struct pd_events events;
	struct pd_builder *b;
	unsigned series, samples;
	bool has_slices, has_samples;
	pd_str key_pid, key_tid, key_thread, key_comm;
	PD_VEC(struct lane_track) track; /* row 0 is the whole trace */
	PD_VEC(struct level) level;      /* row 0 is none */
	PD_VEC(struct overflow) over;    /* row 0 is none */
	uint32_t free_level;             /* chain through `below` */
	struct pd_slice_rows unordered;
	int64_t last;
	uint64_t overlaps, stray, unclosed;
};

static bool fine(struct slices *s)
{
	if (pd_builder_failed(s->b))
		s->events.failed = true;
	return !s->events.failed;
}

/* The track's row, made when new; NULL on failure. */
static struct lane_track *track_at(struct slices *s, pd_track id)
{
	while (s->track.n <= id.v) {
		if (id.v > PD_MAX_ROWS / 2 || !pd_builder_reserve(s->b, &s->track, 1)) {
			s->events.failed = true;
			return NULL;
		}
		s->track.v[s->track.n++] = (struct lane_track){ 0 };
	}
	return &s->track.v[id.v];
}

static void slices_track(struct pd_events *ev, pd_track id, const struct pd_track_desc *d)
{
	struct slices *s = (struct slices *)ev;
	struct lane_track *t = track_at(s, id);

	if (!t)
		return;
	t->desc = *d;
	t->name = pd_intern(s->b, d->name.p, d->name.n);
	t->labelled = false;
	fine(s);
}

static unsigned text_label(struct pd_label *l, unsigned n, pd_str key, pd_str text)
{
	if (text.v)
		l[n++] = (struct pd_label){ .key = key, .kind = PD_LABEL_STR, .str = text };
	return n;
}

/* pid, comm of the process, tid, name of the thread. */
static pd_labels labels_of(struct slices *s, struct lane_track *t)
{
	const struct lane_track *parent = t->desc.parent.v && t->desc.parent.v < s->track.n ? &s->track.v[t->desc.parent.v] : NULL;
	struct pd_label l[4];
	char text[48];
	unsigned n = 0;

	if (t->labelled)
		return t->labels;
	if (parent) {
		l[n++] = (struct pd_label){ .key = s->key_pid, .kind = PD_LABEL_NUM, .num = parent->desc.id };
		n = text_label(l, n, s->key_comm, parent->name);
	}
	if (t->desc.kind == PD_TRACK_THREAD) {
		l[n++] = (struct pd_label){ .key = s->key_tid, .kind = PD_LABEL_NUM, .num = t->desc.id };
		if (!t->name.v) {
			snprintf(text, sizeof text, "thread %" PRId64, t->desc.id);
			t->name = pd_intern_z(s->b, text);
		}
		n = text_label(l, n, s->key_thread, t->name);
	}
	t->labels = pd_labels_of(s->b, l, n);
	t->labelled = true;
	return t->labels;
}

static void need_series(struct slices *s)
{
	struct pd_value_type time = { .type = pd_intern_z(s->b, "time"), .unit = pd_intern_z(s->b, "nanoseconds") };
	struct pd_value_type count = { .type = pd_intern_z(s->b, "slices"), .unit = pd_intern_z(s->b, "count") };

	if (s->has_slices)
		return;
	s->has_slices = true;
	s->series = pd_series_add(s->b, (pd_str){ 0 });
	pd_series_value(s->b, s->series, &count);
	pd_series_value(s->b, s->series, &time);
}

/* The innermost slice of a lane is over at `end`. */
static void pop(struct slices *s, struct lane_track *t, uint32_t *top, int64_t end)
{
	struct level *l = &s->level.v[*top];
	struct pd_sample row = { .stack = l->stack, .has_time = true, .time = l->ts };
	uint32_t at = *top;
	int64_t dur, self[2] = { 1, 0 };

	if (end < l->ts)
		end = l->ts;
	if (pd_sub_overflow(end, l->ts, &dur))
		dur = INT64_MAX;
	self[1] = dur > l->inside ? dur - l->inside : 0;
	row.labels = labels_of(s, t);
	need_series(s);
	pd_sample_add(s->b, s->series, &row, self);
	*top = l->below;
	if (*top && pd_add_overflow(s->level.v[*top].inside, dur, &s->level.v[*top].inside))
		s->level.v[*top].inside = INT64_MAX;
	s->level.v[at].below = s->free_level;
	s->free_level = at;
}

/* Slices of known end that are over at `ts`. */
static void pop_until(struct slices *s, struct lane_track *t, uint32_t *top, int64_t ts)
{
	while (*top && s->level.v[*top].end <= ts)
		pop(s, t, top, s->level.v[*top].end);
}

static void push(struct slices *s, uint32_t *top, int64_t ts, int64_t end, pd_frame frame)
{
	uint32_t at = s->free_level;
	pd_stack parent = *top ? s->level.v[*top].stack : (pd_stack){ 0 };

	if (at) {
		s->free_level = s->level.v[at].below;
	} else {
		if (!pd_builder_reserve(s->b, &s->level, 1))
			return;
		at = (uint32_t)s->level.n++;
	}
	s->level.v[at] = (struct level){ .ts = ts, .end = end, .stack = pd_stack_push(s->b, parent, frame), .below = *top };
	*top = at;
}

/* The lane where a slice [ts, end) nests: the track's own, else the first overflow lane that has room. */
static uint32_t *lane_for(struct slices *s, struct lane_track *t, int64_t ts, int64_t end)
{
	uint32_t *link = &t->lane, lanes = 0;

	pop_until(s, t, &t->top, ts);
	if (!t->top || s->level.v[t->top].end >= end)
		return &t->top;
	s->overlaps++;
	for (; *link; link = &s->over.v[*link].next, lanes++) {
		uint32_t *top = &s->over.v[*link].top;

		pop_until(s, t, top, ts);
		if (!*top || s->level.v[*top].end >= end || lanes == MOST_LANES)
			return top;
	}
	if (!pd_builder_reserve(s->b, &s->over, 1))
		return NULL;
	/* `link` may point into `over`, which may just have moved: find the end again */
	for (link = &t->lane; *link; link = &s->over.v[*link].next)
		;
	*link = (uint32_t)s->over.n++;
	s->over.v[*link] = (struct overflow){ 0 };
	return &s->over.v[s->over.n - 1].top;
}

static void add_slice(struct slices *s, struct lane_track *t, int64_t ts, int64_t end, pd_frame frame)
{
	uint32_t *top = lane_for(s, t, ts, end);

	if (top)
		push(s, top, ts, end, frame);
}

/* END of the innermost BEGIN; complete slices above it that reach further are cut. */
static void end_slice(struct slices *s, struct lane_track *t, int64_t ts)
{
	pop_until(s, t, &t->top, ts);
	while (t->top && s->level.v[t->top].end != OPEN_END)
		pop(s, t, &t->top, ts);
	if (t->top)
		pop(s, t, &t->top, ts);
	else
		s->stray++;
}

static void add_sample(struct slices *s, struct lane_track *t, const struct pd_event *e)
{
	struct pd_sample row = { .stack = e->stack, .labels = labels_of(s, t), .has_time = true, .time = e->ts };
	struct pd_value_type count = { .type = pd_intern_z(s->b, "samples"), .unit = pd_intern_z(s->b, "count") };
	int64_t one = 1;

	if (!s->has_samples) {
		s->samples = pd_series_add(s->b, pd_intern_z(s->b, "samples"));
		pd_series_value(s->b, s->samples, &count);
		s->has_samples = true;
	}
	pd_sample_add(s->b, s->samples, &row, &one);
}

static void defer(struct slices *s, const struct pd_event *e)
{
	struct pd_slice_row row = { .ts = e->ts, .track = e->track.v };

	row.dur = e->kind == PD_EV_BEGIN ? PD_SLICE_BEGIN : e->kind == PD_EV_END ? PD_SLICE_END : e->dur > 0 ? e->dur : 0;
	if (e->kind != PD_EV_END)
		row.name = e->name.n ? pd_frame_named(s->b, e->name.p, e->name.n).v : pd_frame_named(s->b, ANONYMOUS, strlen(ANONYMOUS)).v;
	if (pd_builder_reserve(s->b, &s->unordered.row, 1))
		s->unordered.row.v[s->unordered.row.n++] = row;
}

static void slices_event(struct pd_events *ev, const struct pd_event *e)
{
	struct slices *s = (struct slices *)ev;
	int64_t end = e->kind == PD_EV_SLICE ? pd_slice_end(e->ts, e->dur) : e->ts;
	struct lane_track *t;
	pd_frame frame;

	if (e->kind > PD_EV_SLICE && e->kind != PD_EV_SAMPLE)
		return;
	t = track_at(s, e->track);
	if (!t)
		return;
	if (end > s->last)
		s->last = end;
	if (e->kind == PD_EV_SAMPLE) {
		add_sample(s, t, e);
	} else if (t->desc.flags & PD_TRACK_UNORDERED) {
		defer(s, e);
	} else if (e->kind == PD_EV_END) {
		end_slice(s, t, e->ts);
	} else {
		frame = e->name.n ? pd_frame_named(s->b, e->name.p, e->name.n) : pd_frame_named(s->b, ANONYMOUS, strlen(ANONYMOUS));
		if (e->kind == PD_EV_BEGIN)
			pop_until(s, t, &t->top, e->ts), push(s, &t->top, e->ts, OPEN_END, frame);
		else
			add_slice(s, t, e->ts, end, frame);
	}
	fine(s);
}

static void close_all(struct slices *s)
{
	for (size_t i = 0; i < s->track.n && fine(s); i++) {
		struct lane_track *t = &s->track.v[i];

		pop_until(s, t, &t->top, s->last);
		for (; t->top; s->unclosed++)
			pop(s, t, &t->top, s->level.v[t->top].end == OPEN_END ? s->last : s->level.v[t->top].end);
		for (uint32_t o = t->lane; o; o = s->over.v[o].next)
			while (s->over.v[o].top)
				pop(s, t, &s->over.v[o].top, s->level.v[s->over.v[o].top].end);
	}
}

static void remark(struct slices *s, uint64_t count, const char *what)
{
	if (count)
		pd_builder_take_note(s->b, what, count, "");
}

static enum pd_status slices_finish(struct pd_events *ev, struct pd_error *err)
{
	struct slices *s = (struct slices *)ev;
	struct pd_meta *meta = pd_builder_meta(s->b);

	close_all(s);
	if (!pd_slice_rows_order(&s->unordered, s->last))
		return pd_error_nomem(err);
	for (size_t i = 0; i < s->unordered.row.n && fine(s); i++) {
		const struct pd_slice_row *r = &s->unordered.row.v[i];

		add_slice(s, &s->track.v[r->track], r->ts, pd_slice_end(r->ts, r->dur), (pd_frame){ r->name });
	}
	close_all(s);
	need_series(s);
	if (!meta->root_label.v)
		meta->root_label = s->key_thread;
	meta->default_sample_type = pd_intern_z(s->b, "time");
	remark(s, s->overlaps, "slices overlap without nesting: counted beside the others");
	remark(s, s->stray + s->unordered.stray_ends, "ends of slices without a begin left out");
	remark(s, s->unclosed + s->unordered.unclosed, "slices without an end last to the end of the trace");
	if (!fine(s)) {
		pd_builder_error(s->b, err);
		return pd_builder_status(s->b) != PD_OK ? pd_builder_status(s->b) : pd_error_set(err, PD_ERR_INTERNAL, "tracks are not numbered densely");
	}
	return PD_OK;
}

static void slices_free(struct pd_events *ev)
{
	struct slices *s = (struct slices *)ev;

	pd_vec_release(&s->track);
	pd_vec_release(&s->level);
	pd_vec_release(&s->over);
	pd_vec_release(&s->unordered.row);
	free(s);
}

struct pd_events *pd_events_profile(struct pd_builder *b, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS, .track = slices_track, .event = slices_event,
		.finish = slices_finish, .free = slices_free,
	};
	struct slices *s = calloc(1, sizeof *s);

	if (!s || !pd_vec_push(&s->level, (struct level){ 0 }) || !pd_vec_push(&s->over, (struct overflow){ 0 })) {
		if (s)
			slices_free(&s->events);
		pd_error_nomem(err);
		return NULL;
	}
	s->events.ops = &ops;
	s->events.tables = pd_builder_view(b);
	s->b = b;
	s->key_pid = pd_intern_z(b, "pid");
	s->key_tid = pd_intern_z(b, "tid");
	s->key_thread = pd_intern_z(b, "thread");
	s->key_comm = pd_intern_z(b, "comm");
	return &s->events;
}
