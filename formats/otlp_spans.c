/*
 * otlp-spans - traces of OpenTelemetry: TracesData (ExportTraceServiceRequest is the same) as JSON, one object or one per line as the
 * collector's file exporter writes them, or as protobuf.
 *
 *   {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},
 *     "scopeSpans":[{"scope":{"name":"http"},"spans":[{"traceId":"5b8e...","spanId":"eee1...","parentSpanId":"","name":"GET /","kind":2,
 *       "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","attributes":[...],"events":[...],"status":{"code":2}}]}]}]}
 */
#include "otlp_spans/otlp.h"
#include "base/span.h"

static enum pd_status read_either(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, bool profile)
{
	struct pd_span s = span_ltrim(pd_source_peek(src, 64));

	if (s.n && (s.p[0] == '{' || s.p[0] == '['))
		return pd_spans_json_read(src, sink, ev, profile, otlp_json_document);
	return otlp_proto_read(src, sink, ev, profile);
}

static enum pd_status otlp_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	(void)opts;
	return read_either(src, sink, sink->events, true);
}

static enum pd_status otlp_events(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	(void)opts;
	return read_either(src, sink, ev, false);
}

static enum pd_sniff otlp_sniff(const struct pd_probe *p)
{
	for (unsigned i = 0; i < p->n_json_keys; i++)
		if (span_is(p->json_keys[i], "resourceSpans") || span_is(p->json_keys[i], "resource_spans"))
			return PD_SNIFF_MAGIC;
	return !p->json_top && otlp_proto_looks_like(p->head, p->at_end) ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}

const struct pd_format pd_format_otlp_spans = {
	.name = "otlp-spans",
	.summary = "distributed traces: spans of OpenTelemetry, JSON or protobuf",
	.aliases = (const char *const[]){ "otlp-traces", NULL },
	.sniff = otlp_sniff,
	.read = otlp_read,
	.read_events = otlp_events,
};
