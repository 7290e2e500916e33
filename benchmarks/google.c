/*
 * google - Google Benchmark's --benchmark_format=json (or _out):
 *
 *   {"context": {...}, "benchmarks": [{"name": "BM_x/8", "run_type": "iteration", "repetition_index": 0,
 *    "iterations": 100, "real_time": 12.5, "cpu_time": 12.4, "time_unit": "ns", "bytes_per_second": 1e9}]}
 *
 * Rows of run_type "aggregate", big_o and rms rows, failed and skipped ones are left out. Numbers whose meaning is not
 * fixed are counters of the user; those per second are better when higher. NaN and Infinity tokens occur and stand for no value.
 */
#include "json_values.h"

static enum pd_sniff google_sniff(const struct pd_probe *p)
{
	if (p->json_top != '{' || !pd_probe_has_key(p, "context"))
		return PD_SNIFF_NO;
	return pd_probe_has_key(p, "benchmarks") || probe_mentions(p, "\"library_build_type\"") || probe_mentions(p, "\"real_time\"") ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

#define COUNTERS 32

struct row {
	const char *name, *unit, *type;
	double real, cpu, repetition, iterations;
	bool bad;
	unsigned n;
	struct { const char *name; double v; } counter[COUNTERS];
};

static bool fixed_number(struct pd_span key)
{
	static const char *const names[] = { "family_index", "per_family_instance_index", "repetitions", "threads", "cpu_coefficient", "real_coefficient", "rms" };

	for (size_t i = 0; i < PD_ARRAY_LEN(names); i++)
		if (span_is(key, names[i]))
			return true;
	return false;
}

static void counter(struct pd_json *j, struct pd_bench *b, struct row *r, struct pd_span key)
{
	const char *name = pd_bench_text(b, key);
	bool number = pd_json_type(j) == PD_JSON_NUMBER, fixed = fixed_number(key);
	double v = json_real(j);

	if (name && number && !fixed && r->n < COUNTERS) {
		r->counter[r->n].name = name;
		r->counter[r->n++].v = v;
	}
}

static void one_row(struct pd_json *j, struct pd_bench *b, struct row *r)
{
	struct pd_span key;
	bool flag;

	*r = (struct row){ .name = "", .unit = "ns", .type = "iteration", .real = (double)NAN, .cpu = (double)NAN, .repetition = -1 };
	if (!pd_json_object(j))
		return;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "name"))
			r->name = json_text(j, b);
		else if (pd_json_is(key, "run_type"))
			r->type = json_text(j, b);
		else if (pd_json_is(key, "time_unit"))
			r->unit = json_text(j, b);
		else if (pd_json_is(key, "real_time"))
			r->real = json_real(j);
		else if (pd_json_is(key, "cpu_time"))
			r->cpu = json_real(j);
		else if (pd_json_is(key, "iterations"))
			r->iterations = json_real(j);
		else if (pd_json_is(key, "repetition_index"))
			r->repetition = json_real(j);
		else if ((pd_json_is(key, "error_occurred") || pd_json_is(key, "skipped")) && pd_json_type(j) == PD_JSON_BOOL)
			r->bad |= pd_json_bool(j, &flag) && flag;
		else
			counter(j, b, r, key);
	}
}

static void add(struct pd_bench *b, const struct row *r, const char *metric, const char *unit, double value, int64_t order)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };
	size_t n = strlen(metric);

	v.workload = span_of(r->name);
	v.metric = span_of(metric);
	v.unit = span_of(unit);
	v.value = value;
	v.order = order;
	v.ops = r->iterations > 0 ? r->iterations : 0;
	v.better = n > 11 && strcmp(metric + n - 11, "_per_second") == 0 ? 1 : 0;
	pd_bench_add(b, &v);
}

static void rows(struct pd_json *j, struct pd_bench *b)
{
	struct row r;
	int64_t order = 0;
	unsigned bad = 0, aggregates = 0, iterations = 0;

	pd_json_array(j);
	while (pd_json_element(j)) {
		one_row(j, b, &r);
		if (pd_json_failed(j))
			return;
		bad += r.bad;
		aggregates += strcmp(r.type, "iteration") != 0;
		if (r.bad || strcmp(r.type, "iteration") != 0)
			continue;
		iterations++;
		add(b, &r, "time", r.unit, r.real, order);
		add(b, &r, "CPU time", r.unit, r.cpu, order);
		for (unsigned i = 0; i < r.n; i++)
			add(b, &r, r.counter[i].name, "", r.counter[i].v, order);
		order++;
	}
	if (bad)
		pd_bench_remark_add(b, "%u benchmarks failed or were skipped", bad);
	if (aggregates && !iterations)
		pd_bench_remark_add(b, "only aggregates: single repetitions are needed (without --benchmark_report_aggregates_only)");
}

static bool take(struct pd_json *j, struct pd_span key, void *bench)
{
	if (!pd_json_is(key, "benchmarks"))
		return false;
	rows(j, bench);
	return true;
}

static enum pd_status google_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	return json_document(src, sink, true, take, sink->bench);
}

const struct pd_benchmark pd_benchmark_google = {
	.name = "google",
	.summary = "Google Benchmark, --benchmark_out_format=json",
	.sniff = google_sniff,
	.read = google_read,
};
