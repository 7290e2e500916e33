/* What Go's own metrics are: files have numbers and names, no more. */
#include "base/span.h"
#include "metrics/metrics.h"

static bool starts_with_one(struct pd_span s, const char *const *prefix)
{
	for (; *prefix; prefix++)
		if (span_starts(s, *prefix))
			return true;
	return false;
}

bool metrics_go_name(struct pd_span name)
{
	const char *colon = span_rfind(name, ':');

	return name.n > 3 && name.p[0] == '/' && colon && colon > name.p + 1 && colon + 1 < name.p + name.n && !span_find(name, ' ');
}

enum pd_metric_kind metrics_go_kind(struct pd_span name)
{
	static const char *const counters[] = {
		"/cgo/go-to-c-calls:", "/cpu/classes/", "/gc/cleanups/", "/gc/cycles/", "/gc/finalizers/", "/gc/heap/allocs", "/gc/heap/frees",
		"/gc/heap/tiny/", "/gc/pauses:", "/godebug/", "/sched/goroutines-created:", "/sched/latencies:", "/sched/pauses/", "/sync/", NULL,
	};
	static const char *const gauges[] = {
		"/gc/gogc:", "/gc/gomemlimit:", "/gc/heap/", "/gc/limiter/", "/gc/scan/", "/gc/stack/", "/memory/classes/", "/sched/gomaxprocs:",
		"/sched/goroutines", "/sched/threads/", NULL,
	};

	if (starts_with_one(name, counters))
		return PD_METRIC_COUNTER;
	return starts_with_one(name, gauges) ? PD_METRIC_GAUGE : PD_METRIC_UNKNOWN;
}

struct pd_span metrics_go_unit(struct pd_span name)
{
	struct pd_span unit = { "", 0 };

	span_rcut(&name, ':', &unit);
	return unit;
}

enum pd_metric_kind metrics_memstats_kind(struct pd_span field, const char **unit)
{
	static const char *const counters[] = { "TotalAlloc", "Lookups", "Mallocs", "Frees", "PauseTotalNs", "NumGC", "NumForcedGC", NULL };
	static const char *const bytes[] = { "Alloc", "TotalAlloc", "Sys", "NextGC", NULL };

	*unit = "";
	for (const char *const *b = bytes; *b; b++)
		if (span_is(field, *b))
			*unit = "bytes";
	if (span_ends(field, "Sys") || span_ends(field, "Inuse") || span_ends(field, "Idle") || span_is(field, "HeapAlloc") || span_is(field, "HeapReleased"))
		*unit = "bytes";
	if (span_is(field, "PauseTotalNs") || span_is(field, "LastGC"))
		*unit = "nanoseconds";
	for (const char *const *c = counters; *c; c++)
		if (span_is(field, *c))
			return PD_METRIC_COUNTER;
	return PD_METRIC_GAUGE;
}
