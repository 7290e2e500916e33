/*
 * Nested slices → profile: the names open on a track are a stack, the time of
 * a slice that no slice inside covers is the value of that stack. Tracks that
 * come in any order wait in a log. Where rows are to add up, they do so in the
 * nodes of a call tree per track, which is as small as the sum.
 */
#include "model/events.h"

#include "base/error.h"
#include "model/index.h"
#include "model/slicepairs.h"

#include <inttypes.h>

#define ANONYMOUS "[no name]"
#define MOST_LANES 64u /* of overlapping slices on one track; the rest share the last */

/* An open slice. */
struct level {
	int64_t ts, end;  /* end: OPEN_END until an END says */
	int64_t inside;   /* time its children have covered */
	uint32_t node;
	uint32_t below;   /* level under it, 0 = none */
};

/* A stack of one track. */
struct slice_node {
	uint32_t parent, frame; /* parent: a node, or ROOT | track */
	pd_stack stack;
	int64_t count, time;
};
#define ROOT (1u << 31)

/* Names met lately. */
struct name_slot {
	uint64_t hash;
	struct pd_span text;
	pd_frame frame;
};
#define NAME_SLOTS 4096u

#define OPEN_END INT64_MAX

struct lane_track {
	struct pd_track_desc desc; /* name is not used: see `name` */
	pd_str name;
	pd_labels labels;
	bool labelled;
	uint32_t top;    /* innermost open level of lane 0 */
	uint32_t lane;   /* first overflow lane, 0 = none */
	struct pd_slice_log log;
};

struct overflow {
	uint32_t top, next;
};

