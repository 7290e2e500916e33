/*
 * TracesData as protobuf. ResourceSpans are taken one by one, so the largest of
 * them is what must fit into memory beside the spans. The collector's file exporter writes
 * one message after another, each behind its length in four bytes, the high one first.
 */
#include "base/error.h"
#include "base/span.h"
#include "common/pb_wire.h"
#include "otlp_spans/otlp.h"

enum { RESOURCE_SPANS = 1, RESOURCE = 1, SCOPE_SPANS = 2, SPANS = 2 };
enum { TRACE_ID = 1, SPAN_ID = 2, PARENT = 4, NAME = 5, KIND = 6, START = 7, END = 8, ATTRIBUTES = 9, EVENTS = 11, LINKS = 13, STATUS = 15 };

struct reader {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_spans *s;
	struct pd_builder *b;
	const uint8_t *base;    /* of the message at hand, `offset` bytes into the input */
	uint64_t offset;
	pd_str service;
	bool failed;            /* said already */
	bool framed;            /* messages behind their lengths */
	uint64_t left;          /* bytes of the framed message at hand */
	struct pd_out *value;   /* JSON of the value at hand that nests; NULL before the first */
};

static struct pd_pb inside(const struct pd_pb_field *f)
{
	return (struct pd_pb){ .p = f->p, .end = f->p + f->n };
}

/* The walk of a message is over: was it whole? */
static bool sound(struct reader *r, const struct pd_pb *m)
{
	if (m->fault && !r->failed) {
		pd_fail_at(r->sink, r->src, r->offset + (uint64_t)(m->at - r->base), "broken protobuf: %s", pd_pb_fault_text(m->fault));
		r->failed = true;
	}
	return !r->failed;
}

static uint64_t big_endian(const struct pd_pb_field *f, size_t from, size_t n)
{
	uint64_t v = 0;

	for (size_t i = from; i < from + n && i < f->n; i++)
		v = v << 8 | f->p[i];
	return v;
}

static struct pd_trace_id trace_id(const struct pd_pb_field *f)
{
	return f->n == 16 ? (struct pd_trace_id){ big_endian(f, 0, 8), big_endian(f, 8, 8) } : (struct pd_trace_id){ 0, big_endian(f, 0, 8) };
}

static struct pd_span bytes_of(const struct pd_pb_field *f)
{
	return (struct pd_span){ (const char *)f->p, f->n };
}

static double double_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

/* What nests, as JSON. Good until the next one. */
static void read_nested(struct reader *r, const struct pd_pb_field *f, struct pd_arg *arg)
{
	pd_out_free(r->value);
	r->value = pd_out_memory(0, 0, r->sink->err);
	arg->kind = PD_ARG_JSON;
	arg->str = SPAN("null");
	if (!r->value) {
		r->failed = true;
		return;
	}
	otlp_value_json(r->value, f);
	if (pd_out_commit(r->value, r->sink->err) == PD_OK)
		arg->str = pd_out_memory_span(r->value);
	else
		r->failed = true;
}

/* AnyValue: string 1, bool 2, int 3, double 4, array 5, list of pairs 6, bytes 7. */
static bool read_any(struct reader *r, const struct pd_pb_field *value, struct pd_arg *arg)
{
	struct pd_pb m = inside(value);
	struct pd_pb_field f;
	bool has = false;

	while (pd_pb_next(&m, &f)) {
		has = true;
		if (f.number == 1 && f.wire == PD_PB_BYTES) {
			arg->kind = PD_ARG_STR;
			arg->str = bytes_of(&f);
		} else if (f.number == 2 && f.wire == PD_PB_VARINT) {
			arg->kind = PD_ARG_BOOL;
			arg->yes = f.value != 0;
		} else if (f.number == 3 && f.wire == PD_PB_VARINT) {
			arg->kind = PD_ARG_INT;
			arg->i = (int64_t)f.value;
		} else if (f.number == 4 && f.wire == PD_PB_FIXED64) {
			arg->kind = PD_ARG_REAL;
			arg->real = double_of(f.value);
		} else if ((f.number == 5 || f.number == 6) && f.wire == PD_PB_BYTES) {
			read_nested(r, &f, arg);
		} else {
			arg->kind = PD_ARG_STR;
			arg->str = SPAN("(bytes)");
		}
	}
	return sound(r, &m) && has;
}

