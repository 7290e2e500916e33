/*
 * When samples were taken. Formats that know put it into the rows; pprof files
 * have no place for it but numeric labels, for which producers have three names.
 */
#include "model/times.h"

#include "base/error.h"
#include "base/span.h"

static const char *const time_keys[] = { "timestamp", "timestamp_ns", "end_timestamp_ns" }; /* the first one present wins */
#define N_KEYS PD_ARRAY_LEN(time_keys)

/* Nanoseconds of a unit; 0 when it is none of time. No unit is nanoseconds: what all three keys mean without one. */
static int64_t unit_nanos(struct pd_span unit)
{
	static const struct {
		const char *name;
		int64_t nanos;
	} units[] = {
		{ "", 1 }, { "nanoseconds", 1 }, { "ns", 1 }, { "nanosecond", 1 },
		{ "microseconds", 1000 }, { "us", 1000 }, { "microsecond", 1000 },
		{ "milliseconds", 1000000 }, { "ms", 1000000 }, { "millisecond", 1000000 },
		{ "seconds", 1000000000 }, { "s", 1000000000 }, { "second", 1000000000 },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++)
		if (span_is(unit, units[i].name))
			return units[i].nanos;
	return 0;
}

static int64_t time_of_set(const struct pd_doc *doc, const pd_str key[N_KEYS], uint32_t set)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, (pd_labels){ set }, &l), best = N_KEYS;
	int64_t time = PD_NO_TIME;

	for (size_t i = 0; i < n; i++) {
		int64_t nanos, scaled;
		size_t k = 0;

		while (k < best && (!key[k].v || l[i].key.v != key[k].v))
			k++;
		if (k == best || l[i].kind != PD_LABEL_NUM)
			continue;
		nanos = unit_nanos(pd_doc_string(doc, l[i].unit));
		if (nanos && !pd_mul_overflow(l[i].num, nanos, &scaled)) {
			time = scaled;
			best = k;
		}
	}
	return time;
}

/* Times by label set; *any tells whether there are some. False when out of memory. */
static bool times_of_sets(struct pd_times *t, bool *any)
{
	uint32_t n = pd_doc_label_sets(t->doc);
	pd_str key[N_KEYS];
	bool known = false;

	*any = false;
	for (size_t k = 0; k < N_KEYS; k++) {
		if (!pd_doc_find_string(t->doc, time_keys[k], strlen(time_keys[k]), &key[k]))
			key[k] = (pd_str){ 0 };
		known |= key[k].v != 0;
	}
	if (!known)
		return true;
	t->of_set = malloc(((size_t)n + 1) * sizeof *t->of_set);
	if (!t->of_set)
		return false;
	t->of_set[0] = PD_NO_TIME;
	for (uint32_t i = 1; i <= n; i++) {
		t->of_set[i] = time_of_set(t->doc, key, i);
		*any |= t->of_set[i] != PD_NO_TIME;
	}
	return true;
}

/* Widens the span by the rows of a series; true when one has a time. */
static bool look_at_rows(struct pd_times *t, unsigned series)
{
	struct pd_rows rows;
	bool any = false;

	for (uint64_t at = 0; pd_series_rows(t->doc, series, at, &rows); at += rows.n) {
		for (size_t i = 0; i < rows.n; i++) {
			int64_t time = pd_times_at(t, series, &rows, i);

			if (time == PD_NO_TIME)
				continue;
			any = true;
			t->first = time < t->first ? time : t->first;
			t->last = time > t->last ? time : t->last;
		}
	}
	return any;
}

static bool look(struct pd_times *t)
{
	unsigned n = pd_doc_series(t->doc);
	bool asked = false, labels = false;

	t->source = calloc((size_t)n + 1, sizeof *t->source);
	if (!t->source)
		return false;
	for (unsigned s = 0; s < n; s++) {
		if (pd_series_has_time(t->doc, s))
			t->source[s] = PD_TIME_OF_ROWS;
		if (t->source[s] && look_at_rows(t, s)) {
			t->any = true;
			continue;
		}
		if (!asked && !times_of_sets(t, &labels))
			return false;
		asked = true;
		t->source[s] = labels ? PD_TIME_OF_LABELS : PD_TIME_NONE;
		if (labels && look_at_rows(t, s))
			t->any = true;
		else
			t->source[s] = PD_TIME_NONE;
	}
	return true;
}

struct pd_times *pd_times_new(const struct pd_doc *doc, struct pd_error *err)
{
	struct pd_times *t = calloc(1, sizeof *t);

	if (t) {
		*t = (struct pd_times){ .doc = pd_doc_ref(doc), .first = INT64_MAX, .last = INT64_MIN };
		if (look(t))
			return t;
	}
	pd_error_nomem(err);
	pd_times_free(t);
	return NULL;
}

void pd_times_free(struct pd_times *t)
{
	if (!t)
		return;
	pd_doc_unref(t->doc);
	free(t->source);
	free(t->of_set);
	free(t);
}

bool pd_times_known(const struct pd_times *t, unsigned series)
{
	return series < pd_doc_series(t->doc) && t->source[series] != PD_TIME_NONE;
}

bool pd_times_span(const struct pd_times *t, int64_t *first, int64_t *last)
{
	if (t->any) {
		*first = t->first;
		*last = t->last;
	}
	return t->any;
}

int64_t pd_times_row(const struct pd_times *t, unsigned series, const struct pd_rows *rows, size_t i)
{
	return pd_times_at(t, series, rows, i);
}
