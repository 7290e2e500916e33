/* profdata diff of metrics: what a process counted between two looks at it. */
#include "cli.h"
#include "diff.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct metrics_report {
	struct cmd_ctx *ctx;
	const struct diff_args *a;
	const struct cmd_loaded *in; /* BEFORE, AFTER */
	const struct pd_metrics_diff *diff;
	struct pd_gc_share gc[2];
	bool has_gc[2];
};

static const char *const quantile_names[PD_METRIC_QUANTILES] = { "p50", "p95", "p99", "max" };

bool diff_has_metrics(const struct cmd_loaded *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pd_doc_metrics(in[i].doc))
			return true;
	return false;
}

static bool is_distribution(const struct pd_metric_row *r)
{
	return r->kind >= PD_METRIC_HISTOGRAM;
}

/* Is there anything to say about it? */
static bool changed(const struct pd_metric_row *r)
{
	if (!r->in_before || !r->in_after || r->unlike || r->reset)
		return true;
	return r->change != 0 && !(isnan(r->before) && isnan(r->after));
}

/* ---- machines ---- */

static void json_quantiles(struct cmd_json *j, const char *key, const struct pd_metric_row *r, int side)
{
	cmd_json_object(j, key);
	cmd_json_real(j, "mean", r->mean[side]);
	for (unsigned i = 0; i < PD_METRIC_QUANTILES; i++) {
		const struct pd_metric_quantile *q = &r->quantile[side][i];

		if (isnan(q->value))
			continue;
		cmd_json_object(j, quantile_names[i]);
		cmd_json_real(j, "value", q->value);
		cmd_json_real(j, "low", q->in.lo);
		cmd_json_real(j, "high", q->in.hi);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static void json_bins(struct cmd_json *j, const struct pd_metric_row *r)
{
	cmd_json_array(j, "bins");
	for (size_t i = 0; i < r->n_bins; i++) {
		if (r->bin[i].n == 0)
			continue;
		cmd_json_array(j, NULL);
		cmd_json_real(j, NULL, r->bin[i].lo);
		cmd_json_real(j, NULL, r->bin[i].hi);
		cmd_json_real(j, NULL, r->bin[i].n);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static void json_row(struct cmd_json *j, const struct pd_metric_row *r)
{
	const char *kind = pd_metric_kind_name(r->kind);

	cmd_json_object(j, NULL);
	cmd_json_string(j, "name", r->name.p, r->name.n);
	cmd_json_string(j, "kind", kind, strlen(kind));
	cmd_json_string(j, "unit", r->unit.p, r->unit.n);
	cmd_json_real(j, "before", r->before);
	cmd_json_real(j, "after", r->after);
	cmd_json_real(j, "change", r->change);
	cmd_json_real(j, "per_second", r->rate);
	cmd_json_real(j, "relative", r->relative);
	cmd_json_bool(j, "reset", r->reset);
	cmd_json_bool(j, "comparable", r->in_before && r->in_after && !r->unlike);
	if (is_distribution(r)) {
		json_quantiles(j, "distribution_before", r, 0);
		json_quantiles(j, "distribution", r, 1);
		if (r->n_bins)
			json_bins(j, r);
		cmd_json_real(j, "shift", r->shift);
		cmd_json_real(j, "p", r->p);
		cmd_json_real(j, "q", r->q);
	}
	cmd_json_end(j);
}

static void json_gc(struct cmd_json *j, const char *key, const struct pd_gc_share *gc)
{
	cmd_json_object(j, key);
	cmd_json_string(j, "source", gc->source, strlen(gc->source));
	cmd_json_real(j, "seconds", gc->gc);
	cmd_json_real(j, "available_seconds", gc->total);
	cmd_json_real(j, "share_of_available", gc->of_total);
	cmd_json_real(j, "share_of_used", gc->of_used);
	cmd_json_end(j);
}

static void print_json(const struct metrics_report *m, struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);

	cmd_json_object(j, NULL);
	cmd_json_head(m->ctx, j, "profdata.diff-metrics/1");
	cmd_json_real(j, "seconds", pd_metrics_diff_seconds(m->diff));
	cmd_json_int(j, "resets", (int64_t)pd_metrics_diff_resets(m->diff));
	if (m->has_gc[0])
		json_gc(j, "gc_cpu_before", &m->gc[0]);
	if (m->has_gc[1])
		json_gc(j, "gc_cpu", &m->gc[1]);
	cmd_json_array(j, "metrics");
	for (size_t i = 0; i < pd_metrics_diff_rows(m->diff); i++)
		json_row(j, pd_metrics_diff_row(m->diff, i));
	cmd_json_end(j);
	cmd_json_free(j);
}

static void csv_real(struct pd_out *out, double v, bool last)
{
	char text[40] = "";

	if (!isnan(v))
		snprintf(text, sizeof(text), "%.17g", v);
	cmd_csv_field(out, text, strlen(text), last);
}

static void print_csv(const struct metrics_report *m, struct pd_out *out)
{
	pd_out_puts(out, "name,kind,unit,before,after,change,per_second,relative,reset,p50_before,p95_before,p99_before,max_before,p50,p95,p99,max,shift,q\n");
	for (size_t i = 0; i < pd_metrics_diff_rows(m->diff); i++) {
		const struct pd_metric_row *r = pd_metrics_diff_row(m->diff, i);

		cmd_csv_field(out, r->name.p, r->name.n, false);
		cmd_csv_name(out, pd_metric_kind_name(r->kind), false);
		cmd_csv_field(out, r->unit.p, r->unit.n, false);
		csv_real(out, r->before, false);
		csv_real(out, r->after, false);
		csv_real(out, r->change, false);
		csv_real(out, r->rate, false);
		csv_real(out, r->relative, false);
		cmd_csv_name(out, r->reset ? "yes" : "no", false);
		for (int side = 0; side < 2; side++)
			for (unsigned k = 0; k < PD_METRIC_QUANTILES; k++)
				csv_real(out, r->quantile[side][k].value, false);
		csv_real(out, r->shift, false);
		csv_real(out, r->q, true);
	}
}

/* ---- people ---- */

#define CELL 64

static void put_name(struct pd_out *out, const struct pd_metric_row *r)
{
	char text[2048];

	pd_out_printf(out, "  %s", cmd_printable(text, sizeof(text), r->name));
	if (!r->in_before || !r->in_after)
		pd_out_printf(out, "  (only %s)", r->in_before ? "before" : "after");
	else if (r->unlike)
		pd_out_puts(out, "  (not comparable: another kind or other buckets)");
	if (r->reset)
		pd_out_puts(out, "  (began anew: at least)");
	pd_out_puts(out, "\n");
}

static const char *signed_amount(char *buf, double v, struct pd_span unit)
{
	char text[CELL];

	snprintf(buf, CELL, "%s%s", v > 0 ? "+" : "", cmd_amount(text, sizeof(text), v, unit));
	return buf;
}

static void text_counter(struct pd_out *out, const struct pd_metric_row *r)
{
	char change[CELL], rate[CELL];

	pd_out_printf(out, "%12s", isnan(r->change) ? "" : signed_amount(change, r->change, r->unit));
	pd_out_printf(out, " %12s", isnan(r->rate) ? "" : cmd_amount(rate, sizeof(rate), r->rate, r->unit));
	put_name(out, r);
}

static void text_gauge(struct pd_out *out, const struct pd_metric_row *r)
{
	char before[CELL], after[CELL], relative[CELL] = "";

	if (isfinite(r->relative))
		snprintf(relative, sizeof(relative), "%+.1f%%", r->relative * 100);
	pd_out_printf(out, "%12s", r->in_before ? cmd_amount(before, sizeof(before), r->before, r->unit) : "");
	pd_out_printf(out, " %12s %9s", r->in_after ? cmd_amount(after, sizeof(after), r->after, r->unit) : "", relative);
	put_name(out, r);
}

static void text_quantile(struct pd_out *out, const struct pd_metric_row *r, unsigned i)
{
	const struct pd_metric_quantile *a = &r->quantile[0][i], *b = &r->quantile[1][i];
	char before[CELL], after[CELL], lo[CELL], hi[CELL];

	if (isnan(a->value) && isnan(b->value))
		return;
	pd_out_printf(out, "%12s %12s -> %s", quantile_names[i], cmd_amount(before, sizeof(before), a->value, r->unit), cmd_amount(after, sizeof(after), b->value, r->unit));
	if (b->in.lo < b->in.hi)
		pd_out_printf(out, " (%s..%s)", cmd_amount(lo, sizeof(lo), b->in.lo, r->unit), cmd_amount(hi, sizeof(hi), b->in.hi, r->unit));
	pd_out_puts(out, "\n");
}

static void text_distribution(struct pd_out *out, const struct pd_metric_row *r)
{
	const struct pd_span none = { "", 0 };

	text_counter(out, &(struct pd_metric_row){ .name = r->name, .unit = none, .change = r->change, .rate = r->rate, .in_before = r->in_before,
						  .in_after = r->in_after, .unlike = r->unlike, .reset = r->reset });
	for (unsigned i = 0; i < PD_METRIC_QUANTILES; i++)
		text_quantile(out, r, i);
	if (isfinite(r->shift))
		pd_out_printf(out, "%12s %12.1f%% of the events %s", "moved", fabs(r->shift) * 100, r->shift > 0 ? "to smaller values" : "to larger values");
	if (isfinite(r->shift) && isfinite(r->q))
		pd_out_printf(out, " (q %.2g%s)", r->q, r->q >= 0.05 ? ": may be chance" : "");
	if (isfinite(r->shift))
		pd_out_puts(out, "\n");
}

static void text_group(const struct metrics_report *m, struct pd_out *out, const char *head, uint32_t kinds, void (*print)(struct pd_out *, const struct pd_metric_row *))
{
	size_t shown = 0, same = 0, more = 0;

	for (size_t i = 0; i < pd_metrics_diff_rows(m->diff); i++) {
		const struct pd_metric_row *r = pd_metrics_diff_row(m->diff, i);

		if (!(kinds >> r->kind & 1))
			continue;
		if (!m->a->all && !changed(r)) {
			same++;
		} else if (m->a->nodecount >= 0 && shown >= (size_t)m->a->nodecount) {
			more++;
		} else {
			if (!shown++)
				pd_out_printf(out, "\n%s\n", head);
			print(out, r);
		}
	}
	if (more)
		pd_out_printf(out, "%12s %zu more\n", "...", more);
	if (same && shown)
		pd_out_printf(out, "%12s %zu without a change\n", "...", same);
}

static void print_text(const struct metrics_report *m, struct pd_out *out)
{
	double seconds = pd_metrics_diff_seconds(m->diff);
	char before[400], after[400];

	cmd_printable(before, sizeof(before), (struct pd_span){ m->in[0].path, strlen(m->in[0].path) });
	cmd_printable(after, sizeof(after), (struct pd_span){ m->in[1].path, strlen(m->in[1].path) });
	pd_out_printf(out, "%s -> %s", before, after);
	if (isfinite(seconds))
		pd_out_printf(out, ", %.6g s in between\n", seconds);
	else
		pd_out_puts(out, ", without the time in between there are no rates: --interval S\n");
	if (pd_metrics_diff_resets(m->diff))
		pd_out_printf(out, "%zu counters began anew: the process was restarted, or is another one\n", pd_metrics_diff_resets(m->diff));
	if (m->has_gc[1]) {
		pd_out_printf(out, "gc cpu: %.3g%% of the CPU time in between", m->gc[1].of_total * 100);
		if (isfinite(m->gc[1].of_used))
			pd_out_printf(out, ", %.3g%% of what was used", m->gc[1].of_used * 100);
		if (m->has_gc[0])
			pd_out_printf(out, " (before: %.3g%%)", m->gc[0].of_total * 100);
		pd_out_puts(out, "\n");
	}
	text_group(m, out, "    increase   per second  counters", 1u << PD_METRIC_COUNTER, text_counter);
	text_group(m, out, "      before        after    change  gauges and other numbers", 1u << PD_METRIC_GAUGE | 1u << PD_METRIC_UNKNOWN, text_gauge);
	text_group(m, out, "      events   per second  distributions: before -> in between", 1u << PD_METRIC_HISTOGRAM | 1u << PD_METRIC_SUMMARY, text_distribution);
}

/* ---- the gate ---- */

/* Growth of a percentile that neither chance nor the width of buckets explains; 0 where there is none. */
static double percentile_growth(const struct pd_metric_row *r, unsigned i, double alpha)
{
	const struct pd_metric_quantile *a = &r->quantile[0][i], *b = &r->quantile[1][i];

	if (isnan(a->value) || isnan(b->value) || !(b->value > a->value))
		return 0;
	if (r->kind == PD_METRIC_HISTOGRAM && (!(b->in.lo >= a->in.hi) || !(r->q < alpha)))
		return 0;
	return a->value > 0 ? b->value / a->value - 1 : INFINITY;
}

static bool row_fails(struct cmd_ctx *ctx, const struct pd_metric_row *r, double limit, double alpha, const char *text)
{
	char name[400];

	cmd_printable(name, sizeof(name), r->name);
	if (r->kind == PD_METRIC_GAUGE && r->relative >= limit) {
		cmd_notef(ctx, "%s grew by %.3g%% (--fail-on %s)", name, r->relative * 100, text);
		return true;
	}
	for (unsigned i = 0; is_distribution(r) && !r->unlike && i + 1 < PD_METRIC_QUANTILES; i++) {
		double grown = percentile_growth(r, i, alpha);

		if (grown > 0 && grown >= limit) {
			cmd_notef(ctx, "%s of %s grew by %.3g%% (--fail-on %s)", quantile_names[i], name, grown * 100, text);
			return true;
		}
	}
	return false;
}

static int gate(const struct metrics_report *m)
{
	double alpha = m->a->alpha > 0 ? m->a->alpha : 0.05, limit;
	int status = 0;
	char *end;

	if (!m->a->fail_on)
		return 0;
	limit = strtod(m->a->fail_on, &end) / 100; /* the form has been checked */
	if (!strcmp(end, "pp"))
		return cli_usage(m->ctx, NULL, "metrics have no total: --fail-on PCT, not %s", m->a->fail_on);
	for (size_t i = 0; i < pd_metrics_diff_rows(m->diff); i++)
		if (row_fails(m->ctx, pd_metrics_diff_row(m->diff, i), limit, alpha, m->a->fail_on))
			status = 1;
	return status;
}

/* ---- all of it ---- */

static int print(const struct metrics_report *m)
{
	struct pd_out *out = cmd_text_open(m->ctx, &m->a->out);

	if (!out)
		return 2;
	if (m->a->json)
		print_json(m, out);
	else if (m->a->csv)
		print_csv(m, out);
	else
		print_text(m, out);
	return cmd_out_close(m->ctx, out, 0);
}

int diff_metrics(struct cmd_ctx *ctx, const struct diff_args *a, const struct cmd_loaded *in, size_t n_before, size_t n, bool report)
{
	struct pd_metrics_opts o = { .size = sizeof(o), .seconds = a->interval, .alpha = a->alpha, .focus = a->select.focus, .ignore = a->select.ignore };
	struct metrics_report m = { .ctx = ctx, .a = a, .in = in };
	struct pd_metrics_diff *diff;
	struct pd_error err = { 0 };
	int status;

	if (!report)
		return cli_usage(ctx, NULL, "metrics have no stacks to write: a report, --json or --csv");
	if (a->interval < 0)
		return cli_usage(ctx, NULL, "option '--interval' cannot be negative");
	if (n != 2 || n_before != 1)
		return cli_usage(ctx, NULL, "metrics are compared two at a time, BEFORE and AFTER");
	for (size_t i = 0; i < n; i++)
		if (!pd_doc_metrics(in[i].doc))
			return cmd_errorf(ctx, "%s holds no metrics and cannot be compared with %s", in[i].path, in[1 - i].path);
	diff = pd_metrics_compare(in[0].doc, in[1].doc, &o, &err);
	if (!diff)
		return cmd_fail(ctx, &err);
	m.diff = diff;
	m.has_gc[0] = pd_metrics_gc_share(NULL, in[0].doc, &m.gc[0]);
	m.has_gc[1] = pd_metrics_gc_share(in[0].doc, in[1].doc, &m.gc[1]);
	status = print(&m);
	if (!status)
		status = gate(&m);
	pd_metrics_diff_free(diff);
	return status;
}
