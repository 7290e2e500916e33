/*
 * Events → packets of one sequence. A slice is a begin and an end; viewers put
 * packets in order of time and let every end close the innermost begin of its
 * track, so on tracks without order slices wait and are sorted when the trace is
 * over: with them a bounded amount of arguments.
 */
#include "base/error.h"
#include "io/out.h"
#include "model/slicelog.h"
#include "model/slicepairs.h"
#include "perfetto/perfetto.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE 1
#define MOST_WAITING ((int64_t)128 << 20) /* bytes of arguments, all different, of slices that wait */

enum packet_field { CLOCK_SNAPSHOT = 6, TIMESTAMP = 8, SEQUENCE_ID = 10, TRACK_EVENT = 11, INTERNED = 12, FLAGS = 13, TRACK = 60, PERF_SAMPLE = 66 };
enum event_type { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };

/* What a slice that waits is called, and its arguments in `waiting`. Slices alike in all of this share it. */
struct about {
	uint32_t name, category, stack;
	uint32_t args_n;
	size_t args;
};

struct track {
	struct pd_track_desc desc;         /* without texts */
	unsigned n_series;
	size_t values;                     /* counters: their first row in `value` */
	struct pd_slice_log log;
};

/* One value of a counter: the track it is, and what it was last time. */
struct value {
	uint32_t number;
	double last;
};

struct writer {
	struct pd_events events;
	struct pd_out *out;
	bool no_args, told_clocks, cleared, too_much;
	struct pd_trace_desc desc;
	struct perfetto_intern names;
	struct pd_pb_buf packet, event, args, arg;
	PD_VEC(struct track) track;        /* row 0 is the whole trace */
	PD_VEC(struct about) about;        /* row 0 is none */
	struct pd_index abouts;
	PD_VEC(uint8_t) waiting;
	uint64_t most_waiting;
	uint32_t extra;                    /* tracks of values so far */
	struct perfetto_spans spans;
	PD_VEC(struct value) value;
	uint64_t cut;                      /* slices that reached out of the one around them */
	struct pd_slice_pairs pairs;
	struct pd_slice_log slices;
	PD_VEC(struct pd_log_row) open;    /* slices begun and not ended, while a track is written */
	struct track *current;
};

static void check(struct writer *w)
{
	if (w->names.failed || w->packet.failed || w->event.failed || w->args.failed || w->arg.failed || w->names.data.failed ||
	    w->names.entry.failed || pd_builder_failed(w->names.b) || pd_out_failed(w->out))
		w->events.failed = true;
}

/* ---- packets ---- */

/* Writes w->packet, with what must be known before. */
static void put_packet(struct writer *w)
{
	uint8_t head[16], *p = head;

	pd_pb_put(&w->packet, SEQUENCE_ID, SEQUENCE);
	if (w->names.data.n)
		pd_pb_put_bytes(&w->packet, INTERNED, w->names.data.v, w->names.data.n);
	pd_pb_put(&w->packet, FLAGS, w->cleared ? 2 : 3);
	w->cleared = true;
	w->names.data.n = 0;
	*p++ = 1 << 3 | PD_PB_BYTES;
	p = pd_pb_store(p, w->packet.n);
	out_bytes(w->out, head, (size_t)(p - head));
	out_bytes(w->out, w->packet.v, w->packet.n);
	w->packet.n = 0;
	check(w);
}

static uint64_t uuid_of(const struct writer *w, uint32_t track)
{
	(void)w;
	return (uint64_t)track + 1; /* 0 stands for the trace itself */
}

/* Tracks of values follow behind a wide gap, behind another one those of async events. */
static uint64_t extra_uuid(uint32_t n)
{
	return (UINT64_C(1) << 32) + n;
}

/* Times count from the origin where that leaves less to write; they may not be negative. */
static uint64_t time_of(const struct writer *w, int64_t ts)
{
	int64_t origin = w->desc.has_origin ? w->desc.origin : 0;

	return ts > origin ? (uint64_t)ts - (uint64_t)origin : 0;
}

