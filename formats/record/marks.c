/*
 * Spans, instants, counters and calls. What begins and ends on a thread nests, so that it can be drawn and counted: where a span reaches out
 * of the call it was begun in, or a call out of a span, the inner one is closed and goes on behind.
 */
#include "record/record.h"

#include <inttypes.h>

#define REACH 64 /* open ones that are looked through for the one that ends */

/* ---- tables ---- */

static enum pd_status mark_name(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct pd_wire_mark_name w;
	struct pd_span name, category;
	struct record_name row;
	size_t at = 0;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !record_tail(item, &at, w.name_size, &name) || !record_tail(item, &at, w.category_size, &category) ||
	    (im->name.n && im->name.v[im->name.n - 1].id >= w.id))
		return record_note(r, "names of events that make no sense skipped");
	row = (struct record_name){ .id = w.id, .name = pd_intern(r->b, name.p, name.n), .category = pd_intern(r->b, category.p, category.n) };
	if (!pd_vec_push(&im->name, row))
		r->nomem = true;
	return PD_OK;
}

/* As people know it: the physical function; without symbols the file and the place in it. */
static pd_str function_name(struct record *r, pd_frame frame, uint64_t address)
{
	const struct pd_doc *doc = pd_builder_view(r->b);
	struct pd_frame_desc d;
	struct pd_mapping_desc m = { 0 };
	struct pd_func_desc f;
	struct pd_span file, slash;
	char text[128];

	pd_doc_frame(doc, frame, &d);
	if (d.n_lines) {
		pd_doc_func(doc, d.lines[d.n_lines - 1].func, &f);
		return f.name;
	}
	if (d.mapping.v)
		pd_doc_mapping(doc, d.mapping, &m);
	file = pd_builder_string(r->b, m.file);
	slash = file;
	if (file.n && span_rcut(&file, '/', &slash))
		file = slash;
	if (file.n)
		snprintf(text, sizeof(text), "%.*s+0x%" PRIx64, (int)(file.n < 80 ? file.n : 80), file.p, address - m.start + m.offset);
	else
		snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return pd_intern_z(r->b, text);
}

static enum pd_status function(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct pd_wire_function w;
	struct record_function row;
	pd_frame frame;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || (im->function.n && im->function.v[im->function.n - 1].id >= w.id))
		return record_note(r, "functions that make no sense skipped");
	frame = record_frame(r, w.address);
	if (pd_builder_failed(r->b))
		return PD_OK;
	row = (struct record_function){ .id = w.id, .name = function_name(r, frame, w.address) };
	if (!pd_vec_push(&im->function, row))
		r->nomem = true;
	return PD_OK;
}

/* ---- what is open ---- */

static struct pd_event event_of(const struct record *r, const struct record_open *o, enum pd_event_kind kind, uint64_t time)
{
	struct pd_event e = { .kind = kind, .ts = (int64_t)time };

	if (o->kind == PD_WIRE_MARK_CALL) {
		e.name = pd_builder_string(r->b, r->now->function.v[o->row - 1].name);
		e.category = SPAN("function");
	} else if (o->row) {
		e.name = pd_builder_string(r->b, r->now->name.v[o->row - 1].name);
		e.category = pd_builder_string(r->b, r->now->name.v[o->row - 1].category);
	}
	return e;
}

static void begin(struct record *r, struct record_thread *t, struct record_open o, uint64_t time)
{
	struct pd_event e = event_of(r, &o, PD_EV_BEGIN, time);

	if (!pd_vec_push(&t->open, o)) {
		r->nomem = true;
		return;
	}
	record_timeline_event(r, t, &e);
	memset(t->labels, 0, sizeof(t->labels));
}

static void send_end(struct record *r, struct record_thread *t, uint64_t time)
{
	record_timeline_event(r, t, &(struct pd_event){ .kind = PD_EV_END, .ts = (int64_t)time });
}

/* The innermost one of a kind (and row, if not 0) ends. Those inside of it, of the other kind, go on. */
static enum pd_status end(struct record *r, struct record_thread *t, uint32_t kind, uint32_t row, uint64_t time)
{
	size_t at = t->open.n, least = t->open.n > REACH ? t->open.n - REACH : 0;

