/*
 * jaeger - traces as Jaeger's UI and API give them:
 *
 *   {"data":[{"traceID":"...","spans":[
 *     {"traceID":"...","spanID":"...","operationName":"GET /cart","references":[{"refType":"CHILD_OF","traceID":"...","spanID":"..."}],
 *      "startTime":1556604172355737,"duration":1431,"tags":[{"key":"span.kind","type":"string","value":"server"}],
 *      "logs":[{"timestamp":1556604172355900,"fields":[{"key":"event","type":"string","value":"cache miss"}]}],"processID":"p1"}],
 *    "processes":{"p1":{"serviceName":"cart","tags":[]}}}],"total":0,"limit":0,"offset":0,"errors":null}
 *
 * or one of those traces by itself, or a list of them. Processes stand behind
 * the spans that name them; a span may have its own (`process`). Times are microseconds.
 */
#include "base/span.h"
#include "common/spans_json.h"

struct process {
	pd_str id, service;
};

struct reader {
	struct pd_spans *s;
	struct pd_json *j;
	struct pd_builder *b;
	PD_VEC(struct process) process; /* of the trace at hand */
	PD_VEC(uint8_t) own; /* per span of that trace: its service is known */
	bool nomem;
};

/* A tag that says something about the span itself. */
static bool tells(struct pd_span key)
{
	return pd_json_is(key, "span.kind") || pd_json_is(key, "error") || pd_json_is(key, "otel.status_code");
}

/* {"key": ..., "type": ..., "value": ...} */
static bool read_tag(struct reader *r, struct pd_arg *arg, bool *has)
{
	pd_str name = { 0 };
	struct pd_span key;

	*has = false;
	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		if (pd_json_is(key, "key"))
			pd_spans_json_str(r->j, r->b, &name);
		else if (pd_json_is(key, "value") && (!name.v || pd_spans_wants_args(r->s) || tells(pd_builder_string(r->b, name))))
			pd_spans_json_value(r->j, r->b, arg, has);
		else
			pd_json_skip(r->j);
	}
	arg->key = pd_builder_string(r->b, name);
	*has = *has && name.v;
	return !pd_json_failed(r->j);
}

static bool says_error(const struct pd_arg *a)
{
	if (pd_json_is(a->key, "error"))
		return a->kind == PD_ARG_BOOL ? a->yes : a->kind != PD_ARG_STR || (a->str.n && !span_is(a->str, "false"));
	return pd_json_is(a->key, "otel.status_code") && a->kind == PD_ARG_STR && span_is(a->str, "ERROR");
}

static bool read_tags(struct reader *r, struct pd_span_desc *d)
{
	if (pd_json_type(r->j) != PD_JSON_ARRAY)
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j)) {
		struct pd_arg arg = { .key = { "", 0 } };
		bool has;

		if (!read_tag(r, &arg, &has))
			return false;
		if (!has)
			continue;
		if (pd_json_is(arg.key, "span.kind") && arg.kind == PD_ARG_STR)
			d->kind = pd_span_kind_text(arg.str);
		d->error |= says_error(&arg);
		pd_spans_arg(r->s, &arg);
	}
	return !pd_json_failed(r->j);
}

/* The field "event" (or "message") names what happened, the others are its arguments. */
static bool read_fields(struct reader *r, int64_t ts)
{
	struct pd_arg arg[16];
	size_t n = 0;
	pd_str name = { 0 };

	if (pd_json_type(r->j) != PD_JSON_ARRAY)
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j)) {
		struct pd_arg one = { .key = { "", 0 } };
		bool has;

		if (!read_tag(r, &one, &has))
			return false;
		if (has && one.kind == PD_ARG_STR && (pd_json_is(one.key, "event") || (!name.v && pd_json_is(one.key, "message"))))
			name = pd_intern(r->b, one.str.p, one.str.n);
		else if (has && n < PD_ARRAY_LEN(arg))
			arg[n++] = one;
	}
	pd_spans_event(r->s, ts, name.v ? name : pd_intern_z(r->b, "log"));
	for (size_t i = 0; i < n; i++)
		pd_spans_arg(r->s, &arg[i]);
	pd_spans_of_span(r->s);
	return !pd_json_failed(r->j);
}