static void put_event(struct writer *w, int64_t ts)
{
	pd_pb_put(&w->packet, TIMESTAMP, time_of(w, ts));
	pd_pb_put_bytes(&w->packet, TRACK_EVENT, w->event.v, w->event.n);
	w->event.n = 0;
	put_packet(w);
}

/* BuiltinClock: REALTIME 1, MONOTONIC 3, BOOTTIME 6; all of a snapshot are one instant. */
static void put_clocks(struct writer *w)
{
	static const uint8_t clocks[] = { 6, 1 };

	if (w->told_clocks || !w->desc.has_wall)
		return;
	w->told_clocks = true;
	for (size_t i = 0; i < 2; i++) {
		w->arg.n = 0;
		pd_pb_put(&w->arg, 1, clocks[i]);
		pd_pb_put(&w->arg, 2, i ? (uint64_t)w->desc.wall : 0);
		pd_pb_put_bytes(&w->event, 1, w->arg.v, w->arg.n);
	}
	pd_pb_put(&w->event, 2, 6);
	pd_pb_put_bytes(&w->packet, CLOCK_SNAPSHOT, w->event.v, w->event.n);
	w->event.n = 0;
	put_packet(w);
}

/* ---- arguments ---- */

static void put_fixed64(struct pd_pb_buf *b, uint32_t field, uint64_t v)
{
	if (!pd_pb_room(b, 16))
		return;
	b->n = (size_t)(pd_pb_store(b->v + b->n, (uint64_t)field << 3 | PD_PB_FIXED64) - b->v);
	for (int i = 0; i < 8; i++)
		b->v[b->n++] = (uint8_t)(v >> 8 * i);
}

static void put_double(struct pd_pb_buf *b, uint32_t field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_fixed64(b, field, bits);
}

static void put_text(struct writer *w, struct pd_span text)
{
	uint32_t value = perfetto_value(&w->names, text);

	if (value)
		pd_pb_put(&w->arg, 17, value);
	else
		pd_pb_put_bytes(&w->arg, 6, text.p, text.n);
}

/* Field debug_annotations of a TrackEvent, one per argument, into `out`. */
static void put_args(struct writer *w, struct pd_pb_buf *out, const struct pd_arg *a, size_t n)
{
	for (size_t i = 0; i < n && !w->no_args; i++) {
		uint32_t key = perfetto_text(&w->names, PERFETTO_ARG, a[i].key);

		w->arg.n = 0;
		pd_pb_put_opt(&w->arg, 1, key);
		if (!key)
			pd_pb_put_bytes(&w->arg, 10, "", 0);
		switch (a[i].kind) {
		case PD_ARG_STR: put_text(w, a[i].str); break;
		case PD_ARG_INT: pd_pb_put(&w->arg, 4, (uint64_t)a[i].i); break;
		case PD_ARG_UINT: pd_pb_put(&w->arg, 3, a[i].u); break;
		case PD_ARG_REAL: put_double(&w->arg, 5, a[i].real); break;
		case PD_ARG_BOOL: pd_pb_put(&w->arg, 2, a[i].yes); break;
		case PD_ARG_JSON: pd_pb_put_bytes(&w->arg, 9, a[i].str.p, a[i].str.n); break;
		}
		pd_pb_put_bytes(out, 4, w->arg.v, w->arg.n);
	}
}

/* ---- events on tracks in order ---- */

static void put_head(struct writer *w, enum event_type type, uint64_t uuid)
{
	w->event.n = 0;
	pd_pb_put(&w->event, 9, type);
	pd_pb_put(&w->event, 11, uuid);
}

static void put_name(struct writer *w, const struct pd_event *e)
{
	uint32_t category = perfetto_text(&w->names, PERFETTO_CATEGORY, e->category), name = perfetto_text(&w->names, PERFETTO_NAME, e->name);

	pd_pb_put_opt(&w->event, 3, category);
	pd_pb_put_opt(&w->event, 10, name);
}

static void put_rest(struct writer *w, const struct pd_event *e)
{
	put_args(w, &w->event, e->args, e->n_args);
	pd_pb_put_opt(&w->event, 56, perfetto_stack(&w->names, w->events.tables, e->stack.v));
}

