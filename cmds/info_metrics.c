#include "info_metrics.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const quantile_names[PD_METRIC_QUANTILES] = { "p50", "p95", "p99", "max" };

/* ---- machines ---- */

static void json_quantiles(const struct pd_metric *m, struct cmd_json *j)
{
	struct pd_metric_quantile q;

	for (unsigned i = 0; i < PD_METRIC_QUANTILES; i++) {
		if (!pd_metric_quantile(m, pd_metric_quantile_at(i), &q))
			continue;
		cmd_json_object(j, quantile_names[i]);
		cmd_json_real(j, "value", q.value);
		cmd_json_real(j, "low", q.in.lo);
		cmd_json_real(j, "high", q.in.hi);
		cmd_json_end(j);
	}
}

static void json_bins(const struct pd_metric *m, struct cmd_json *j)
{
	cmd_json_array(j, m->kind == PD_METRIC_SUMMARY ? "quantiles" : "bins");
	for (size_t i = 0; i < m->n_bins; i++) {
		if (m->kind == PD_METRIC_HISTOGRAM && m->bin[i].n == 0)
			continue;
		cmd_json_array(j, NULL);
		cmd_json_real(j, NULL, m->bin[i].lo);
		cmd_json_real(j, NULL, m->bin[i].hi);
		if (m->kind == PD_METRIC_HISTOGRAM)
			cmd_json_real(j, NULL, m->bin[i].n);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static void json_labels(const struct pd_doc *doc, pd_labels set, struct cmd_json *j)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, set, &l);

	if (!n)
		return;
	cmd_json_array(j, "labels");
	for (size_t i = 0; i < n; i++) {
		struct pd_span key = pd_doc_string(doc, l[i].key), value = pd_doc_string(doc, l[i].str);

		cmd_json_object(j, NULL);
		cmd_json_string(j, "key", key.p, key.n);
		if (l[i].kind == PD_LABEL_NUM)
			cmd_json_int(j, "value", l[i].num);
		else
			cmd_json_string(j, "value", value.p, value.n);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static void json_metric(const struct pd_doc *doc, const struct pd_metric *m, struct cmd_json *j)
{
	struct pd_span name = pd_doc_string(doc, m->name), unit = pd_doc_string(doc, m->unit);
	const char *kind = pd_metric_kind_name(m->kind);

	cmd_json_object(j, NULL);
	cmd_json_string(j, "name", name.p, name.n);
	cmd_json_string(j, "kind", kind, strlen(kind));
	cmd_json_string(j, "unit", unit.p, unit.n);
	json_labels(doc, m->labels, j);
	if (m->has_time)
		cmd_json_int(j, "time_nanos", m->time);
	if (m->kind < PD_METRIC_HISTOGRAM) {
		cmd_json_real(j, "value", m->value);
	} else {
		cmd_json_real(j, "count", m->count);
		cmd_json_real(j, "sum", m->sum);
		json_quantiles(m, j);
		json_bins(m, j);
	}
	cmd_json_end(j);
}

void info_metrics_json(const struct pd_doc *doc, struct cmd_json *j)
{
	struct pd_gc_share gc;

	if (pd_metrics_gc_share(NULL, doc, &gc)) {
		cmd_json_object(j, "gc_cpu");
		cmd_json_string(j, "source", gc.source, strlen(gc.source));
		cmd_json_real(j, "seconds", gc.gc);
		cmd_json_real(j, "available_seconds", gc.total);
		cmd_json_real(j, "share_of_available", gc.of_total);
		cmd_json_real(j, "share_of_used", gc.of_used);
		cmd_json_end(j);
	}
	cmd_json_array(j, "metrics");
	for (size_t i = 0; i < pd_doc_metrics(doc); i++) {
		struct pd_metric m;

		pd_doc_metric(doc, i, &m);
		json_metric(doc, &m, j);
	}
	cmd_json_end(j);
}

/* ---- people ---- */

/* "1.2ms", or "1.2ms [1ms..1.5ms]": the bin it was read from. */
static const char *quantile_text(char *buf, size_t size, const struct pd_metric *m, unsigned i, struct pd_span unit)
{
	struct pd_metric_quantile q;
	char value[64], lo[64], hi[64];

	if (!pd_metric_quantile(m, pd_metric_quantile_at(i), &q))
		return "";
	cmd_amount(value, sizeof(value), q.value, unit);
	if (q.in.lo == q.in.hi)
		snprintf(buf, size, "%s %s", quantile_names[i], value);
	else
		snprintf(buf, size, "%s %s (%s..%s)", quantile_names[i], value, cmd_amount(lo, sizeof(lo), q.in.lo, unit), cmd_amount(hi, sizeof(hi), q.in.hi, unit));
	return buf;
}

static void put_name(struct pd_out *out, const struct pd_doc *doc, const struct pd_metric *m)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, m->labels, &l);
	char text[1024];

	pd_out_puts(out, cmd_printable(text, sizeof(text), pd_doc_string(doc, m->name)));
	for (size_t i = 0; i < n; i++) {
		pd_out_printf(out, "%s%s=", i ? "," : "{", cmd_printable(text, sizeof(text), pd_doc_string(doc, l[i].key)));
		if (l[i].kind == PD_LABEL_NUM)
			pd_out_printf(out, "%" PRId64, l[i].num);
		else
			pd_out_printf(out, "\"%s\"", cmd_printable(text, sizeof(text), pd_doc_string(doc, l[i].str)));
	}
	pd_out_puts(out, n ? "}" : "");
}

