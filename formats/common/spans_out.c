/*
 * What becomes of spans. Timeline: a process per service, in it lanes on which
 * slices nest; a span lies on its parent's lane where it fits there, else on the
 * lowest lane that is free. Profile: the path of services and operations, self
 * time, time on the critical path.
 */
#include "base/span.h"
#include "common/spans_rows.h"
#include <stdio.h>

const char *pd_span_kind_word(enum pd_span_kind kind)
{
	static const char *const words[PD_SPAN_KINDS] = { "span", "internal", "server", "client", "producer", "consumer" };

	return words[(unsigned)kind < PD_SPAN_KINDS ? kind : 0];
}

/* ---- services ---- */

/* A heap of lanes, the smallest key on top. */
struct heap {
	PD_VEC(struct waiting { int64_t key; uint32_t lane; }) v;
};

struct service {
	uint32_t name, track; /* pd_str; 0: not described yet */
	uint32_t lanes;
	uint64_t spans, errors;
	int64_t self, critical;
	struct heap busy;     /* by when they are free */
	struct heap idle;     /* by number */
};

struct lane {
	uint32_t track, top; /* top: innermost slice put there */
};

struct timeline {
	struct pd_spans *s;
	struct pd_events *ev;
	PD_VEC(struct service) service;
	PD_VEC(struct lane) lane;
	uint32_t *service_of; /* by string, + 1 */
	uint32_t *lane_of;    /* by row, + 1 */
	uint32_t *under;      /* by row: the slice below it on its lane */
	uint32_t tracks;
	bool nomem;
};

static struct pd_span text(const struct pd_spans *s, uint32_t str)
{
	return pd_builder_string(s->b, (pd_str){ str });
}

static struct pd_span service_name(const struct pd_spans *s, uint32_t str)
{
	return str ? text(s, str) : SPAN("unknown service");
}

/* Numbers the services in the order in which they begin. */
static bool number_services(struct timeline *t)
{
	struct pd_spans *s = t->s;
	uint32_t strings = 0;

	for (size_t i = 0; i < s->row.n; i++)
		if (s->row.v[i].service > strings)
			strings = s->row.v[i].service;
	t->service_of = calloc((size_t)strings + 1, sizeof *t->service_of);
	if (!t->service_of)
		return false;
	for (size_t i = 0; i < s->row.n; i++) {
		struct span_row *r = &s->row.v[s->order[i] - 1];
		struct service *v;

		if (!t->service_of[r->service]) {
			if (!pd_vec_push(&t->service, ((struct service){ .name = r->service })))
				return false;
			t->service_of[r->service] = (uint32_t)t->service.n;
		}
		v = &t->service.v[t->service_of[r->service] - 1];
		v->spans++;
		v->errors += r->error;
		if (pd_add_overflow(v->self, s->self[s->order[i]], &v->self))
			v->self = INT64_MAX;
		if (pd_add_overflow(v->critical, s->critical[s->order[i]], &v->critical))
			v->critical = INT64_MAX;
	}
	return true;
}

static void timeline_release(struct timeline *t)
{
	for (size_t i = 0; i < t->service.n; i++) {
		pd_vec_release(&t->service.v[i].busy.v);
		pd_vec_release(&t->service.v[i].idle.v);
	}
	pd_vec_release(&t->service);
	pd_vec_release(&t->lane);
	free(t->service_of);
	free(t->lane_of);
	free(t->under);
}

/* ---- lanes ---- */

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->key != b->key ? a->key < b->key : a->lane < b->lane;
}

static bool heap_push(struct heap *h, int64_t key, uint32_t lane)
{
	size_t at = h->v.n;

	if (!pd_vec_push(&h->v, ((struct waiting){ key, lane })))
		return false;
	for (; at && before(&h->v.v[at], &h->v.v[(at - 1) / 2]); at = (at - 1) / 2) {
		struct waiting one = h->v.v[at];

		h->v.v[at] = h->v.v[(at - 1) / 2];
		h->v.v[(at - 1) / 2] = one;
	}
	return true;
}