static bool read_logs(struct reader *r)
{
	struct pd_span key;

	if (pd_json_type(r->j) != PD_JSON_ARRAY)
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j)) {
		int64_t ts = 0;

		if (!pd_json_object(r->j))
			return false;
		while (pd_json_member(r->j, &key)) { /* the timestamp comes first wherever this is written */
			if (pd_json_is(key, "timestamp"))
				pd_spans_json_time(r->j, 3, &ts);
			else if (pd_json_is(key, "fields"))
				read_fields(r, ts);
			else
				pd_json_skip(r->j);
		}
	}
	return !pd_json_failed(r->j);
}

static bool read_references(struct reader *r, struct pd_span_desc *d)
{
	struct pd_span key, s;

	if (pd_json_type(r->j) != PD_JSON_ARRAY)
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j)) {
		struct pd_trace_id trace = { 0, 0 };
		bool child = false;
		uint64_t id = 0;

		if (!pd_json_object(r->j))
			return false;
		while (pd_json_member(r->j, &key)) {
			if (pd_json_is(key, "refType") && pd_json_type(r->j) == PD_JSON_STRING)
				child = pd_json_string(r->j, &s) && pd_json_is(s, "CHILD_OF");
			else if (pd_json_is(key, "traceID"))
				pd_spans_json_trace(r->j, &trace);
			else if (pd_json_is(key, "spanID"))
				pd_spans_json_id(r->j, &id);
			else
				pd_json_skip(r->j);
		}
		if (child && !d->parent)
			d->parent = id;
		else if (id)
			pd_spans_link(r->s, trace, id);
	}
	return !pd_json_failed(r->j);
}

static bool read_process(struct reader *r, pd_str *service)
{
	struct pd_span key;

	if (pd_json_type(r->j) != PD_JSON_OBJECT)
		return pd_json_skip(r->j);
	pd_json_object(r->j);
	while (pd_json_member(r->j, &key)) {
		if (pd_json_is(key, "serviceName"))
			pd_spans_json_str(r->j, r->b, service);
		else
			pd_json_skip(r->j);
	}
	return !pd_json_failed(r->j);
}

static bool read_span(struct reader *r)
{
	struct pd_span_desc d = { .id = 0 };
	uint32_t before = pd_spans_count(r->s);
	int64_t dur = 0;
	bool own = false;
	pd_str process = { 0 };
	struct pd_span key;

	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		if (pd_json_is(key, "traceID"))
			pd_spans_json_trace(r->j, &d.trace);
		else if (pd_json_is(key, "spanID"))
			pd_spans_json_id(r->j, &d.id);
		else if (pd_json_is(key, "parentSpanID"))
			pd_spans_json_id(r->j, &d.parent);
		else if (pd_json_is(key, "operationName"))
			pd_spans_json_str(r->j, r->b, &d.name);
		else if (pd_json_is(key, "startTime"))
			pd_spans_json_time(r->j, 3, &d.start);
		else if (pd_json_is(key, "duration"))
			pd_spans_json_time(r->j, 3, &dur);
		else if (pd_json_is(key, "references"))
			read_references(r, &d);
		else if (pd_json_is(key, "tags"))
			read_tags(r, &d);
		else if (pd_json_is(key, "logs"))
			read_logs(r);
		else if (pd_json_is(key, "processID"))
			pd_spans_json_str(r->j, r->b, &process);
		else if (pd_json_is(key, "process"))
			own = read_process(r, &d.service) && d.service.v;
		else
			pd_json_skip(r->j);
	}
	if (pd_json_failed(r->j))
		return false;
	if (!own)
		d.service = process; /* its id for now */
	if (pd_add_overflow(d.start, dur, &d.end))
		d.end = INT64_MAX;
	if (!pd_spans_add(r->s, &d))
		return false;
	if (pd_spans_count(r->s) > before && !pd_vec_push(&r->own, own))
		r->nomem = true;
	return !r->nomem;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct process *)a)->id.v, y = ((const struct process *)b)->id.v;

	return x < y ? -1 : x > y;
}

