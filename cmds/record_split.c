/* profdata record --split: a recording of several kinds as one profile per kind. */
#include "record.h"

#include <string.h>

#include <profdata/builder.h>
#include <profdata/transform.h>

static bool is(const struct pd_doc *doc, pd_str s, const char *text)
{
	struct pd_span t = pd_doc_string(doc, s);

	return t.n == strlen(text) && memcmp(t.p, text, t.n) == 0;
}

/* The period of the whole recording is that of its clocks. */
static void set_period(const struct record_args *a, const struct pd_doc *doc, pd_str series, struct pd_builder *b)
{
	struct pd_meta *m = pd_builder_meta(b);

	if (is(doc, series, "wall")) {
		m->period_type = series;
	} else if (is(doc, series, "heap")) {
		m->period = a->heap_period;
		m->period_type = pd_intern_z(b, "space");
		m->period_unit = pd_intern_z(b, "bytes");
	} else if (is(doc, series, "block") || is(doc, series, "mutex")) {
		m->period = 1;
		m->period_type = pd_intern_z(b, "contentions");
		m->period_unit = pd_intern_z(b, "count");
	} else if (is(doc, series, "threads")) {
		m->period = 1;
		m->period_type = series;
		m->period_unit = pd_intern_z(b, "count");
	}
}

static void copy_rows(const struct pd_doc *doc, unsigned series, struct pd_builder *b, unsigned to)
{
	unsigned columns = pd_series_values(doc, series);
	struct pd_rows rows;

	for (uint64_t first = 0; pd_series_rows(doc, series, first, &rows) && !pd_builder_failed(b); first += rows.n) {
		for (size_t i = 0; i < rows.n; i++) {
			struct pd_sample s = { .stack = rows.stack[i], .labels = rows.labels[i] };
			int64_t value[PD_MAX_VALUES];

			s.has_time = rows.time && rows.time[i] != PD_NO_TIME;
			s.time = s.has_time ? rows.time[i] : 0;
			for (unsigned c = 0; c < columns; c++)
				value[c] = rows.value[c][i];
			pd_sample_add(b, to, &s, value);
		}
	}
}

struct pd_doc *record_kind(const struct record_args *a, const struct pd_doc *doc, unsigned series, struct pd_error *err)
{
	struct pd_builder *b = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS, 0, err);
	struct pd_merge_opts opts = { .size = sizeof(opts), .kind = PD_MERGE_VIEW };
	struct pd_value_type type = { 0 };
	const struct pd_doc *list[1];
	struct pd_doc *one, *out = NULL;
	unsigned to;

	if (!b)
		return NULL;
	to = pd_series_add(b, pd_series_name(doc, series));
	for (unsigned c = 0; c < pd_series_values(doc, series); c++) {
		pd_series_value_type(doc, series, c, &type);
		pd_series_value(b, to, &type);
	}
	pd_builder_meta(b)->default_sample_type = type.type; /* the last, as in pprof */
	set_period(a, doc, pd_series_name(doc, series), b);
	copy_rows(doc, series, b, to);
	one = pd_builder_finish(b, err);
	pd_builder_free(b);
	list[0] = one;
	if (one) /* without the functions of the other kinds */
		out = pd_merge(list, 1, &opts, NULL, 0, err);
	pd_doc_unref(one);
	return out;
}
