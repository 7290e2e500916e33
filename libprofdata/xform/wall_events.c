/*
 * Slices that are states of threads or goroutines, as the readers of traces send
 * them: on a row of its own per thread, one after another, named by the state. A
 * stretch of running belongs to the samples taken in it, in equal shares, else to the
 * stack where it ended.
 */
#include "xform/wall.h"

#include "base/error.h"
#include "model/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct lane {
	bool thread, open, ours;   /* ours: its slices are states */
	bool began;
	int64_t id, since, first, last;
	uint32_t parent, depth, state_depth, group; /* group: 1 + row */
	pd_stack stack;
	pd_str name, state;        /* of the result */
	uint32_t sample, n_samples; /* taken while it runs: chain of rows of `taken`, 0 none */
	int64_t ended;             /* of the lifetime, ns */
};

struct taken {
	pd_stack stack;
	uint32_t next;
};

/* A sum, with a stack of the trace. */
struct sum {
	uint32_t lane, stack;
	pd_str reason;
	uint8_t state;
	int64_t ns, n;
};

struct wall_sink {
	struct pd_events events;
	struct pd_wall *w;
	size_t input;              /* row */
	PD_VEC(struct lane) lane;  /* by track, row 0 is none */
	PD_VEC(struct taken) taken; /* row 0 is none */
	uint32_t free_taken;
	PD_VEC(struct sum) sum;
	struct wall_index index;
	bool any, failed;
	int64_t first, last;
	uint64_t slices;
	size_t began;              /* lanes with states */
};

static void fail(struct wall_sink *k)
{
	if (!k->failed)
		pd_builder_fail(k->w->b, PD_ERR_NOMEM, "out of memory");
	k->failed = k->events.failed = true;
}

static struct lane *lane_at(struct wall_sink *k, pd_track t)
{
	while (k->lane.n <= t.v)
		if (!pd_vec_push(&k->lane, (struct lane){ 0 })) {
			fail(k);
			return NULL;
		}
	return &k->lane.v[t.v];
}

static void wall_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	struct wall_sink *k = (struct wall_sink *)ev;
	struct wall_input *in = &k->w->input.v[k->input];

	if (d->has_wall) {
		in->start = d->wall;
		in->dated = true;
	}
	if (k->w->timeline) {
		pd_events_tables(k->w->timeline, ev->tables);
		pd_events_start(k->w->timeline, d);
	}
}

static void wall_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	struct wall_sink *k = (struct wall_sink *)ev;
	struct lane *l = lane_at(k, track);

	if (!l || d->kind == PD_TRACK_COUNTER)
		return;
	l->thread = d->kind == PD_TRACK_THREAD;
	l->id = d->id;
	l->parent = d->parent.v;
	if (d->name.n)
		l->name = pd_intern(k->w->b, d->name.p, d->name.n);
	if (k->w->timeline)
		pd_events_track(k->w->timeline, track, d);
}

/* ---- sums ---- */

static void add(struct wall_sink *k, uint32_t lane, pd_stack stack, enum wall_state state, pd_str reason, int64_t ns, int64_t n)
{
	bool fresh;
	uint32_t *row = wall_index_put(&k->index, (uint64_t)lane << 32 | stack.v, (uint64_t)reason.v << 8 | state, (uint32_t)k->sum.n, &fresh);
	struct sum *s;

	if (!row || (fresh && !pd_vec_push(&k->sum, ((struct sum){ .lane = lane, .stack = stack.v, .reason = reason, .state = (uint8_t)state })))) {
		fail(k);
		return;
	}
	s = &k->sum.v[*row - 1];
	if (pd_add_overflow(s->ns, ns, &s->ns)) {
		pd_builder_fail(k->w->b, PD_ERR_LIMIT, "a sum of times does not fit into 64 bits");
		k->failed = k->events.failed = true;
	}
	s->n += n;
}

static enum wall_state state_named(struct pd_span name)
{
	return span_starts(name, "running") || span_starts(name, "Running") ? WALL_ON : span_starts(name, "runnable") || span_starts(name, "Runnable") ? WALL_RUNNABLE : WALL_OFF;
}

/* "runnable (preempted)" → preempted, "blocked (sleeping)" → sleeping; others say it themselves. */
static pd_str reason_named(struct wall_sink *k, struct pd_span name)
{
	const char *open = span_find(name, '(');
	bool own = span_starts(name, "running") || span_starts(name, "runnable") || span_starts(name, "blocked");

	if (span_is(name, "running") || span_is(name, "Running") || span_is(name, "runnable") || span_is(name, "blocked"))
		return (pd_str){ 0 };
	if (own && open && span_ends(name, ")"))
		name = span_between(open + 1, name.p + name.n - 1);
	return pd_intern(k->w->b, name.p, name.n);
}

