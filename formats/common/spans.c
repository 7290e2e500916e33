/* Spans as they come in; ids. What follows from all of them is in spans_relate.c, what becomes of them in spans_out.c. */
#include "common/spans.h"
#include "base/error.h"
#include "base/span.h"
#include "common/spans_rows.h"

/* ---- ids ---- */

/* Up to 32 hexadecimal digits. */
static bool hex_id(struct pd_span s, struct pd_trace_id *out)
{
	uint64_t hi = 0, lo = 0;

	if (s.n > 32)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (unsigned)((c | 0x20) - 'a' + 10) : 16;

		if (d == 16)
			return false;
		hi = hi << 4 | lo >> 60;
		lo = lo << 4 | d;
	}
	*out = (struct pd_trace_id){ hi, lo };
	return true;
}

/* 8 or 16 bytes as base64 with its '='. */
static bool base64_id(struct pd_span s, struct pd_trace_id *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t hi = 0, lo = 0;
	unsigned bits = 0, acc = 0, bytes = 0;

	if ((s.n != 12 && s.n != 24) || s.p[s.n - 1] != '=')
		return false;
	for (size_t i = 0; i < s.n && s.p[i] != '='; i++) {
		const char *hit = memchr(digits, s.p[i], 64);

		if (!hit)
			return false;
		acc = acc << 6 | (unsigned)(hit - digits);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		hi = hi << 8 | lo >> 56;
		lo = lo << 8 | (acc >> bits & 0xff);
		bytes++;
	}
	*out = (struct pd_trace_id){ hi, lo };
	return bytes == (s.n == 12 ? 8 : 16);
}

struct pd_trace_id pd_trace_id_text(struct pd_span s)
{
	struct pd_trace_id id = { 0, 0 };

	if (!hex_id(s, &id) && !base64_id(s, &id))
		id = (struct pd_trace_id){ pd_hash_bytes(1, s.p, s.n), pd_hash_bytes(2, s.p, s.n) | 1 };
	return id;
}

uint64_t pd_span_id_text(struct pd_span s)
{
	struct pd_trace_id id = pd_trace_id_text(s);

	return id.hi ? pd_hash_mix(id.hi, id.lo) | 1 : id.lo;
}

enum pd_span_kind pd_span_kind_text(struct pd_span s)
{
	static const char *const words[PD_SPAN_KINDS] = { "UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER" };

	span_eat(&s, "SPAN_KIND_");
	for (int i = 0; i < PD_SPAN_KINDS; i++)
		if (strlen(words[i]) == s.n && strncasecmp(words[i], s.p, s.n) == 0)
			return (enum pd_span_kind)i;
	return PD_SPAN_UNSET;
}

/* ---- rows ---- */

struct pd_spans *pd_spans_new(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev)
{
	struct pd_spans *s = calloc(1, sizeof *s);

