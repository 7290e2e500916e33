/*
 * hey - the summary of hey, or its CSV (-o csv):
 *
 *   Summary:                                  response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
 *     Average:      0.0051 secs               0.0051,0.0001,0.0000,0.0000,0.0049,0.0000,200,0.0002
 *     Requests/sec: 9500.1
 *   Latency distribution:
 *     50% in 0.0048 secs
 *
 * One file is one observation: of the CSV the mean, percentiles and the rate are taken. Four decimals quantise fast
 * answers to 0.1 ms; a remark says when more than a tenth of the requests share one time.
 */
#include "base/vec.h"
#include "load_text.h"

#define CSV_HEAD "response-time,"

static enum pd_sniff hey_sniff(const struct pd_probe *p)
{
	if (!p->is_text)
		return PD_SNIFF_NO;
	if (p->n_lines && span_starts(p->lines[0], CSV_HEAD) && span_search(p->lines[0], SPAN("offset")))
		return PD_SNIFF_SHAPE;
	for (unsigned i = 0; i < p->n_lines && i < 40; i++)
		if (span_is(span_trim(p->lines[i]), "Summary:"))
			return span_search(p->head, SPAN("Requests/sec:")) ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
	return PD_SNIFF_NO;
}

static void text_line(struct pd_source *src, struct pd_bench *b, struct pd_span line)
{
	struct pd_span word = { "", 0 }, next, unit, workload = SPAN("http");
	char metric[16];
	double v;

	line = span_trim(line);
	if (span_eat(&line, "Requests/sec:")) {
		if (load_number(span_trim(line), &v, &unit))
			load_add(b, workload, "requests/s", v, SPAN("1/s"), src->line);
	} else if (span_eat(&line, "Average:")) {
		if (load_number(span_trim(line), &v, &unit) && span_starts(unit, "sec"))
			load_add(b, workload, "latency mean", v, SPAN("s"), src->line);
	} else if (span_word(&line, &word) && span_ends(word, "%") && span_word(&line, &next) && span_is(next, "in") && load_percentile(word, metric)) {
		if (load_number(span_trim(line), &v, &unit) && v > 0)
			load_add(b, workload, metric, v, SPAN("s"), src->line);
	} else if (span_is(word, "Error")) {
		pd_bench_remark_add(b, "errors are reported");
	}
}

typedef PD_VEC(double) times;

static enum pd_status csv_rows(struct pd_source *src, struct pd_bench_sink *sink, times *t, double *span, unsigned *failures)
{
	struct pd_span line, field, rest;
	double v, at;

	while (source_line(src, &line)) {
		if (!line.n)
			continue;
		rest = line;
		if (!span_cut(&rest, ',', &field) || !span_real(field, &v))
			return pd_fail(&sink->sink, src, "expected a response time in the first column");
		if (!pd_vec_push(t, v)) {
			sink->bench->failed = PD_ERR_NOMEM;
			return PD_OK;
		}
		if (span_rcut(&rest, ',', &field) && span_real(field, &at))
			*span = fmax(*span, at + v);
		if (span_rcut(&rest, ',', &field))
			*failures += !span_starts(field, "2");
	}
	return pd_source_status(src);
}

static void csv_ties(struct pd_bench *b, const times *t)
{
	size_t most = 0;

	for (size_t i = 0, from; i < t->n; most = i - from > most ? i - from : most)
		for (from = i; i < t->n && t->v[i] == t->v[from];)
			i++;
	if (t->n >= 20 && most * 10 > t->n)
		pd_bench_remark_add(b, "%zu of %zu requests share one time: four decimals are too coarse for these answers", most, t->n);
}

static enum pd_status csv_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	static const struct { const char *metric; double q; } quantile[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };
	times t = { 0 };
	double span = 0;
	unsigned failures = 0;
	enum pd_status st = csv_rows(src, sink, &t, &span, &failures);

	if (st <= PD_WARN && t.n) {
		struct pd_span workload = SPAN("http");

		pd_stat_sort(t.v, t.n);
		load_add(sink->bench, workload, "latency mean", pd_stat_mean(t.v, t.n), SPAN("s"), 0);
		for (size_t i = 0; i < PD_ARRAY_LEN(quantile); i++)
			if (quantile[i].q < 0.99 || t.n >= 300)
				load_add(sink->bench, workload, quantile[i].metric, pd_sorted_quantile(t.v, t.n, quantile[i].q), SPAN("s"), 0);
		if (span > 0)
			load_add(sink->bench, workload, "requests/s", (double)t.n / span, SPAN("1/s"), 0);
		csv_ties(sink->bench, &t);
	}
	if (failures)
		pd_bench_remark_add(sink->bench, "%u answers are not 2xx", failures);
	pd_vec_release(&t);
	return st;
}

static enum pd_status hey_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct pd_span line;

	while (source_line(src, &line)) {
		if (span_starts(line, CSV_HEAD))
			return csv_read(src, sink);
		text_line(src, sink->bench, line);
	}
	return pd_source_status(src);
}

const struct pd_benchmark pd_benchmark_hey = {
	.name = "hey",
	.summary = "summary or CSV of hey",
	.sniff = hey_sniff,
	.read = hey_read,
};