	while (at > least && (t->open.v[at - 1].kind != kind || (row && t->open.v[at - 1].row != row)))
		at--;
	if (at == least)
		return record_note(r, "ends of spans or calls that were not begun skipped");
	for (size_t i = t->open.n; i >= at; i--)
		send_end(r, t, time);
	memmove(t->open.v + at - 1, t->open.v + at, (t->open.n - at) * sizeof(*t->open.v));
	t->open.n--;
	for (size_t i = at - 1; i < t->open.n; i++) {
		struct pd_event e = event_of(r, &t->open.v[i], PD_EV_BEGIN, time);

		record_timeline_event(r, t, &e);
	}
	memset(t->labels, 0, sizeof(t->labels));
	return PD_OK;
}

pd_str record_span(const struct record *r, const struct record_thread *t)
{
	for (size_t i = t->open.n; i > 0 && i + REACH > t->open.n; i--)
		if (t->open.v[i - 1].kind == PD_WIRE_MARK_BEGIN && t->open.v[i - 1].row)
			return r->now->name.v[t->open.v[i - 1].row - 1].name;
	return (pd_str){ 0 };
}

void record_marks_end(struct record *r, struct record_thread *t, uint64_t time)
{
	if (!t->open.n)
		return;
	for (; t->open.n; t->open.n--)
		send_end(r, t, time <= INT64_MAX ? time : 0);
	memset(t->labels, 0, sizeof(t->labels));
}

/* ---- events ---- */

static void valued(struct record *r, struct record_thread *t, const struct pd_wire_mark *w, const struct record_open *name, uint64_t value)
{
	static const enum pd_event_kind kinds[] = { [PD_WIRE_MARK_ASYNC_BEGIN - PD_WIRE_MARK_VALUED] = PD_EV_ASYNC_BEGIN,
						    [PD_WIRE_MARK_ASYNC_END - PD_WIRE_MARK_VALUED] = PD_EV_ASYNC_END,
						    [PD_WIRE_MARK_FLOW_BEGIN - PD_WIRE_MARK_VALUED] = PD_EV_FLOW_BEGIN,
						    [PD_WIRE_MARK_FLOW_END - PD_WIRE_MARK_VALUED] = PD_EV_FLOW_END };
	struct pd_event e;
	double real;

	if (w->kind == PD_WIRE_MARK_INTEGER || w->kind == PD_WIRE_MARK_REAL) {
		memcpy(&real, &value, sizeof(real));
		record_timeline_counter(r, name->row ? r->now->name.v[name->row - 1].name : (pd_str){ 0 }, (int64_t)w->time,
					w->kind == PD_WIRE_MARK_REAL ? real : (double)(int64_t)value);
		return;
	}
	e = event_of(r, name, kinds[w->kind - PD_WIRE_MARK_VALUED], w->time);
	e.id = value;
	e.flags = e.kind == PD_EV_FLOW_END ? PD_EV_ENCLOSING : 0;
	record_timeline_event(r, t, &e);
}

static enum pd_status mark(struct record *r, struct record_thread *t, const struct pd_wire_mark *w, uint64_t value)
{
	struct record_open o = { .kind = w->kind };
	struct pd_event e;
	size_t row;

	if (w->time > INT64_MAX)
		return record_note(r, "events that make no sense skipped");
	if (w->kind == PD_WIRE_MARK_CALL || w->kind == PD_WIRE_MARK_RETURN) {
		if (!record_row(&r->now->function, w->name, &row))
			return record_note(r, "calls of unknown functions skipped");
		o.row = (uint32_t)row + 1;
	} else if (w->name) {
		if (!record_row(&r->now->name, w->name, &row))
			return record_note(r, "events without a name skipped");
		o.row = (uint32_t)row + 1;
	}
	switch (w->kind) {
	case PD_WIRE_MARK_BEGIN:
	case PD_WIRE_MARK_CALL: begin(r, t, o, w->time); break;
	case PD_WIRE_MARK_END: return end(r, t, PD_WIRE_MARK_BEGIN, 0, w->time);
	case PD_WIRE_MARK_RETURN: return end(r, t, PD_WIRE_MARK_CALL, o.row, w->time);
	case PD_WIRE_MARK_INSTANT:
		e = event_of(r, &o, PD_EV_INSTANT, w->time);
		record_timeline_event(r, t, &e);
		break;
	default:
		if (w->kind < PD_WIRE_MARK_VALUED || w->kind > PD_WIRE_MARK_FLOW_END)
			return record_note(r, "events of an unknown kind skipped");
		valued(r, t, w, &o, value);
	}
	return PD_OK;
}