static bool read_pair(struct reader *r, const struct pd_pb_field *pair, struct pd_arg *arg)
{
	struct pd_pb m = inside(pair);
	struct pd_pb_field f;
	bool has = false;

	*arg = (struct pd_arg){ .key = { "", 0 } };
	while (pd_pb_next(&m, &f)) {
		if (f.wire == PD_PB_BYTES && f.number == 1)
			arg->key = bytes_of(&f);
		else if (f.wire == PD_PB_BYTES && f.number == 2)
			has = read_any(r, &f, arg);
	}
	return sound(r, &m) && has;
}

static void read_attribute(struct reader *r, const struct pd_pb_field *f)
{
	struct pd_arg arg;

	if (pd_spans_wants_args(r->s) && read_pair(r, f, &arg))
		pd_spans_arg(r->s, &arg);
}

/* Event: time 1, name 2, attributes 3. */
static bool read_event(struct reader *r, const struct pd_pb_field *event)
{
	struct pd_pb m = inside(event);
	struct pd_pb_field f;
	pd_str name = { 0 };
	int64_t ts = 0;

	while (pd_pb_next(&m, &f)) {
		if (f.number == 1 && f.wire == PD_PB_FIXED64)
			ts = (int64_t)f.value;
		else if (f.number == 2 && f.wire == PD_PB_BYTES)
			name = pd_intern(r->b, (const char *)f.p, f.n);
	}
	if (!sound(r, &m))
		return false;
	pd_spans_event(r->s, ts, name);
	m = inside(event);
	while (pd_pb_next(&m, &f))
		if (f.number == 3 && f.wire == PD_PB_BYTES)
			read_attribute(r, &f);
	pd_spans_of_span(r->s);
	return !r->failed;
}

static bool read_link(struct reader *r, const struct pd_pb_field *link)
{
	struct pd_trace_id trace = { 0, 0 };
	struct pd_pb m = inside(link);
	struct pd_pb_field f;
	uint64_t id = 0;

	while (pd_pb_next(&m, &f)) {
		if (f.number == 1 && f.wire == PD_PB_BYTES)
			trace = trace_id(&f);
		else if (f.number == 2 && f.wire == PD_PB_BYTES)
			id = big_endian(&f, 0, 8);
	}
	pd_spans_link(r->s, trace, id);
	return sound(r, &m);
}

/* Status: message 2, code 3 (2 = error). */
static bool read_status(struct reader *r, const struct pd_pb_field *status, bool *error)
{
	struct pd_pb m = inside(status);
	struct pd_pb_field f;

	while (pd_pb_next(&m, &f))
		if (f.number == 3 && f.wire == PD_PB_VARINT)
			*error = f.value == 2;
	return sound(r, &m);
}