static void put_begin(struct writer *w, const struct pd_event *e, uint64_t uuid, enum event_type type)
{
	put_head(w, type, uuid);
	put_name(w, e);
	put_rest(w, e);
	put_event(w, e->ts);
}

static void put_end(struct writer *w, const struct pd_event *e, uint64_t uuid, int64_t ts)
{
	put_head(w, SLICE_END, uuid);
	if (e)
		put_args(w, &w->event, e->args, e->n_args);
	put_event(w, ts);
}

static void put_slice(struct writer *w, const struct pd_event *e)
{
	int64_t end;

	put_begin(w, e, uuid_of(w, e->track.v), SLICE_BEGIN);
	if (pd_add_overflow(e->ts, e->dur > 0 ? e->dur : 0, &end))
		end = INT64_MAX;
	put_end(w, NULL, uuid_of(w, e->track.v), end);
}

static void put_counter(struct writer *w, const struct pd_event *e)
{
	const struct track *t = &w->track.v[e->track.v];

	for (uint32_t i = 0; i < e->n_values && i < t->n_series; i++) {
		struct value *value = &w->value.v[t->values + i];
		double v = e->values[i];

		if (v == value->last && !(t->desc.flags & PD_TRACK_UNORDERED)) /* it stays what it is */
			continue;
		value->last = v;
		put_head(w, COUNTER, extra_uuid(value->number));
		if (v >= 0 && v < 0x1p53 && v == (double)(int64_t)v) /* a negative one takes ten bytes */
			pd_pb_put(&w->event, 30, (uint64_t)v);
		else
			put_double(&w->event, 44, v);
		put_event(w, e->ts);
	}
}

/* Arrows are ids on events: a flow is an instant of its own, which viewers tie to the slice around it. */
static void put_flow(struct writer *w, const struct pd_event *e)
{
	put_head(w, INSTANT, uuid_of(w, e->track.v));
	put_name(w, e);
	put_fixed64(&w->event, e->kind == PD_EV_FLOW_END ? 48 : 47, e->id);
	put_event(w, e->ts);
}

static void put_sample(struct writer *w, const struct pd_event *e)
{
	const struct track *t = &w->track.v[e->track.v];
	uint32_t stack = perfetto_stack(&w->names, w->events.tables, e->stack.v);
	uint32_t process = t->desc.parent.v;

	w->event.n = 0;
	if (process && process < w->track.n)
		pd_pb_put(&w->event, 2, (uint32_t)w->track.v[process].desc.id);
	pd_pb_put(&w->event, 3, (uint32_t)t->desc.id);
	pd_pb_put_opt(&w->event, 4, stack);
	pd_pb_put(&w->packet, TIMESTAMP, time_of(w, e->ts));
	pd_pb_put_bytes(&w->packet, PERF_SAMPLE, w->event.v, w->event.n);
	w->event.n = 0;
	put_packet(w);
}

/* ---- async spans: a track for each that is open ---- */

static uint64_t lane_uuid(uint32_t lane)
{
	return (UINT64_C(2) << 32) + lane;
}

/* The process of a track, 0 none. Viewers drop a track whose parent nobody has described. */
static uint32_t process_of(const struct writer *w, uint32_t track)
{
	const struct pd_track_desc *d = &w->track.v[track].desc;

	return d->kind == PD_TRACK_PROCESS ? track : d->parent.v;
}

static void describe_lane(struct writer *w, const struct pd_event *e, uint32_t lane)
{
	uint32_t process = process_of(w, e->track.v);

	w->event.n = 0;
	pd_pb_put(&w->event, 1, lane_uuid(lane));
	if (process)
		pd_pb_put(&w->event, 5, uuid_of(w, process));
	pd_pb_put_bytes(&w->event, 2, e->name.p, e->name.n);
	pd_pb_put_bytes(&w->packet, TRACK, w->event.v, w->event.n);
	w->event.n = 0;
	put_packet(w);
}

