/*
 * The text that Prometheus scrapes, version 0.0.4, and OpenMetrics 1.0:
 *
 *   # HELP latency_seconds How long requests take.
 *   # TYPE latency_seconds histogram
 *   latency_seconds_bucket{path="/x",le="0.1"} 17 # {trace_id="abc"} 0.09 1700000000.5
 *   latency_seconds_bucket{path="/x",le="+Inf"} 19
 *   latency_seconds_sum{path="/x"} 2.5
 *   latency_seconds_count{path="/x"} 19
 *   requests_total{code="200"} 1027 1395066363000
 *
 * The samples of a family belong together; parts of a distribution are gathered
 * by their labels without `le` and `quantile` until the family is over.
 * Exemplars are looked at and left out. Times are milliseconds, or seconds where
 * they have a fraction or are too small to be milliseconds after 1973.
 */
#include "base/span.h"
#include "metrics/metrics.h"
#include "model/index.h"
#include <math.h>

/* A histogram or summary under construction. */
struct dist {
	pd_labels labels;
	uint32_t first, last; /* of its points, 0 none; chained */
	double count, sum;
	bool has_time;
	int64_t time;
};

struct point {
	double at, value; /* le and events up to it; quantile and its value */
	uint32_t next;
};

struct reader {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	/* the family at hand */
	PD_VEC(char) family;
	enum pd_metric_kind kind;
	uint32_t flags;
	bool typed;
	pd_str unit, help;
	PD_VEC(struct dist) dist;
	struct pd_index by_labels; /* row - 1 of dist */
	PD_VEC(struct point) point; /* [0] is not used */
	PD_VEC(struct pd_metric_bin) bin;
	/* the sample at hand */
	PD_VEC(char) text;          /* unescaped name and labels */
	PD_VEC(struct part) part;
	PD_VEC(struct pd_label) label;
	bool nomem, ended;
	uint64_t samples;
};

/* A label of the sample, as places in `text`. */
struct part {
	size_t key, n_key, value, n_value;
};

/* ---- syntax ---- */

struct sample {
	struct pd_span name;
	double value;
	bool has_time;
	int64_t time;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':' || c == '.' || c == '-' || (unsigned char)c >= 0x80;
}

static struct pd_span eat_name(struct pd_span *s)
{
	struct pd_span name = *s;
	size_t n = 0;

	while (n < s->n && is_name_char(s->p[n]))
		n++;
	name.n = n;
	*s = span_skip(*s, n);
	return name;
}

/* A quoted string off the front, unescaped at the end of r->text. */
static bool eat_quoted(struct reader *r, struct pd_span *s, size_t *at, size_t *n)
{
	*at = r->text.n;
	if (!span_eat(s, "\""))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		char c = s->p[i];

		if (c == '"') {
			*n = r->text.n - *at;
			*s = span_skip(*s, i + 1);
			return true;
		}
		if (c == '\\' && i + 1 < s->n) {
			c = s->p[++i];
			if (c == 'n')
				c = '\n';
			else if (c != '\\' && c != '"' && !pd_vec_push(&r->text, '\\')) /* no escape: both characters */
				r->nomem = true;
		}
		if (!pd_vec_push(&r->text, c))
			r->nomem = true;
	}
	return false;
}

/* key="value", or "key"="value"; or only "name", which is the name of the metric then. */
static bool eat_label(struct reader *r, struct pd_span *s, struct sample *m, bool *named)
{
	struct part p = { 0 };
	struct pd_span name;

	if (s->n && s->p[0] == '"') {
		if (!eat_quoted(r, s, &p.key, &p.n_key))
			return false;
	} else {
		name = eat_name(s);
		p.key = r->text.n;
		p.n_key = name.n;
		if (!name.n)
			return false;
		if (!pd_vec_reserve(&r->text, name.n)) {
			r->nomem = true;
			return false;
		}
		memcpy(r->text.v + r->text.n, name.p, name.n);
		r->text.n += name.n;
	}
	*s = span_ltrim(*s);
	if (!span_eat(s, "=")) {
		if (m->name.n || *named)
			return false;
		*named = true; /* and has no value: eat_labels() finds it by that */
	} else {
		*s = span_ltrim(*s);
		if (!eat_quoted(r, s, &p.value, &p.n_value))
			return false;
	}
	r->nomem |= !pd_vec_push(&r->part, p);
	return !r->nomem;
}

