/* What the JSON readers of benchmark results share. */
#ifndef BENCHMARKS_JSON_VALUES_H
#define BENCHMARKS_JSON_VALUES_H

#include "base/span.h"
#include "bench/bench.h"
#include "common/json_read.h"
#include "io/source.h"

#include <math.h>

/* A number, or NaN for anything else (null, NaN tokens, texts, which are taken). */
static inline double json_real(struct pd_json *j)
{
	struct pd_number n;

	if (pd_json_type(j) == PD_JSON_NUMBER)
		return pd_json_number(j, &n) ? pd_number_double(&n) : (double)NAN;
	pd_json_skip(j);
	return (double)NAN;
}

/* A text kept in the collection; "" for anything else (taken). */
static inline const char *json_text(struct pd_json *j, struct pd_bench *b)
{
	struct pd_span s;
	const char *text;

	if (pd_json_type(j) != PD_JSON_STRING) {
		pd_json_skip(j);
		return "";
	}
	text = pd_json_string(j, &s) ? pd_bench_text(b, s) : NULL;
	return text ? text : "";
}

/* Numbers of an array: the caller frees .v. Elements that are no numbers become NaN. */
typedef PD_VEC(double) json_numbers;

static inline bool json_array_of(struct pd_json *j, json_numbers *out)
{
	out->n = 0;
	if (!pd_json_maybe_array(j))
		return !pd_json_failed(j);
	while (pd_json_element(j)) {
		double v = json_real(j);

		if (!pd_vec_push(out, v))
			return pd_json_fail(j, "memory for more numbers");
	}
	return !pd_json_failed(j);
}

/* Takes the value of a key that it knows and returns true; false: the value is skipped. */
typedef bool json_member_fn(struct pd_json *j, struct pd_span key, void *ctx);

/* Reads a document that is one object, or starts one: `take` sees its members. */
static inline enum pd_status json_document(struct pd_source *src, struct pd_bench_sink *sink, bool nonfinite, json_member_fn *take, void *ctx)
{
	struct pd_json j;
	struct pd_span key;
	enum pd_status st;

	pd_json_init(&j, src, &sink->sink);
	j.nonfinite = nonfinite;
	if (pd_json_object(&j))
		while (pd_json_member(&j, &key))
			if (!take(&j, key, ctx))
				pd_json_skip(&j);
	pd_json_finish(&j);
	st = pd_json_status(&j);
	pd_json_release(&j);
	return st;
}

/* The same of one line of src, whose number errors name. */
static inline enum pd_status json_line(struct pd_source *src, struct pd_bench_sink *sink, struct pd_span line, json_member_fn *take, void *ctx)
{
	struct pd_source *text = pd_source_memory(pd_source_name(src), line.p, line.n, NULL, sink->sink.err);
	enum pd_status st;

	if (!text)
		return PD_ERR_NOMEM;
	st = json_document(text, sink, false, take, ctx);
	pd_source_free(text);
	if (st > PD_WARN) {
		sink->sink.err->line = src->line;
		sink->sink.err->has_offset = false;
	}
	return st;
}

/* Does the head contain this piece of text? */
static inline bool probe_mentions(const struct pd_probe *p, const char *text) { return span_search(p->head, span_of(text)) != NULL; }

#endif
