/* From rows to cells: which runs belong together, in an order that depends on content only. */
#include "base/error.h"
#include "base/span.h"
#include "bench/overhead.h"

#include <stdarg.h>

void pd_overhead_remark_add(struct pd_overhead *o, const char *fmt, ...)
{
	char text[700];
	const char *kept;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < o->remark.n; i++)
		if (strcmp(o->remark.v[i], text) == 0)
			return;
	kept = pd_arena_text(&o->arena, text, strlen(text));
	if (!kept || !pd_vec_push(&o->remark, kept))
		o->nomem = true;
}

/* ---- order ---- */

/* Well-known names first, in this order; the rest by bytes. */
static const char *const metric_order[] = { "time/op", "time", "p50", "p90", "p99", "ops/s", "requests/s", "CPU/op", "CPU time", NULL };
static const char *const variant_order[] = { "none", "cpu", "mem", "mutex", "block", "goroutine", "trace", "all", NULL };

static int by_list(const char *const *list, const char *a, const char *b)
{
	int ia = 0, ib = 0;

	if (a == b)
		return 0;
	while (list[ia] && strcmp(list[ia], a) != 0)
		ia++;
	while (list[ib] && strcmp(list[ib], b) != 0)
		ib++;
	return ia != ib ? (ia < ib ? -1 : 1) : strcmp(a, b);
}

static int64_t by_number(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

static int by_cell(const struct pd_bench_row *a, const struct pd_bench_row *b)
{
	int d = by_list(metric_order, a->metric, b->metric);

	if (!d)
		d = strcmp(a->group, b->group);
	if (!d)
		d = strcmp(a->workload, b->workload);
	return d ? d : by_list(variant_order, a->variant, b->variant);
}

/* Inside a cell the order is that of time: block, then position where all have one, then as read. */
static int by_everything(const void *pa, const void *pb, void *ctx)
{
	const struct pd_bench *bench = ctx;
	size_t ia = *(const size_t *)pa, ib = *(const size_t *)pb;
	const struct pd_bench_row *a = &bench->row.v[ia], *b = &bench->row.v[ib];
	int d = by_cell(a, b);

	if (!d)
		d = (int)by_number(a->block, b->block);
	if (!d)
		d = (int)by_number(a->input, b->input);
	if (!d)
		d = (int)by_number(a->order, b->order);
	return d ? d : ia < ib ? -1 : ia > ib;
}

static bool wanted_metric(const struct pd_overhead *o, const char *metric)
{
	if (!o->opts.metrics)
		return true;
	for (const char *const *m = o->opts.metrics; *m; m++)
		if (strcmp(*m, metric) == 0)
			return true;
	return false;
}

bool pd_overhead_sort(struct pd_overhead *o)
{
	const struct pd_bench *b = o->bench;

	o->order = calloc(b->row.n ? b->row.n : 1, sizeof(*o->order));
	if (!o->order)
		return false;
	for (size_t i = 0; i < b->row.n; i++)
		if (wanted_metric(o, b->row.v[i].metric))
			o->order[o->n_order++] = i;
	qsort_r(o->order, o->n_order, sizeof(*o->order), by_everything, (void *)(uintptr_t)b);
	for (size_t i = 1; i < o->n_order; i++)
		o->groups |= over_row(o, i)->group != over_row(o, 0)->group;
	return true;
}

/* ---- baseline and controls ---- */

static bool has_variant(const struct pd_bench *b, const char *name)
{
	for (size_t i = 0; i < b->row.n; i++)
		if (strcmp(b->row.v[i].variant, name) == 0)
			return true;
	return false;
}

/* "cpu, mem, none": names of variants as they come, for messages. */
static void variant_names(const struct pd_overhead *o, char *buf, size_t size)
{
	size_t n = 0;
	const char *seen[12];
	unsigned n_seen = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < o->bench->row.n && n_seen < 12 && n < size; i++) {
		const char *name = o->bench->row.v[i].variant;
		unsigned k = 0;

		while (k < n_seen && seen[k] != name)
			k++;
		if (k < n_seen)
			continue;
		seen[n_seen++] = name;
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", name[0] ? name : "(no name)");
	}
}