static bool eat_labels(struct reader *r, struct pd_span *s, struct sample *m)
{
	bool named = false;

	for (;;) {
		*s = span_ltrim(*s);
		if (span_eat(s, "}"))
			break;
		if (!eat_label(r, s, m, &named))
			return false;
		*s = span_ltrim(*s);
		if (!span_eat(s, ",") && !(s->n && s->p[0] == '}'))
			return false;
	}
	for (size_t i = 0; named && i < r->part.n; i++) {
		if (r->part.v[i].n_value || r->part.v[i].value)
			continue;
		m->name = (struct pd_span){ r->text.v + r->part.v[i].key, r->part.v[i].n_key };
		memmove(&r->part.v[i], &r->part.v[i + 1], (r->part.n - i - 1) * sizeof *r->part.v);
		r->part.n--;
		break;
	}
	return true;
}

static bool eat_real(struct pd_span *s, double *out)
{
	struct pd_span word;

	return span_word(s, &word) && (pd_number_real(word, out) || span_real(word, out));
}

/* Unix ns of a time of a sample; false when it is none. */
static bool take_time(double t, struct pd_span text, struct sample *m)
{
	bool seconds = span_find(text, '.') || span_find(text, 'e') || fabs(t) < 1e11;
	double ns = seconds ? t * 1e9 : t * 1e6;

	if (!(fabs(ns) < 9.2e18))
		return false;
	m->has_time = true;
	if (!span_fixed(text, seconds ? 9 : 6, &m->time)) /* every digit where there is no exponent */
		m->time = (int64_t)ns;
	return true;
}

static bool parse_sample(struct reader *r, struct pd_span s, struct sample *m)
{
	struct pd_span word, rest;
	double t;

	*m = (struct sample){ .name = eat_name(&s) };
	r->text.n = r->part.n = 0;
	s = span_ltrim(s);
	if (span_eat(&s, "{") && !eat_labels(r, &s, m))
		return false;
	if (!m->name.n || (m->name.p[0] >= '-' && m->name.p[0] <= '9') || !eat_real(&s, &m->value))
		return false; /* names do not begin with digits, points and dashes */
	rest = s;
	if (span_word(&rest, &word) && word.p[0] != '#') {
		if (!(pd_number_real(word, &t) || span_real(word, &t)) || !take_time(t, word, m))
			return false;
		s = rest;
	}
	s = span_trim(s);
	return !s.n || s.p[0] == '#';
}

/* ---- the model ---- */

static const struct part *find_part(const struct reader *r, const char *key)
{
	for (size_t i = 0; i < r->part.n; i++)
		if (span_is((struct pd_span){ r->text.v + r->part.v[i].key, r->part.v[i].n_key }, key))
			return &r->part.v[i];
	return NULL;
}

/* All labels but `without`. */
static pd_labels make_labels(struct reader *r, const struct part *without)
{
	r->label.n = 0;
	for (size_t i = 0; i < r->part.n; i++) {
		const struct part *p = &r->part.v[i];
		struct pd_label l = { .kind = PD_LABEL_STR };

		if (p == without || !p->n_value)
			continue; /* an empty value is as good as no label */
		l.key = pd_intern(r->b, r->text.v + p->key, p->n_key);
		l.str = pd_intern(r->b, r->text.v + p->value, p->n_value);
		if (!pd_vec_push(&r->label, l))
			r->nomem = true;
	}
	return pd_labels_of(r->b, r->label.v, r->label.n);
}

static void add_metric(struct reader *r, const struct pd_metric *m)
{
	r->samples++;
	if (pd_metric_add(r->b, m))
		pd_note(r->sink, r->src, "metrics that came again later: the last value counts");
}

static void add_scalar(struct reader *r, const struct sample *s)
{
	enum pd_metric_kind kind = r->kind >= PD_METRIC_HISTOGRAM ? PD_METRIC_UNKNOWN : r->kind;
	struct pd_metric m = { .kind = kind, .unit = r->unit, .help = r->help, .value = s->value, .count = NAN, .sum = NAN, .has_time = s->has_time, .time = s->time };

	m.name = pd_intern(r->b, s->name.p, s->name.n);
	m.labels = make_labels(r, NULL);
	add_metric(r, &m);
}

static struct dist *dist_of(struct reader *r, pd_labels labels)
{
	struct dist fresh = { .labels = labels, .count = NAN, .sum = NAN };
	uint32_t hash = pd_fold32(pd_hash_u64(pd_hash_key(), labels.v, 0)), at, row;

