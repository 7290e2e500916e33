/*
 * Two sets of metrics of one process: what happened in between. Metrics are
 * matched by name and labels. Counters only grow, so one that is smaller began
 * anew, and what it shows is the least that can have happened.
 */
#include "base/arena.h"
#include "base/error.h"
#include "model/index.h"
#include "xform/regex.h"
#include <math.h>
#include <profdata/metrics.h>

struct pd_metrics_diff {
	const struct pd_doc *doc[2];
	struct pd_arena mem;
	PD_VEC(struct pd_metric_row) row;
	PD_VEC(struct place { size_t at[2]; }) place; /* per row: metric + 1 in each document, 0 none */
	struct pd_index by_name;                      /* row + 1 */
	PD_VEC(char) text;
	double seconds;
	size_t resets;
	struct pd_rx *focus, *ignore;
};

/* ---- names ---- */

static bool put(struct pd_metrics_diff *d, const char *p, size_t n)
{
	if (!pd_vec_reserve(&d->text, n + 1))
		return false;
	if (n)
		memcpy(d->text.v + d->text.n, p, n);
	d->text.n += n;
	return true;
}

static bool put_quoted(struct pd_metrics_diff *d, struct pd_span s)
{
	bool fine = put(d, "\"", 1);

	for (size_t i = 0; fine && i < s.n; i++) {
		char c = s.p[i];

		fine = c == '"' || c == '\\' ? put(d, (char[]){ '\\', c }, 2) : c == '\n' ? put(d, "\\n", 2) : put(d, &c, 1);
	}
	return fine && put(d, "\"", 1);
}

/* name{key="value"} into d->text. */
static bool spell(struct pd_metrics_diff *d, const struct pd_doc *doc, const struct pd_metric *m)
{
	struct pd_span s = pd_doc_string(doc, m->name);
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, m->labels, &l);
	char number[24];
	bool fine;

	d->text.n = 0;
	fine = put(d, s.p, s.n);
	for (size_t i = 0; fine && i < n; i++) {
		struct pd_span value = pd_doc_string(doc, l[i].str);

		if (l[i].kind == PD_LABEL_NUM)
			value = (struct pd_span){ number, (size_t)snprintf(number, sizeof number, "%lld", (long long)l[i].num) };
		s = pd_doc_string(doc, l[i].key);
		fine = put(d, i ? "," : "{", 1) && put(d, s.p, s.n) && put(d, "=", 1) && put_quoted(d, value);
	}
	return fine && (!n || put(d, "}", 1));
}

/* Row of the name in d->text, a new one where there is none; SIZE_MAX when out of memory. */
static size_t row_of(struct pd_metrics_diff *d)
{
	struct pd_span name = { d->text.v, d->text.n };
	uint32_t hash = pd_fold32(pd_hash_bytes(pd_hash_key(), name.p, name.n)), at, row;
	struct pd_metric_row fresh = { .before = NAN, .after = NAN, .change = NAN, .rate = NAN, .relative = NAN, .shift = NAN, .p = NAN, .q = NAN };

	if ((!d->by_name.slot || d->by_name.used >= d->by_name.mask - d->by_name.mask / 4) && !pd_index_grow(&d->by_name))
		return SIZE_MAX;
	for (row = pd_index_first(&d->by_name, hash, &at); row; row = pd_index_next(&d->by_name, hash, &at))
		if (d->row.v[row - 1].name.n == name.n && !memcmp(d->row.v[row - 1].name.p, name.p, name.n))
			return row - 1;
	fresh.name = (struct pd_span){ pd_arena_text(&d->mem, name.p, name.n), name.n };
	if (!fresh.name.p || !pd_vec_push(&d->row, fresh) || !pd_vec_push(&d->place, (struct place){ { 0 } }))
		return SIZE_MAX;
	pd_index_put(&d->by_name, hash, at, (uint32_t)d->row.n);
	return d->row.n - 1;
}

/* ---- one row ---- */

static void spread(struct pd_metric_row *r, int side, const struct pd_metric *m)
{
	r->mean[side] = m->count > 0 ? m->sum / m->count : NAN;
	for (unsigned i = 0; i < PD_METRIC_QUANTILES; i++)
		if (!pd_metric_quantile(m, pd_metric_quantile_at(i), &r->quantile[side][i]))
			r->quantile[side][i] = (struct pd_metric_quantile){ NAN, { NAN, NAN } };
}