static void share(struct wall_sink *k, uint32_t lane, int64_t ns)
{
	struct lane *l = &k->lane.v[lane];
	int64_t part = ns / l->n_samples, rest = ns - part * l->n_samples;
	uint32_t i = l->sample, last = 0;

	for (; i; last = i, i = k->taken.v[i].next) {
		add(k, lane, k->taken.v[i].stack, WALL_ON, (pd_str){ 0 }, part + rest, 1);
		rest = 0;
	}
	k->taken.v[last].next = k->free_taken;
	k->free_taken = l->sample;
	l->sample = l->n_samples = 0;
}

/* The state is over; `end` is where it ended, if the trace says so. */
static void close_lane(struct wall_sink *k, uint32_t lane, int64_t now, pd_stack end)
{
	struct lane *l = &k->lane.v[lane];
	struct pd_span name = pd_builder_string(k->w->b, l->state);
	enum wall_state state = state_named(name);
	int64_t ns = now > l->since ? now - l->since : 0;

	if (!l->open)
		return;
	l->open = false;
	l->last = now > l->last ? now : l->last;
	if (state == WALL_ON && l->n_samples)
		share(k, lane, ns);
	else if (ns)
		add(k, lane, state == WALL_ON && end.v ? end : l->stack, state, state == WALL_ON ? (pd_str){ 0 } : reason_named(k, name), ns, 0);
}

static void open_lane(struct wall_sink *k, uint32_t lane, const struct pd_event *e)
{
	struct lane *l = &k->lane.v[lane];

	k->began += !l->began;
	l->first = l->began && l->first < e->ts ? l->first : e->ts;
	l->began = l->open = l->ours = true;
	l->since = e->ts;
	l->stack = e->stack;
	l->state = pd_intern(k->w->b, e->name.p, e->name.n);
	k->slices++;
}

static void take_sample(struct wall_sink *k, uint32_t lane, const struct pd_event *e)
{
	struct lane *l = &k->lane.v[lane];
	uint32_t at = k->free_taken;

	if (!l->open || !e->stack.v || state_named(pd_builder_string(k->w->b, l->state)) != WALL_ON || l->n_samples == UINT32_MAX)
		return;
	if (!k->taken.n && !pd_vec_push(&k->taken, (struct taken){ 0 }))
		fail(k);
	if (at) {
		k->free_taken = k->taken.v[at].next;
	} else {
		if (k->failed || !pd_vec_push(&k->taken, (struct taken){ 0 })) {
			fail(k);
			return;
		}
		at = (uint32_t)k->taken.n - 1;
	}
	k->taken.v[at] = (struct taken){ e->stack, l->sample };
	l->sample = at;
	l->n_samples++;
}

static bool is_state(const struct pd_event *e)
{
	return span_is(e->category, "goroutine") || span_is(e->category, "state") || span_is(e->category, "thread_state");
}

static void pass_on(struct wall_sink *k, const struct pd_event *e, bool ours)
{
	if (k->w->timeline && (ours || e->kind == PD_EV_SAMPLE))
		pd_events_event(k->w->timeline, e);
}

static void wall_event(struct pd_events *ev, const struct pd_event *e)
{
	struct wall_sink *k = (struct wall_sink *)ev;
	struct lane *l = lane_at(k, e->track);
	int64_t end = e->kind == PD_EV_SLICE ? pd_slice_end(e->ts, e->dur) : e->ts;

	if (!l || !e->track.v)
		return;
	if (e->kind != PD_EV_COUNTER) {
		k->first = !k->any || e->ts < k->first ? e->ts : k->first;
		k->last = !k->any || end > k->last ? end : k->last;
		k->any = true;
	}
	switch (e->kind) {
	case PD_EV_BEGIN:
		l->depth++;
		if (is_state(e)) {
			close_lane(k, e->track.v, e->ts, (pd_stack){ 0 });
			open_lane(k, e->track.v, e);
			l->state_depth = l->depth;
			pass_on(k, e, true);
		}
		break;
	case PD_EV_END:
		if (l->open && l->depth == l->state_depth) {
			close_lane(k, e->track.v, e->ts, e->end_stack.v ? e->end_stack : e->stack);
			pass_on(k, e, true);
		}
		l->depth -= l->depth > 0;
		break;
	case PD_EV_SLICE:
		if (is_state(e)) {
			close_lane(k, e->track.v, e->ts, (pd_stack){ 0 });
			open_lane(k, e->track.v, e);
			close_lane(k, e->track.v, end, e->end_stack);
			pass_on(k, e, true);
		}
		break;
	case PD_EV_SAMPLE:
		take_sample(k, e->track.v, e);
		pass_on(k, e, l->ours);
		break;
	default:
		break;
	}
}

