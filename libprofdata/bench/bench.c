/* The collection: interned texts, rows in base units, remarks. */
#include "base/hash.h"
#include "base/span.h"
#include "bench/bench.h"

#include <math.h>
#include <stdarg.h>

#define MAX_ROWS 20000000u

struct pd_bench *pd_bench_new(void) { return calloc(1, sizeof(struct pd_bench)); }

void pd_bench_free(struct pd_bench *b)
{
	if (!b)
		return;
	pd_arena_release(&b->arena);
	free(b->slot);
	pd_vec_release(&b->row);
	pd_vec_release(&b->input);
	pd_vec_release(&b->remark);
	free(b);
}

static bool grow_slots(struct pd_bench *b)
{
	size_t n = b->n_slots ? b->n_slots * 2 : 256;
	const char **slot = calloc(n, sizeof(*slot));

	if (!slot)
		return false;
	for (size_t i = 0; i < b->n_slots; i++) {
		size_t at;

		if (!b->slot[i])
			continue;
		at = pd_hash_bytes(pd_hash_key(), b->slot[i], strlen(b->slot[i])) & (n - 1);
		while (slot[at])
			at = (at + 1) & (n - 1);
		slot[at] = b->slot[i];
	}
	free(b->slot);
	b->slot = slot;
	b->n_slots = n;
	return true;
}

const char *pd_bench_text(struct pd_bench *b, struct pd_span s)
{
	const char *nul = span_find(s, '\0'), *text;
	size_t at;

	if (nul)
		s.n = (size_t)(nul - s.p);
	if (2 * b->n_texts >= b->n_slots && !grow_slots(b)) {
		b->failed = PD_ERR_NOMEM;
		return NULL;
	}
	at = pd_hash_bytes(pd_hash_key(), s.p, s.n) & (b->n_slots - 1);
	for (; (text = b->slot[at]); at = (at + 1) & (b->n_slots - 1))
		if (strncmp(text, s.n ? s.p : "", s.n) == 0 && !text[s.n])
			return text;
	text = pd_arena_text(&b->arena, s.n ? s.p : "", s.n);
	if (!text) {
		b->failed = PD_ERR_NOMEM;
		return NULL;
	}
	b->slot[at] = text;
	b->n_texts++;
	return text;
}

/* ---- units ---- */

static const struct {
	const char *name, *base;
	double scale;
} units[] = {
	{ "ns", "s", 1e-9 }, { "us", "s", 1e-6 }, { "\xc2\xb5s", "s", 1e-6 }, { "\xce\xbcs", "s", 1e-6 }, { "ms", "s", 1e-3 }, { "s", "s", 1 },
	{ "sec", "s", 1 }, { "second", "s", 1 }, { "seconds", "s", 1 }, { "nanoseconds", "s", 1e-9 }, { "microseconds", "s", 1e-6 },
	{ "milliseconds", "s", 1e-3 }, { "min", "s", 60 }, { "m", "s", 60 }, { "h", "s", 3600 },
	{ "B", "B", 1 }, { "byte", "B", 1 }, { "bytes", "B", 1 }, { "kB", "B", 1e3 }, { "KB", "B", 1e3 }, { "MB", "B", 1e6 }, { "GB", "B", 1e9 },
	{ "KiB", "B", 1024 }, { "MiB", "B", 1048576 }, { "GiB", "B", 1073741824 }, { "%", "ratio", 0.01 }, { "", "count", 1 },
};

double pd_bench_unit(struct pd_span unit, char *buf, size_t size)
{
	const char *slash = span_find(unit, '/');
	struct pd_span top = slash ? span_between(unit.p, slash) : unit, rest = slash ? span_between(slash, unit.p + unit.n) : (struct pd_span){ "", 0 };

	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++) {
		if (span_is(top, units[i].name)) {
			snprintf(buf, size, "%s%.*s", units[i].base, (int)(rest.n < 200 ? rest.n : 200), rest.p);
			return units[i].scale;
		}
	}
	snprintf(buf, size, "%.*s", (int)(unit.n < 200 ? unit.n : 200), unit.p);
	return 1;
}

/* ---- rows ---- */

