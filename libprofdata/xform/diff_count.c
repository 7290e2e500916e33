/*
 * What is compared: the column of every document, how many samples stand
 * behind its values, and the exposure they are divided by.
 */
#include "base/error.h"
#include "base/span.h"
#include "xform/diff.h"
#include "xform/units.h"
#include <math.h>

static struct pd_span text_of(const struct pd_doc *doc, pd_str s) { return pd_doc_string(doc, s); }

/* ---- sample type ---- */

static bool type_named(const struct pd_doc *doc, unsigned index, struct pd_span name)
{
	struct pd_sample_type t;

	pd_doc_sample_type(doc, index, &t);
	return span_eq(text_of(doc, t.type.type), name);
}

static int find_type(const struct pd_doc *doc, struct pd_span name)
{
	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++)
		if (type_named(doc, i, name))
			return (int)i;
	return -1;
}

static bool all_have(const struct pd_diff *d, struct pd_span name)
{
	for (size_t i = 0; i < d->unit.n; i++)
		if (find_type(d->unit.v[i].doc, name) < 0)
			return false;
	return true;
}

static bool no_common_type(const struct pd_diff *d, struct pd_span want, struct pd_error *err)
{
	for (size_t i = 0; i < d->unit.n; i++) {
		const struct pd_doc *doc = d->unit.v[i].doc;
		char have[256] = "";
		size_t n = 0;

		if (find_type(doc, want) >= 0)
			continue;
		for (unsigned k = 0; k < pd_doc_sample_types(doc) && n < sizeof have; k++) {
			struct pd_sample_type t;

			pd_doc_sample_type(doc, k, &t);
			n += (size_t)snprintf(have + n, sizeof have - n, "%s%s", k ? ", " : "", text_of(doc, t.type.type).p);
		}
		pd_error_set(err, PD_ERR_DATA, "profile %zu %s has no sample type '%.*s' (it has %s)", i + 1,
			     d->unit.v[i].side == PD_BEFORE ? "(before)" : "(after)", (int)(want.n < 100 ? want.n : 100), want.p, *have ? have : "none");
		pd_error_hint(err, "--sample-type chooses one that all profiles have");
		return false;
	}
	return true;
}

/* The name of the type that is compared: as asked, the default of the first document, or the last one that all have. */
static bool choose_type(struct pd_diff *d, struct pd_span *name, struct pd_error *err)
{
	const struct pd_doc *first = d->unit.v[0].doc;
	int index = pd_doc_find_sample_type(first, d->o.sample_type);
	struct pd_sample_type t;

	for (size_t i = 0; i < d->unit.n; i++)
		if (!pd_doc_sample_types(d->unit.v[i].doc))
			return pd_error_set(err, PD_ERR_DATA, "profile %zu has no samples and no sample types", i + 1) == PD_OK;
	if (index < 0)
		return pd_error_set(err, PD_ERR_USAGE, "no sample type '%s' in the first profile", d->o.sample_type ? d->o.sample_type : "") == PD_OK;
	pd_doc_sample_type(first, (unsigned)index, &t);
	*name = text_of(first, t.type.type);
	if (d->o.sample_type || all_have(d, *name))
		return no_common_type(d, *name, err);
	for (unsigned k = pd_doc_sample_types(first); k-- > 0;) {
		struct pd_span other;

		pd_doc_sample_type(first, k, &t);
		other = text_of(first, t.type.type);
		if (!all_have(d, other))
			continue;
		pd_diff_note(d, "not every profile has the sample type '%.100s': '%.100s' is compared", name->p, other.p);
		*name = other;
		return true;
	}
	return no_common_type(d, *name, err);
}

/* ---- counts ---- */

static bool is_count_unit(struct pd_span unit)
{
	return !unit.n || span_is(unit, "count") || span_is(unit, "samples") || span_is(unit, "events");
}

/* A column of the same series that counts samples: not objects, which are scaled up. */
static int count_column(const struct pd_doc *doc, unsigned series)
{
	static const char *const names[] = { "samples", "sample", "events", "contentions", "count" };

	for (size_t k = 0; k < PD_ARRAY_LEN(names); k++)
		for (unsigned c = 0; c < pd_series_values(doc, series); c++) {
			struct pd_value_type t;

			pd_series_value_type(doc, series, c, &t);
			if (!t.decimals && is_count_unit(text_of(doc, t.unit)) && span_is(text_of(doc, t.type), names[k]))
				return (int)c;
		}
	return -1;
}