static void put_async(struct writer *w, const struct pd_event *e)
{
	uint64_t key = pd_hash_mix(e->id ^ PD_HASH_C1, pd_hash_bytes(0, e->category.p, e->category.n));
	uint32_t lane;
	bool fresh;

	if (e->kind == PD_EV_ASYNC_BEGIN) {
		lane = perfetto_span_begin(&w->spans, key, pd_hash_bytes(process_of(w, e->track.v), e->name.p, e->name.n), e->ts, &fresh);
		if (!lane)
			w->events.failed = true;
		else if (fresh)
			describe_lane(w, e, lane);
		put_begin(w, e, lane_uuid(lane), SLICE_BEGIN);
		return;
	}
	lane = perfetto_span_find(&w->spans, key);
	if (!lane) {
		put_begin(w, e, uuid_of(w, e->track.v), INSTANT);
	} else if (e->kind == PD_EV_ASYNC_END) {
		put_end(w, e, lane_uuid(lane), e->ts);
		perfetto_span_end(&w->spans, key, e->ts);
	} else {
		put_begin(w, e, lane_uuid(lane), INSTANT);
	}
}

/* ---- tracks without order ---- */

static bool same_about(const struct writer *w, const struct about *a, const struct about *b)
{
	return a->name == b->name && a->category == b->category && a->stack == b->stack && a->args_n == b->args_n &&
	       (!a->args_n || memcmp(w->waiting.v + a->args, w->args.v, a->args_n) == 0);
}

/* The row that says what *a says, whose arguments are in w->args; 0 on failure. */
static uint32_t about_row(struct writer *w, struct about *a)
{
	uint64_t key = pd_hash_mix(pd_hash_u64(w->names.b->key, (uint64_t)a->name << 32 | a->category, a->stack), pd_hash_bytes(1, w->args.v, a->args_n));
	uint32_t hash = pd_fold32(key), at, row;

	if (!pd_builder_index(w->names.b, &w->abouts, 1, NULL))
		return 0;
	for (row = pd_index_first(&w->abouts, hash, &at); row; row = pd_index_next(&w->abouts, hash, &at))
		if (same_about(w, &w->about.v[row], a))
			return row;
	if (a->args_n > w->most_waiting - w->waiting.n) {
		w->too_much = true;
		return 0;
	}
	if (!pd_vec_reserve(&w->waiting, (size_t)a->args_n + 1) || !pd_vec_reserve(&w->about, 1))
		return 0;
	a->args = w->waiting.n;
	if (a->args_n)
		memcpy(w->waiting.v + w->waiting.n, w->args.v, a->args_n);
	w->waiting.n += a->args_n;
	row = (uint32_t)w->about.n;
	w->about.v[w->about.n++] = *a;
	pd_index_put(&w->abouts, hash, at, row);
	return row;
}

static void wait_event(struct writer *w, struct track *t, const struct pd_event *e)
{
	struct pd_log_row row = { .ts = e->ts, .kind = e->kind == PD_EV_BEGIN ? PD_LOG_BEGIN : e->kind == PD_EV_END ? PD_LOG_END : PD_LOG_SLICE };
	struct about a = { 0 };

	if (e->kind == PD_EV_SLICE)
		row.dur = e->dur > 0 ? e->dur : 0;
	if (e->kind == PD_EV_END) {
		/* whose end it is shows its time: the name is not needed to pair what nests */
		pd_slice_log_add(&t->log, w->names.b, &row);
		return;
	}
	a.name = perfetto_text(&w->names, PERFETTO_NAME, e->name);
	a.category = perfetto_text(&w->names, PERFETTO_CATEGORY, e->category);
	a.stack = perfetto_stack(&w->names, w->events.tables, e->stack.v);
	w->args.n = 0;
	put_args(w, &w->args, e->args, e->n_args);
	a.args_n = (uint32_t)w->args.n;
	row.name = w->args.n <= UINT32_MAX ? about_row(w, &a) : 0;
	if (!row.name)
		w->events.failed = true;
	else
		pd_slice_log_add(&t->log, w->names.b, &row);
}

static void end_open(struct writer *w, int64_t ts)
{
	while (w->open.n && w->open.v[w->open.n - 1].dur <= ts) /* dur is the end here */
		put_end(w, NULL, uuid_of(w, (uint32_t)(w->current - w->track.v)), w->open.v[--w->open.n].dur);
}

