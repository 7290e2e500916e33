/*
 * metrics - what a running program says about itself, in numbers.
 *
 *   # TYPE http_requests_total counter              Prometheus text and OpenMetrics: formats/metrics/text.c
 *   http_requests_total{code="200"} 1027
 *
 *   {"/gc/heap/allocs:bytes": 123,                   Go's runtime/metrics as JSON, expvar (/debug/vars),
 *    "/sched/latencies:seconds": {"Counts": [...], "Buckets": [...]}}       runtime.MemStats: formats/metrics/json.c
 *   {"cmdline": [...], "memstats": {...}, "requests": 17}
 */
#include "metrics/metrics.h"
#include "base/span.h"
#include "common/json_read.h"

/* Does the head have a name like "/gc/heap/allocs:bytes" as a string? */
static bool mentions_go_metric(const struct pd_probe *p)
{
	struct pd_span rest = p->head, tail, word;
	const char *hit;

	while ((hit = span_search(rest, SPAN("\"/")))) {
		rest = span_skip(rest, (size_t)(hit - rest.p) + 1);
		tail = rest;
		if (span_cut(&tail, '"', &word) && word.n < 200 && metrics_go_name(word) && metrics_go_kind(word) != PD_METRIC_UNKNOWN)
			return true;
	}
	return false;
}

static enum pd_sniff metrics_sniff(const struct pd_probe *p)
{
	bool wrapped = pd_probe_has_key(p, "metrics") || pd_probe_has_key(p, "Metrics") || pd_probe_has_key(p, "samples");

	if (!p->is_text)
		return PD_SNIFF_NO;
	if (!p->json_top)
		return metrics_text_sniff(p);
	if (pd_probe_has_key(p, "memstats") || (pd_probe_has_key(p, "TotalAlloc") && pd_probe_has_key(p, "Mallocs") && pd_probe_has_key(p, "HeapSys")))
		return p->json_top == '{' ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_json_keys; i++)
		if (metrics_go_name(p->json_keys[i]) && metrics_go_kind(p->json_keys[i]) != PD_METRIC_UNKNOWN)
			return PD_SNIFF_MAGIC;
	if ((wrapped || (p->json_top == '[' && (pd_probe_has_key(p, "Name") || pd_probe_has_key(p, "name")))) && mentions_go_metric(p))
		return PD_SNIFF_SHAPE;
	return !p->at_end && pd_probe_has_key(p, "cmdline") ? PD_SNIFF_MORE : PD_SNIFF_NO; /* expvar: memstats comes late */
}

static enum pd_status metrics_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct pd_span head = pd_source_peek(src, 4096), s = span_ltrim(head);

	(void)opts;
	if (span_starts(s, "\xef\xbb\xbf"))
		s = span_ltrim(span_skip(s, 3));
	return s.n && (s.p[0] == '{' || s.p[0] == '[') ? metrics_json_read(src, sink) : metrics_text_read(src, sink);
}

const struct pd_format pd_format_metrics = {
	.name = "metrics",
	.summary = "counters and histograms: Go runtime/metrics, expvar, Prometheus",
	.aliases = (const char *const[]){ "prometheus", "openmetrics", "expvar", NULL },
	.sniff = metrics_sniff,
	.read = metrics_read,
};