/* "alloc_space" → the column "alloc_objects", and the reverse. */
static int heap_partner(const struct pd_doc *doc, const struct diff_unit *u)
{
	struct pd_value_type t;
	struct pd_span name;
	const char *cut;
	char want[64];

	pd_series_value_type(doc, u->series, u->column, &t);
	name = text_of(doc, t.type);
	cut = name.n < 40 ? memchr(name.p, '_', name.n) : NULL;
	if (!cut || (!span_ends(name, "_space") && !span_ends(name, "_objects")))
		return -1;
	snprintf(want, sizeof want, "%.*s_%s", (int)(cut - name.p), name.p, span_ends(name, "_space") ? "objects" : "space");
	for (unsigned c = 0; c < pd_series_values(doc, u->series); c++) {
		pd_series_value_type(doc, u->series, c, &t);
		if (span_is(text_of(doc, t.type), want))
			return (int)c;
	}
	return -1;
}

/* Is every value the same multiple of its count? Then that is the weight of a sample, else 0. */
static double common_weight(const struct diff_unit *u)
{
	struct pd_rows r;
	int64_t weight = 0;

	for (uint64_t at = 0; pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			int64_t v = r.value[u->column][i], c = r.value[u->count_column][i], product;

			if (!v && !c)
				continue;
			if (!weight && c > 0)
				weight = v / c;
			if (c <= 0 || weight <= 0 || pd_mul_overflow(weight, c, &product) || product != v)
				return 0;
		}
	return (double)weight;
}

static bool all_multiples(const struct diff_unit *u, int64_t period)
{
	struct pd_rows r;

	for (uint64_t at = 0; pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++)
			if (r.value[u->column][i] % period)
				return false;
	return true;
}

/* How to get from values to numbers of samples. */
static void find_counts(struct diff_unit *u, bool no_counts)
{
	const struct pd_meta *meta = pd_doc_meta(u->doc);
	struct pd_value_type t;
	int objects;

	pd_series_value_type(u->doc, u->series, u->column, &t);
	u->count_column = -1;
	if (no_counts)
		return;
	objects = heap_partner(u->doc, u);
	if (objects >= 0) { /* what pprof calls space and objects */
		u->heap = meta->period > 1 && span_is(text_of(u->doc, meta->period_unit), "bytes");
		u->count_column = objects;
		u->counted = true;
		return;
	}
	u->count_column = count_column(u->doc, u->series);
	if (u->count_column >= 0) {
		u->per_count = u->count_column == (int)u->column ? 1 : common_weight(u);
		u->counted = true;
		return;
	}
	if (!t.decimals && is_count_unit(text_of(u->doc, t.unit))) {
		u->per_count = 1;
		u->counted = true;
	} else if (meta->period > 0 && span_eq(text_of(u->doc, meta->period_unit), text_of(u->doc, t.unit)) && all_multiples(u, meta->period)) {
		u->per_count = (double)meta->period;
		u->counted = true;
	} else if (pd_series_has_time(u->doc, u->series)) {
		u->counted = true; /* every row is one event */
	}
}

/* ---- units ---- */

static double ten(unsigned decimals) { return pow(10, decimals); }

static bool times_ten(int64_t *v, unsigned n)
{
	for (; n; n--)
		if (pd_mul_overflow(*v, 10, v))
			return false;
	return true;
}

/* How many `fine` make one `coarse`, decimals included; false when that is no whole number. */
static bool unit_times(const struct pd_doc *a, const struct pd_value_type *coarse, const struct pd_doc *b, const struct pd_value_type *fine, int64_t *times)
{
	*times = 1;
	if (!span_eq(text_of(a, coarse->unit), text_of(b, fine->unit)) && !pd_unit_ratio(text_of(a, coarse->unit).p, text_of(b, fine->unit).p, times))
		return false;
	if (fine->decimals >= coarse->decimals)
		return times_ten(times, (unsigned)(fine->decimals - coarse->decimals));
	for (unsigned n = (unsigned)(coarse->decimals - fine->decimals); n; n--) {
		if (*times % 10)
			return false;
		*times /= 10;
	}
	return true;
}

/* All documents in the finest unit among them. */
static bool choose_unit(struct pd_diff *d, struct pd_error *err)
{
	const struct pd_doc *finest = NULL;
	struct pd_value_type best = { 0 }, t;
	int64_t times;

	for (size_t i = 0; i < d->unit.n; i++) {
		const struct diff_unit *u = &d->unit.v[i];

		pd_series_value_type(u->doc, u->series, u->column, &t);
		if (finest && (!unit_times(finest, &best, u->doc, &t, &times) || times == 1))
			continue;
		finest = u->doc;
		best = t;
	}
	for (size_t i = 0; i < d->unit.n; i++) {
		struct diff_unit *u = &d->unit.v[i];

		pd_series_value_type(u->doc, u->series, u->column, &t);
		if (!unit_times(u->doc, &t, finest, &best, &u->to_unit)) {
			pd_error_set(err, PD_ERR_DATA, "profile %zu is in '%.60s', another one in '%.60s': they cannot be compared", i + 1, text_of(u->doc, t.unit).p,
				     text_of(finest, best.unit).p);
			return false;
		}
	}
	d->s.type = best;
	d->s.type_text = text_of(finest, best.type).p;
	d->s.unit_text = text_of(finest, best.unit).p;
	return true;
}