/* Slices by time, the longest first. One that does not nest ends where the one around it does. */
static bool write_row(void *arg, const struct pd_log_row *r)
{
	struct writer *w = arg;
	const struct about *a = &w->about.v[r->name];
	int64_t end;

	end_open(w, r->ts);
	if (pd_add_overflow(r->ts, r->dur, &end))
		end = INT64_MAX;
	if (w->open.n && end > w->open.v[w->open.n - 1].dur) {
		end = w->open.v[w->open.n - 1].dur;
		w->cut++;
	}
	put_head(w, SLICE_BEGIN, uuid_of(w, (uint32_t)(w->current - w->track.v)));
	pd_pb_put_opt(&w->event, 3, a->category);
	pd_pb_put_opt(&w->event, 10, a->name);
	if (a->args_n && pd_pb_room(&w->event, a->args_n)) {
		memcpy(w->event.v + w->event.n, w->waiting.v + a->args, a->args_n);
		w->event.n += a->args_n;
	}
	pd_pb_put_opt(&w->event, 56, a->stack);
	put_event(w, r->ts);
	if (!pd_vec_push(&w->open, ((struct pd_log_row){ .dur = end })))
		w->events.failed = true;
	return !w->events.failed;
}

static bool pair_row(void *arg, const struct pd_log_row *r)
{
	struct writer *w = arg;

	return r->kind == PD_LOG_SLICE ? pd_slice_log_add(&w->slices, w->names.b, r) : pd_slice_pairs_add(&w->pairs, r);
}

static void pair_begin(void *arg, const struct pd_open_slice *o)
{
	(void)arg;
	(void)o;
}

static void pair_end(void *arg, const struct pd_open_slice *o, int64_t ts)
{
	struct writer *w = arg;
	struct pd_log_row row = { .ts = o->ts, .kind = PD_LOG_SLICE, .name = o->name };

	if (ts > o->ts && pd_sub_overflow(ts, o->ts, &row.dur))
		row.dur = INT64_MAX;
	pd_slice_log_add(&w->slices, w->names.b, &row);
}

static void pair_undo(void *arg)
{
	(void)arg;
}

static void write_waiting(struct writer *w, struct track *t)
{
	bool pairs = t->log.has[PD_LOG_BEGIN] || t->log.has[PD_LOG_END], fine = true;

	w->current = t;
	if (pairs) {
		w->pairs.b = w->names.b;
		w->pairs.arg = w;
		w->pairs.begin = pair_begin;
		w->pairs.end = pair_end;
		w->pairs.undo = pair_undo;
		fine = pd_slice_log_read(&t->log, w->names.b, pair_row, w);
		pd_slice_pairs_finish(&w->pairs, t->log.last);
	}
	if (fine)
		pd_slice_log_read(pairs ? &w->slices : &t->log, w->names.b, write_row, w);
	end_open(w, INT64_MAX);
	pd_slice_log_release(&t->log);
	w->slices.raw.n = w->slices.bytes.n = w->slices.run.n = 0;
	check(w);
}

/* ---- the sink ---- */

static void write_event(struct pd_events *ev, const struct pd_event *e)
{
	struct writer *w = (struct writer *)ev;
	struct track *t = e->track.v < w->track.n ? &w->track.v[e->track.v] : NULL;
	int64_t end;

	if (!t) {
		ev->failed = true;
		return;
	}
	if (pd_add_overflow(e->ts, e->kind == PD_EV_SLICE && e->dur > 0 ? e->dur : 0, &end))
		end = INT64_MAX;
	t->log.last = end > t->log.last ? end : t->log.last;
	switch (e->kind) {
	case PD_EV_BEGIN: case PD_EV_END: case PD_EV_SLICE:
		if (t->desc.flags & PD_TRACK_UNORDERED)
			wait_event(w, t, e);
		else if (e->kind == PD_EV_SLICE)
			put_slice(w, e);
		else if (e->kind == PD_EV_BEGIN)
			put_begin(w, e, uuid_of(w, e->track.v), SLICE_BEGIN);
		else
			put_end(w, e, uuid_of(w, e->track.v), e->ts);
		break;
	case PD_EV_INSTANT: put_begin(w, e, uuid_of(w, e->track.v), INSTANT); break;
	case PD_EV_COUNTER: put_counter(w, e); break;
	case PD_EV_FLOW_BEGIN: case PD_EV_FLOW_STEP: case PD_EV_FLOW_END: put_flow(w, e); break;
	case PD_EV_ASYNC_BEGIN: case PD_EV_ASYNC_END: case PD_EV_ASYNC_INSTANT: put_async(w, e); break;
	case PD_EV_SAMPLE: put_sample(w, e); break;
	case PD_EV_KINDS: break;
	}
	check(w);
}

