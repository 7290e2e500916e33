/*
 * k6 - --summary-export or handleSummary JSON, or --out json (a line per Metric or Point):
 *
 *   {"metrics": {"http_req_duration": {"avg": 5.1, "med": 4.9, "p(90)": 7.2, "p(95)": 8}, "http_reqs": {"count": 900, "rate": 90}}}
 *   {"type": "Point", "metric": "http_req_duration", "data": {"time": "...", "value": 5.1, "tags": {...}}}
 *
 * One file is one observation. Times are milliseconds. The numbers of handleSummary stand under "values".
 */
#include "json_values.h"

static enum pd_sniff k6_sniff(const struct pd_probe *p)
{
	if (p->json_top != '{')
		return PD_SNIFF_NO;
	if (pd_probe_has_key(p, "metrics") && (probe_mentions(p, "\"http_req") || probe_mentions(p, "\"iteration")))
		return PD_SNIFF_SHAPE;
	return pd_probe_has_key(p, "type") && pd_probe_has_key(p, "metric") && pd_probe_has_key(p, "data") && probe_mentions(p, "\"Metric\"") ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

static void add(struct pd_bench *b, const char *workload, const char *metric, double value, const char *unit)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };

	v.workload = span_of(workload);
	v.metric = span_of(metric);
	v.unit = span_of(unit);
	v.value = value;
	pd_bench_add(b, &v);
}

static void trend_value(struct pd_bench *b, const char *name, struct pd_span key, double v)
{
	char metric[24];

	if (pd_json_is(key, "avg")) {
		add(b, name, "latency mean", v, "ms");
	} else if (pd_json_is(key, "med")) {
		add(b, name, "p50", v, "ms");
	} else if (key.n > 3 && key.n < 12 && span_starts(key, "p(") && key.p[key.n - 1] == ')' && !pd_json_is(key, "p(50)")) {
		snprintf(metric, sizeof(metric), "p%.*s", (int)(key.n - 3), key.p + 2);
		add(b, name, metric, v, "ms");
	}
}

struct kind {
	const char *name;
	bool duration, rate;
};

static void metric_number(struct pd_json *j, struct pd_bench *b, const struct kind *k, struct pd_span key)
{
	char kept[24]; /* the key is gone once the value is taken */
	struct pd_span copy = { kept, (size_t)snprintf(kept, sizeof(kept), "%.*s", (int)(key.n < 23 ? key.n : 23), key.p) };
	double v = json_real(j);

	if (k->duration)
		trend_value(b, k->name, copy, v);
	else if (pd_json_is(copy, "rate"))
		add(b, k->name, "requests/s", v, "1/s");
}

static void metric(struct pd_json *j, struct pd_bench *b, const char *name)
{
	struct kind k = { .name = name };
	struct pd_span key;

	k.duration = strcmp(name, "http_req_duration") == 0 || strcmp(name, "iteration_duration") == 0 || strcmp(name, "grpc_req_duration") == 0;
	k.rate = strcmp(name, "http_reqs") == 0 || strcmp(name, "iterations") == 0;
	if (pd_json_type(j) != PD_JSON_OBJECT || (!k.duration && !k.rate)) {
		pd_json_skip(j);
		return;
	}
	pd_json_object(j);
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "values") && pd_json_type(j) == PD_JSON_OBJECT) {
			pd_json_object(j);
			while (pd_json_member(j, &key))
				metric_number(j, b, &k, key);
		} else {
			metric_number(j, b, &k, key);
		}
	}
}

static void summary(struct pd_json *j, struct pd_bench *b)
{
	struct pd_span key;

	pd_json_object(j);
	while (pd_json_member(j, &key)) {
		const char *name = pd_bench_text(b, key);

		metric(j, b, name ? name : "");
	}
}

/* ---- lines of points ---- */

typedef PD_VEC(double) points;

struct point {
	bool point, duration;
	double value;
};

static bool take_point(struct pd_json *j, struct pd_span key, void *ctx)
{
	struct point *at = ctx;
	struct pd_span s;

	if (pd_json_is(key, "type") && pd_json_type(j) == PD_JSON_STRING) {
		at->point = pd_json_string(j, &s) && pd_json_is(s, "Point");
	} else if (pd_json_is(key, "metric") && pd_json_type(j) == PD_JSON_STRING) {
		at->duration = pd_json_string(j, &s) && pd_json_is(s, "http_req_duration");
	} else if (pd_json_is(key, "data") && pd_json_type(j) == PD_JSON_OBJECT) {
		pd_json_object(j);
		while (pd_json_member(j, &key)) {
			if (pd_json_is(key, "value"))
				at->value = json_real(j);
			else
				pd_json_skip(j);
		}
	} else {
		return false;
	}
	return true;
}

static enum pd_status point_line(struct pd_source *src, struct pd_bench_sink *sink, struct pd_span line, points *p)
{
	struct point at = { .value = (double)NAN };
	enum pd_status st = json_line(src, sink, line, take_point, &at);

	if (st <= PD_WARN && at.point && at.duration && !pd_vec_push(p, at.value))
		sink->bench->failed = PD_ERR_NOMEM;
	return st;
}

static enum pd_status points_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	const char *name = "http_req_duration";
	struct pd_span line;
	points p = { 0 };
	enum pd_status st = PD_OK;

	while (st <= PD_WARN && source_line(src, &line))
		if (span_trim(line).n)
			st = point_line(src, sink, line, &p);
	if (st <= PD_WARN)
		st = pd_source_status(src);
	if (st <= PD_WARN && p.n) {
		pd_stat_sort(p.v, p.n);
		add(sink->bench, name, "latency mean", pd_stat_mean(p.v, p.n), "ms");
		add(sink->bench, name, "p50", pd_sorted_quantile(p.v, p.n, 0.5), "ms");
		add(sink->bench, name, "p90", pd_sorted_quantile(p.v, p.n, 0.9), "ms");
		if (p.n >= 300)
			add(sink->bench, name, "p99", pd_sorted_quantile(p.v, p.n, 0.99), "ms");
	}
	pd_vec_release(&p);
	return st;
}

static bool take(struct pd_json *j, struct pd_span key, void *bench)
{
	if (!pd_json_is(key, "metrics") || pd_json_type(j) != PD_JSON_OBJECT)
		return false;
	summary(j, bench);
	return true;
}

static enum pd_status k6_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct pd_span head = pd_source_peek(src, 4096), first = head, rest = head;

	if (span_cut(&rest, '\n', &first) && span_search(first, SPAN("\"type\"")) && span_search(first, SPAN("\"data\"")))
		return points_read(src, sink);
	return json_document(src, sink, false, take, sink->bench);
}

const struct pd_benchmark pd_benchmark_k6 = {
	.name = "k6",
	.summary = "k6 summary JSON or --out json",
	.sniff = k6_sniff,
	.read = k6_read,
};