static uint32_t heap_pop(struct heap *h)
{
	uint32_t lane = h->v.v[0].lane;
	struct waiting one = h->v.v[--h->v.n];
	size_t at = 0, down;

	for (; (down = 2 * at + 1) < h->v.n; at = down) {
		if (down + 1 < h->v.n && before(&h->v.v[down + 1], &h->v.v[down]))
			down++;
		if (!before(&h->v.v[down], &one))
			break;
		h->v.v[at] = h->v.v[down];
	}
	h->v.v[at] = one;
	return lane;
}

static uint32_t new_track(struct timeline *t, const struct pd_track_desc *d)
{
	if (t->tracks == UINT32_MAX - 1) {
		t->nomem = true;
		return t->tracks;
	}
	pd_events_track(t->ev, (pd_track){ ++t->tracks }, d);
	return t->tracks;
}

/* The lowest lane of a service that is free at `ts`; a new one where none is. */
static uint32_t free_lane(struct timeline *t, uint32_t service, int64_t ts)
{
	struct service *v = &t->service.v[service];
	struct pd_track_desc d = { .kind = PD_TRACK_THREAD, .flags = PD_TRACK_SORTED };
	char name[32];

	while (v->busy.v.n && v->busy.v.v[0].key <= ts) {
		uint32_t lane = heap_pop(&v->busy);

		if (!heap_push(&v->idle, (int64_t)lane, lane))
			t->nomem = true;
	}
	if (v->idle.v.n)
		return heap_pop(&v->idle);
	if (!v->track)
		v->track = new_track(t, &(struct pd_track_desc){ .kind = PD_TRACK_PROCESS, .flags = PD_TRACK_SORTED, .id = service + 1, .sort = (int32_t)service,
								 .name = service_name(t->s, v->name) });
	d.parent.v = v->track;
	d.id = ++v->lanes;
	d.sort = (int32_t)(v->lanes & INT32_MAX);
	d.name = (struct pd_span){ name, (size_t)snprintf(name, sizeof name, "lane %u", v->lanes) };
	if (!pd_vec_push(&t->lane, (struct lane){ 0 })) {
		t->nomem = true;
		return 0;
	}
	t->lane.v[t->lane.n - 1].track = new_track(t, &d);
	return (uint32_t)t->lane.n - 1;
}

/* Lane of a row, after all that begin before it. */
static uint32_t place(struct timeline *t, uint32_t i)
{
	const struct span_row *r = &t->s->row.v[i - 1];
	uint32_t up = t->s->parent[i], lane, service = t->service_of[r->service] - 1;

	if (up && t->lane_of[up] && t->s->row.v[up - 1].service == r->service && t->s->row.v[up - 1].end >= r->end) {
		struct lane *l = &t->lane.v[t->lane_of[up] - 1];

		while (l->top && l->top != up && t->s->row.v[l->top - 1].end <= r->start)
			l->top = t->under[l->top];
		if (l->top == up) {
			t->under[i] = up;
			l->top = i;
			return t->lane_of[up] - 1;
		}
	}
	lane = free_lane(t, service, r->start);
	if (t->nomem)
		return 0;
	t->lane.v[lane].top = i;
	if (!heap_push(&t->service.v[service].busy, r->end, lane))
		t->nomem = true;
	return lane;
}

/* ---- events ---- */

#define ARGS_MOST 256 /* of one event; more are left out, with a note */

static uint32_t fill_args(const struct pd_spans *s, uint32_t first, uint32_t n, struct pd_arg *out, uint32_t room)
{
	uint32_t i;

	for (i = 0; i < n && i < room; i++) {
		const struct span_arg *a = &s->arg.v[first + i];

		out[i] = (struct pd_arg){ .key = text(s, a->key), .kind = a->kind };
		switch (a->kind) {
		case PD_ARG_STR: case PD_ARG_JSON: out[i].str = text(s, a->str); break;
		case PD_ARG_INT: out[i].i = a->i; break;
		case PD_ARG_UINT: out[i].u = a->u; break;
		case PD_ARG_REAL: out[i].real = a->real; break;
		case PD_ARG_BOOL: out[i].yes = a->yes; break;
		}
	}
	if (i < n && pd_note(s->sink, s->src, "events with more than 256 attributes: the rest is not in the timeline") != PD_OK)
		return i;
	return i;
}