/* The trace is over: ids of processes become names of services. */
static void name_services(struct reader *r)
{
	uint32_t first = pd_spans_count(r->s) - (uint32_t)r->own.n;

	if (r->process.n)
		qsort(r->process.v, r->process.n, sizeof *r->process.v, by_id);
	for (size_t i = 0; i < r->own.n; i++) {
		struct process want = { .id = pd_spans_service(r->s, first + (uint32_t)i) };
		const struct process *hit = r->process.n && want.id.v ? bsearch(&want, r->process.v, r->process.n, sizeof want, by_id) : NULL;

		if (!r->own.v[i])
			pd_spans_set_service(r->s, first + (uint32_t)i, hit ? hit->service : want.id);
	}
	r->own.n = r->process.n = 0;
}

static bool read_processes(struct reader *r)
{
	struct pd_span key;

	if (pd_json_type(r->j) != PD_JSON_OBJECT)
		return pd_json_skip(r->j);
	pd_json_object(r->j);
	while (pd_json_member(r->j, &key)) {
		struct process p = { .id = pd_intern(r->b, key.p, key.n) };

		read_process(r, &p.service);
		r->nomem |= !pd_vec_push(&r->process, p);
	}
	return !pd_json_failed(r->j) && !r->nomem;
}

/* A member of a trace; false when reading must stop. */
static bool trace_member(struct reader *r, struct pd_span key)
{
	if (pd_json_is(key, "processes"))
		return read_processes(r);
	if (!pd_json_is(key, "spans") || pd_json_type(r->j) != PD_JSON_ARRAY)
		return pd_json_skip(r->j);
	pd_json_array(r->j);
	while (pd_json_element(r->j))
		if (!read_span(r))
			return false;
	return !pd_json_failed(r->j);
}

static bool read_trace(struct reader *r)
{
	struct pd_span key;

	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key))
		if (!trace_member(r, key))
			return false;
	name_services(r);
	return !pd_json_failed(r->j);
}

static bool read_list(struct reader *r)
{
	if (!pd_json_array(r->j))
		return false;
	while (pd_json_element(r->j))
		if (!read_trace(r))
			return false;
	return !pd_json_failed(r->j);
}

/* {"data": [traces]}, a trace, or a list of traces. */
static bool read_top(struct reader *r)
{
	struct pd_span key;

	if (pd_json_type(r->j) == PD_JSON_ARRAY)
		return read_list(r);
	if (!pd_json_object(r->j))
		return false;
	while (pd_json_member(r->j, &key)) {
		bool list = pd_json_is(key, "data") && pd_json_type(r->j) == PD_JSON_ARRAY;

		if (!(list ? read_list(r) : trace_member(r, key)))
			return false;
	}
	name_services(r);
	return !pd_json_failed(r->j);
}

static bool read_document(struct pd_spans *s, struct pd_json *j, struct pd_sink *sink)
{
	struct reader r = { .s = s, .j = j, .b = sink->prof };
	bool fine = read_top(&r);

	if (r.nomem)
		pd_spans_no_memory(s);
	pd_vec_release(&r.process);
	pd_vec_release(&r.own);
	return fine;
}

static enum pd_status jaeger_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	(void)opts;
	return pd_spans_json_read(src, sink, sink->events, true, read_document);
}

static enum pd_status jaeger_events(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	(void)opts;
	return pd_spans_json_read(src, sink, ev, false, read_document);
}

static enum pd_sniff jaeger_sniff(const struct pd_probe *p)
{
	bool words = span_search(p->head, SPAN("\"operationName\"")) && span_search(p->head, SPAN("\"spanID\"")) && span_search(p->head, SPAN("\"traceID\""));

	if (!p->json_top || !(pd_probe_has_key(p, "data") || (pd_probe_has_key(p, "spans") && pd_probe_has_key(p, "traceID")) || (pd_probe_has_key(p, "spans") && pd_probe_has_key(p, "processes"))))
		return PD_SNIFF_NO;
	if (words)
		return PD_SNIFF_MAGIC;
	return p->at_end ? PD_SNIFF_NO : PD_SNIFF_MORE;
}

const struct pd_format pd_format_jaeger = {
	.name = "jaeger",
	.summary = "distributed traces: JSON of Jaeger's UI and API",
	.sniff = jaeger_sniff,
	.read = jaeger_read,
	.read_events = jaeger_events,
};