/* Something to compare with the baseline? */
static bool has_other(const struct pd_overhead *o, const char *names, struct pd_error *err)
{
	for (size_t i = 0; i < o->bench->row.n; i++)
		if (strcmp(o->bench->row.v[i].variant, o->baseline) != 0)
			return true;
	pd_error_set(err, PD_ERR_USAGE, "only one variant: %s", names);
	pd_error_hint(err, "name two: base=FILE cpu=FILE");
	return false;
}

static bool find_baseline(struct pd_overhead *o, struct pd_error *err)
{
	static const char *const usual[] = { "base", "none", "baseline", "old", "before" };
	char names[200];

	variant_names(o, names, sizeof(names));
	if (o->opts.baseline) {
		o->baseline = o->opts.baseline;
		if (has_variant(o->bench, o->baseline))
			return has_other(o, names, err);
		pd_error_set(err, PD_ERR_USAGE, "no runs of the baseline '%s'", o->baseline);
		pd_error_hint(err, "there are %s", names);
		return false;
	}
	for (size_t i = 0; i < PD_ARRAY_LEN(usual); i++)
		if (has_variant(o->bench, usual[i])) {
			o->baseline = usual[i];
			return has_other(o, names, err);
		}
	o->baseline = o->bench->row.v[0].variant;
	return has_other(o, names, err);
}

static bool is_control(const struct pd_overhead *o, const char *variant)
{
	size_t n = strlen(o->baseline);

	for (const char *const *c = o->opts.controls; c && *c; c++)
		if (strcmp(*c, variant) == 0)
			return true;
	if (o->opts.controls)
		return false;
	if (strcmp(variant, "control") == 0)
		return true;
	return strncmp(variant, o->baseline, n) == 0 && (strcmp(variant + n, "2") == 0 || strcmp(variant + n, "-2") == 0);
}

/* ---- cells ---- */

static size_t cell_end(const struct pd_overhead *o, size_t from)
{
	size_t i = from;

	while (i < o->n_order && by_cell(over_row(o, i), over_row(o, from)) == 0)
		i++;
	return i;
}

static bool same_workload(const struct pd_overhead *o, size_t a, size_t b)
{
	const struct pd_bench_row *x = over_row(o, a), *y = over_row(o, b);

	return strcmp(x->metric, y->metric) == 0 && strcmp(x->group, y->group) == 0 && strcmp(x->workload, y->workload) == 0;
}

static const char *shown_workload(struct pd_overhead *o, const struct pd_bench_row *r)
{
	char text[1100];
	const char *kept;

	if (!o->groups || !r->group[0])
		return r->workload;
	snprintf(text, sizeof(text), "%.500s:%.500s", r->group, r->workload);
	kept = pd_arena_text(&o->arena, text, strlen(text));
	o->nomem |= !kept;
	return kept ? kept : r->workload;
}

/* All variants of one workload and metric, rows [from, to). */
static void one_workload(struct pd_overhead *o, size_t from, size_t to)
{
	struct cell base = { 0 };
	const char *name = shown_workload(o, over_row(o, from));

	for (size_t i = from, end; i < to; i = end) {
		end = cell_end(o, i);
		if (strcmp(over_row(o, i)->variant, o->baseline) == 0)
			base = (struct cell){ i, end - i };
	}
	for (size_t i = from, end; i < to; i = end) {
		const struct pd_bench_row *first = over_row(o, i);
		struct pd_overhead_row r = { .workload = name, .variant = first->variant, .metric = first->metric, .unit = first->unit };
		size_t at = o->logs.n;

		end = cell_end(o, i);
		if (i == base.first && base.n)
			continue;
		r.higher = first->higher;
		r.control = is_control(o, r.variant);
		pd_overhead_compare(o, &base, &(struct cell){ i, end - i }, &r);
		o->nomem |= !pd_vec_push(&o->row, r) || !pd_vec_push(&o->log_at, at);
	}
}