static void send_slice(struct timeline *t, uint32_t i, pd_track track)
{
	const struct span_row *r = &t->s->row.v[i - 1];
	struct pd_trace_id trace = t->s->trace.v[r->trace - 1];
	struct pd_arg arg[ARGS_MOST];
	char ids[2][40];
	uint32_t n = 0;

	if (t->s->wants & PD_WANTS_ARGS) {
		arg[n++] = (struct pd_arg){ .key = SPAN("trace_id"), .str = { ids[0], (size_t)snprintf(ids[0], 40, "%016llx%016llx", (unsigned long long)trace.hi, (unsigned long long)trace.lo) } };
		arg[n++] = (struct pd_arg){ .key = SPAN("span_id"), .str = { ids[1], (size_t)snprintf(ids[1], 40, "%016llx", (unsigned long long)r->id) } };
		if (r->error)
			arg[n++] = (struct pd_arg){ .key = SPAN("status"), .str = SPAN("error") };
		n += fill_args(t->s, r->args, r->n_args, arg + n, ARGS_MOST - n);
	}
	pd_events_event(t->ev, &(struct pd_event){ .kind = PD_EV_SLICE, .track = track, .ts = r->start, .dur = r->end - r->start, .name = text(t->s, r->name),
						  .category = span_of(pd_span_kind_word(r->kind)), .args = arg, .n_args = n });
	for (uint32_t k = 0; k < r->n_events; k++) {
		const struct span_event *e = &t->s->event.v[r->events + k];

		n = fill_args(t->s, e->args, e->n_args, arg, ARGS_MOST);
		pd_events_event(t->ev, &(struct pd_event){ .kind = PD_EV_INSTANT, .track = track, .ts = e->ts, .name = text(t->s, e->name), .category = SPAN("event"),
							  .args = arg, .n_args = n });
	}
}

/* One end of the arrow from a span to what it called elsewhere; the callee's number is the arrow's. */
static void send_flow(struct timeline *t, enum pd_event_kind kind, uint32_t at, uint64_t id, pd_track track, bool same_service)
{
	pd_events_event(t->ev, &(struct pd_event){ .kind = kind, .flags = kind == PD_EV_FLOW_END ? PD_EV_ENCLOSING : 0, .track = track, .ts = t->s->row.v[at - 1].start,
						  .name = SPAN("call"), .category = same_service ? SPAN("async") : SPAN("rpc"), .id = id });
}

static void send_flows(struct timeline *t, uint32_t i, pd_track track)
{
	const struct pd_spans *s = t->s;
	uint32_t up = s->parent[i];

	for (uint32_t c = s->child[i]; c; c = s->sibling[c])
		if (t->lane_of[c] != t->lane_of[i])
			send_flow(t, PD_EV_FLOW_BEGIN, i, c, track, s->row.v[c - 1].service == s->row.v[i - 1].service);
	if (up && t->lane_of[up] != t->lane_of[i])
		send_flow(t, PD_EV_FLOW_END, i, i, track, s->row.v[up - 1].service == s->row.v[i - 1].service);
}

/* Arrows of links: from the span that is named to the one that names it. */
static void send_links(struct timeline *t)
{
	for (size_t i = 0; i < t->s->link.n && !t->ev->failed; i++) {
		const struct span_link *l = &t->s->link.v[i];
		struct pd_event e = { .kind = PD_EV_FLOW_BEGIN, .name = SPAN("link"), .category = SPAN("link"), .id = (UINT64_C(1) << 32) + i };

		if (!l->target || !l->row)
			continue;
		e.track.v = t->lane.v[t->lane_of[l->target] - 1].track;
		e.ts = t->s->row.v[l->target - 1].start;
		pd_events_event(t->ev, &e);
		e.kind = PD_EV_FLOW_END;
		e.flags = PD_EV_ENCLOSING;
		e.track.v = t->lane.v[t->lane_of[l->row] - 1].track;
		e.ts = t->s->row.v[l->row - 1].start;
		pd_events_event(t->ev, &e);
	}
}