static bool same_bins(const struct pd_metric *a, const struct pd_metric *b)
{
	if (a->n_bins != b->n_bins)
		return false;
	for (size_t i = 0; i < a->n_bins; i++)
		if (a->bin[i].lo != b->bin[i].lo || a->bin[i].hi != b->bin[i].hi)
			return false;
	return true;
}

static bool shrank(const struct pd_metric *a, const struct pd_metric *b)
{
	bool less = b->count < a->count;

	for (size_t i = 0; i < a->n_bins && !less; i++)
		less = b->bin[i].n < a->bin[i].n;
	return less;
}

/* How far apart the two distributions are, and whether chance explains it. */
static bool test(struct pd_metric_row *r, const struct pd_metric *a, const struct pd_metric *b)
{
	double *n = calloc(2 * a->n_bins + 1, sizeof *n), total[2] = { 0, 0 }, upto[2] = { 0, 0 };
	struct pd_homogeneity h;

	if (!n)
		return false;
	for (size_t i = 0; i < a->n_bins; i++) {
		total[0] += n[i] = a->bin[i].n;
		total[1] += n[a->n_bins + i] = b->bin[i].n;
	}
	if (total[0] > 0 && total[1] > 0) {
		r->shift = 0;
		for (size_t i = 0; i < a->n_bins; i++) {
			upto[0] += a->bin[i].n / total[0];
			upto[1] += b->bin[i].n / total[1];
			if (fabs(upto[1] - upto[0]) > fabs(r->shift))
				r->shift = upto[1] - upto[0];
		}
		if (pd_stat_homogeneity(n, n + a->n_bins, a->n_bins, 5, &h) == PD_STAT_OK)
			r->p = h.p;
	}
	free(n);
	return true;
}

/* Events between the two: `b` less `a`, bin by bin. */
static bool between(struct pd_metrics_diff *d, struct pd_metric_row *r, const struct pd_metric *a, const struct pd_metric *b)
{
	struct pd_metric m = *b;
	struct pd_metric_bin *bin = pd_arena_alloc(&d->mem, (b->n_bins + 1) * sizeof *bin, _Alignof(struct pd_metric_bin));

	if (!bin)
		return false;
	if (b->n_bins)
		memcpy(bin, b->bin, b->n_bins * sizeof *bin);
	m.bin = r->bin = bin;
	r->n_bins = b->n_bins;
	if (a && !(b->flags & PD_METRIC_STATE) && !r->reset) {
		for (size_t i = 0; i < b->n_bins; i++)
			bin[i].n -= a->bin[i].n;
		m.count -= a->count;
		m.sum -= a->sum;
	}
	spread(r, 1, &m);
	r->change = m.count;
	return !a || test(r, a, &m);
}

static bool distributions(struct pd_metrics_diff *d, struct pd_metric_row *r, const struct pd_metric *a, const struct pd_metric *b)
{
	bool state = b->flags & PD_METRIC_STATE;

	r->before = a->count;
	r->after = b->count;
	spread(r, 0, a);
	spread(r, 1, b);
	if (r->kind == PD_METRIC_SUMMARY) {
		r->reset = b->count < a->count;
		r->change = r->reset ? b->count : b->count - a->count;
		if (!r->reset && r->change > 0)
			r->mean[1] = (b->sum - a->sum) / r->change;
		return true;
	}
	r->unlike = !same_bins(a, b);
	if (r->unlike)
		return true;
	r->reset = !state && shrank(a, b);
	if (!between(d, r, a, b))
		return false;
	if (state)
		r->change = b->count - a->count;
	return true;
}

static void scalars(struct pd_metric_row *r, const struct pd_metric *a, const struct pd_metric *b)
{
	r->before = a->value;
	r->after = b->value;
	r->reset = r->kind == PD_METRIC_COUNTER && b->value < a->value;
	r->change = r->reset ? b->value : b->value - a->value;
	if (r->kind != PD_METRIC_COUNTER && a->value != 0 && isfinite(b->value / a->value))
		r->relative = b->value / a->value - 1;
}

static double seconds_of(const struct pd_metrics_diff *d, const struct pd_metric *a, const struct pd_metric *b, double given)
{
	if (!(given > 0) && a->has_time && b->has_time && b->time > a->time)
		return (double)(b->time - a->time) / 1e9;
	return d->seconds;
}