	if (r->dist.n && r->dist.v[r->dist.n - 1].labels.v == labels.v)
		return &r->dist.v[r->dist.n - 1];
	if ((!r->by_labels.slot || r->by_labels.used >= r->by_labels.mask - r->by_labels.mask / 4) && !pd_index_grow(&r->by_labels))
		return NULL;
	for (row = pd_index_first(&r->by_labels, hash, &at); row; row = pd_index_next(&r->by_labels, hash, &at))
		if (r->dist.v[row - 1].labels.v == labels.v)
			return &r->dist.v[row - 1];
	if (r->dist.n >= PD_MAX_ROWS || !pd_vec_push(&r->dist, fresh))
		return NULL;
	pd_index_put(&r->by_labels, hash, at, (uint32_t)r->dist.n);
	return &r->dist.v[r->dist.n - 1];
}

static bool add_point(struct reader *r, struct dist *d, double at, double value)
{
	uint32_t row;

	if ((!r->point.n && !pd_vec_push(&r->point, (struct point){ 0 })) || r->point.n >= PD_MAX_ROWS ||
	    !pd_vec_push(&r->point, ((struct point){ at, value, 0 })))
		return false;
	row = (uint32_t)r->point.n - 1;
	if (d->last)
		r->point.v[d->last].next = row;
	else
		d->first = row;
	d->last = row;
	return true;
}

/* One part of a distribution; `end` is what stands behind the name of the family, `part` the label le or quantile. */
static enum pd_status add_part(struct reader *r, const struct sample *s, struct pd_span end, const struct part *part)
{
	struct dist *d = dist_of(r, make_labels(r, part));
	double at;

	if (!d) {
		r->nomem = true;
		return PD_OK;
	}
	if (s->has_time) {
		d->has_time = true;
		d->time = s->time;
	}
	if (span_is(end, "_sum") || span_is(end, "_gsum")) {
		d->sum = s->value;
	} else if (span_is(end, "_count") || span_is(end, "_gcount")) {
		d->count = s->value;
	} else {
		struct pd_span text = { r->text.v + part->value, part->n_value };

		if (!pd_number_real(text, &at) && !span_real(text, &at))
			return pd_fail(r->sink, r->src, "expected a number in the label '%s'", r->kind == PD_METRIC_SUMMARY ? "quantile" : "le");
		r->nomem |= !add_point(r, d, at, s->value);
	}
	return PD_OK;
}

static int by_lo(const void *a, const void *b)
{
	double x = ((const struct pd_metric_bin *)a)->lo, y = ((const struct pd_metric_bin *)b)->lo;

	return x < y ? -1 : x > y;
}

/* Points into bins: `lo` holds the upper end and `n` the events up to it at first. */
static enum pd_status make_bins(struct reader *r, const struct dist *d)
{
	enum pd_status status = PD_OK;
	double below = 0, lo;

	r->bin.n = 0;
	for (uint32_t i = d->first; i; i = r->point.v[i].next)
		if (!isnan(r->point.v[i].at) && !pd_vec_push(&r->bin, ((struct pd_metric_bin){ r->point.v[i].at, r->point.v[i].value, 0 })))
			r->nomem = true;
	if (r->bin.n)
		qsort(r->bin.v, r->bin.n, sizeof *r->bin.v, by_lo);
	if (r->kind == PD_METRIC_SUMMARY)
		return PD_OK;
	if (r->bin.n && isfinite(r->bin.v[r->bin.n - 1].lo) && d->count > r->bin.v[r->bin.n - 1].hi &&
	    !pd_vec_push(&r->bin, ((struct pd_metric_bin){ INFINITY, d->count, 0 })))
		r->nomem = true;
	lo = r->bin.n && r->bin.v[0].lo > 0 ? 0 : -INFINITY; /* below a positive end, values are taken to be positive: so do those who scrape */
	for (size_t i = 0; i < r->bin.n; i++) {
		struct pd_metric_bin *b = &r->bin.v[i];
		double hi = b->lo, upto = b->hi;

		if (!(upto >= below) && status == PD_OK)
			status = pd_note(r->sink, r->src, "buckets of histograms with fewer events than the one before");
		*b = (struct pd_metric_bin){ lo, hi, upto > below ? upto - below : 0 };
		below = upto > below ? upto : below;
		lo = hi;
	}
	return status;
}

/* The family is over: its distributions are whole. */
static enum pd_status end_family(struct reader *r)
{
	enum pd_status status = PD_OK;
	pd_str name = { 0 };