/* ---- the end ---- */

static uint32_t group_of_lane(struct wall_sink *k, uint32_t lane)
{
	struct pd_wall *w = k->w;
	struct lane *l = &k->lane.v[lane];
	const struct lane *process = l->parent && l->parent < k->lane.n ? &k->lane.v[l->parent] : NULL;
	struct wall_who who = { .has_tid = true, .tid = l->id, .has_pid = process != NULL, .pid = process ? process->id : 0, .name = l->name, .key = w->k_thread };

	if (!l->group)
		l->group = wall_group_of(w, &who) + 1;
	return l->group - 1;
}

static bool settle_lane(struct wall_sink *k, uint32_t lane)
{
	struct lane *l = &k->lane.v[lane];
	uint32_t row;
	struct wall_group *g;

	if (!l->began)
		return true;
	row = group_of_lane(k, lane);
	if (row == WALL_NONE)
		return false;
	g = &k->w->group.v[row];
	g->measured_life = true;
	if (pd_add_overflow(g->t.lifetime, l->last > l->first ? l->last - l->first : 0, &g->t.lifetime)) {
		pd_builder_fail(k->w->b, PD_ERR_LIMIT, "a sum of times does not fit into 64 bits");
		return false;
	}
	return true;
}

/* Called when the trace is complete; the tables are those of its reader. */
static enum pd_status wall_finish(struct pd_events *ev, struct pd_error *err)
{
	struct wall_sink *k = (struct wall_sink *)ev;
	struct pd_wall *w = k->w;
	struct wall_input *in = &w->input.v[k->input];

	if (k->failed || pd_builder_failed(w->b)) {
		pd_builder_error(w->b, err);
		return pd_builder_status(w->b);
	}
	if (!k->slices) {
		w->input.n -= k->input + 1 == w->input.n; /* no input after all */
		return PD_OK;
	}
	for (uint32_t t = 1; t < k->lane.n; t++)
		close_lane(k, t, k->last, (pd_stack){ 0 });
	w->level = w->o.per == PD_WALL_PER_TOTAL ? WALL_BY_ALL : w->o.per == PD_WALL_PER_PROCESS ? WALL_BY_PID : WALL_BY_TID;
	w->use_pid = true;
	if (!k->failed && !pd_append_tables(w->b, ev->tables, PD_APPEND_IN_ORDER, &in->map))
		k->failed = true;
	for (uint32_t t = 1; t < k->lane.n && !k->failed; t++)
		k->failed = !settle_lane(k, t);
	for (size_t i = 0; i < k->sum.n && !k->failed; i++) {
		const struct sum *s = &k->sum.v[i];
		uint32_t row = group_of_lane(k, s->lane);
		struct wall_amount a = { .ns = s->ns, .n = s->n };

		k->failed = row == WALL_NONE || !wall_add(w, row, (pd_stack){ in->map.stack[s->stack] }, wall_labels(w, row, (enum wall_state)s->state, s->reason, NULL, 0), (enum wall_state)s->state, &a);
	}
	in->has_window = k->last > k->first;
	in->length = in->has_window ? k->last - k->first : 0;
	if (!in->dated)
		in->start = 0;
	in->has_tid = in->has_pid = in->has_name = true;
	snprintf(in->what, sizeof in->what, "%" PRIu64 " states of %zu threads or goroutines", k->slices, k->began);
	if (!pd_vec_push(&in->part, (struct wall_part){ .role = PD_WALL_SWITCHES }))
		k->failed = true;
	if (!k->failed)
		return PD_OK;
	pd_builder_error(w->b, err);
	return pd_builder_failed(w->b) ? pd_builder_status(w->b) : wall_nomem(err);
}

static void wall_free(struct pd_events *ev)
{
	struct wall_sink *k = (struct wall_sink *)ev;

	pd_vec_release(&k->lane);
	pd_vec_release(&k->taken);
	pd_vec_release(&k->sum);
	wall_index_release(&k->index);
	free(k);
}

struct pd_events *pd_wall_events(struct pd_wall *w, const char *name, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS, .start = wall_start, .track = wall_track, .event = wall_event, .finish = wall_finish, .free = wall_free,
	};
	struct wall_sink *k = calloc(1, sizeof *k);
	char *copy = pd_arena_text(&w->text, name, strlen(name));

	if (!k || !copy || !pd_vec_push(&w->input, ((struct wall_input){ .name = copy, .scale = 1 }))) {
		free(k);
		wall_nomem(err);
		return NULL;
	}
	k->events.ops = &ops;
	k->w = w;
	k->input = w->input.n - 1;
	return &k->events;
}