	if (!s) {
		pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	s->src = src;
	s->sink = sink;
	s->b = sink->prof;
	s->wants = ev ? ev->ops->wants : 0;
	s->key = pd_hash_key();
	return s;
}

void pd_spans_free(struct pd_spans *s)
{
	if (!s)
		return;
	pd_vec_release(&s->row);
	pd_vec_release(&s->arg);
	pd_vec_release(&s->event);
	pd_vec_release(&s->link);
	pd_vec_release(&s->trace);
	pd_vec_release(&s->pending);
	pd_index_release(&s->by_id);
	pd_index_release(&s->by_trace);
	free(s->parent);
	free(s->child);
	free(s->sibling);
	free(s->late);
	free(s->earlier);
	free(s->order);
	free(s->topo);
	free(s->self);
	free(s->critical);
	free(s);
}

bool pd_spans_wants_args(const struct pd_spans *s)
{
	return (s->wants & PD_WANTS_EVENTS) && (s->wants & PD_WANTS_ARGS);
}

static bool room(struct pd_spans *s, struct pd_index *ix)
{
	if (ix->slot && ix->used < ix->mask - ix->mask / 4)
		return true;
	if (!pd_index_grow(ix))
		s->nomem = true;
	return !s->nomem;
}

/* Number of the trace, from 1; 0 when out of memory. */
static uint32_t trace_of(struct pd_spans *s, struct pd_trace_id id, bool add)
{
	uint32_t hash = pd_fold32(pd_hash_u64(s->key, id.hi, id.lo)), at, row;

	if (!room(s, &s->by_trace))
		return 0;
	for (row = pd_index_first(&s->by_trace, hash, &at); row; row = pd_index_next(&s->by_trace, hash, &at))
		if (s->trace.v[row - 1].hi == id.hi && s->trace.v[row - 1].lo == id.lo)
			return row;
	if (!add)
		return 0;
	if (!pd_vec_push(&s->trace, id)) {
		s->nomem = true;
		return 0;
	}
	pd_index_put(&s->by_trace, hash, at, (uint32_t)s->trace.n);
	return (uint32_t)s->trace.n;
}

void pd_spans_arg(struct pd_spans *s, const struct pd_arg *a)
{
	struct span_arg row = { .kind = a->kind };

	if (!pd_spans_wants_args(s))
		return;
	row.key = pd_intern(s->b, a->key.p, a->key.n).v;
	switch (a->kind) {
	case PD_ARG_STR: case PD_ARG_JSON: row.str = pd_intern(s->b, a->str.p, a->str.n).v; break;
	case PD_ARG_INT: row.i = a->i; break;
	case PD_ARG_UINT: row.u = a->u; break;
	case PD_ARG_REAL: row.real = a->real; break;
	case PD_ARG_BOOL: row.yes = a->yes; break;
	}
	if (!s->in_event) {
		s->nomem |= !pd_vec_push(&s->pending, row);
	} else if (pd_vec_push(&s->arg, row)) {
		s->event.v[s->event.n - 1].n_args++;
	} else {
		s->nomem = true;
	}
}

void pd_spans_event(struct pd_spans *s, int64_t ts, pd_str name)
{
	struct span_event e = { .ts = ts, .name = name.v, .args = (uint32_t)s->arg.n };

	if (!(s->wants & PD_WANTS_EVENTS))
		return;
	s->in_event = pd_vec_push(&s->event, e);
	s->nomem |= !s->in_event;
}

void pd_spans_of_span(struct pd_spans *s)
{
	s->in_event = false;
}

void pd_spans_link(struct pd_spans *s, struct pd_trace_id trace, uint64_t id)
{
	if ((s->wants & PD_WANTS_EVENTS) && !pd_vec_push(&s->link, ((struct span_link){ .trace = trace, .id = id })))
		s->nomem = true;
}

/* What is held, beside strings. */
static uint64_t bytes(const struct pd_spans *s)
{
	return (s->row.cap + s->row.n) * sizeof *s->row.v + s->arg.cap * sizeof *s->arg.v + s->event.cap * sizeof *s->event.v + s->link.cap * sizeof *s->link.v;
}

/* Nothing of the span that was being read stays. */
static bool drop(struct pd_spans *s, const char *what)
{
	if (s->event.n > s->first_event)
		s->arg.n = s->event.v[s->first_event].args;
	s->event.n = s->first_event;
	s->link.n = s->first_link;
	s->pending.n = 0;
	if (s->status == PD_OK)
		s->status = pd_note(s->sink, s->src, what);
	return s->status == PD_OK;
}

static bool same_span(const struct span_row *a, const struct span_row *b)
{
	return a->start == b->start && a->end == b->end && a->kind == b->kind && a->parent == b->parent && a->name == b->name;
}

static bool put_row(struct pd_spans *s, struct span_row *r)
{
	uint32_t at, hash = pd_fold32(pd_hash_u64(s->key, r->id, r->trace)), row;

	if (!room(s, &s->by_id) || !pd_vec_reserve(&s->row, 1) || !pd_vec_reserve(&s->arg, s->pending.n)) {
		s->nomem = true;
		return false;
	}
	for (row = pd_index_first(&s->by_id, hash, &at); row; row = pd_index_next(&s->by_id, hash, &at)) {
		struct span_row *old = &s->row.v[row - 1];

		if (old->id != r->id || old->trace != r->trace)
			continue;
		if (same_span(old, r))
			return drop(s, "spans that are there twice skipped");
		if (old->twin)
			return drop(s, "spans whose id others have already skipped");
		old->twin = (uint32_t)s->row.n + 1;
		r->twin = row;
		break;
	}
	r->args = (uint32_t)s->arg.n;
	r->n_args = (uint32_t)s->pending.n;
	if (s->pending.n)
		memcpy(s->arg.v + s->arg.n, s->pending.v, s->pending.n * sizeof *s->pending.v);
	s->arg.n += s->pending.n;
	s->pending.n = 0;
	for (size_t i = s->first_link; i < s->link.n; i++)
		s->link.v[i].row = (uint32_t)s->row.n + 1;
	s->row.v[s->row.n++] = *r;
	if (!row)
		pd_index_put(&s->by_id, hash, at, (uint32_t)s->row.n);
	return true;
}

bool pd_spans_add(struct pd_spans *s, const struct pd_span_desc *d)
{
	struct span_row r = { .id = d->id, .parent = d->parent, .start = d->start, .end = d->end, .service = d->service.v, .name = d->name.v,
			      .kind = (uint8_t)d->kind, .shared = d->shared, .error = d->error, .events = s->first_event };
	bool fine = true;

	s->in_event = false;
	r.n_events = (uint32_t)s->event.n - s->first_event;
	if (d->start <= 0 || d->end < d->start) {
		if (d->start <= 0)
			fine = drop(s, "spans without a begin skipped");
		else if (pd_note(s->sink, s->src, "spans that end before they begin: taken to last no time") != PD_OK)
			s->status = PD_ERR_DATA;
		r.end = r.start;
	}
	if (d->start > 0 && s->status == PD_OK && (r.trace = trace_of(s, d->trace, true)))
		fine = put_row(s, &r);
	if (s->row.n >= PD_MAX_ROWS || s->arg.n >= PD_MAX_ROWS || bytes(s) > s->sink->limits->max_memory) {
		s->status = pd_error_set(s->sink->err, PD_ERR_LIMIT, "more memory needed than the limit of %llu bytes: all spans of a file are held",
					 (unsigned long long)s->sink->limits->max_memory);
		pd_error_hint(s->sink->err, "--max-memory SIZE raises the limit");
	}
	s->first_event = (uint32_t)s->event.n;
	s->first_link = (uint32_t)s->link.n;
	return fine && s->status == PD_OK && !s->nomem && !pd_builder_failed(s->b);
}

uint32_t pd_spans_count(const struct pd_spans *s) { return (uint32_t)s->row.n; }
pd_str pd_spans_service(const struct pd_spans *s, uint32_t i) { return (pd_str){ s->row.v[i].service }; }
void pd_spans_set_service(struct pd_spans *s, uint32_t i, pd_str service) { s->row.v[i].service = service.v; }

void pd_spans_no_memory(struct pd_spans *s) { s->nomem = true; }

/* ---- all of them ---- */

/* Row (from 1) of an id of a trace; `like` tells two halves apart. */
static uint32_t find(struct pd_spans *s, uint32_t trace, uint64_t id, const struct span_row *like)
{
	uint32_t hash = pd_fold32(pd_hash_u64(s->key, id, trace)), at, row;

	if (!s->by_id.slot)
		return 0;
	for (row = pd_index_first(&s->by_id, hash, &at); row; row = pd_index_next(&s->by_id, hash, &at)) {
		const struct span_row *r = &s->row.v[row - 1], *twin = r->twin ? &s->row.v[r->twin - 1] : NULL;

		if (r->id != id || r->trace != trace)
			continue;
		/* of a client and its server the one of the same service called, else the server */
		if (twin && like && (twin->service == like->service) != (r->service == like->service))
			return twin->service == like->service ? r->twin : row;
		return twin && r->kind == PD_SPAN_CLIENT ? r->twin : row;
	}
	return 0;
}

static void find_parents(struct pd_spans *s)
{
	for (uint32_t i = 1; i <= s->row.n; i++) {
		const struct span_row *r = &s->row.v[i - 1], *twin = r->twin ? &s->row.v[r->twin - 1] : NULL;

		if (twin && twin->kind != PD_SPAN_SERVER && (r->shared || (r->kind == PD_SPAN_SERVER && twin->kind == PD_SPAN_CLIENT)))
			s->parent[i] = r->twin;
		else if (r->parent)
			s->parent[i] = find(s, r->trace, r->parent, r);
		s->orphans += r->parent && !s->parent[i];
	}
	for (size_t i = 0; i < s->link.n; i++) {
		uint32_t trace = trace_of(s, s->link.v[i].trace, false);

		s->link.v[i].target = trace ? find(s, trace, s->link.v[i].id, NULL) : 0;
	}
}

static enum pd_status say(struct pd_spans *s, uint64_t n, const char *what)
{
	enum pd_status status = PD_OK;