static bool read_span(struct reader *r, const struct pd_pb_field *span)
{
	struct pd_span_desc d = { .service = r->service };
	struct pd_pb m = inside(span);
	struct pd_pb_field f;

	while (!r->failed && pd_pb_next(&m, &f)) {
		bool bytes = f.wire == PD_PB_BYTES, fixed = f.wire == PD_PB_FIXED64;

		if (f.number == TRACE_ID && bytes)
			d.trace = trace_id(&f);
		else if (f.number == SPAN_ID && bytes)
			d.id = big_endian(&f, 0, 8);
		else if (f.number == PARENT && bytes)
			d.parent = big_endian(&f, 0, 8);
		else if (f.number == NAME && bytes)
			d.name = pd_intern(r->b, (const char *)f.p, f.n);
		else if (f.number == KIND && f.wire == PD_PB_VARINT)
			d.kind = f.value < PD_SPAN_KINDS ? (enum pd_span_kind)f.value : PD_SPAN_UNSET;
		else if (f.number == START && fixed)
			d.start = f.value > INT64_MAX ? 0 : (int64_t)f.value;
		else if (f.number == END && fixed)
			d.end = f.value > INT64_MAX ? INT64_MAX : (int64_t)f.value;
		else if (f.number == ATTRIBUTES && bytes)
			read_attribute(r, &f);
		else if (f.number == EVENTS && bytes)
			read_event(r, &f);
		else if (f.number == LINKS && bytes)
			read_link(r, &f);
		else if (f.number == STATUS && bytes)
			read_status(r, &f, &d.error);
	}
	return sound(r, &m) && pd_spans_add(r->s, &d);
}

static bool read_scope(struct reader *r, const struct pd_pb_field *scope)
{
	struct pd_pb m = inside(scope);
	struct pd_pb_field f;

	while (pd_pb_next(&m, &f))
		if (f.number == SPANS && f.wire == PD_PB_BYTES && !read_span(r, &f))
			return false;
	return sound(r, &m);
}

/* Resource: attributes 1. */
static bool read_resource(struct reader *r, const struct pd_pb_field *resource)
{
	struct pd_pb m = inside(resource);
	struct pd_pb_field f;
	struct pd_arg arg;

	while (pd_pb_next(&m, &f))
		if (f.number == 1 && f.wire == PD_PB_BYTES && read_pair(r, &f, &arg) && arg.kind == PD_ARG_STR && pd_json_is(arg.key, "service.name"))
			r->service = pd_intern(r->b, arg.str.p, arg.str.n);
	return sound(r, &m);
}

static bool read_resource_spans(struct reader *r, struct pd_span message)
{
	struct pd_pb whole = { .p = (const uint8_t *)message.p, .end = (const uint8_t *)message.p + message.n }, m = whole;
	uint32_t first = pd_spans_count(r->s);
	struct pd_pb_field f;

	r->service = (pd_str){ 0 };
	while (!r->failed && pd_pb_next(&m, &f)) {
		if (f.number == RESOURCE && f.wire == PD_PB_BYTES)
			read_resource(r, &f);
		else if (f.number == SCOPE_SPANS && f.wire == PD_PB_BYTES && !read_scope(r, &f))
			return false;
	}
	for (uint32_t i = first; i < pd_spans_count(r->s); i++) /* the resource may stand behind its spans */
		pd_spans_set_service(r->s, i, r->service);
	return sound(r, &m);
}

/* Length of the head of a field of bytes with its length in *n; 0 when it is something else. */
static size_t field_head(struct pd_span s, uint32_t *number, uint64_t *n)
{
	const uint8_t *p = (const uint8_t *)s.p, *end = p + s.n;
	uint64_t tag;

	if (pd_pb_varint(&p, end, &tag) != PD_PB_OK || (tag & 7) != PD_PB_BYTES || tag >> 3 > 100 || pd_pb_varint(&p, end, n) != PD_PB_OK)
		return 0;
	*number = (uint32_t)(tag >> 3);
	return (size_t)((const char *)p - s.p);
}

/* The length before a message of a framed file; empty messages are passed over. False: cut off. */
static bool next_frame(struct reader *r)
{
	while (r->framed && r->left == 0) {
		struct pd_span head = pd_source_peek(r->src, 4);

		if (!head.n)
			return true;
		if (head.n < 4) {
			pd_fail_at(r->sink, r->src, pd_source_offset(r->src), "cut off: expected the four bytes of a length");
			return false;
		}
		for (size_t i = 0; i < 4; i++)
			r->left = r->left << 8 | (uint8_t)head.p[i];
		pd_source_consume(r->src, 4);
	}
	return true;
}