static void send_start(struct timeline *t)
{
	int64_t first = t->s->row.v[t->s->order[0] - 1].start;

	pd_events_start(t->ev, &(struct pd_trace_desc){ .size = sizeof(struct pd_trace_desc), .clock = SPAN("unix"), .has_origin = true, .origin = first,
						       .has_wall = true, .wall = first });
}

bool pd_spans_timeline(struct pd_spans *s, struct pd_events *ev)
{
	struct timeline t = { .s = s, .ev = ev };
	size_t n = s->row.n + 1;
	bool fine;

	t.lane_of = calloc(n, sizeof *t.lane_of);
	t.under = calloc(n, sizeof *t.under);
	fine = t.lane_of && t.under && number_services(&t);
	if (fine)
		send_start(&t);
	for (size_t i = 0; fine && i < s->row.n && !t.nomem; i++)
		t.lane_of[s->order[i]] = place(&t, s->order[i]) + 1;
	for (size_t i = 0; fine && i < s->row.n && !t.nomem && !ev->failed; i++) {
		pd_track track = { t.lane.v[t.lane_of[s->order[i]] - 1].track };

		send_slice(&t, s->order[i], track);
		send_flows(&t, s->order[i], track);
	}
	if (fine && !t.nomem)
		send_links(&t);
	fine &= !t.nomem;
	timeline_release(&t);
	return fine;
}

/* ---- profile ---- */

static pd_labels labels_of(struct pd_spans *s, const struct span_row *r, const pd_str *words)
{
	struct pd_label l[3] = { { .key = words[0], .kind = PD_LABEL_STR }, { .key = words[1], .kind = PD_LABEL_STR }, { .key = words[2], .kind = PD_LABEL_STR } };
	struct pd_span service = service_name(s, r->service);

	l[0].str = pd_intern(s->b, service.p, service.n);
	l[1].str = pd_intern_z(s->b, pd_span_kind_word(r->kind));
	l[2].str = words[3];
	return pd_labels_of(s->b, l, r->error ? 3 : 2);
}

/* A frame for the service where it changes, and one for the operation. */
static pd_stack stack_of(struct pd_spans *s, uint32_t i, const uint32_t *stack)
{
	const struct span_row *r = &s->row.v[i - 1];
	uint32_t up = s->parent[i];
	pd_stack at = { up ? stack[up] : 0 };
	struct pd_span name = text(s, r->name), service = service_name(s, r->service);

	if (!up || s->row.v[up - 1].service != r->service)
		at = pd_stack_push(s->b, at, pd_frame_named(s->b, service.p, service.n));
	if (!name.n)
		name = SPAN("unnamed");
	return pd_stack_push(s->b, at, pd_frame_named(s->b, name.p, name.n));
}

void pd_spans_profile(struct pd_spans *s)
{
	static const char *const types[][2] = { { "time", "nanoseconds" }, { "critical", "nanoseconds" }, { "spans", "count" } };
	unsigned series = pd_series_add(s->b, pd_intern_z(s->b, ""));
	pd_str words[4] = { pd_intern_z(s->b, "service"), pd_intern_z(s->b, "kind"), pd_intern_z(s->b, "status"), pd_intern_z(s->b, "error") };
	uint32_t *stack = calloc(s->row.n + 1, sizeof *stack);
	int64_t first = s->row.v[s->order[0] - 1].start, last = first;

	for (unsigned i = 0; i < PD_ARRAY_LEN(types); i++)
		pd_series_value(s->b, series, &(struct pd_value_type){ .type = pd_intern_z(s->b, types[i][0]), .unit = pd_intern_z(s->b, types[i][1]) });
	for (size_t k = 0; stack && k < s->row.n && !pd_builder_failed(s->b); k++) {
		uint32_t i = s->topo[k];
		const struct span_row *r = &s->row.v[i - 1];
		int64_t values[] = { s->self[i], s->critical[i], 1 };
		struct pd_sample sample = { .stack = stack_of(s, i, stack), .labels = labels_of(s, r, words) };

		stack[i] = sample.stack.v;
		pd_sample_add(s->b, series, &sample, values);
		last = r->end > last ? r->end : last;
	}
	pd_builder_meta(s->b)->default_sample_type = pd_intern_z(s->b, "time");
	pd_builder_meta(s->b)->time_nanos = first;
	pd_builder_meta(s->b)->duration_nanos = last - first;
	s->nomem |= !stack;
	free(stack);
}