	for (uint64_t i = 0; i < n && status == PD_OK; i++)
		status = pd_note(s->sink, s->src, what);
	return status;
}

static enum pd_status remarks(struct pd_spans *s)
{
	enum pd_status status = say(s, s->orphans, "spans whose parent is not in the file: they are roots");

	if (status == PD_OK)
		status = say(s, s->cycles, "spans that are their own ancestors: they are roots");
	return status == PD_OK ? say(s, s->early, "spans that begin before their parent: clocks differ, times stay as they are") : status;
}

enum pd_status pd_spans_finish(struct pd_spans *s, struct pd_events *ev, bool profile)
{
	size_t n = s->row.n + 1;
	enum pd_status status = s->status;
	bool fine = true;

	if (status != PD_OK)
		return status;
	if (s->nomem)
		return pd_error_set(s->sink->err, PD_ERR_NOMEM, "out of memory");
	if (pd_builder_failed(s->b))
		return pd_builder_status(s->b); /* the loader knows why */
	if (!s->row.n)
		return pd_fail_at(s->sink, s->src, pd_source_offset(s->src), "no span found");
	s->parent = calloc(n, sizeof *s->parent);
	if (s->parent) {
		find_parents(s);
		fine = pd_spans_relate(s);
		status = fine ? remarks(s) : PD_OK;
		if (fine && status == PD_OK && profile)
			pd_spans_profile(s);
		if (fine && status == PD_OK && ev && (s->wants & PD_WANTS_EVENTS))
			fine = pd_spans_timeline(s, ev);
		if (fine && status == PD_OK && ev && (s->wants & PD_WANTS_FACTS))
			fine = pd_spans_facts(s, ev);
	}
	if (s->nomem || !s->parent || !fine)
		return pd_error_set(s->sink->err, PD_ERR_NOMEM, "out of memory");
	return status;
}