static void text_metric(struct pd_out *out, const struct pd_doc *doc, const struct pd_metric *m)
{
	struct pd_span unit = pd_doc_string(doc, m->unit), none = { "", 0 };
	char text[256];

	if (m->kind < PD_METRIC_HISTOGRAM) {
		pd_out_printf(out, "  %12s  ", cmd_amount(text, sizeof(text), m->value, unit));
		put_name(out, doc, m);
		pd_out_puts(out, "\n");
		return;
	}
	pd_out_printf(out, "  %12s  ", cmd_amount(text, sizeof(text), m->count, none));
	put_name(out, doc, m);
	if (m->count > 0 && isfinite(m->sum))
		pd_out_printf(out, "  mean %s", cmd_amount(text, sizeof(text), m->sum / m->count, unit));
	for (unsigned i = 0; i < PD_METRIC_QUANTILES; i++) {
		const char *q = quantile_text(text, sizeof(text), m, i, unit);

		pd_out_printf(out, "%s%s", *q ? "  " : "", q);
	}
	pd_out_puts(out, "\n");
}

void info_metrics_text(const struct pd_doc *doc, struct pd_out *out)
{
	static const char *const heads[PD_METRIC_KINDS] = { "numbers", "counters", "gauges", "histograms", "summaries" };
	static const char *const one[PD_METRIC_KINDS] = { "number", "counter", "gauge", "histogram", "summary" };
	static const enum pd_metric_kind order[PD_METRIC_KINDS] = { PD_METRIC_COUNTER, PD_METRIC_GAUGE, PD_METRIC_UNKNOWN, PD_METRIC_HISTOGRAM, PD_METRIC_SUMMARY };
	size_t n[PD_METRIC_KINDS] = { 0 };
	struct pd_gc_share gc;
	struct pd_metric m;

	for (size_t i = 0; i < pd_doc_metrics(doc); i++) {
		pd_doc_metric(doc, i, &m);
		n[m.kind]++;
	}
	pd_out_printf(out, "%-14s %zu", "metrics", pd_doc_metrics(doc));
	for (size_t k = 0, any = 0; k < PD_METRIC_KINDS; k++)
		if (n[order[k]])
			pd_out_printf(out, "%s%zu %s", any++ ? ", " : ": ", n[order[k]], n[order[k]] == 1 ? one[order[k]] : heads[order[k]]);
	pd_out_puts(out, "\n");
	if (pd_metrics_gc_share(NULL, doc, &gc)) {
		pd_out_printf(out, "%-14s %.3g%% of the CPU time there was", "gc cpu", gc.of_total * 100);
		if (isfinite(gc.of_used))
			pd_out_printf(out, ", %.3g%% of what was used", gc.of_used * 100);
		pd_out_puts(out, "\n");
	}
	for (size_t k = 0; k < PD_METRIC_KINDS; k++) {
		if (!n[order[k]])
			continue;
		pd_out_printf(out, "%s\n", heads[order[k]]);
		for (size_t i = 0; i < pd_doc_metrics(doc); i++) {
			pd_doc_metric(doc, i, &m);
			if (m.kind == order[k])
				text_metric(out, doc, &m);
		}
	}
}
