/*
 * A part of a timeline on its way to another sink: slices are cut at its borders, counters begin with the value they have there,
 * what lies outside is left out. Slices that begin before the range wait until they are known to reach into it.
 */
#include "model/events.h"

#include "base/error.h"
#include "base/hash.h"

enum state { WAITS, SENT, SKIPPED };

struct open {
	enum state state;
	struct pd_event *begin; /* of one that waits */
};

struct range_track {
	PD_VEC(struct open) open;
	struct pd_event *counter; /* last value before the range */
};

struct async {
	uint64_t key;
	struct open open;
	uint32_t next;            /* begun before, in the same bucket or among those that are free; 0 none */
	bool live;
};

struct range {
	struct pd_events events;
	struct pd_events_ops ops;
	struct pd_events *sink;
	int64_t after, before;    /* as asked for, from the start */
	int64_t lo, hi;
	bool started, reached, nomem;
	PD_VEC(struct range_track) track;
	PD_VEC(struct async) async; /* row 0 is none */
	PD_VEC(uint32_t) bucket;    /* by key: the one begun last */
	uint32_t free_async;
	PD_VEC(uint64_t) flow;      /* arrows begun in the range: table of hashes, 0 free */
	size_t flows;
};

static void no_memory(struct range *r)
{
	r->nomem = true;
	r->events.failed = true;
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return pd_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

static void send(struct range *r, const struct pd_event *e)
{
	r->reached = true;
	pd_events_event(r->sink, e);
	r->events.failed |= r->sink->failed;
}

static void send_at(struct range *r, const struct pd_event *e, int64_t ts)
{
	struct pd_event moved = *e;

	moved.ts = ts;
	send(r, &moved);
}

/* ---- copies of events that wait ---- */

static char *copy_bytes(char *to, struct pd_span *s)
{
	if (s->n)
		memcpy(to, s->p, s->n);
	s->p = to;
	return to + s->n;
}

static bool has_text(const struct pd_arg *a)
{
	return a->kind == PD_ARG_STR || a->kind == PD_ARG_JSON;
}

/* One block; NULL when out of memory. */
static struct pd_event *copy_of(struct range *r, const struct pd_event *e)
{
	size_t n = sizeof *e + e->n_args * sizeof *e->args + e->n_values * sizeof *e->values + e->name.n + e->category.n;
	struct pd_event *copy;
	struct pd_arg *args;
	double *values;
	char *text;

	for (uint32_t i = 0; i < e->n_args; i++)
		n += e->args[i].key.n + (has_text(&e->args[i]) ? e->args[i].str.n : 0);
	copy = malloc(n);
	if (!copy) {
		no_memory(r);
		return NULL;
	}
	*copy = *e;
	args = (struct pd_arg *)(copy + 1);
	values = (double *)(args + e->n_args);
	text = (char *)(values + e->n_values);
	for (uint32_t i = 0; i < e->n_args; i++) {
		args[i] = e->args[i];
		text = copy_bytes(text, &args[i].key);
		if (has_text(&args[i]))
			text = copy_bytes(text, &args[i].str);
	}
	for (uint32_t i = 0; i < e->n_values; i++)
		values[i] = e->values[i];
	copy->args = args;
	copy->values = values;
	copy_bytes(copy_bytes(text, &copy->name), &copy->category);
	return copy;
}

/* ---- slices ---- */

/* Something on the track is in the range or behind it: what waits begins where the range does. */
static void let_go(struct range *r, struct range_track *t)
{
	for (size_t i = 0; i < t->open.n; i++) {
		struct open *o = &t->open.v[i];

		if (o->state != WAITS)
			continue;
		send_at(r, o->begin, r->lo);
		free(o->begin);
		*o = (struct open){ .state = SENT };
	}
}

static struct open opened(struct range *r, const struct pd_event *e)
{
	struct open o = { .state = e->ts < r->lo ? WAITS : e->ts < r->hi ? SENT : SKIPPED };

	if (o.state == WAITS)
		o.begin = copy_of(r, e);
	else if (o.state == SENT)
		send(r, e);
	return o;
}

static void begin(struct range *r, struct range_track *t, const struct pd_event *e)
{
	struct open o;

	if (e->ts >= r->lo)
		let_go(r, t);
	o = opened(r, e);
	if (!pd_vec_push(&t->open, o)) {
		free(o.begin);
		no_memory(r);
	}
}

/* The end of something open; false when it had not begun. */
static void end_of(struct range *r, struct open *o, const struct pd_event *e)
{
	if (o->state == WAITS && e->ts > r->lo)
		send_at(r, o->begin, r->lo);
	if (o->state == SENT || (o->state == WAITS && e->ts > r->lo))
		send_at(r, e, e->ts < r->hi ? e->ts : r->hi);
	free(o->begin);
	o->begin = NULL;
}

static void end(struct range *r, struct range_track *t, const struct pd_event *e)
{
	if (!t->open.n) {
		if (e->ts >= r->lo && e->ts < r->hi)
			send(r, e);
		return;
	}
	if (e->ts > r->lo)
		let_go(r, t);
	end_of(r, &t->open.v[--t->open.n], e);
}

/* Slices and samples that last. */
static void lasting(struct range *r, struct range_track *t, const struct pd_event *e)
{
	int64_t end = pd_slice_end(e->ts, e->dur), from = e->ts > r->lo ? e->ts : r->lo, to = end < r->hi ? end : r->hi;
	struct pd_event cut = *e;

	if (e->ts >= r->hi || end < r->lo || (end == r->lo && e->ts < end))
		return;
	let_go(r, t);
	cut.ts = from;
	cut.dur = to - from;
	send(r, &cut);
}

/* ---- the rest ---- */

static void counter(struct range *r, struct range_track *t, const struct pd_event *e)
{
	if (e->ts < r->lo) {
		free(t->counter);
		t->counter = copy_of(r, e);
		return;
	}
	if (t->counter && e->ts > r->lo)
		send_at(r, t->counter, r->lo);
	free(t->counter);
	t->counter = NULL;
	if (e->ts < r->hi)
		send(r, e);
}

static uint64_t key_of(const struct pd_event *e, bool name)
{
	uint64_t key = pd_hash_mix(e->id ^ PD_HASH_C1, pd_hash_bytes(0, e->category.p, e->category.n));

	if (name)
		key = pd_hash_mix(key ^ PD_HASH_C2, pd_hash_bytes(0, e->name.p, e->name.n));
	return key | 1;
}

static uint64_t *flow_place(struct range *r, uint64_t key)
{
	size_t i = (size_t)(key >> 8) & (r->flow.n - 1);

	while (r->flow.v[i] && r->flow.v[i] != key)
		i = (i + 1) & (r->flow.n - 1);
	return &r->flow.v[i];
}

static void remember_flow(struct range *r, uint64_t key)
{
	if (r->flows >= r->flow.n / 2) {
		PD_VEC(uint64_t) old = { r->flow.v, r->flow.n, r->flow.cap };
		size_t n = old.n ? old.n * 2 : 256;

		r->flow.v = calloc(n, sizeof *r->flow.v);
		if (!r->flow.v) {
			r->flow.v = old.v;
			no_memory(r);
			return;
		}
		r->flow.n = r->flow.cap = n;
		for (size_t i = 0; i < old.n; i++)
			if (old.v[i])
				*flow_place(r, old.v[i]) = old.v[i];
		pd_vec_release(&old);
	}
	r->flows += !*flow_place(r, key);
	*flow_place(r, key) = key;
}

/* An arrow that began outside has no end here. */
static void flow(struct range *r, const struct pd_event *e)
{
	uint64_t key = key_of(e, true);

	if (e->ts < r->lo || e->ts >= r->hi)
		return;
	if (e->kind == PD_EV_FLOW_BEGIN)
		remember_flow(r, key);
	else if (!r->flow.n || !*flow_place(r, key))
		return;
	send(r, e);
}

static uint32_t *bucket_of(struct range *r, uint64_t key)
{
	return &r->bucket.v[(size_t)(key >> 8) & (r->bucket.n - 1)];
}

/* Twice as many buckets as rows there may be. */
static bool more_buckets(struct range *r)
{
	size_t n = r->bucket.n ? r->bucket.n * 2 : 256;
	uint32_t *v = calloc(n, sizeof *v);

	if (!v)
		return false;
	free(r->bucket.v);
	r->bucket.v = v;
	r->bucket.n = r->bucket.cap = n;
	for (uint32_t i = 1; i < r->async.n; i++) { /* in order of their rows, nearly that of their begins */
		struct async *a = &r->async.v[i];

		if (!a->live)
			continue;
		a->next = *bucket_of(r, a->key);
		*bucket_of(r, a->key) = i;
	}
	return true;
}

static void async_begin(struct range *r, const struct pd_event *e)
{
	struct async a = { .key = key_of(e, false), .live = true };
	uint32_t row = r->free_async;

	if (!r->async.n && !pd_vec_push(&r->async, (struct async){ 0 })) {
		no_memory(r);
		return;
	}
	if (row)
		r->free_async = r->async.v[row].next;
	else if (r->async.n < UINT32_MAX && (r->async.n < r->bucket.n / 2 || more_buckets(r)) && pd_vec_push(&r->async, (struct async){ 0 }))
		row = (uint32_t)r->async.n - 1;
	if (!row) {
		no_memory(r);
		return;
	}
	a.open = opened(r, e);
	a.next = *bucket_of(r, a.key);
	r->async.v[row] = a;
	*bucket_of(r, a.key) = row;
}

static void async_end(struct range *r, const struct pd_event *e)
{
	uint64_t key = key_of(e, false);
	uint32_t *at = r->bucket.n ? bucket_of(r, key) : NULL, row;

	while (at && *at && r->async.v[*at].key != key)
		at = &r->async.v[*at].next;
	if (!at || !*at) {
		if (e->ts >= r->lo && e->ts < r->hi)
			send(r, e);
		return;
	}
	row = *at;
	*at = r->async.v[row].next;
	end_of(r, &r->async.v[row].open, e);
	r->async.v[row] = (struct async){ .next = r->free_async };
	r->free_async = row;
}

static void range_event(struct pd_events *ev, const struct pd_event *e)
{
	struct range *r = (struct range *)ev;
	struct range_track *t;

	if (r->sink->tables != ev->tables)
		pd_events_tables(r->sink, ev->tables);
	if (!r->started) {
		r->started = true;
		r->lo = add(e->ts, r->after);
		r->hi = add(e->ts, r->before);
	}
	while (r->track.n <= e->track.v) {
		if (!pd_vec_push(&r->track, (struct range_track){ 0 })) {
			no_memory(r);
			return;
		}
	}
	t = &r->track.v[e->track.v];
	switch (e->kind) {
	case PD_EV_BEGIN: begin(r, t, e); break;
	case PD_EV_END: end(r, t, e); break;
	case PD_EV_SLICE: lasting(r, t, e); break;
	case PD_EV_COUNTER: counter(r, t, e); break;
	case PD_EV_FLOW_BEGIN: case PD_EV_FLOW_STEP: case PD_EV_FLOW_END: flow(r, e); break;
	case PD_EV_ASYNC_BEGIN: async_begin(r, e); break;
	case PD_EV_ASYNC_END: async_end(r, e); break;
	case PD_EV_SAMPLE:
		if (e->flags & PD_EV_LASTING) {
			lasting(r, t, e);
			break;
		} /* fall through */
	case PD_EV_INSTANT: case PD_EV_ASYNC_INSTANT: case PD_EV_KINDS:
		if (e->ts >= r->lo && e->ts < r->hi) {
			let_go(r, t);
			send(r, e);
		}
	}
	r->reached |= e->ts >= r->lo;
}

static void range_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	struct range *r = (struct range *)ev;

	pd_events_tables(r->sink, ev->tables);
	if (!r->started && d->has_origin) {
		r->started = true;
		r->lo = add(d->origin, r->after);
		r->hi = add(d->origin, r->before);
	}
	pd_events_start(r->sink, d);
}