/* ---- figures ---- */

static void fact_open(struct pd_events *ev, enum pd_fact_kind kind, const char *key)
{
	pd_events_fact(ev, &(struct pd_fact){ .kind = kind, .key = key });
}

static void fact_int(struct pd_events *ev, const char *key, uint64_t v, const char *unit)
{
	pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_INT, .key = key, .i = v > INT64_MAX ? INT64_MAX : (int64_t)v, .unit = unit });
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* How long the roots took. */
static bool fact_roots(struct pd_spans *s, struct pd_events *ev)
{
	static const struct { const char *name; unsigned percent; } q[] = { { "p50", 50 }, { "p95", 95 }, { "p99", 99 }, { "max", 100 } };
	int64_t *dur = malloc(s->row.n * sizeof *dur);
	size_t n = 0;

	if (!dur)
		return false;
	for (uint32_t i = 1; i <= s->row.n; i++)
		if (!s->parent[i])
			dur[n++] = s->row.v[i - 1].end - s->row.v[i - 1].start;
	qsort(dur, n, sizeof *dur, by_size);
	fact_open(ev, PD_FACT_OBJECT, "roots");
	fact_int(ev, "count", n, "count");
	for (size_t i = 0; i < PD_ARRAY_LEN(q) && n; i++) /* nearest rank */
		fact_int(ev, q[i].name, (uint64_t)dur[(n * q[i].percent + 99) / 100 - 1], "nanoseconds");
	fact_open(ev, PD_FACT_END, "");
	free(dur);
	return true;
}

static int by_critical(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	return x->critical != y->critical ? (x->critical < y->critical ? 1 : -1) : x->name < y->name ? -1 : x->name > y->name;
}

bool pd_spans_facts(struct pd_spans *s, struct pd_events *ev)
{
	struct timeline t = { .s = s };
	bool fine = number_services(&t) && fact_roots(s, ev);

	if (fine && t.service.n)
		qsort(t.service.v, t.service.n, sizeof *t.service.v, by_critical);
	fact_open(ev, PD_FACT_OBJECT, "spans");
	fact_int(ev, "count", s->row.n, "count");
	fact_int(ev, "traces", s->trace.n, "count");
	fact_int(ev, "parents_missing", s->orphans, "count");
	fact_int(ev, "before_parent", s->early, "count");
	fact_int(ev, "before_parent_most", (uint64_t)s->most_early, "nanoseconds");
	fact_int(ev, "outlive_parent", s->outlive, "count");
	fact_open(ev, PD_FACT_END, "");
	fact_open(ev, PD_FACT_ARRAY, "services");
	for (size_t i = 0; fine && i < t.service.n; i++) {
		const struct service *v = &t.service.v[i];

		fact_open(ev, PD_FACT_OBJECT, "");
		pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_STR, .key = "service", .str = service_name(s, v->name) });
		fact_int(ev, "spans", v->spans, "count");
		fact_int(ev, "errors", v->errors, "count");
		fact_int(ev, "self", (uint64_t)v->self, "nanoseconds");
		fact_int(ev, "critical", (uint64_t)v->critical, "nanoseconds");
		fact_open(ev, PD_FACT_END, "");
	}
	fact_open(ev, PD_FACT_END, "");
	timeline_release(&t);
	return fine;
}
