#include "base/span.h"
#include "otlp_spans/otlp.h"

struct reader {
	struct pd_spans *s;
	struct pd_json *j;
	struct pd_builder *b;
	pd_str service;     /* of the resource at hand */
	uint32_t first;     /* span of that resource */
};

/* {"stringValue": "x"}, {"intValue": "12"}, {"doubleValue": 1.5}, {"boolValue": true}; others as they stand there. */
static bool read_any(struct reader *r, struct pd_arg *arg, bool *has)
{
	struct pd_span key, s;
	int64_t v;

	*has = false;
	if (!pd_json_maybe_object(r->j))
		return !pd_json_failed(r->j);
	while (pd_json_member(r->j, &key)) {
		bool whole = (pd_json_is(key, "intValue") || pd_json_is(key, "int_value")) && pd_json_type(r->j) == PD_JSON_STRING;

		if (!whole) {
			pd_spans_json_value(r->j, r->b, arg, has);
		} else if (pd_json_string(r->j, &s) && span_i64(s, &v)) {
			arg->kind = PD_ARG_INT;
			arg->i = v;
			*has = true;
		}
	}
	return !pd_json_failed(r->j);
}

/* One attribute; key may follow value. */
static bool read_attribute(struct reader *r, struct pd_arg *arg, bool *has)
{
	struct pd_span key;
	pd_str name = { 0 };

	*has = false;
	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		if (pd_json_is(key, "key"))
			pd_spans_json_str(r->j, r->b, &name);
		else if (pd_json_is(key, "value"))
			read_any(r, arg, has);
		else
			pd_json_skip(r->j);
	}
	arg->key = pd_builder_string(r->b, name);
	return !pd_json_failed(r->j);
}

static bool read_attributes(struct reader *r)
{
	if (pd_json_type(r->j) != PD_JSON_ARRAY || !pd_spans_wants_args(r->s))
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j)) {
		struct pd_arg arg = { .key = { "", 0 } };
		bool has;

		if (!read_attribute(r, &arg, &has))
			return false;
		if (has)
			pd_spans_arg(r->s, &arg);
	}
	return !pd_json_failed(r->j);
}

static bool read_resource(struct reader *r)
{
	struct pd_span key;

	if (!pd_json_maybe_object(r->j))
		return !pd_json_failed(r->j);
	while (pd_json_member(r->j, &key)) {
		if (!pd_json_is(key, "attributes") || pd_json_type(r->j) != PD_JSON_ARRAY) {
			pd_json_skip(r->j);
			continue;
		}
		pd_json_array(r->j);
		while (pd_json_element(r->j)) {
			struct pd_arg arg = { .key = { "", 0 } };
			bool has;

			if (!read_attribute(r, &arg, &has))
				return false;
			if (has && arg.kind == PD_ARG_STR && pd_json_is(arg.key, "service.name"))
				r->service = pd_intern(r->b, arg.str.p, arg.str.n);
		}
	}
	return !pd_json_failed(r->j);
}

/* Name and time of an event come before its attributes wherever this is written; an event begins with the first of its members. */
static bool read_event(struct reader *r)
{
	struct pd_arg arg[16];
	size_t n = 0;
	pd_str name = { 0 };
	struct pd_span key;
	int64_t ts = 0;

	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		if (pd_json_is(key, "timeUnixNano") || pd_json_is(key, "time_unix_nano")) {
			pd_spans_json_time(r->j, 0, &ts);
		} else if (pd_json_is(key, "name")) {
			pd_spans_json_str(r->j, r->b, &name);
		} else if (pd_json_is(key, "attributes") && pd_json_type(r->j) == PD_JSON_ARRAY && pd_spans_wants_args(r->s)) {
			pd_json_array(r->j);
			while (pd_json_element(r->j)) {
				struct pd_arg one = { .key = { "", 0 } };
				bool has;

				if (read_attribute(r, &one, &has) && has && n < PD_ARRAY_LEN(arg))
					arg[n++] = one;
			}
		} else {
			pd_json_skip(r->j);
		}
	}
	pd_spans_event(r->s, ts, name);
	for (size_t i = 0; i < n; i++)
		pd_spans_arg(r->s, &arg[i]);
	pd_spans_of_span(r->s);
	return !pd_json_failed(r->j);
}

static bool read_link(struct reader *r)
{
	struct pd_trace_id trace = { 0, 0 };
	uint64_t id = 0;
	struct pd_span key;

	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		if (pd_json_is(key, "traceId") || pd_json_is(key, "trace_id"))
			pd_spans_json_trace(r->j, &trace);
		else if (pd_json_is(key, "spanId") || pd_json_is(key, "span_id"))
			pd_spans_json_id(r->j, &id);
		else
			pd_json_skip(r->j);
	}
	pd_spans_link(r->s, trace, id);
	return !pd_json_failed(r->j);
}