static bool per_second(const char *unit)
{
	size_t n = strlen(unit);

	return n >= 2 && strcmp(unit + n - 2, "/s") == 0;
}

/* "time/op" for "s/op"; other units name themselves. */
static const char *metric_name(struct pd_bench *b, struct pd_span given, const char *unit)
{
	char text[300];

	if (given.n)
		return pd_bench_text(b, given);
	if (unit[0] == 's' && (unit[1] == '/' || !unit[1]))
		snprintf(text, sizeof(text), "time%s", unit + 1);
	else
		snprintf(text, sizeof(text), "%s", unit);
	return pd_bench_text(b, span_of(text));
}

static const char *workload_name(struct pd_bench *b, const struct pd_bench_value *v)
{
	char text[1024];

	if (!b->label || !v->variant.n)
		return pd_bench_text(b, v->workload);
	snprintf(text, sizeof(text), "%.*s%s%.*s", (int)(v->workload.n < 500 ? v->workload.n : 500), v->workload.p, v->workload.n ? "/" : "",
		 (int)(v->variant.n < 500 ? v->variant.n : 500), v->variant.p);
	return pd_bench_text(b, span_of(text));
}

void pd_bench_add(struct pd_bench *b, const struct pd_bench_value *v)
{
	char unit[256];
	struct pd_bench_row r = { .block = v->block, .order = v->order, .ops = v->ops, .line = v->line };

	if (b->failed)
		return;
	if (b->row.n >= MAX_ROWS) {
		b->failed = PD_ERR_LIMIT;
		return;
	}
	r.value = v->value * pd_bench_unit(v->unit, unit, sizeof(unit));
	r.unit = pd_bench_text(b, span_of(unit));
	r.metric = metric_name(b, v->metric, unit);
	r.higher = v->better ? v->better > 0 : per_second(unit);
	r.group = pd_bench_text(b, v->group);
	r.workload = workload_name(b, v);
	r.variant = pd_bench_text(b, b->label ? span_of(b->label) : v->variant);
	r.input = (uint32_t)(b->input.n - 1);
	if (!b->failed && !pd_vec_push(&b->row, r))
		b->failed = PD_ERR_NOMEM;
}

/* "a.txt: what" or "a.txt and 6 more: what" */
static void remark_text(struct pd_bench *b, struct pd_bench_remark *r)
{
	char text[800];

	if (r->inputs > 1)
		snprintf(text, sizeof(text), "%.300s and %zu more: %s", r->input, r->inputs - 1, r->what);
	else
		snprintf(text, sizeof(text), "%.300s: %s", r->input, r->what);
	r->text = pd_bench_text(b, span_of(text));
}

void pd_bench_remark_add(struct pd_bench *b, const char *fmt, ...)
{
	struct pd_bench_remark r = { .inputs = 1, .input = b->input.n ? b->input.v[b->input.n - 1].name : "" };
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	r.what = pd_bench_text(b, span_of(what));
	for (size_t i = 0; i < b->remark.n && r.what; i++) {
		struct pd_bench_remark *old = &b->remark.v[i];

		if (old->what != r.what) /* texts are kept once */
			continue;
		if (old->last != b->input.n) {
			old->last = b->input.n;
			old->inputs++;
			remark_text(b, old);
		}
		return;
	}
	r.last = b->input.n;
	if (r.what)
		remark_text(b, &r);
	if (r.what && r.text && !pd_vec_push(&b->remark, r))
		b->failed = PD_ERR_NOMEM;
}

size_t pd_bench_rows(const struct pd_bench *b) { return b->row.n; }
void pd_bench_row(const struct pd_bench *b, size_t i, struct pd_bench_row *out) { *out = b->row.v[i]; }
const char *pd_bench_input(const struct pd_bench *b, size_t i) { return i < b->input.n ? b->input.v[i].name : NULL; }
const char *pd_bench_input_kind(const struct pd_bench *b, size_t i) { return i < b->input.n ? b->input.v[i].kind : NULL; }
const char *pd_bench_remark(const struct pd_bench *b, size_t i) { return i < b->remark.n ? b->remark.v[i].text : NULL; }