static void put_track(struct writer *w)
{
	pd_pb_put_bytes(&w->packet, TRACK, w->event.v, w->event.n);
	w->event.n = 0;
	put_packet(w);
}

/* Rows of a counter lie in a row: with more of them it moves. */
static void make_values(struct writer *w, struct track *t, unsigned n)
{
	size_t first = w->value.n;

	for (unsigned i = 0; i < n; i++) {
		struct value v = { .last = NAN };

		if (i < t->n_series)
			v = w->value.v[t->values + i];
		else
			v.number = ++w->extra;
		if (!pd_vec_push(&w->value, v)) {
			w->events.failed = true;
			return;
		}
	}
	t->values = first;
}

/* One track per value: "heap used". */
static void describe_counter(struct writer *w, struct track *t, const struct pd_track_desc *d)
{
	if (d->n_series > t->n_series)
		make_values(w, t, d->n_series);
	for (unsigned i = t->n_series; i < d->n_series && !w->events.failed; i++) {
		struct pd_span series = d->series ? d->series[i] : (struct pd_span){ "", 0 };

		w->event.n = w->arg.n = 0;
		pd_pb_put(&w->event, 1, extra_uuid(w->value.v[t->values + i].number));
		if (d->parent.v)
			pd_pb_put(&w->event, 5, uuid_of(w, d->parent.v));
		if (pd_pb_room(&w->arg, d->name.n + series.n + 1)) {
			if (d->name.n)
				memcpy(w->arg.v, d->name.p, d->name.n);
			w->arg.n = d->name.n;
			if (series.n && d->name.n)
				w->arg.v[w->arg.n++] = ' ';
			if (series.n)
				memcpy(w->arg.v + w->arg.n, series.p, series.n);
			w->arg.n += series.n;
		}
		pd_pb_put_bytes(&w->event, 2, w->arg.v, w->arg.n);
		w->arg.n = 0;
		if (d->unit.n)
			pd_pb_put_bytes(&w->arg, 6, d->unit.p, d->unit.n);
		pd_pb_put_bytes(&w->event, 8, w->arg.v, w->arg.n);
		put_track(w);
	}
	t->n_series = d->n_series > t->n_series ? d->n_series : t->n_series;
}

static void write_track(struct pd_events *ev, pd_track id, const struct pd_track_desc *d)
{
	struct writer *w = (struct writer *)ev;
	struct track *t;

	while (w->track.n <= id.v && !ev->failed)
		if (id.v > UINT32_MAX / 2 || !pd_vec_push(&w->track, (struct track){ 0 }))
			ev->failed = true;
	if (ev->failed)
		return;
	put_clocks(w);
	t = &w->track.v[id.v];
	t->desc = *d;
	if (d->kind == PD_TRACK_COUNTER) {
		describe_counter(w, t, d);
		return;
	}
	w->event.n = w->arg.n = 0;
	pd_pb_put(&w->event, 1, uuid_of(w, id.v));
	if (d->kind == PD_TRACK_THREAD) {
		int64_t pid = d->parent.v && d->parent.v < w->track.n ? w->track.v[d->parent.v].desc.id : 0;

		if (d->parent.v)
			pd_pb_put(&w->event, 5, uuid_of(w, d->parent.v));
		pd_pb_put(&w->arg, 1, (uint32_t)pid);
		pd_pb_put(&w->arg, 2, (uint64_t)d->id);
		pd_pb_put_bytes(&w->arg, 5, d->name.p, d->name.n);
	} else {
		pd_pb_put(&w->arg, 1, (uint32_t)d->id);
		pd_pb_put_bytes(&w->arg, 6, d->name.p, d->name.n);
	}
	if (d->flags & PD_TRACK_SORTED)
		pd_pb_put(&w->arg, 3, (uint64_t)(int64_t)d->sort);
	pd_pb_put_bytes(&w->event, d->kind == PD_TRACK_THREAD ? 4 : 3, w->arg.v, w->arg.n);
	put_track(w);
}