	if (r->dist.n)
		name = pd_intern(r->b, r->family.v, r->family.n);
	for (size_t i = 0; status == PD_OK && i < r->dist.n; i++) {
		const struct dist *d = &r->dist.v[i];
		struct pd_metric m = { .name = name, .kind = r->kind, .flags = r->flags, .unit = r->unit, .help = r->help, .labels = d->labels,
				       .count = d->count, .sum = d->sum, .value = NAN, .has_time = d->has_time, .time = d->time };

		status = make_bins(r, d);
		m.bin = r->bin.v;
		m.n_bins = r->bin.n;
		if (isnan(m.count) && m.n_bins && r->kind == PD_METRIC_HISTOGRAM) {
			m.count = 0;
			for (size_t k = 0; k < m.n_bins; k++)
				m.count += m.bin[k].n;
		}
		if (status == PD_OK)
			add_metric(r, &m);
	}
	r->dist.n = r->point.n = 0;
	pd_index_release(&r->by_labels);
	r->by_labels = (struct pd_index){ 0 };
	return status;
}

/* `name` begins another family unless it is the one at hand. */
static enum pd_status begin_family(struct reader *r, struct pd_span name)
{
	enum pd_status status;

	if (r->family.n == name.n && r->family.v && memcmp(r->family.v, name.p, name.n) == 0)
		return PD_OK;
	status = end_family(r);
	r->family.n = 0;
	r->kind = PD_METRIC_UNKNOWN;
	r->flags = 0;
	r->typed = false;
	r->unit = r->help = (pd_str){ 0 };
	if (!pd_vec_reserve(&r->family, name.n + 1)) {
		r->nomem = true;
		return status;
	}
	memcpy(r->family.v, name.p, name.n);
	r->family.n = name.n;
	return status;
}

/* What stands behind the name of the family; false when the name is another one. */
static bool behind_family(const struct reader *r, struct pd_span name, struct pd_span *end)
{
	if (!r->family.n || name.n < r->family.n || memcmp(name.p, r->family.v, r->family.n) != 0)
		return false;
	*end = span_skip(name, r->family.n);
	return true;
}

static bool is_end(struct pd_span end, const char *const *ends)
{
	for (; *ends; ends++)
		if (span_is(end, *ends))
			return true;
	return false;
}

/* Unit of a family without a line that names it, by its name. */
static void guess_unit(struct reader *r)
{
	static const char *const units[] = { "seconds", "bytes", "ratio", "celsius", "joules", "volts", "amperes", "meters", "grams", NULL };
	struct pd_span name = { r->family.v, r->family.n };

	span_reat(&name, "_total");
	for (const char *const *u = units; *u && !r->unit.v; u++)
		if (span_ends(name, *u) && name.n > strlen(*u) && name.p[name.n - strlen(*u) - 1] == '_')
			r->unit = pd_intern_z(r->b, *u);
}

static enum pd_status take_sample(struct reader *r, const struct sample *s)
{
	static const char *const ends[] = { "", "_total", "_sum", "_count", "_bucket", "_created", "_info", "_gsum", "_gcount", NULL };
	static const char *const parts[] = { "_sum", "_count", "_gsum", "_gcount", NULL };
	const struct part *le = find_part(r, "le"), *quantile = find_part(r, "quantile");
	struct pd_span end, name = s->name;
	enum pd_status status = PD_OK;

	if (!behind_family(r, name, &end) || !is_end(end, ends)) {
		bool bucket = le && span_reat(&name, "_bucket");

		status = begin_family(r, name);
		if (bucket && status == PD_OK) /* nobody said so, but this is what it looks like */
			r->kind = PD_METRIC_HISTOGRAM;
		else if (quantile && status == PD_OK)
			r->kind = PD_METRIC_SUMMARY;
		if (status != PD_OK || !behind_family(r, s->name, &end))
			return status;
	}
	guess_unit(r);
	if (span_is(end, "_created") && r->typed)
		return PD_OK; /* when counting began */
	if (r->kind == PD_METRIC_HISTOGRAM && ((span_is(end, "_bucket") && le) || is_end(end, parts)))
		return add_part(r, s, end, le);
	if (r->kind == PD_METRIC_SUMMARY && ((!end.n && quantile) || is_end(end, parts)))
		return add_part(r, s, end, end.n ? NULL : quantile);
	add_scalar(r, s);
	return PD_OK;
}

/* ---- comments ---- */

static bool take_type(struct reader *r, struct pd_span type)
{
	static const struct { const char *word; enum pd_metric_kind kind; uint32_t flags; } types[] = {
		{ "counter", PD_METRIC_COUNTER, 0 }, { "gauge", PD_METRIC_GAUGE, 0 }, { "histogram", PD_METRIC_HISTOGRAM, 0 },
		{ "summary", PD_METRIC_SUMMARY, 0 }, { "untyped", PD_METRIC_UNKNOWN, 0 }, { "unknown", PD_METRIC_UNKNOWN, 0 },
		{ "info", PD_METRIC_GAUGE, 0 }, { "stateset", PD_METRIC_GAUGE, 0 }, { "gaugehistogram", PD_METRIC_HISTOGRAM, PD_METRIC_STATE },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(types); i++)
		if (span_is(type, types[i].word)) {
			if (r) {
				r->kind = types[i].kind;
				r->flags = types[i].flags;
				r->typed = true;
			}
			return true;
		}
	return false;
}

