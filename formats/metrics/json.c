/*
 * Go's own metrics as JSON, as programs write them. There is no one form:
 *
 *   {"/gc/gogc:percent": 100, "/gc/pauses:seconds": {"Counts": [0, 3], "Buckets": ["-Inf", 0.1, "+Inf"]}}
 *   [{"Name": "/gc/gogc:percent", "Value": 100}, ...]
 *   {"time": "2026-01-02T03:04:05Z", "metrics": {...}}         and the like, in JSON lines too
 *   {"cmdline": [...], "memstats": {...}, "requests": {"get": 17}}      expvar: names are paths, "requests.get"
 *
 * encoding/json has no infinities, so the outer ends of buckets are strings,
 * null, or not there at all. Kinds and units of what Go itself measures follow
 * from the names; of numbers of others nothing is known.
 */
#include "base/span.h"
#include "metrics/metrics.h"
#include <float.h>
#include <math.h>
#include <time.h>

/* An object or array that is open. */
struct level {
	size_t path;         /* length of the path outside of it */
	bool array;
	bool memstats;
	/* of {"Name": ..., "Value": ...} */
	bool named, has_value, cumulative, says_cumulative;
	double value;
	/* of {"Counts": [...], "Buckets": [...]} */
	bool counts, buckets, is_value;
	/* of memstats */
	double cycles, pauses;
};

struct reader {
	struct pd_json j;
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	PD_VEC(char) path;           /* "memstats.HeapAlloc" */
	PD_VEC(char) name;           /* of the innermost {"Name": ...} */
	PD_VEC(struct level) level;
	PD_VEC(double) count;        /* of the histogram read last */
	PD_VEC(double) bucket;
	PD_VEC(double) ring;         /* memstats.PauseNs */
	PD_VEC(struct pd_metric_bin) bin;
	bool nomem;
	uint64_t metrics;
};

/* ---- metrics ---- */

/* The last part of the path: a key as it stands in the file. */
static struct pd_span last_key(const struct reader *r, const struct level *l)
{
	size_t at = l->path + (l->path != 0);

	return at < r->path.n ? (struct pd_span){ r->path.v + at, r->path.n - at } : (struct pd_span){ "", 0 };
}

/* Go's names are whole in themselves, others are paths. */
static struct pd_span metric_name(const struct reader *r, const struct level *l)
{
	struct pd_span key = last_key(r, l);

	return metrics_go_name(key) ? key : (struct pd_span){ r->path.v, r->path.n };
}

static struct pd_metric make(struct reader *r, struct pd_span name)
{
	struct pd_metric m = { .value = NAN, .count = NAN, .sum = NAN };

	m.name = pd_intern(r->b, name.p, name.n);
	if (metrics_go_name(name)) {
		struct pd_span unit = metrics_go_unit(name);

		m.kind = metrics_go_kind(name);
		m.unit = pd_intern(r->b, unit.p, unit.n);
	}
	return m;
}

static bool add(struct reader *r, const struct pd_metric *m)
{
	r->metrics++;
	return !pd_metric_add(r->b, m) || pd_json_note(&r->j, "metrics that came again later: the last value counts");
}

static bool add_number(struct reader *r, const struct level *l, double v)
{
	struct pd_span key = last_key(r, l);
	struct pd_metric m = make(r, metric_name(r, l));
	const char *unit;

	m.value = v;
	if (l->memstats) {
		m.kind = metrics_memstats_kind(key, &unit);
		m.unit = pd_intern_z(r->b, unit);
	}
	return add(r, &m);
}