static enum pd_status marks(struct record *r, const struct record_item *item)
{
	enum pd_status status = PD_OK;
	struct pd_wire_marks w;
	struct record_thread *t;
	struct pd_span bytes;
	size_t at = 0;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !record_tail(item, &at, w.size, &bytes))
		return record_note(r, "events that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	record_timeline_start(r);
	while (bytes.n >= sizeof(struct pd_wire_mark) && status == PD_OK && !r->nomem && !pd_builder_failed(r->b)) {
		struct pd_wire_mark m = { .time = pd_load64(bytes.p), .kind = pd_load32(bytes.p + 8), .name = pd_load32(bytes.p + 12) };
		size_t n = sizeof(m) + (m.kind >= PD_WIRE_MARK_VALUED ? 8 : 0);

		if (n > bytes.n)
			break;
		status = mark(r, t, &m, n > sizeof(m) ? pd_load64(bytes.p + sizeof(m)) : 0);
		bytes = span_skip(bytes, n);
	}
	return status != PD_OK || !bytes.n ? status : record_note(r, "events that make no sense skipped");
}

static enum pd_status mark_sums(struct record *r, const struct record_item *item)
{
	struct pd_wire_mark_sums w;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)))
		return record_note(r, "sums that make no sense skipped");
	r->now->marks = w;
	if (r->now->begun)
		record_timeline_start(r);
	return PD_OK;
}

enum pd_status record_mark_item(struct record *r, const struct record_item *item)
{
	switch (item->kind) {
	case PD_WIRE_MARK_NAME: return mark_name(r, item);
	case PD_WIRE_FUNCTION: return function(r, item);
	case PD_WIRE_MARK_SUMS: return mark_sums(r, item);
	default: return marks(r, item);
	}
}

/* ---- comments ---- */

static void add(uint64_t *sum, uint64_t v)
{
	if (pd_add_overflow(*sum, v, sum))
		*sum = UINT64_MAX;
}

void record_mark_facts(struct record *r)
{
	struct pd_meta *m = pd_builder_meta(r->b);
	struct pd_wire_mark_sums all = { 0 };

	for (size_t i = 0; i < r->image.n; i++) {
		const struct pd_wire_mark_sums *s = &r->image.v[i].marks;

		all.r.kind |= s->r.kind;
		add(&all.events, s->events);
		add(&all.lost, s->lost);
		add(&all.short_calls, s->short_calls);
		add(&all.deep_calls, s->deep_calls);
		add(&all.unwound, s->unwound);
		all.min_duration = s->min_duration > all.min_duration ? s->min_duration : all.min_duration;
		all.max_depth = s->max_depth > all.max_depth ? s->max_depth : all.max_depth;
	}
	if (!all.r.kind)
		return;
	if (!m->period) { /* nothing is sampled */
		m->period_type = m->period_unit = (pd_str){ 0 };
		m->default_sample_type = pd_intern_z(r->b, "time");
	}
	record_say(r, "record.events: %" PRIu64 " begins, instants and counters, %" PRIu64 " lost", all.events, all.lost);
	if (all.max_depth)
		record_say(r, "record.calls: %" PRIu64 " shorter than %g us left out, %" PRIu64 " deeper than %" PRIu32 " left out, %" PRIu64 " ended without returning", all.short_calls,
			   (double)all.min_duration / 1e3, all.deep_calls, all.max_depth, all.unwound);
}