/* "NAME" or "\"NAME\"" behind # TYPE and its like. */
static bool eat_family(struct reader *r, struct pd_span *s, struct pd_span *name)
{
	size_t at = 0, n = 0;

	*s = span_ltrim(*s);
	if (!s->n || s->p[0] != '"') {
		*name = eat_name(s);
		return name->n != 0;
	}
	r->text.n = 0;
	if (!eat_quoted(r, s, &at, &n) || !n)
		return false;
	*name = (struct pd_span){ r->text.v + at, n };
	return true;
}

static enum pd_status take_comment(struct reader *r, struct pd_span s)
{
	struct pd_span word, name;
	enum pd_status status;
	int what;

	if (!span_word(&s, &word))
		return PD_OK;
	what = span_is(word, "TYPE") ? 't' : span_is(word, "HELP") ? 'h' : span_is(word, "UNIT") ? 'u' : 0;
	if (span_is(word, "EOF") && !span_trim(s).n)
		r->ended = true;
	if (!what || !eat_family(r, &s, &name))
		return PD_OK;
	status = begin_family(r, name);
	s = span_trim(s);
	if (status == PD_OK && what == 't' && !take_type(r, s))
		status = pd_note(r->sink, r->src, "types of metrics nobody knows");
	if (what == 'h')
		r->help = pd_intern(r->b, s.p, s.n);
	if (what == 'u' && s.n)
		r->unit = pd_intern(r->b, s.p, s.n);
	return status;
}

static enum pd_status take_line(struct reader *r, struct pd_span line)
{
	struct sample s;

	line = span_trim(line);
	if (!line.n)
		return PD_OK;
	if (r->ended)
		return pd_note(r->sink, r->src, "lines behind the end ('# EOF') skipped");
	if (span_eat(&line, "#"))
		return take_comment(r, line);
	if (parse_sample(r, line, &s))
		return take_sample(r, &s);
	return r->nomem ? PD_OK : pd_fail(r->sink, r->src, "expected 'NAME{LABEL=\"VALUE\",...} NUMBER [TIME]'");
}

enum pd_status metrics_text_read(struct pd_source *src, struct pd_sink *sink)
{
	struct reader r = { .src = src, .sink = sink, .b = sink->prof };
	enum pd_status status = PD_OK;
	struct pd_span line;

	while (status == PD_OK && !r.nomem && !pd_builder_failed(r.b) && pd_source_line(src, &line))
		status = take_line(&r, line);
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK)
		status = end_family(&r);
	if (status == PD_OK && r.nomem)
		status = pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	if (status == PD_OK && !r.samples && !pd_builder_failed(r.b))
		status = pd_fail(sink, src, "no metric found, expected 'NAME{LABEL=\"VALUE\",...} NUMBER'");
	pd_vec_release(&r.family);
	pd_vec_release(&r.dist);
	pd_vec_release(&r.point);
	pd_vec_release(&r.bin);
	pd_vec_release(&r.text);
	pd_vec_release(&r.part);
	pd_vec_release(&r.label);
	pd_index_release(&r.by_labels);
	return status;
}

/* ---- detection ---- */

/* "# TYPE name counter" */
static bool is_type_line(struct pd_span s)
{
	struct pd_span word, name;

	if (!span_eat(&s, "#") || !span_word(&s, &word) || !span_is(word, "TYPE"))
		return false;
	s = span_ltrim(s);
	if (s.n && s.p[0] == '"') {
		s = span_skip(s, 1);
		if (!span_cut(&s, '"', &name))
			return false;
	} else {
		eat_name(&s);
	}
	return take_type(NULL, span_trim(s));
}

enum pd_sniff metrics_text_sniff(const struct pd_probe *p)
{
	struct reader r = { 0 };
	unsigned good = 0, labelled = 0, bad = 0;
	bool magic = false;

	for (unsigned i = 0; i < p->n_lines && !magic; i++) {
		struct pd_span line = span_trim(p->lines[i]);
		struct sample s;

		magic = is_type_line(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (!parse_sample(&r, line, &s))
			bad++;
		else if (span_find(line, '{'))
			labelled++;
		else
			good++;
	}
	pd_vec_release(&r.text);
	pd_vec_release(&r.part);
	if (magic && !bad)
		return PD_SNIFF_MAGIC;
	return !bad && labelled >= 2 && labelled >= good / 8 ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}