static bool fill(struct pd_metrics_diff *d, size_t i, double given)
{
	struct pd_metric_row *r = &d->row.v[i];
	struct pd_metric m[2];
	double seconds;
	bool fine = true;

	for (int side = 0; side < 2; side++)
		if (d->place.v[i].at[side]) {
			pd_doc_metric(d->doc[side], d->place.v[i].at[side] - 1, &m[side]);
			r->kind = m[side].kind;
			r->unit = pd_doc_string(d->doc[side], m[side].unit);
			if (m[side].kind < PD_METRIC_HISTOGRAM)
				*(side ? &r->after : &r->before) = m[side].value;
			else
				*(side ? &r->after : &r->before) = m[side].count;
			spread(r, side, &m[side]);
		} else {
			spread(r, side, &(struct pd_metric){ .kind = PD_METRIC_UNKNOWN });
		}
	r->in_before = d->place.v[i].at[0];
	r->in_after = d->place.v[i].at[1];
	if (!r->in_before || !r->in_after)
		return true;
	r->unlike = m[0].kind != m[1].kind;
	if (r->unlike)
		return true;
	if (r->kind < PD_METRIC_HISTOGRAM)
		scalars(r, &m[0], &m[1]);
	else
		fine = distributions(d, r, &m[0], &m[1]);
	seconds = seconds_of(d, &m[0], &m[1], given);
	if (r->kind == PD_METRIC_COUNTER || (r->kind >= PD_METRIC_HISTOGRAM && !(m[1].flags & PD_METRIC_STATE)))
		r->rate = r->change / seconds;
	d->resets += r->reset;
	return fine;
}

/* ---- all rows ---- */

/* 1 to keep, 0 to leave out, -1 on failure. */
static int chosen(struct pd_metrics_diff *d, struct pd_error *err)
{
	struct pd_span s = { d->text.v, d->text.n };
	int hit = d->focus ? pd_rx_match(d->focus, s, err) : 1;

	if (hit == 1 && d->ignore) {
		hit = pd_rx_match(d->ignore, s, err);
		return hit < 0 ? -1 : !hit;
	}
	return hit;
}

static enum pd_status add_side(struct pd_metrics_diff *d, int side, struct pd_error *err)
{
	for (size_t i = 0; i < pd_doc_metrics(d->doc[side]); i++) {
		struct pd_metric m;
		size_t row;
		int keep;

		pd_doc_metric(d->doc[side], i, &m);
		if (!spell(d, d->doc[side], &m))
			return pd_error_nomem(err);
		keep = chosen(d, err);
		if (keep < 0)
			return err->status;
		row = keep ? row_of(d) : 0;
		if (row == SIZE_MAX)
			return pd_error_nomem(err);
		if (keep)
			d->place.v[row].at[side] = i + 1;
	}
	return PD_OK;
}

static enum pd_status correct(struct pd_metrics_diff *d, struct pd_error *err)
{
	double *p = malloc((d->row.n + 1) * sizeof *p);

	if (!p)
		return pd_error_nomem(err);
	for (size_t i = 0; i < d->row.n; i++)
		p[i] = d->row.v[i].p;
	if (d->row.n && pd_stat_adjust(PD_ADJUST_BH, p, d->row.n, p) == PD_STAT_OK)
		for (size_t i = 0; i < d->row.n; i++)
			d->row.v[i].q = p[i];
	free(p);
	return PD_OK;
}

/* From the times of the documents, or those of the first metric that has one on both sides. */
static double seconds_between(const struct pd_metrics_diff *d)
{
	int64_t a = pd_doc_meta(d->doc[0])->time_nanos, b = pd_doc_meta(d->doc[1])->time_nanos;
	struct pd_metric m[2];

	for (size_t i = 0; !(a && b) && i < d->place.n; i++) {
		if (!d->place.v[i].at[0] || !d->place.v[i].at[1])
			continue;
		for (int side = 0; side < 2; side++)
			pd_doc_metric(d->doc[side], d->place.v[i].at[side] - 1, &m[side]);
		if (m[0].has_time && m[1].has_time) {
			a = m[0].time;
			b = m[1].time;
		}
	}
	return a && b && b > a ? (double)(b - a) / 1e9 : NAN;
}