struct slices {
	struct pd_events events;
	struct pd_builder *b;
	unsigned series, samples, cpu;
	bool has_slices, has_samples, has_cpu, adds_up;
	pd_str key_pid, key_tid, key_thread, key_comm;
	PD_VEC(struct lane_track) track; /* row 0 is the whole trace */
	PD_VEC(struct level) level;      /* row 0 is none */
	PD_VEC(struct overflow) over;    /* row 0 is none */
	uint32_t free_level;             /* chain through `below` */
	PD_VEC(struct slice_node) node;  /* row 0 is none */
	struct pd_index child;           /* nodes by parent and frame */
	struct name_slot *name;
	pd_frame anonymous;
	struct lane_track *current;      /* whose log is read */
	struct pd_slice_log slices;      /* of a track that has both pairs and complete slices */
	struct pd_slice_pairs pairs;
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

/* ---- the tree ---- */

static pd_frame frame_of(struct slices *s, struct pd_span name)
{
	uint64_t hash = pd_hash_bytes(s->b->key, name.p, name.n);
	struct name_slot *slot = &s->name[hash % NAME_SLOTS];

	if (!name.n) {
		if (!s->anonymous.v)
			s->anonymous = pd_frame_named(s->b, ANONYMOUS, strlen(ANONYMOUS));
		return s->anonymous;
	}
	if (slot->hash == hash && slot->text.n == name.n && memcmp(slot->text.p, name.p, name.n) == 0)
		return slot->frame;
	slot->frame = pd_frame_named(s->b, name.p, name.n);
	slot->text = pd_builder_string(s->b, pd_intern(s->b, name.p, name.n));
	slot->hash = hash;
	if (slot->text.n != name.n) /* cut at a limit */
		slot->text.n = 0;
	return slot->frame;
}

/* Its parent has one. */
static void make_stack(struct slices *s, uint32_t node)
{
	struct slice_node *n = &s->node.v[node];

	n->stack = pd_stack_push(s->b, n->parent & ROOT ? (pd_stack){ 0 } : s->node.v[n->parent].stack, (pd_frame){ n->frame });
}

static uint32_t node_of(struct slices *s, uint32_t parent, pd_frame frame)
{
	uint32_t hash = pd_fold32(pd_hash_u64(s->b->key, parent, frame.v)), at, row;

	if (!pd_builder_index(s->b, &s->child, 1, NULL) || !pd_builder_reserve(s->b, &s->node, 1))
		return 0;
	for (row = pd_index_first(&s->child, hash, &at); row; row = pd_index_next(&s->child, hash, &at))
		if (s->node.v[row].parent == parent && s->node.v[row].frame == frame.v)
			return row;
	if (s->node.n >= ROOT) {
		pd_builder_fail(s->b, PD_ERR_LIMIT, "more than 2^31 different stacks");
		return 0;
	}
	row = (uint32_t)s->node.n++;
	s->node.v[row] = (struct slice_node){ .parent = parent, .frame = frame.v };
	if (!s->adds_up)
		make_stack(s, row);
	pd_index_put(&s->child, hash, at, row);
	return row;
}

static void add_up(struct slices *s, uint32_t node, int64_t self)
{
	struct slice_node *n = &s->node.v[node];

	n->count++;
	if (pd_add_overflow(n->time, self, &n->time))
		pd_builder_fail(s->b, PD_ERR_LIMIT, "the time of a stack does not fit into 64 bits");
}

/* What added up, as rows. Only now are there stacks: the logs are gone, so both do not take memory at once. */
static void send_nodes(struct slices *s)
{
	pd_index_release(&s->child);
	for (uint32_t i = 1; i < s->node.n && s->adds_up && fine(s); i++) {
		struct pd_sample row = { 0 };
		uint32_t root = i;
		int64_t values[2] = { s->node.v[i].count, s->node.v[i].time };

		make_stack(s, i);
		if (!values[0])
			continue;
		while (!(root & ROOT))
			root = s->node.v[root].parent;
		row.stack = s->node.v[i].stack;
		row.labels = labels_of(s, &s->track.v[root & ~ROOT]);
		pd_sample_add(s->b, s->series, &row, values);
	}
}

/* ---- levels ---- */

static void drop(struct slices *s, uint32_t *top)
{
	uint32_t at = *top;

	*top = s->level.v[at].below;
	s->level.v[at].below = s->free_level;
	s->free_level = at;
}

/* The innermost slice of a lane is over at `end`. */
static void pop(struct slices *s, struct lane_track *t, uint32_t *top, int64_t end)
{
	struct level *l = &s->level.v[*top];
	int64_t dur, self[2] = { 1, 0 };

	if (end < l->ts)
		end = l->ts;
	if (pd_sub_overflow(end, l->ts, &dur))
		dur = INT64_MAX;
	self[1] = dur > l->inside ? dur - l->inside : 0;
	if (s->adds_up) {
		add_up(s, l->node, self[1]);
	} else {
		struct pd_sample row = { .stack = s->node.v[l->node].stack, .labels = labels_of(s, t), .has_time = true, .time = l->ts };

		need_series(s);
		pd_sample_add(s->b, s->series, &row, self);
	}
	drop(s, top);
	if (*top && pd_add_overflow(s->level.v[*top].inside, dur, &s->level.v[*top].inside))
		s->level.v[*top].inside = INT64_MAX;
}

/* Slices of known end that are over at `ts`. */
static void pop_until(struct slices *s, struct lane_track *t, uint32_t *top, int64_t ts)
{
	while (*top && s->level.v[*top].end <= ts)
		pop(s, t, top, s->level.v[*top].end);
}

static void push(struct slices *s, const struct lane_track *t, uint32_t *top, int64_t ts, int64_t end, pd_frame frame)
{
	uint32_t at = s->free_level, parent = *top ? s->level.v[*top].node : ROOT | (uint32_t)(t - s->track.v);
	uint32_t node = node_of(s, parent, frame);

	if (!node)
		return;
	if (at) {
		s->free_level = s->level.v[at].below;
	} else {
		if (!pd_builder_reserve(s->b, &s->level, 1))
			return;
		at = (uint32_t)s->level.n++;
	}
	s->level.v[at] = (struct level){ .ts = ts, .end = end, .node = node, .below = *top };
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
		push(s, t, top, ts, end, frame);
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

static unsigned sample_series(struct slices *s, bool lasting)
{
	struct pd_value_type count = { .type = pd_intern_z(s->b, "samples"), .unit = pd_intern_z(s->b, "count") };
	struct pd_value_type cpu = { .type = pd_intern_z(s->b, "cpu"), .unit = pd_intern_z(s->b, "nanoseconds") };
	unsigned series = lasting ? s->cpu : s->samples;

	if (lasting ? s->has_cpu : s->has_samples)
		return series;
	series = pd_series_add(s->b, lasting ? cpu.type : count.type);
	pd_series_value(s->b, series, &count);
	if (lasting)
		pd_series_value(s->b, series, &cpu);
	*(lasting ? &s->cpu : &s->samples) = series;
	*(lasting ? &s->has_cpu : &s->has_samples) = true;
	return series;
}

static void add_sample(struct slices *s, struct lane_track *t, const struct pd_event *e)
{
	struct pd_sample row = { .stack = e->stack, .labels = labels_of(s, t), .has_time = true, .time = e->ts };
	int64_t values[2] = { 1, e->dur > 0 ? e->dur : 0 };

	if (e->n_values == 1 && e->values[0] >= 1 && e->values[0] < 1e15)
		values[0] = (int64_t)e->values[0];
	pd_sample_add(s->b, sample_series(s, e->flags & PD_EV_LASTING), &row, values);
}

static void defer(struct slices *s, struct lane_track *t, const struct pd_event *e)
{
	struct pd_log_row row = { .ts = e->ts };

	row.kind = e->kind == PD_EV_BEGIN ? PD_LOG_BEGIN : e->kind == PD_EV_END ? PD_LOG_END : PD_LOG_SLICE;
	if (row.kind == PD_LOG_SLICE)
		row.dur = e->dur > 0 ? e->dur : 0;
	if (row.kind != PD_LOG_END || e->name.n)
		row.name = frame_of(s, e->name).v;
	pd_slice_log_add(&t->log, s->b, &row);
}

static void slices_event(struct pd_events *ev, const struct pd_event *e)
{
	struct slices *s = (struct slices *)ev;
	int64_t end = e->kind == PD_EV_SLICE ? pd_slice_end(e->ts, e->dur) : e->ts;
	struct lane_track *t = track_at(s, e->track);

	if (!t)
		return;
	if (end > s->last)
		s->last = end;
	if (end > t->log.last)
		t->log.last = end;
	if (e->kind > PD_EV_SLICE && e->kind != PD_EV_SAMPLE)
		return;
	if (e->kind == PD_EV_SAMPLE) {
		add_sample(s, t, e);
	} else if (t->desc.flags & PD_TRACK_UNORDERED) {
		defer(s, t, e);
	} else if (e->kind == PD_EV_END) {
		end_slice(s, t, e->ts);
	} else if (e->kind == PD_EV_BEGIN) {
		pop_until(s, t, &t->top, e->ts);
		push(s, t, &t->top, e->ts, OPEN_END, frame_of(s, e->name));
	} else {
		add_slice(s, t, e->ts, end, frame_of(s, e->name));
	}
	fine(s);
}

/* ---- tracks that waited ---- */

static bool read_slice(void *arg, const struct pd_log_row *r)
{
	struct slices *s = arg;

	add_slice(s, s->current, r->ts, pd_slice_end(r->ts, r->dur), (pd_frame){ r->name });
	return fine(s);
}

static bool read_pair(void *arg, const struct pd_log_row *r)
{
	struct slices *s = arg;

	if (r->kind == PD_LOG_SLICE)
		return pd_slice_log_add(&s->slices, s->b, r);
	return pd_slice_pairs_add(&s->pairs, r);
}

/* Pairs alone nest by themselves. */
static void begin_level(void *arg, const struct pd_open_slice *o)
{
	struct slices *s = arg;

	push(s, s->current, &s->current->top, o->ts, OPEN_END, (pd_frame){ o->name });
}

static void end_level(void *arg, const struct pd_open_slice *o, int64_t ts)
{
	struct slices *s = arg;

	(void)o;
	if (s->current->top)
		pop(s, s->current, &s->current->top, ts);
}

static void undo_level(void *arg)
{
	struct slices *s = arg;

	if (s->current->top)
		drop(s, &s->current->top);
}

/* Among complete slices they become such. */
static void begin_row(void *arg, const struct pd_open_slice *o)
{
	(void)arg;
	(void)o;
}

static void end_row(void *arg, const struct pd_open_slice *o, int64_t ts)
{
	struct slices *s = arg;
	struct pd_log_row row = { .ts = o->ts, .kind = PD_LOG_SLICE, .name = o->name };

	if (ts > o->ts && pd_sub_overflow(ts, o->ts, &row.dur))
		row.dur = INT64_MAX;
	pd_slice_log_add(&s->slices, s->b, &row);
}

static void undo_row(void *arg)
{
	(void)arg;
}

static void close_track(struct slices *s, struct lane_track *t, int64_t last)
{
	pop_until(s, t, &t->top, last);
	for (; t->top; s->unclosed++)
		pop(s, t, &t->top, s->level.v[t->top].end == OPEN_END ? last : s->level.v[t->top].end);
	for (uint32_t o = t->lane; o; o = s->over.v[o].next)
		while (s->over.v[o].top)
			pop(s, t, &s->over.v[o].top, s->level.v[s->over.v[o].top].end);
}

static void read_log(struct slices *s, struct lane_track *t)
{
	struct pd_slice_log *log = &t->log;
	bool pairs = log->has[PD_LOG_BEGIN] || log->has[PD_LOG_END], both = pairs && log->has[PD_LOG_SLICE];

	s->current = t;
	if (pairs) {
		s->pairs.b = s->b;
		s->pairs.arg = s;
		s->pairs.begin = both ? begin_row : begin_level;
		s->pairs.end = both ? end_row : end_level;
		s->pairs.undo = both ? undo_row : undo_level;
		if (pd_slice_log_read(log, s->b, read_pair, s))
			pd_slice_pairs_finish(&s->pairs, log->last);
	}
	if (!pairs)
		pd_slice_log_read(log, s->b, read_slice, s);
	else if (both && fine(s))
		pd_slice_log_read(&s->slices, s->b, read_slice, s);
	pd_slice_log_release(log);
	s->slices.raw.n = s->slices.bytes.n = s->slices.run.n = 0;
	if (fine(s))
		close_track(s, t, log->last);
}

static void close_all(struct slices *s)
{
	for (size_t i = 0; i < s->track.n && fine(s); i++) {
		if (s->track.v[i].log.run.n || s->track.v[i].log.raw.n)
			read_log(s, &s->track.v[i]);
		else
			close_track(s, &s->track.v[i], s->last);
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
	need_series(s);
	send_nodes(s);
	if (!meta->root_label.v)
		meta->root_label = s->key_thread;
	meta->default_sample_type = pd_intern_z(s->b, s->has_cpu ? "cpu" : s->has_samples && s->node.n < 2 ? "samples" : "time");
	remark(s, s->overlaps, "slices overlap without nesting: counted beside the others");
	remark(s, s->stray + s->pairs.stray, "ends of slices without a begin left out");
	remark(s, s->unclosed + s->pairs.unclosed, "slices without an end last to the end of their track");
	if (!fine(s)) {
		pd_builder_error(s->b, err);
		return pd_builder_status(s->b) != PD_OK ? pd_builder_status(s->b) : pd_error_set(err, PD_ERR_INTERNAL, "tracks are not numbered densely");
	}
	return PD_OK;
}

static void slices_free(struct pd_events *ev)
{
	struct slices *s = (struct slices *)ev;

	pd_vec_release(&s->level);
	pd_vec_release(&s->over);
	for (size_t i = 0; i < s->track.n; i++)
		pd_slice_log_release(&s->track.v[i].log);
	pd_vec_release(&s->track);
	pd_vec_release(&s->node);
	pd_index_release(&s->child);
	pd_slice_log_release(&s->slices);
	pd_slice_pairs_release(&s->pairs);
	free(s->name);
	free(s);
}

struct pd_events *pd_events_profile(struct pd_builder *b, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS, .track = slices_track, .event = slices_event,
		.finish = slices_finish, .free = slices_free,
	};
	struct slices *s = calloc(1, sizeof *s);

	if (s)
		s->name = calloc(NAME_SLOTS, sizeof *s->name);
	if (!s || !s->name || !pd_vec_push(&s->node, (struct slice_node){ 0 }) || !pd_vec_push(&s->level, (struct level){ 0 }) || !pd_vec_push(&s->over, (struct overflow){ 0 })) {
		if (s)
			slices_free(&s->events);
		pd_error_nomem(err);
		return NULL;
	}
	s->events.ops = &ops;
	s->events.tables = pd_builder_view(b);
	s->b = b;
	s->adds_up = (b->flags & PD_BUILD_AGGREGATE) != 0;
	s->key_pid = pd_intern_z(b, "pid");
	s->key_tid = pd_intern_z(b, "tid");
	s->key_thread = pd_intern_z(b, "thread");
	s->key_comm = pd_intern_z(b, "comm");
	return &s->events;
}