static bool next_message(struct reader *r, bool *more)
{
	struct pd_span head;
	uint64_t n, at;
	uint32_t number;
	size_t skip;
	bool fine = true;

	if (!next_frame(r))
		return false;
	at = pd_source_offset(r->src);
	head = pd_source_peek(r->src, 20);
	*more = head.n != 0;
	if (!*more && r->left)
		pd_fail_at(r->sink, r->src, at, "cut off: %llu bytes of a message are missing", (unsigned long long)r->left);
	if (!*more)
		return !r->left;
	skip = field_head(head, &number, &n);
	if (!skip) {
		pd_fail_at(r->sink, r->src, at, "expected a field of TracesData");
		return false;
	}
	if (n > r->sink->limits->max_memory || n > SIZE_MAX - skip) {
		pd_error_set(r->sink->err, PD_ERR_LIMIT, "ResourceSpans of %llu bytes, more than may be held", (unsigned long long)n);
		return false;
	}
	if (r->framed && skip + n > r->left) {
		pd_fail_at(r->sink, r->src, at, "expected a field that ends with the message around it");
		return false;
	}
	r->left -= r->framed ? skip + n : 0;
	head = pd_source_peek(r->src, skip + (size_t)n);
	if (head.n < skip + n) {
		pd_fail_at(r->sink, r->src, at, "cut off: %zu of %llu bytes of ResourceSpans are there", head.n - skip, (unsigned long long)n);
		return false;
	}
	r->base = (const uint8_t *)head.p;
	r->offset = at;
	if (number == RESOURCE_SPANS)
		fine = read_resource_spans(r, (struct pd_span){ head.p + skip, (size_t)n });
	pd_source_consume(r->src, skip + (size_t)n);
	return fine;
}

enum pd_status otlp_proto_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, bool profile)
{
	struct reader r = { .src = src, .sink = sink, .b = sink->prof, .s = pd_spans_new(src, sink, ev) };
	enum pd_status status = PD_ERR_NOMEM;
	bool more = true;

	if (!r.s)
		return status;
	r.framed = pd_source_peek(src, 1).n && !*pd_source_peek(src, 1).p; /* a field never begins with 0 */
	while (more && next_message(&r, &more))
		;
	status = sink->err->status != PD_OK ? sink->err->status : pd_source_status(src);
	if (status == PD_OK)
		status = pd_spans_finish(r.s, ev, profile);
	pd_spans_free(r.s);
	pd_out_free(r.value);
	return status;
}

/* ---- detection ---- */

/* First field `number` of a message that may be cut; false when it is not there. */
static bool first_field(struct pd_span m, uint32_t number, struct pd_span *out)
{
	while (m.n) {
		uint32_t have;
		uint64_t n;
		size_t skip = field_head(m, &have, &n);

		if (!skip)
			return false;
		m = span_skip(m, skip);
		if (have == number) {
			*out = (struct pd_span){ m.p, n < m.n ? (size_t)n : m.n };
			return true;
		}
		m = span_skip(m, n < m.n ? (size_t)n : m.n);
	}
	return false;
}

bool otlp_proto_looks_like(struct pd_span head, bool at_end)
{
	struct pd_span resource_spans, scope, span;
	uint32_t number;
	uint64_t n;
	size_t skip;

	if (head.n > 4 && head.p[0] == 0)
		head = span_skip(head, 4); /* behind the length of the message */
	skip = field_head(head, &number, &n);
	if (!skip || number != RESOURCE_SPANS || (at_end && n > head.n - skip) || !first_field(head, RESOURCE_SPANS, &resource_spans))
		return false;
	if (!first_field(resource_spans, SCOPE_SPANS, &scope) || !first_field(scope, SPANS, &span))
		return false;
	/* a span begins with a trace id of 16 bytes and a span id of 8 */
	return span.n > 28 && span.p[0] == (TRACE_ID << 3 | PD_PB_BYTES) && span.p[1] == 16 && span.p[18] == (SPAN_ID << 3 | PD_PB_BYTES) && span.p[19] == 8;
}
