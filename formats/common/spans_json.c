#include "common/spans_json.h"
#include "base/error.h"
#include "base/span.h"

bool pd_spans_json_str(struct pd_json *j, struct pd_builder *b, pd_str *out)
{
	struct pd_span s;

	*out = (pd_str){ 0 };
	if (!pd_json_maybe_string(j, &s))
		return !pd_json_failed(j);
	*out = pd_intern(b, s.p, s.n);
	return true;
}

bool pd_spans_json_trace(struct pd_json *j, struct pd_trace_id *out)
{
	struct pd_span s;

	*out = (struct pd_trace_id){ 0, 0 };
	if (!pd_json_maybe_string(j, &s))
		return !pd_json_failed(j);
	*out = pd_trace_id_text(s);
	return true;
}

bool pd_spans_json_id(struct pd_json *j, uint64_t *out)
{
	struct pd_span s;

	*out = 0;
	if (!pd_json_maybe_string(j, &s))
		return !pd_json_failed(j);
	*out = pd_span_id_text(s);
	return true;
}

bool pd_spans_json_time(struct pd_json *j, int shift, int64_t *out)
{
	struct pd_number num;
	struct pd_span s;
	bool rounded = false;

	*out = 0;
	if (pd_json_type(j) == PD_JSON_NUMBER) {
		if (!pd_json_number(j, &num))
			return false;
	} else if (pd_json_type(j) == PD_JSON_STRING) {
		if (!pd_json_string(j, &s))
			return false;
		if (!pd_number_parse(s, &num))
			return true;
	} else {
		return pd_json_skip(j);
	}
	if (!pd_number_scaled(&num, shift, out, &rounded))
		*out = 0;
	return true;
}

/* A container as it stands in the file. */
static bool raw_value(struct pd_json *j, struct pd_builder *b, struct pd_arg *out)
{
	uint64_t from = pd_json_offset(j);
	struct pd_span s;
	pd_str text;
	bool fine;

	pd_json_keep(j);
	fine = pd_json_skip(j);
	if (fine) {
		s = (struct pd_span){ j->keep, (size_t)(pd_json_offset(j) - from) };
		text = pd_intern(b, s.p, s.n);
		out->kind = PD_ARG_JSON;
		out->str = pd_builder_string(b, text);
	}
	pd_json_drop(j);
	return fine;
}

bool pd_spans_json_value(struct pd_json *j, struct pd_builder *b, struct pd_arg *out, bool *has)
{
	struct pd_number num;
	struct pd_span s;

	*has = true;
	switch (pd_json_type(j)) {
	case PD_JSON_STRING:
		if (!pd_json_string(j, &s))
			return false;
		out->kind = PD_ARG_STR;
		out->str = pd_builder_string(b, pd_intern(b, s.p, s.n));
		return true;
	case PD_JSON_NUMBER:
		if (!pd_json_number(j, &num))
			return false;
		out->kind = PD_ARG_INT;
		if (!pd_number_i64(&num, &out->i)) {
			out->kind = PD_ARG_REAL;
			out->real = pd_number_double(&num);
		}
		return true;
	case PD_JSON_BOOL:
		out->kind = PD_ARG_BOOL;
		return pd_json_bool(j, &out->yes);
	case PD_JSON_ARRAY: case PD_JSON_OBJECT:
		return raw_value(j, b, out);
	default:
		*has = false;
		return pd_json_skip(j);
	}
}

enum pd_status pd_spans_json_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, bool profile, bool (*document)(struct pd_spans *, struct pd_json *, struct pd_sink *))
{
	struct pd_spans *s = pd_spans_new(src, sink, ev);
	enum pd_status status = PD_OK;
	bool more = s != NULL;
	struct pd_json j;

	while (more && status == PD_OK) {
		pd_json_init(&j, src, sink);
		j.nonfinite = true;
		more = document(s, &j, sink);
		if (more && !pd_json_failed(&j))
			pd_json_leave(&j);
		status = pd_json_status(&j);
		pd_json_release(&j);
		for (struct pd_span head; more && status == PD_OK && (head = pd_source_peek(src, 1)).n && span_is_blank(head.p[0]);)
			pd_source_consume(src, 1);
		more = more && status == PD_OK && pd_source_peek(src, 1).n != 0;
	}
	if (s && status == PD_OK)
		status = pd_source_status(src);
	if (!s)
		return PD_ERR_NOMEM;
	if (status == PD_OK) /* also after a span that could not be taken: this says why */
		status = pd_spans_finish(s, ev, profile);
	pd_spans_free(s);
	return status;
}
