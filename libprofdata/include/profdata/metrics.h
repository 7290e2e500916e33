/*
 * Metrics of a running program: counters, gauges, distributions. A document holds
 * them beside its samples (nearly always one or the other): a metric is no sample,
 * it has no stack, and what is done to samples (selection, merging, scaling) leaves
 * metrics behind. Numbers are doubles, as in the formats they come from.
 */
#ifndef PROFDATA_METRICS_H
#define PROFDATA_METRICS_H

#include <profdata/base.h>
#include <profdata/builder.h>
#include <profdata/profile.h>
#include <profdata/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pd_metric_kind {
	PD_METRIC_UNKNOWN,   /* a number, nothing more is known */
	PD_METRIC_COUNTER,   /* only grows while its process lives */
	PD_METRIC_GAUGE,
	PD_METRIC_HISTOGRAM, /* bins: events by value, in order, not overlapping */
	PD_METRIC_SUMMARY,   /* bins: quantiles, see struct pd_metric_bin */
	PD_METRIC_KINDS,
};
/* "counter", "gauge", ...; "unknown" for anything else. */
PD_API const char *pd_metric_kind_name(enum pd_metric_kind kind);

enum pd_metric_flags {
	PD_METRIC_STATE = 1 << 0, /* a histogram of what is now, not of all events so far: it may shrink */
};

struct pd_metric_bin {
	double lo, hi; /* histogram: values above lo up to hi (Go: from lo to below hi); summary: the quantile, 0..1, and its value */
	double n;      /* histogram: events in here; summary: 0 */
};

struct pd_metric {
	pd_str name, unit, help; /* unit "" when unknown: "seconds", "bytes", "nanoseconds" */
	enum pd_metric_kind kind;
	uint32_t flags;          /* enum pd_metric_flags */
	pd_labels labels;
	bool has_time;
	int64_t time;            /* Unix ns */
	double value;            /* counter, gauge, unknown; may be NaN or infinite */
	double count, sum;       /* histogram, summary: of all events; NaN when unknown */
	const struct pd_metric_bin *bin;
	size_t n_bins;
};

/* Adds a metric; bins are copied. One with the same name and labels is replaced: the result is true then. */
PD_API bool pd_metric_add(struct pd_builder *b, const struct pd_metric *m);
/* Number of metrics of a document, 0 for a profile; row `i` of them, in the order of the input. */
PD_API size_t pd_doc_metrics(const struct pd_doc *doc);
PD_API void pd_doc_metric(const struct pd_doc *doc, size_t i, struct pd_metric *out);
/* The first metric with this name; false when there is none. */
PD_API bool pd_doc_metric_named(const struct pd_doc *doc, const char *name, struct pd_metric *out);

/* A quantile read from bins: interpolated in its bin; the true one lies within `in`, and nothing more is known. */
struct pd_metric_quantile {
	double value;
	struct pd_interval in;
};
/*
 * The q-quantile, 0 <= q <= 1 (1: the maximum), of a histogram, or the one a summary has. Where a bin has no end the value is
 * its other end. False when there are no events or no such quantile.
 */
PD_API bool pd_metric_quantile(const struct pd_metric *m, double q, struct pd_metric_quantile *out);

/* CPU time a garbage collector took, from Go's metrics or those of its Prometheus client. */
struct pd_gc_share {
	const char *source;  /* name of the metric it comes from */
	double gc, total;    /* CPU seconds; NaN where only the share is known */
	double of_total;     /* of all CPU time there was (GOMAXPROCS for as long), 0..1 */
	double of_used;      /* of the CPU time that was not idle; NaN when that is unknown */
};
/* Of the life of the process, or with `before`, an older document of the same process, of the time in between. False when the metrics do not tell. */
PD_API bool pd_metrics_gc_share(const struct pd_doc *before, const struct pd_doc *doc, struct pd_gc_share *out);

/* ---- two sets of metrics ---- */

struct pd_metrics_opts {
	size_t size;
	double seconds;             /* between the two; 0: from the times of the metrics, where they have any */
	double alpha;               /* 0 = 0.05 */
	const char *focus, *ignore; /* regular expressions on names; NULL = all, none */
};

#define PD_METRIC_QUANTILES 4 /* 0.5, 0.95, 0.99, 1 */

struct pd_metric_row {
	struct pd_span name;          /* with labels: name{key="value"} */
	struct pd_span unit;
	enum pd_metric_kind kind;
	bool in_before, in_after;
	bool reset;                   /* it went back to zero in between: the increase is counted from there and a lower bound */
	bool unlike;                  /* the two cannot be compared: another kind, other bins */
	double before, after;         /* values; distributions: numbers of events */
	double change;                /* increase of a counter and of numbers of events, difference of the others; NaN when there is none */
	double rate;                  /* change per second; NaN when the time is unknown or it is no counter */
	double relative;              /* after/before - 1 of gauges, NaN when that makes no sense */
	/* distributions: all events up to BEFORE, and those in between (summaries and PD_METRIC_STATE: those of AFTER) */
	double mean[2];
	struct pd_metric_quantile quantile[2][PD_METRIC_QUANTILES]; /* value NaN where it is not there */
	double shift;                 /* largest difference of the two cumulative shares, -1..1: above 0 values became smaller; NaN */
	double p, q;                  /* homogeneity of both sides (G test), corrected over all rows (Benjamini-Hochberg); NaN: no test */
	const struct pd_metric_bin *bin; /* events in between */
	size_t n_bins;
};

struct pd_metrics_diff;
/* NULL after recording the error. The documents must outlive it. */
PD_API struct pd_metrics_diff *pd_metrics_compare(const struct pd_doc *before, const struct pd_doc *after, const struct pd_metrics_opts *opts,
						  struct pd_error *err);
PD_API void pd_metrics_diff_free(struct pd_metrics_diff *d);
PD_API size_t pd_metrics_diff_rows(const struct pd_metrics_diff *d);
/* Rows in the order of AFTER, then those that only BEFORE has. */
PD_API const struct pd_metric_row *pd_metrics_diff_row(const struct pd_metrics_diff *d, size_t i);
/* Seconds between the two, NaN when unknown. */
PD_API double pd_metrics_diff_seconds(const struct pd_metrics_diff *d);
/* Counters that went back: with it the process was another one, or started anew. */
PD_API size_t pd_metrics_diff_resets(const struct pd_metrics_diff *d);
PD_API double pd_metric_quantile_at(unsigned i); /* 0.5, 0.95, 0.99, 1 */

#ifdef __cplusplus
}
#endif
#endif