static void range_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	struct range *r = (struct range *)ev;

	if (r->sink->tables != ev->tables)
		pd_events_tables(r->sink, ev->tables);
	pd_events_track(r->sink, track, d);
	ev->failed |= r->sink->failed;
}

static void range_fact(struct pd_events *ev, const struct pd_fact *f)
{
	pd_events_fact(((struct range *)ev)->sink, f);
}

static enum pd_status range_finish(struct pd_events *ev, struct pd_error *err)
{
	struct range *r = (struct range *)ev;

	if (r->nomem)
		return pd_error_nomem(err);
	for (size_t i = 0; r->reached && i < r->track.n; i++) {
		let_go(r, &r->track.v[i]);
		if (r->track.v[i].counter)
			send_at(r, r->track.v[i].counter, r->lo);
	}
	for (size_t i = 1; r->reached && i < r->async.n; i++)
		if (r->async.v[i].live && r->async.v[i].open.state == WAITS)
			send_at(r, r->async.v[i].open.begin, r->lo);
	return pd_events_finish(r->sink, err);
}

static bool range_remark(const struct pd_events *ev, size_t i, struct pd_note_desc *out)
{
	return pd_events_remark(((const struct range *)ev)->sink, i, out);
}

static void range_free(struct pd_events *ev)
{
	struct range *r = (struct range *)ev;

	for (size_t i = 0; i < r->track.n; i++) {
		for (size_t k = 0; k < r->track.v[i].open.n; k++)
			free(r->track.v[i].open.v[k].begin);
		pd_vec_release(&r->track.v[i].open);
		free(r->track.v[i].counter);
	}
	for (size_t i = 0; i < r->async.n; i++)
		free(r->async.v[i].open.begin);
	pd_vec_release(&r->track);
	pd_vec_release(&r->async);
	pd_vec_release(&r->bucket);
	pd_vec_release(&r->flow);
	pd_events_free(r->sink);
	free(r);
}

struct pd_events *pd_events_range(struct pd_events *sink, int64_t after, int64_t before, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .start = range_start, .track = range_track, .event = range_event, .fact = range_fact, .finish = range_finish,
		.free = range_free, .remark = range_remark,
	};
	struct range *r = calloc(1, sizeof *r);

	if (!r) {
		pd_events_free(sink);
		pd_error_nomem(err);
		return NULL;
	}
	r->ops = ops;
	r->ops.wants = sink->ops->wants;
	r->events.ops = &r->ops;
	r->sink = sink;
	r->after = after;
	r->before = before;
	return &r->events;
}
