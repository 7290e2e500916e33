/* Event sinks: the ends of every stream, counting, passing on. */
#include "model/events.h"

#include "base/error.h"

enum pd_status pd_events_finish(struct pd_events *ev, struct pd_error *err)
{
	return ev->ops->finish ? ev->ops->finish(ev, err) : PD_OK;
}

bool pd_events_remark(const struct pd_events *ev, size_t i, struct pd_note_desc *out)
{
	return ev->ops->size > offsetof(struct pd_events_ops, remark) && ev->ops->remark && ev->ops->remark(ev, i, out);
}

void pd_events_free(struct pd_events *ev)
{
	if (!ev)
		return;
	if (ev->ops->free)
		ev->ops->free(ev);
	else
		free(ev);
}

const struct pd_doc *pd_builder_view(const struct pd_builder *b)
{
	return b->doc;
}

const char *pd_event_kind_name(enum pd_event_kind kind)
{
	static const char *const name[PD_EV_KINDS] = {
		[PD_EV_BEGIN] = "begin", [PD_EV_END] = "end", [PD_EV_SLICE] = "slice", [PD_EV_INSTANT] = "instant",
		[PD_EV_COUNTER] = "counter", [PD_EV_FLOW_BEGIN] = "flow_begin", [PD_EV_FLOW_STEP] = "flow_step",
		[PD_EV_FLOW_END] = "flow_end", [PD_EV_ASYNC_BEGIN] = "async_begin", [PD_EV_ASYNC_END] = "async_end",
		[PD_EV_ASYNC_INSTANT] = "async_instant", [PD_EV_SAMPLE] = "sample",
	};

	return (unsigned)kind < PD_EV_KINDS ? name[kind] : "?";
}

int64_t pd_slice_end(int64_t ts, int64_t dur)
{
	int64_t end;

	if (dur < 0)
		dur = 0;
	return pd_add_overflow(ts, dur, &end) ? INT64_MAX : end;
}

/* ---- counting ---- */

struct counting {
	struct pd_events events;
	struct pd_event_counts *counts;
	uint32_t known; /* tracks up to this one were described: readers number them densely */
};

static void counting_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	struct counting *c = (struct counting *)ev;

	if (track.v <= c->known)
		return;
	c->known = track.v;
	if (d->kind == PD_TRACK_THREAD)
		c->counts->tracks++;
}

static void counting_event(struct pd_events *ev, const struct pd_event *e)
{
	struct pd_event_counts *n = ((struct counting *)ev)->counts;
	int64_t end = e->kind == PD_EV_SLICE ? pd_slice_end(e->ts, e->dur) : e->ts;

	n->events[e->kind]++;
	if (!n->any || e->ts < n->first)
		n->first = e->ts;
	if (!n->any || end > n->last)
		n->last = end;
	n->any = true;
}

struct pd_events *pd_events_counter(struct pd_event_counts *counts, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS, .track = counting_track, .event = counting_event,
	};
	struct counting *c = calloc(1, sizeof *c);

	if (!c) {
		pd_error_nomem(err);
		return NULL;
	}
	c->events.ops = &ops;
	c->counts = counts;
	*counts = (struct pd_event_counts){ 0 };
	return &c->events;
}

/* ---- passing on ---- */

struct tee {
	struct pd_events events;
	struct pd_events_ops ops; /* wants what its sinks want */
	size_t n;
	struct pd_events *sink[];
};

static void tee_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	struct tee *t = (struct tee *)ev;

	for (size_t i = 0; i < t->n; i++)
		pd_events_start(t->sink[i], d);
}

static void tee_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	struct tee *t = (struct tee *)ev;

	for (size_t i = 0; i < t->n; i++)
		pd_events_track(t->sink[i], track, d);
}

static void tee_event(struct pd_events *ev, const struct pd_event *e)
{
	struct tee *t = (struct tee *)ev;
	bool failed = true;

	for (size_t i = 0; i < t->n; i++) {
		pd_events_event(t->sink[i], e);
		failed &= t->sink[i]->failed;
	}
	ev->failed = failed; /* while one still works, events are worth sending */
}

static void tee_fact(struct pd_events *ev, const struct pd_fact *f)
{
	struct tee *t = (struct tee *)ev;

	for (size_t i = 0; i < t->n; i++)
		pd_events_fact(t->sink[i], f);
}

static enum pd_status tee_finish(struct pd_events *ev, struct pd_error *err)
{
	struct tee *t = (struct tee *)ev;
	enum pd_status first = PD_OK;

	for (size_t i = 0; i < t->n; i++) {
		enum pd_status status = pd_events_finish(t->sink[i], err);

		if (first == PD_OK)
			first = status;
	}
	return first;
}

static bool tee_remark(const struct pd_events *ev, size_t i, struct pd_note_desc *out)
{
	const struct tee *t = (const struct tee *)ev;

	for (size_t s = 0; s < t->n; s++)
		for (size_t n = 0; pd_events_remark(t->sink[s], n, out); n++)
			if (i-- == 0)
				return true;
	return false;
}

struct pd_events *pd_events_tee(struct pd_events *const *sinks, size_t n, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .start = tee_start, .track = tee_track, .event = tee_event, .fact = tee_fact,
		.finish = tee_finish, .remark = tee_remark,
	};
	struct tee *t = n < SIZE_MAX / sizeof *sinks / 2 ? calloc(1, sizeof *t + n * sizeof *sinks) : NULL;

	if (!t) {
		pd_error_nomem(err);
		return NULL;
	}
	t->ops = ops;
	t->events.ops = &t->ops;
	t->n = n;
	for (size_t i = 0; i < n; i++) {
		t->sink[i] = sinks[i];
		t->ops.wants |= sinks[i]->ops->wants;
	}
	return &t->events;
}

void pd_events_tables(struct pd_events *ev, const struct pd_doc *tables)
{
	ev->tables = tables;
	if (ev->ops->event == tee_event) {
		struct tee *t = (struct tee *)ev;

		for (size_t i = 0; i < t->n; i++)
			pd_events_tables(t->sink[i], tables); /* tees are built by callers: a few deep */
	}
}
