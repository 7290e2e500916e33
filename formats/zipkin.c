/*
 * zipkin - spans of Zipkin's API, version 2: a list of spans, or a list of
 * traces, each a list of spans (what GET /api/v2/traces answers).
 *
 *   [{"traceId":"5af7183fb1d4cf5f","id":"352bff9a74ca9ad2","parentId":"5af7183fb1d4cf5f","name":"get /cart","kind":"SERVER","shared":true,
 *     "timestamp":1556604172355737,"duration":1431,"localEndpoint":{"serviceName":"cart"},
 *     "annotations":[{"timestamp":1556604172355900,"value":"cache miss"}],"tags":{"http.method":"GET"}}]
 *
 * The two halves of a call may share an id: the server's is a child of the client's.
 */
#include "base/span.h"
#include "common/spans_json.h"

static bool read_tags(struct pd_spans *s, struct pd_json *j, struct pd_builder *b, bool *error)
{
	struct pd_span key;

	if (pd_json_type(j) != PD_JSON_OBJECT)
		return pd_json_skip(j);
	pd_json_object(j);
	while (pd_json_member(j, &key)) {
		struct pd_arg arg = { .key = { "", 0 } };
		bool has, bad = pd_json_is(key, "error");

		if (!pd_spans_wants_args(s) && !bad) {
			pd_json_skip(j);
			continue;
		}
		*error |= bad;
		arg.key = pd_builder_string(b, pd_intern(b, key.p, key.n));
		if (pd_spans_json_value(j, b, &arg, &has) && has)
			pd_spans_arg(s, &arg);
	}
	return !pd_json_failed(j);
}

static bool read_annotations(struct pd_spans *s, struct pd_json *j, struct pd_builder *b)
{
	struct pd_span key;

	if (pd_json_type(j) != PD_JSON_ARRAY)
		return pd_json_skip(j);
	pd_json_array(j);
	while (pd_json_element(j)) {
		pd_str name = { 0 };
		int64_t ts = 0;

		if (!pd_json_object(j))
			return false;
		while (pd_json_member(j, &key)) {
			if (pd_json_is(key, "timestamp"))
				pd_spans_json_time(j, 3, &ts);
			else if (pd_json_is(key, "value"))
				pd_spans_json_str(j, b, &name);
			else
				pd_json_skip(j);
		}
		pd_spans_event(s, ts, name);
		pd_spans_of_span(s);
	}
	return !pd_json_failed(j);
}

static bool read_endpoint(struct pd_json *j, struct pd_builder *b, pd_str *service)
{
	struct pd_span key;

	if (pd_json_type(j) != PD_JSON_OBJECT)
		return pd_json_skip(j);
	pd_json_object(j);
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "serviceName"))
			pd_spans_json_str(j, b, service);
		else
			pd_json_skip(j);
	}
	return !pd_json_failed(j);
}

static bool read_kind(struct pd_json *j, enum pd_span_kind *kind)
{
	struct pd_span s;

	if (!pd_json_maybe_string(j, &s))
		return !pd_json_failed(j);
	*kind = pd_span_kind_text(s);
	return true;
}

static bool read_span(struct pd_spans *s, struct pd_json *j, struct pd_builder *b)
{
	struct pd_span_desc d = { .id = 0 };
	int64_t dur = 0;
	struct pd_span key;

	if (!pd_json_object(j))
		return false;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "traceId"))
			pd_spans_json_trace(j, &d.trace);
		else if (pd_json_is(key, "id"))
			pd_spans_json_id(j, &d.id);
		else if (pd_json_is(key, "parentId"))
			pd_spans_json_id(j, &d.parent);
		else if (pd_json_is(key, "name"))
			pd_spans_json_str(j, b, &d.name);
		else if (pd_json_is(key, "kind"))
			read_kind(j, &d.kind);
		else if (pd_json_is(key, "timestamp"))
			pd_spans_json_time(j, 3, &d.start);
		else if (pd_json_is(key, "duration"))
			pd_spans_json_time(j, 3, &dur);
		else if (pd_json_is(key, "localEndpoint"))
			read_endpoint(j, b, &d.service);
		else if (pd_json_is(key, "tags"))
			read_tags(s, j, b, &d.error);
		else if (pd_json_is(key, "annotations"))
			read_annotations(s, j, b);
		else if (pd_json_is(key, "shared") && pd_json_type(j) == PD_JSON_BOOL)
			pd_json_bool(j, &d.shared);
		else
			pd_json_skip(j);
	}
	if (pd_json_failed(j))
		return false;
	if (pd_add_overflow(d.start, dur, &d.end))
		d.end = INT64_MAX;
	return pd_spans_add(s, &d);
}

static bool read_document(struct pd_spans *s, struct pd_json *j, struct pd_sink *sink)
{
	if (!pd_json_array(j))
		return false;
	while (pd_json_element(j)) {
		if (pd_json_type(j) != PD_JSON_ARRAY) {
			if (!read_span(s, j, sink->prof))
				return false;
			continue;
		}
		pd_json_array(j);
		while (pd_json_element(j))
			if (!read_span(s, j, sink->prof))
				return false;
	}
	return !pd_json_failed(j);
}

static enum pd_status zipkin_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	(void)opts;
	return pd_spans_json_read(src, sink, sink->events, true, read_document);
}

static enum pd_status zipkin_events(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	(void)opts;
	return pd_spans_json_read(src, sink, ev, false, read_document);
}

/* "[[{": keys of the first element are not those of an object then. */
static bool list_of_lists(struct pd_span s)
{
	for (int i = 0; i < 2; i++) {
		s = span_ltrim(s);
		if (!span_eat(&s, "["))
			return false;
	}
	s = span_ltrim(s);
	return s.n && s.p[0] == '{';
}

static enum pd_sniff zipkin_sniff(const struct pd_probe *p)
{
	if (p->json_top != '[')
		return PD_SNIFF_NO;
	if (pd_probe_has_key(p, "traceId") && pd_probe_has_key(p, "id") && !pd_probe_has_key(p, "ph"))
		return PD_SNIFF_SHAPE;
	if (list_of_lists(p->head) && span_search(p->head, SPAN("\"traceId\"")) && span_search(p->head, SPAN("\"localEndpoint\"")))
		return PD_SNIFF_SHAPE;
	return PD_SNIFF_NO;
}

const struct pd_format pd_format_zipkin = {
	.name = "zipkin",
	.summary = "distributed traces: spans of Zipkin, version 2",
	.sniff = zipkin_sniff,
	.read = zipkin_read,
	.read_events = zipkin_events,
};