static bool read_list(struct reader *r, bool (*one)(struct reader *))
{
	if (pd_json_type(r->j) != PD_JSON_ARRAY)
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j))
		if (!one(r))
			return false;
	return !pd_json_failed(r->j);
}

static bool read_kind(struct reader *r, enum pd_span_kind *kind)
{
	struct pd_span s;
	int64_t v;

	if (pd_json_type(r->j) == PD_JSON_STRING) {
		if (!pd_json_string(r->j, &s))
			return false;
		*kind = pd_span_kind_text(s);
		return true;
	}
	if (!pd_spans_json_time(r->j, 0, &v))
		return false;
	*kind = v > 0 && v < PD_SPAN_KINDS ? (enum pd_span_kind)v : PD_SPAN_UNSET;
	return true;
}

static bool read_status(struct reader *r, bool *error)
{
	struct pd_span key, s;
	int64_t v;

	if (!pd_json_maybe_object(r->j))
		return !pd_json_failed(r->j);
	while (pd_json_member(r->j, &key)) {
		if (!pd_json_is(key, "code"))
			pd_json_skip(r->j);
		else if (pd_json_type(r->j) == PD_JSON_STRING)
			*error = pd_json_string(r->j, &s) && pd_json_is(s, "STATUS_CODE_ERROR");
		else
			*error = pd_spans_json_time(r->j, 0, &v) && v == 2;
	}
	return !pd_json_failed(r->j);
}

/* The camel case of the standard, and the names of the fields, which some encoders keep. */
static bool is_either(struct pd_span key, const char *camel, const char *snake)
{
	return span_is(key, camel) || span_is(key, snake);
}

static bool span_member(struct reader *r, struct pd_span_desc *d, struct pd_span key)
{
	if (is_either(key, "traceId", "trace_id"))
		return pd_spans_json_trace(r->j, &d->trace);
	if (is_either(key, "spanId", "span_id"))
		return pd_spans_json_id(r->j, &d->id);
	if (is_either(key, "parentSpanId", "parent_span_id"))
		return pd_spans_json_id(r->j, &d->parent);
	if (pd_json_is(key, "name"))
		return pd_spans_json_str(r->j, r->b, &d->name);
	if (pd_json_is(key, "kind"))
		return read_kind(r, &d->kind);
	if (is_either(key, "startTimeUnixNano", "start_time_unix_nano"))
		return pd_spans_json_time(r->j, 0, &d->start);
	if (is_either(key, "endTimeUnixNano", "end_time_unix_nano"))
		return pd_spans_json_time(r->j, 0, &d->end);
	if (pd_json_is(key, "attributes"))
		return read_attributes(r);
	if (pd_json_is(key, "events"))
		return read_list(r, read_event);
	if (pd_json_is(key, "links"))
		return read_list(r, read_link);
	return pd_json_is(key, "status") ? read_status(r, &d->error) : pd_json_skip(r->j);
}

static bool read_span(struct reader *r)
{
	struct pd_span_desc d = { .service = r->service };
	struct pd_span key;

	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key))
		span_member(r, &d, key);
	return !pd_json_failed(r->j) && pd_spans_add(r->s, &d);
}

static bool read_scope(struct reader *r)
{
	struct pd_span key;

	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key))
		if (!(pd_json_is(key, "spans") ? read_list(r, read_span) : pd_json_skip(r->j)))
			return false;
	return !pd_json_failed(r->j);
}

static bool read_resource_spans(struct reader *r)
{
	struct pd_span key;

	r->service = (pd_str){ 0 };
	r->first = pd_spans_count(r->s);
	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		bool scopes = is_either(key, "scopeSpans", "scope_spans") || pd_json_is(key, "instrumentationLibrarySpans");

		if (!(scopes ? read_list(r, read_scope) : pd_json_is(key, "resource") ? read_resource(r) : pd_json_skip(r->j)))
			return false;
	}
	for (uint32_t i = r->first; i < pd_spans_count(r->s); i++) /* the resource may stand behind its spans */
		pd_spans_set_service(r->s, i, r->service);
	return !pd_json_failed(r->j);
}

bool otlp_json_document(struct pd_spans *s, struct pd_json *j, struct pd_sink *sink)
{
	struct reader r = { .s = s, .j = j, .b = sink->prof };
	struct pd_span key;

	if (!pd_json_object(j))
		return false;
	while (pd_json_member(j, &key))
		if (!(is_either(key, "resourceSpans", "resource_spans") ? read_list(&r, read_resource_spans) : pd_json_skip(j)))
			return false;
	return !pd_json_failed(j);
}