bool pd_diff_columns_init(struct pd_diff *d, struct pd_error *err)
{
	struct pd_span name;

	if (!choose_type(d, &name, err))
		return false;
	d->s.testable = true;
	for (size_t i = 0; i < d->unit.n; i++) {
		struct diff_unit *u = &d->unit.v[i];
		struct pd_sample_type t;

		pd_doc_sample_type(u->doc, (unsigned)find_type(u->doc, name), &t);
		u->series = t.series;
		u->column = t.column;
		find_counts(u, d->o.no_counts);
		d->s.testable &= u->counted;
	}
	return choose_unit(d, err);
}

/* ---- exposure ---- */

/* CPU seconds of a document: the sum of its column "cpu" when that is a time. */
static double cpu_seconds(const struct pd_doc *doc)
{
	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++) {
		struct pd_sample_type t;
		int64_t sum, gross;
		const char *unit;
		double seconds;

		pd_doc_sample_type(doc, i, &t);
		if (!span_is(text_of(doc, t.type.type), "cpu") && !span_is(text_of(doc, t.type.type), "on_cpu"))
			continue;
		if (!pd_doc_total(doc, i, &sum, &gross))
			continue;
		seconds = pd_scale_value(sum, text_of(doc, t.type.unit).p, "s", &unit) / ten(t.type.decimals);
		if (strcmp(unit, "s") == 0)
			return seconds;
	}
	return 0;
}

static double exposure_of(const struct diff_unit *u, enum pd_diff_per per)
{
	switch (per) {
	case PD_DIFF_PER_TIME: return u->duration;
	case PD_DIFF_PER_CPU: return cpu_seconds(u->whole);
	case PD_DIFF_PER_OP: return u->ops;
	case PD_DIFF_PER_NONE: return 1;
	default: return NAN;
	}
}

static bool all_known(const struct pd_diff *d, enum pd_diff_per per)
{
	for (size_t i = 0; i < d->unit.n; i++)
		if (!(exposure_of(&d->unit.v[i], per) > 0))
			return false;
	return true;
}

static bool is_heap_snapshot(const struct pd_diff *d)
{
	return strncmp(d->s.type_text, "inuse_", 6) == 0;
}

bool pd_diff_exposures(struct pd_diff *d, struct pd_error *err)
{
	enum pd_diff_per per = d->o.per;
	static const char *const missing[] = { [PD_DIFF_PER_TIME] = "duration", [PD_DIFF_PER_CPU] = "CPU time", [PD_DIFF_PER_OP] = "number of operations" };

	for (size_t i = 0; i < d->unit.n; i++)
		d->unit.v[i].duration = (double)pd_doc_meta(d->unit.v[i].whole)->duration_nanos / 1e9;
	if (per == PD_DIFF_PER_AUTO) {
		if (is_heap_snapshot(d)) /* a level, not a flow: neither time nor work makes it larger */
			per = PD_DIFF_PER_NONE;
		else
			per = all_known(d, PD_DIFF_PER_OP) ? PD_DIFF_PER_OP : all_known(d, PD_DIFF_PER_TIME) ? PD_DIFF_PER_TIME : PD_DIFF_PER_TOTAL;
		if (per == PD_DIFF_PER_TOTAL)
			pd_diff_note(d, "no duration in %s: shares are compared, and when one function grows all other shares shrink", d->unit.n == 2 ? "one of the profiles" : "some profile");
	}
	for (size_t i = 0; i < d->unit.n; i++) {
		struct diff_unit *u = &d->unit.v[i];

		u->exposure = exposure_of(u, per);
		if (per != PD_DIFF_PER_TOTAL && !(u->exposure > 0)) {
			pd_error_set(err, PD_ERR_USAGE, "profile %zu (%s) does not tell its %s", i + 1, u->side == PD_BEFORE ? "before" : "after", missing[per]);
			pd_error_hint(err, per == PD_DIFF_PER_OP ? "give --ops BEFORE,AFTER, or choose another --per" : "--per=total compares shares");
			return false;
		}
	}
	d->s.per = per;
	return true;
}
