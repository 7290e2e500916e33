/*
 * pyperf - JSON of pyperf (version "1.0"):
 *
 *   {"version": "1.0", "metadata": {"name": ...}, "benchmarks": [{"metadata": {"name": "telco", "unit": "second"},
 *    "runs": [{"warmups": [[1, 0.1]], "values": [0.0221, 0.0219]}, ...]}]}
 *
 * A run is one process: its values are averaged to one observation. Runs with warm-ups only calibrate and are left out.
 */
#include "json_values.h"

static enum pd_sniff pyperf_sniff(const struct pd_probe *p)
{
	if (p->json_top != '{' || !pd_probe_has_key(p, "benchmarks"))
		return PD_SNIFF_NO;
	return probe_mentions(p, "\"runs\"") && (probe_mentions(p, "\"warmups\"") || probe_mentions(p, "\"values\"")) ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

struct about {
	const char *name, *unit;
};

static void metadata(struct pd_json *j, struct pd_bench *b, struct about *a)
{
	struct pd_span key;

	if (!pd_json_maybe_object(j))
		return;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "name"))
			a->name = json_text(j, b);
		else if (pd_json_is(key, "unit"))
			a->unit = json_text(j, b);
		else
			pd_json_skip(j);
	}
}

/* One process; its mean, or NaN when it only calibrated. */
static double one_run(struct pd_json *j, json_numbers *values)
{
	struct pd_span key;
	double mean = (double)NAN;

	values->n = 0;
	if (!pd_json_object(j))
		return mean;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "values"))
			json_array_of(j, values);
		else
			pd_json_skip(j);
	}
	return values->n ? pd_stat_mean(values->v, values->n) : mean;
}

/* The file's own metadata, with what all benchmarks have in common, may come last: observations wait for it. */
struct waiting {
	struct about own;
	double value;
	int64_t order;
};
typedef PD_VEC(struct waiting) waiting_room;

static void add(struct pd_bench *b, const struct about *file, const struct waiting *w)
{
	const char *unit = w->own.unit ? w->own.unit : file->unit ? file->unit : "second";
	struct pd_bench_value v = { PD_BENCH_VALUE };

	v.workload = span_of(w->own.name ? w->own.name : file->name ? file->name : "benchmark");
	v.metric = strcmp(unit, "second") == 0 ? SPAN("time") : strcmp(unit, "byte") == 0 ? SPAN("memory") : SPAN("value");
	v.unit = span_of(strcmp(unit, "integer") == 0 ? "" : unit);
	v.value = w->value;
	v.order = w->order;
	pd_bench_add(b, &v);
}

static void one_benchmark(struct pd_json *j, struct pd_bench *b, waiting_room *room, json_numbers *values)
{
	struct about own = { 0 };
	struct pd_span key;
	size_t first = room->n;

	if (!pd_json_object(j))
		return;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "metadata")) {
			metadata(j, b, &own);
		} else if (pd_json_is(key, "runs") && pd_json_type(j) == PD_JSON_ARRAY) {
			pd_json_array(j);
			while (pd_json_element(j)) {
				struct waiting w = { .value = one_run(j, values), .order = (int64_t)(room->n - first) };

				if (values->n && !pd_vec_push(room, w))
					pd_json_fail(j, "memory for more runs");
			}
		} else {
			pd_json_skip(j);
		}
	}
	for (size_t i = first; i < room->n; i++)
		room->v[i].own = own;
	if (room->n == first && !pd_json_failed(j))
		pd_bench_remark_add(b, "'%.100s' has only calibration runs: left out", own.name ? own.name : "benchmark");
}

struct file {
	struct pd_bench *bench;
	struct about about;
	json_numbers values; /* of the run being read */
	waiting_room room;
};

static bool take(struct pd_json *j, struct pd_span key, void *ctx)
{
	struct file *f = ctx;

	if (pd_json_is(key, "metadata")) {
		metadata(j, f->bench, &f->about);
	} else if (pd_json_is(key, "benchmarks") && pd_json_type(j) == PD_JSON_ARRAY) {
		pd_json_array(j);
		while (pd_json_element(j))
			one_benchmark(j, f->bench, &f->room, &f->values);
	} else {
		return false;
	}
	return true;
}

static enum pd_status pyperf_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct file f = { .bench = sink->bench };
	enum pd_status st = json_document(src, sink, true, take, &f);

	for (size_t i = 0; st <= PD_WARN && i < f.room.n; i++)
		add(sink->bench, &f.about, &f.room.v[i]);
	pd_vec_release(&f.values);
	pd_vec_release(&f.room);
	return st;
}

const struct pd_benchmark pd_benchmark_pyperf = {
	.name = "pyperf",
	.summary = "pyperf JSON",
	.sniff = pyperf_sniff,
	.read = pyperf_read,
};