static bool start(struct pd_overhead *o, const struct pd_overhead_opts *opts, struct pd_error *err)
{
	o->opts = *opts;
	if (!(o->opts.alpha > 0 && o->opts.alpha < 1))
		o->opts.alpha = 0.05;
	if (!(o->opts.margin > 0))
		o->opts.margin = 0.02;
	if (!o->opts.seed)
		o->opts.seed = 42;
	o->level = o->opts.alpha;
	if (o->opts.n_looks) {
		double level[PD_MAX_LOOKS];

		if (pd_stat_look_levels(o->opts.looks, o->opts.n_looks, o->opts.alpha, level) != PD_STAT_OK) {
			pd_error_set(err, PD_ERR_USAGE, "shares of looks must grow, and not above 1");
			return false;
		}
		o->level = level[o->opts.n_looks - 1];
	}
	for (size_t i = 0; i < o->bench->input.n; i++)
		o->fixed_order |= o->bench->input.v[i].fixed_order;
	o->doubled_tail = o->bench->input.n > 0;
	for (size_t i = 0; i < o->bench->input.n; i++)
		o->doubled_tail &= o->bench->input.v[i].doubled_tail;
	o->nomem = !pd_overhead_sort(o);
	return !o->nomem;
}

struct pd_overhead *pd_overhead_new(const struct pd_bench *b, const struct pd_overhead_opts *opts, struct pd_error *err)
{
	struct pd_overhead *o;

	if (!b->row.n) {
		pd_error_set(err, PD_ERR_DATA, "no results to compare");
		return NULL;
	}
	o = calloc(1, sizeof(*o));
	if (!o) {
		pd_error_nomem(err);
		return NULL;
	}
	o->bench = b;
	if (!start(o, opts, err)) {
		; /* said why */
	} else if (!o->n_order) {
		pd_error_set(err, PD_ERR_USAGE, "no results of the metrics asked for");
	} else if (find_baseline(o, err)) {
		for (size_t i = 0, end; i < o->n_order && !o->nomem; i = end) {
			for (end = i; end < o->n_order && same_workload(o, i, end); end++)
				;
			one_workload(o, i, end);
		}
		pd_overhead_correct(o);
		pd_overhead_means(o);
		pd_overhead_design_remarks(o);
		if (!o->nomem)
			return o;
	}
	if (o->nomem)
		pd_error_nomem(err);
	pd_overhead_free(o);
	return NULL;
}

void pd_overhead_free(struct pd_overhead *o)
{
	if (!o)
		return;
	pd_arena_release(&o->arena);
	free(o->order);
	pd_vec_release(&o->row);
	pd_vec_release(&o->mean);
	pd_vec_release(&o->remark);
	pd_vec_release(&o->logs);
	pd_vec_release(&o->log_at);
	free(o);
}

const struct pd_overhead_row *pd_overhead_row(const struct pd_overhead *o, size_t i) { return i < o->row.n ? &o->row.v[i] : NULL; }
const struct pd_overhead_mean *pd_overhead_mean(const struct pd_overhead *o, size_t i) { return i < o->mean.n ? &o->mean.v[i] : NULL; }
const char *pd_overhead_remark(const struct pd_overhead *o, size_t i) { return i < o->remark.n ? o->remark.v[i] : NULL; }
const char *pd_overhead_baseline(const struct pd_overhead *o) { return o->baseline; }
double pd_overhead_level(const struct pd_overhead *o) { return o->level; }
size_t pd_overhead_tests(const struct pd_overhead *o) { return o->tests; }
bool pd_overhead_control_failed(const struct pd_overhead *o) { return o->control_failed; }

const char *pd_overhead_design(const struct pd_overhead *o)
{
	if (o->blocked && o->unblocked)
		return "mixed";
	return !o->blocked ? "sequential" : o->fixed_order ? "fixed order in blocks" : "blocks";
}

const char *pd_verdict_name(enum pd_verdict v)
{
	static const char *const name[] = { "refused", "inconclusive", "within", "slower", "faster" };

	return (unsigned)v < PD_ARRAY_LEN(name) ? name[v] : "refused";
}