static void write_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	struct writer *w = (struct writer *)ev;

	w->desc.has_wall = d->has_wall;
	w->desc.wall = d->wall;
	if (!w->cleared) { /* what is written is written */
		w->desc.has_origin = d->has_origin;
		w->desc.origin = d->origin;
	}
}

static enum pd_status write_finish(struct pd_events *ev, struct pd_error *err)
{
	struct writer *w = (struct writer *)ev;

	for (size_t i = 0; i < w->track.n && !ev->failed; i++)
		if (w->track.v[i].log.raw.n || w->track.v[i].log.run.n)
			write_waiting(w, &w->track.v[i]);
	if (pd_builder_failed(w->names.b)) {
		pd_builder_error(w->names.b, err);
		return pd_builder_status(w->names.b);
	}
	if (w->too_much) {
		char most[32];

		pd_error_set(err, PD_ERR_LIMIT, "slices that come in no order have more than %s of different arguments, which wait until all are sorted", pd_size_text(most, sizeof most, w->most_waiting));
		pd_error_hint(err, "--opt max-args=SIZE allows more, --opt no-args leaves them out");
		return PD_ERR_LIMIT;
	}
	if (ev->failed && !pd_out_failed(w->out))
		return pd_error_nomem(err);
	return PD_OK; /* a failed output says so when it is committed */
}

static bool write_remark(const struct pd_events *ev, size_t i, struct pd_note_desc *out)
{
	const struct writer *w = (const struct writer *)ev;

	if (i > 0 || !w->cut)
		return false;
	*out = (struct pd_note_desc){ .what = "slices that reach beyond the end of the one around them are cut there: perfetto holds only what nests", .count = w->cut };
	return true;
}

static void write_free(struct pd_events *ev)
{
	struct writer *w = (struct writer *)ev;

	for (size_t i = 0; i < w->track.n; i++)
		pd_slice_log_release(&w->track.v[i].log);
	pd_vec_release(&w->track);
	pd_vec_release(&w->about);
	pd_vec_release(&w->waiting);
	pd_vec_release(&w->open);
	pd_slice_log_release(&w->slices);
	pd_slice_pairs_release(&w->pairs);
	pd_vec_release(&w->value);
	pd_index_release(&w->abouts);
	perfetto_spans_release(&w->spans);
	perfetto_intern_release(&w->names);
	pd_pb_buf_release(&w->packet);
	pd_pb_buf_release(&w->event);
	pd_pb_buf_release(&w->args);
	pd_pb_buf_release(&w->arg);
	free(w);
}

struct pd_events *pd_perfetto_write(struct pd_out *out, const struct pd_save_opts *o, const void *opts, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS | PD_WANTS_ARGS, .start = write_start, .track = write_track, .event = write_event,
		.finish = write_finish, .free = write_free, .remark = write_remark,
	};
	const struct pd_perfetto_opts *own = opts;
	struct writer *w = calloc(1, sizeof *w);

	(void)o;
	if (!w) {
		pd_error_nomem(err);
		return NULL;
	}
	w->events.ops = &ops;
	w->out = out;
	w->no_args = own->no_args;
	w->most_waiting = (uint64_t)(own->max_args > 0 ? own->max_args : MOST_WAITING);
	if (perfetto_intern_init(&w->names, err) && pd_vec_push(&w->track, (struct track){ 0 }) && pd_vec_push(&w->about, (struct about){ 0 }))
		return &w->events;
	pd_error_nomem(err);
	write_free(&w->events);
	return NULL;
}
