/* What the readers of the kinds of metrics share. */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "base/vec.h"
#include "common/json_read.h"
#include <profdata/metrics.h>

/* runtime/metrics and expvar. */
enum pd_status metrics_json_read(struct pd_source *src, struct pd_sink *sink);
/* Prometheus and OpenMetrics. */
enum pd_status metrics_text_read(struct pd_source *src, struct pd_sink *sink);

/* How sure a sniffer of text may be. */
enum pd_sniff metrics_text_sniff(const struct pd_probe *p);

/* Is it the name of one of Go's runtime/metrics ("/gc/heap/allocs:bytes")? */
bool metrics_go_name(struct pd_span name);
/* What kind of metric that is when it is a number; the unit is what stands behind the colon. */
enum pd_metric_kind metrics_go_kind(struct pd_span name);
struct pd_span metrics_go_unit(struct pd_span name);
/* The same of a field of Go's runtime.MemStats. */
enum pd_metric_kind metrics_memstats_kind(struct pd_span field, const char **unit);

#endif