static enum pd_status compare(struct pd_metrics_diff *d, const struct pd_metrics_opts *o, struct pd_error *err)
{
	enum pd_status status;

	if (o->focus && !(d->focus = pd_rx_new("focus", o->focus, strlen(o->focus), false, err)))
		return err->status;
	if (o->ignore && !(d->ignore = pd_rx_new("ignore", o->ignore, strlen(o->ignore), false, err)))
		return err->status;
	status = add_side(d, 1, err); /* the order of AFTER comes first */
	if (status == PD_OK)
		status = add_side(d, 0, err);
	if (status != PD_OK)
		return status;
	d->seconds = o->seconds > 0 ? o->seconds : seconds_between(d);
	for (size_t i = 0; i < d->row.n; i++)
		if (!fill(d, i, o->seconds))
			return pd_error_nomem(err);
	return correct(d, err);
}

struct pd_metrics_diff *pd_metrics_compare(const struct pd_doc *before, const struct pd_doc *after, const struct pd_metrics_opts *opts,
					   struct pd_error *err)
{
	struct pd_metrics_diff *d = calloc(1, sizeof *d);
	struct pd_metrics_opts o = { 0 };

	if (!d) {
		pd_error_nomem(err);
		return NULL;
	}
	if (opts)
		memcpy(&o, opts, opts->size && opts->size < sizeof o ? opts->size : sizeof o);
	d->doc[0] = before;
	d->doc[1] = after;
	if (compare(d, &o, err) == PD_OK)
		return d;
	pd_metrics_diff_free(d);
	return NULL;
}

void pd_metrics_diff_free(struct pd_metrics_diff *d)
{
	if (!d)
		return;
	pd_arena_release(&d->mem);
	pd_vec_release(&d->row);
	pd_vec_release(&d->place);
	pd_vec_release(&d->text);
	pd_index_release(&d->by_name);
	pd_rx_free(d->focus);
	pd_rx_free(d->ignore);
	free(d);
}

size_t pd_metrics_diff_rows(const struct pd_metrics_diff *d) { return d->row.n; }
const struct pd_metric_row *pd_metrics_diff_row(const struct pd_metrics_diff *d, size_t i) { return &d->row.v[i]; }
double pd_metrics_diff_seconds(const struct pd_metrics_diff *d) { return d->seconds; }
size_t pd_metrics_diff_resets(const struct pd_metrics_diff *d) { return d->resets; }

/* ---- what the garbage collector takes ---- */

/* Value of a counter, less what it was before unless it began anew. */
static bool counted(const struct pd_doc *before, const struct pd_doc *doc, const char *name, double *out)
{
	struct pd_metric now, then;

	if (!pd_doc_metric_named(doc, name, &now) || !isfinite(now.value))
		return false;
	*out = now.value;
	if (before && pd_doc_metric_named(before, name, &then) && then.value <= now.value)
		*out -= then.value;
	return true;
}

bool pd_metrics_gc_share(const struct pd_doc *before, const struct pd_doc *doc, struct pd_gc_share *out)
{
	static const char *const names[][3] = {
		{ "/cpu/classes/gc/total:cpu-seconds", "/cpu/classes/total:cpu-seconds", "/cpu/classes/idle:cpu-seconds" },
		{ "go_cpu_classes_gc_total_cpu_seconds_total", "go_cpu_classes_total_cpu_seconds_total", "go_cpu_classes_idle_cpu_seconds_total" },
	};
	struct pd_metric m;
	double idle;

	for (size_t i = 0; i < PD_ARRAY_LEN(names); i++) {
		*out = (struct pd_gc_share){ .source = names[i][0], .of_used = NAN };
		if (!counted(before, doc, names[i][0], &out->gc) || !counted(before, doc, names[i][1], &out->total) || !(out->total > 0))
			continue;
		out->of_total = out->gc / out->total;
		if (counted(before, doc, names[i][2], &idle) && out->total > idle)
			out->of_used = out->gc / (out->total - idle);
		return true;
	}
	if (before || !pd_doc_metric_named(doc, "memstats.GCCPUFraction", &m) || !(m.value >= 0))
		return false;
	*out = (struct pd_gc_share){ .source = "memstats.GCCPUFraction", .gc = NAN, .total = NAN, .of_total = m.value, .of_used = NAN };
	return true;
}