/* Bins of r->count and r->bucket; the infinite ends may be missing. */
static bool add_histogram(struct reader *r, struct pd_span name, uint32_t flags)
{
	struct pd_metric m = make(r, name);
	size_t n = r->count.n, edges = r->bucket.n, skip;

	if (edges + 1 < n || edges > n + 1)
		return pd_json_note(&r->j, "histograms whose counts and buckets do not fit skipped");
	/* the first edge is left out when both are missing, or when the last one is there */
	skip = edges + 1 == n || (edges == n && n && r->bucket.v[n - 1] == INFINITY);
	r->bin.n = 0;
	m.kind = PD_METRIC_HISTOGRAM;
	m.flags = flags;
	m.count = 0;
	if (!pd_vec_reserve(&r->bin, n)) {
		r->nomem = true;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		double lo = i >= skip && i - skip < edges ? r->bucket.v[i - skip] : -INFINITY;
		double hi = i + 1 - skip < edges ? r->bucket.v[i + 1 - skip] : INFINITY;

		if (!(lo <= hi))
			return pd_json_note(&r->j, "histograms whose buckets are not in order skipped");
		m.count += r->count.v[i];
		r->bin.v[r->bin.n++] = (struct pd_metric_bin){ lo, hi, r->count.v[i] };
	}
	m.bin = r->bin.v;
	m.n_bins = r->bin.n;
	return add(r, &m);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The ring of the last pauses as a summary: exact quantiles of those. */
static bool add_pauses(struct reader *r, const struct level *l)
{
	struct pd_metric m = { .kind = PD_METRIC_SUMMARY, .value = NAN, .count = l->cycles, .sum = l->pauses };
	size_t n = 0;

	m.name = pd_intern_z(r->b, "memstats.PauseNs");
	m.unit = pd_intern_z(r->b, "nanoseconds");
	for (size_t i = 0; i < r->ring.n; i++) /* places not used yet are 0 */
		if (r->ring.v[i] > 0)
			r->ring.v[n++] = r->ring.v[i];
	r->bin.n = 0;
	if (n)
		qsort(r->ring.v, n, sizeof *r->ring.v, by_value);
	for (unsigned i = 0; n && i < PD_METRIC_QUANTILES; i++) {
		double q = pd_metric_quantile_at(i), rank = ceil(q * (double)n);

		if (!pd_vec_push(&r->bin, ((struct pd_metric_bin){ q, r->ring.v[(size_t)rank - 1], 0 }))) {
			r->nomem = true;
			return false;
		}
	}
	m.bin = r->bin.v;
	m.n_bins = r->bin.n;
	return add(r, &m);
}

/* ---- values ---- */

/* Seconds, milliseconds, microseconds or nanoseconds since 1970, by size. */
static void time_of_number(struct reader *r, const struct pd_number *num)
{
	double v = pd_number_double(num);
	int shift = v < 1e11 ? 9 : v < 1e14 ? 6 : v < 1e17 ? 3 : 0;
	bool rounded = false;
	int64_t ns;

	if (v > 0 && pd_number_scaled(num, shift, &ns, &rounded))
		pd_builder_meta(r->b)->time_nanos = ns;
}

/* Two or four digits and what must follow them (0: anything) off the front. */
static bool eat_digits(struct pd_span *s, size_t n, const char *then, int *out)
{
	int v = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*out = v;
	*s = span_skip(*s, n);
	if (!then[0])
		return true;
	if (!s->n || !strchr(then, s->p[0]))
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* "2026-01-02T03:04:05.678+01:00" */
static bool time_of_text(struct pd_span s, int64_t *ns)
{
	int64_t fraction = 0;
	struct tm tm = { 0 };
	size_t n = 0;
	int h, m;

	if (!eat_digits(&s, 4, "-", &tm.tm_year) || !eat_digits(&s, 2, "-", &tm.tm_mon) || !eat_digits(&s, 2, "Tt ", &tm.tm_mday) ||
	    !eat_digits(&s, 2, ":", &tm.tm_hour) || !eat_digits(&s, 2, ":", &tm.tm_min) || !eat_digits(&s, 2, "", &tm.tm_sec))
		return false;
	if (tm.tm_year < 1970 || tm.tm_year > 2200 || tm.tm_mon < 1 || tm.tm_mon > 12)
		return false;
	if (s.n && s.p[0] == '.') {
		for (n = 1; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++)
			fraction += n < 10 ? (s.p[n] - '0') * (int64_t[]){ 0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 }[n] : 0;
		s = span_skip(s, n);
	}
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ns = (int64_t)timegm(&tm) * 1000000000 + fraction;
	if (s.n && (s.p[0] == '+' || s.p[0] == '-')) {
		int sign = s.p[0] == '+' ? 1 : -1;

		s = span_skip(s, 1);
		if (!eat_digits(&s, 2, ":", &h) || !eat_digits(&s, 2, "", &m))
			return false;
		*ns -= sign * (int64_t)(h * 3600 + m * 60) * 1000000000;
	}
	return true;
}

static bool is_time_key(struct pd_span key)
{
	static const char *const keys[] = { "time", "timestamp", "ts", "Time", "Timestamp", "@timestamp", NULL };

	for (const char *const *k = keys; *k; k++)
		if (span_is(key, *k))
			return true;
	return false;
}

static bool same_word(struct pd_span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* A number, or one as text; null and what is no number is NaN. */
static double real_value(struct reader *r)
{
	struct pd_number num;
	struct pd_span s;
	double v;

	switch (pd_json_type(&r->j)) {
	case PD_JSON_NUMBER: return pd_json_number(&r->j, &num) ? pd_number_double(&num) : (double)NAN;
	case PD_JSON_STRING: return pd_json_string(&r->j, &s) && pd_number_real(s, &v) ? v : (double)NAN;
	default: pd_json_skip(&r->j); return NAN;
	}
}

/* Numbers of an array; ends of buckets that are null or the largest double are infinite ones. */
static bool read_numbers(struct reader *r, void *vec, bool edges)
{
	PD_VEC(double) *v = vec;

	v->n = 0;
	if (!pd_json_array(&r->j))
		return false;
	while (pd_json_element(&r->j)) {
		double x = real_value(r);

		if (edges && (isnan(x) || fabs(x) >= DBL_MAX))
			x = isnan(x) ? (v->n ? INFINITY : -INFINITY) : x > 0 ? INFINITY : -INFINITY;
		if (!edges && !(x >= 0))
			x = 0;
		if (!pd_vec_push(v, x)) {
			r->nomem = true;
			return false;
		}
	}
	return !pd_json_failed(&r->j);
}

static bool push_level(struct reader *r, bool array)
{
	struct level l = { .array = array, .cycles = NAN, .pauses = NAN };

	if (!pd_vec_push(&r->level, l)) {
		r->nomem = true;
		return false;
	}
	return array ? pd_json_array(&r->j) : pd_json_object(&r->j);
}

/* A string that is not the value of a member we know. */
static bool take_text(struct reader *r, struct level *l)
{
	struct pd_span key = last_key(r, l), s;
	int64_t ns;
	double v;

	if (!pd_json_string(&r->j, &s))
		return false;
	if (same_word(key, "name") && !l->named) {
		l->named = true;
		r->name.n = 0;
		if (!pd_vec_reserve(&r->name, s.n + 1)) {
			r->nomem = true;
			return false;
		}
		memcpy(r->name.v, s.p, s.n);
		r->name.n = s.n;
	} else if (is_time_key(key) && r->level.n == 1 && time_of_text(s, &ns)) {
		pd_builder_meta(r->b)->time_nanos = ns;
	} else if (metrics_go_name(key) && pd_number_real(s, &v)) {
		return add_number(r, l, v);
	} else if (same_word(key, "value") && l->named && pd_number_real(s, &v)) {
		l->has_value = true;
		l->value = v;
	}
	return true;
}

static bool take_number(struct reader *r, struct level *l)
{
	struct pd_span key = last_key(r, l);
	struct pd_number num;
	double v;

	if (!pd_json_number(&r->j, &num))
		return false;
	v = pd_number_double(&num);
	if (r->level.n == 1 && is_time_key(key)) {
		time_of_number(r, &num);
		return true;
	}
	if (l->memstats && span_is(key, "NumGC"))
		l->cycles = v;
	if (l->memstats && span_is(key, "PauseTotalNs"))
		l->pauses = v;
	if (same_word(key, "value") && !l->memstats) {
		l->has_value = true;
		l->value = v;
		return true;
	}
	if (same_word(key, "kind") && !l->memstats)
		return true;
	return add_number(r, l, v);
}

/* An array: of a histogram, of the ring of pauses, of metrics; others are not for us. */
static bool take_array(struct reader *r, struct level *l)
{
	struct pd_span key = last_key(r, l);

	if (same_word(key, "counts")) {
		l->counts = true;
		return read_numbers(r, &r->count, false);
	}
	if (same_word(key, "buckets")) {
		l->buckets = true;
		return read_numbers(r, &r->bucket, true);
	}
	if (l->memstats && span_is(key, "PauseNs"))
		return read_numbers(r, &r->ring, false);
	if (same_word(key, "metrics") || same_word(key, "samples"))
		return push_level(r, true);
	return pd_json_skip(&r->j);
}

static bool take_value(struct reader *r, struct level *l)
{
	bool yes;

	switch (pd_json_type(&r->j)) {
	case PD_JSON_OBJECT: return push_level(r, false); /* `l` may have moved: callers do not use it again */
	case PD_JSON_ARRAY: return take_array(r, l);
	case PD_JSON_NUMBER: return take_number(r, l);
	case PD_JSON_STRING: return take_text(r, l);
	case PD_JSON_BOOL:
		if (!pd_json_bool(&r->j, &yes))
			return false;
		if (same_word(last_key(r, l), "cumulative")) {
			l->says_cumulative = true;
			l->cumulative = yes;
		}
		return true;
	default: return pd_json_skip(&r->j);
	}
}

/* ---- containers ---- */

/* {"Name": ..., "Value": ...} is over. */
static bool end_named(struct reader *r, const struct level *l)
{
	struct pd_span name = { r->name.v, r->name.n };
	struct pd_metric m;

	if (l->counts && l->buckets)
		return add_histogram(r, name, l->says_cumulative && !l->cumulative ? PD_METRIC_STATE : 0);
	if (!l->has_value)
		return pd_json_note(&r->j, "metrics without a value skipped (encoding/json writes nothing of a metrics.Value)");
	m = make(r, name);
	m.value = l->value;
	if (l->says_cumulative)
		m.kind = l->cumulative ? PD_METRIC_COUNTER : PD_METRIC_GAUGE;
	return add(r, &m);
}

/* The innermost container is over: whatever it turned out to be. */
static bool end_level(struct reader *r)
{
	struct level l = r->level.v[--r->level.n], *up = r->level.n ? &r->level.v[r->level.n - 1] : NULL;
	struct pd_span name = up ? metric_name(r, up) : (struct pd_span){ "", 0 };
	struct pd_metric m;


	if (l.named && (l.has_value || (l.counts && l.buckets) || (up && up->array)))
		return end_named(r, &l);
	if (l.counts && l.buckets && up && same_word(last_key(r, up), "value")) {
		up->counts = up->buckets = true; /* of {"Name": ..., "Value": {"Counts": ...}}: the name may follow */
		return true;
	}
	if (l.counts && l.buckets)
		return add_histogram(r, name, 0);
	if (l.memstats && r->ring.n)
		return add_pauses(r, &l);
	if (!l.has_value || !name.n)
		return true;
	m = make(r, name); /* "/gc/gogc:percent": {"Kind": 1, "Value": 100} */
	m.value = l.value;
	return add(r, &m);
}

static bool set_path(struct reader *r, size_t outer, struct pd_span key)
{
	r->path.n = outer;
	if (!pd_vec_reserve(&r->path, key.n + 1)) {
		r->nomem = true;
		return false;
	}
	if (outer)
		r->path.v[r->path.n++] = '.';
	memcpy(r->path.v + r->path.n, key.p, key.n);
	r->path.n += key.n;
	return true;
}

/* MemStats by itself: names as in expvar. */
static bool looks_like_memstats(const struct reader *r, struct pd_span key)
{
	return r->level.n == 1 && !r->metrics && span_is(key, "Alloc");
}

static bool next_member(struct reader *r, struct level *l)
{
	struct pd_span key;

	if (!pd_json_member(&r->j, &key))
		return false;
	if (looks_like_memstats(r, key) && set_path(r, 0, SPAN("memstats"))) {
		l->path = r->path.n;
		l->memstats = true;
	}
	return set_path(r, l->path, key);
}

/* What is inside of what was just opened has a longer path. */
static void enter_level(struct reader *r, struct level *inner)
{
	inner->path = r->path.n;
	inner->memstats = !inner->array && r->level.n == 2 && r->path.n == 8 && !memcmp(r->path.v, "memstats", 8);
}

static void one_document(struct reader *r)
{
	enum pd_json_type top = pd_json_type(&r->j);

	r->path.n = r->level.n = r->ring.n = 0;
	if (top != PD_JSON_OBJECT && top != PD_JSON_ARRAY) {
		pd_json_fail(&r->j, "expected an object or an array of metrics");
		return;
	}
	if (!push_level(r, top == PD_JSON_ARRAY))
		return;
	while (r->level.n && !pd_json_failed(&r->j) && !r->nomem && !pd_builder_failed(r->b)) {
		struct level *l = &r->level.v[r->level.n - 1];
		size_t depth = r->level.n;
		bool more;

		r->path.n = l->path;
		more = l->array ? pd_json_element(&r->j) : next_member(r, l);
		if (!more) {
			if (!pd_json_failed(&r->j))
				end_level(r);
			continue;
		}
		if (!take_value(r, l))
			break;
		if (r->level.n > depth)
			enter_level(r, &r->level.v[depth]);
	}
}

enum pd_status metrics_json_read(struct pd_source *src, struct pd_sink *sink)
{
	struct reader r = { .src = src, .sink = sink, .b = sink->prof };
	enum pd_status status = PD_OK;
	bool more = true;

	while (more && status == PD_OK) {
		pd_json_init(&r.j, src, sink);
		r.j.nonfinite = true;
		one_document(&r);
		if (!pd_json_failed(&r.j) && !r.nomem)
			pd_json_leave(&r.j);
		status = pd_json_status(&r.j);
		pd_json_release(&r.j);
		if (r.nomem)
			status = pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
		for (struct pd_span s; (s = pd_source_peek(src, 1)).n && span_is_blank(s.p[0]);)
			pd_source_consume(src, 1);
		more = pd_source_peek(src, 1).n != 0 && !pd_builder_failed(sink->prof);
	}
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK && !r.metrics && !pd_builder_failed(sink->prof))
		status = pd_fail_at(sink, src, pd_source_offset(src), "no metric with a value found, expected numbers by name");
	pd_vec_release(&r.path);
	pd_vec_release(&r.name);
	pd_vec_release(&r.level);
	pd_vec_release(&r.count);
	pd_vec_release(&r.bucket);
	pd_vec_release(&r.ring);
	pd_vec_release(&r.bin);
	return status;
}
