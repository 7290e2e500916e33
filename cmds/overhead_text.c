/* Tables of `profdata overhead compare`. */
#include "overhead.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CELL 64

/* ---- numbers ---- */

/* Four significant digits with the unit that suits: "2.540ms", "64.11us", "1.234MB". */
static void amount(char *buf, const char *unit, double v)
{
	static const struct { const char *unit, *name; double scale; } steps[] = {
		{ "s", "s", 1 }, { "s", "ms", 1e-3 }, { "s", "us", 1e-6 }, { "s", "ns", 1e-9 },
		{ "B", "GB", 1e9 }, { "B", "MB", 1e6 }, { "B", "kB", 1e3 }, { "B", "B", 1 },
	};
	size_t n = strcspn(unit, "/");
	const char *name = ""; /* counts say what they count in the head of the column */
	double scale = 1, w;
	int digits = 3;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (n != 1 || unit[0] != steps[i].unit[0])
			continue;
		name = steps[i].name;
		scale = steps[i].scale;
		if (fabs(v) >= scale)
			break;
	}
	if (!name[0] && fabs(v) >= 1e3) {
		name = fabs(v) >= 1e9 ? "G" : fabs(v) >= 1e6 ? "M" : "k";
		scale = fabs(v) >= 1e9 ? 1e9 : fabs(v) >= 1e6 ? 1e6 : 1e3;
	}
	w = v / scale;
	if (isnan(v)) {
		snprintf(buf, CELL, "?");
		return;
	}
	for (double x = fabs(w); x >= 9.9995 && digits > 0; x /= 10)
		digits--;
	snprintf(buf, CELL, "%.*f%s", digits, w, name);
}

/* benchstat's: the larger side of the interval in whole percent. */
static void spread(char *buf, const struct pd_bench_side *s)
{
	if (isinf(s->ci.lo) || isinf(s->ci.hi))
		snprintf(buf, CELL, "inf");
	else if (!(s->median > 0) || isnan(s->ci.lo))
		snprintf(buf, CELL, s->median == 0 && s->ci.hi == 0 ? "0%%" : "?");
	else
		snprintf(buf, CELL, "%.0f%%", 100 * fmax(s->ci.hi / s->median - 1, 1 - s->ci.lo / s->median));
}

static void side_text(char *buf, const char *unit, const struct pd_bench_side *s)
{
	char value[CELL], pm[CELL];

	amount(value, unit, s->median);
	spread(pm, s);
	snprintf(buf, CELL, "%.40s +/-%.10s", value, pm);
}

static void change(char *buf, double ratio, int digits)
{
	if (isnan(ratio))
		snprintf(buf, CELL, "?");
	else
		snprintf(buf, CELL, "%+.*f%%", digits, 100 * (ratio - 1));
}

static void interval(char *buf, const struct pd_interval *ci)
{
	char lo[CELL], hi[CELL];

	if (isnan(ci->lo) || isinf(ci->hi)) {
		snprintf(buf, CELL, "none");
		return;
	}
	change(lo, ci->lo, 2);
	change(hi, ci->hi, 2);
	snprintf(buf, CELL, "%.25s .. %.25s", lo, hi);
}

static void probability(char *buf, double p)
{
	if (isnan(p))
		snprintf(buf, CELL, "-");
	else
		snprintf(buf, CELL, p >= 0.0001 || p == 0 ? "%.4f" : "%.1e", p);
}

static void verdict_text(char *buf, size_t size, const struct overhead_args *a, const struct pd_overhead_row *r)
{
	char margin[32];

	snprintf(margin, sizeof(margin), "within %.3g%%", 100 * a->margin_value);
	if (r->verdict == PD_VERDICT_REFUSED)
		snprintf(buf, size, "? %s", r->reason);
	else if (r->verdict == PD_VERDICT_WITHIN)
		snprintf(buf, size, "%s", margin);
	else if (r->verdict == PD_VERDICT_INCONCLUSIVE)
		snprintf(buf, size, "inconclusive%s%s%s", r->reason[0] ? " (" : "", r->reason, r->reason[0] ? ")" : "");
	else
		snprintf(buf, size, "%s%s%s%s", pd_verdict_name(r->verdict), r->within ? " (" : "", r->within ? margin : "", r->within ? ")" : "");
	if (r->control)
		snprintf(buf + strlen(buf), size - strlen(buf), "%scontrol", buf[0] ? ", " : "");
}

/* ---- the table of one workload and metric ---- */

enum { NAME, VALUE, CHANGE, CI, P, Q, COLUMNS };

struct line {
	char cell[COLUMNS][CELL];
};

static void row_line(struct line *l, const struct pd_overhead_row *r)
{
	cmd_printable(l->cell[NAME], CELL, (struct pd_span){ r->variant, strlen(r->variant) });
	side_text(l->cell[VALUE], r->unit, &r->side);
	change(l->cell[CHANGE], r->ratio, 2);
	interval(l->cell[CI], &r->ci);
	probability(l->cell[P], r->p);
	probability(l->cell[Q], r->q);
}

static bool same_table(const struct pd_overhead_row *a, const struct pd_overhead_row *b)
{
	return strcmp(a->workload, b->workload) == 0 && strcmp(a->metric, b->metric) == 0;
}

static void widen(int *width, const struct line *l)
{
	for (int c = 0; c < COLUMNS; c++) {
		int n = (int)strlen(l->cell[c]);

		width[c] = n > width[c] ? n : width[c];
	}
}

static void print_line(struct pd_out *out, const int *width, const struct line *l, const char *verdict)
{
	pd_out_printf(out, "%-*s  %-*s  %*s  %-*s  %-*s  %-*s  ", width[NAME], l->cell[NAME], width[VALUE], l->cell[VALUE], width[CHANGE], l->cell[CHANGE],
		      width[CI], l->cell[CI], width[P], l->cell[P], width[Q], l->cell[Q]);
	pd_out_printf(out, "%s\n", verdict);
}

static const char *correction(const struct overhead_args *a)
{
	return strcmp(a->correct, "bh") == 0 ? "q(BH)" : strcmp(a->correct, "by") == 0 ? "q(BY)" : strcmp(a->correct, "none") == 0 ? "q" :
	       strcmp(a->correct, "holm") == 0 ? "p(Holm)" : "p(Bonf)";
}

static void head_line(struct line *l, const struct overhead_args *a, const struct pd_overhead_row *r)
{
	snprintf(l->cell[NAME], CELL, "variant");
	cmd_printable(l->cell[VALUE], CELL, (struct pd_span){ r->metric, strlen(r->metric) });
	snprintf(l->cell[CHANGE], CELL, r->higher ? "change" : "overhead");
	snprintf(l->cell[CI], CELL, "%.4g%% CI", 100 * (1 - a->alpha));
	snprintf(l->cell[P], CELL, "p");
	snprintf(l->cell[Q], CELL, "%s", correction(a));
}

static void title(struct pd_out *out, const struct pd_overhead *o, const struct pd_overhead_row *r)
{
	char name[256], baseline[128], side[CELL];

	cmd_printable(name, sizeof(name), (struct pd_span){ r->workload, strlen(r->workload) });
	cmd_printable(baseline, sizeof(baseline), (struct pd_span){ pd_overhead_baseline(o), strlen(pd_overhead_baseline(o)) });
	side_text(side, r->unit, &r->base);
	pd_out_printf(out, "workload: %s   baseline %s %s   ", name, baseline, side);
	if (r->blocks)
		pd_out_printf(out, "%zu blocks", r->blocks);
	else
		pd_out_printf(out, "%zu runs", r->base.n);
	pd_out_printf(out, "   %s is better\n", r->higher ? "higher" : "lower");
}

static size_t table(struct pd_out *out, const struct overhead_args *a, const struct pd_overhead *o, size_t from)
{
	const struct pd_overhead_row *first = pd_overhead_row(o, from), *r;
	int width[COLUMNS] = { 0 };
	struct line l;
	char verdict[320];
	size_t end = from;

	head_line(&l, a, first);
	widen(width, &l);
	for (; (r = pd_overhead_row(o, end)) && same_table(first, r); end++) {
		row_line(&l, r);
		widen(width, &l);
	}
	title(out, o, first);
	head_line(&l, a, first);
	print_line(out, width, &l, "verdict");
	for (size_t i = from; i < end; i++) {
		row_line(&l, pd_overhead_row(o, i));
		verdict_text(verdict, sizeof(verdict), a, pd_overhead_row(o, i));
		print_line(out, width, &l, verdict);
	}
	pd_out_puts(out, "\n");
	return end;
}

/* ---- means and remarks ---- */

static void means(struct pd_out *out, const struct overhead_args *a, const struct pd_overhead *o)
{
	const struct pd_overhead_mean *m;
	const char *metric = NULL;
	char text[CELL], lo[CELL], hi[CELL], name[128];

	for (size_t i = 0; (m = pd_overhead_mean(o, i)); i++) {
		if (!metric || strcmp(metric, m->metric) != 0) {
			metric = m->metric;
			pd_out_printf(out, "geomean of %s over %zu workloads:\n", cmd_printable(name, sizeof(name), (struct pd_span){ metric, strlen(metric) }), m->workloads);
		}
		change(text, m->ratio, 2);
		pd_out_printf(out, "  %s %s", cmd_printable(name, sizeof(name), (struct pd_span){ m->variant, strlen(m->variant) }), text);
		if (!isnan(m->ci.lo) && !isinf(m->ci.hi)) {
			change(lo, m->ci.lo, 2);
			change(hi, m->ci.hi, 2);
			pd_out_printf(out, " (%.20s .. %.20s)", lo, hi);
		}
		if (!isnan(m->p))
			pd_out_printf(out, " p %.4f", m->p);
		if (a->generalise && !isnan(m->generalised.lo)) {
			change(lo, m->generalised.lo, 2);
			change(hi, m->generalised.hi, 2);
			pd_out_printf(out, "  workloads in general: %.20s .. %.20s", lo, hi);
		}
		pd_out_puts(out, "\n");
	}
	if (metric)
		pd_out_puts(out, "\n");
}

static void remarks(struct pd_out *out, const struct pd_bench *b, const struct pd_overhead *o)
{
	char text[1024];
	const char *s;

	for (size_t i = 0; (s = pd_overhead_remark(o, i)); i++)
		pd_out_printf(out, "note: %s\n", cmd_printable(text, sizeof(text), (struct pd_span){ s, strlen(s) }));
	for (size_t i = 0; b && (s = pd_bench_remark(b, i)); i++)
		pd_out_printf(out, "note: %s\n", cmd_printable(text, sizeof(text), (struct pd_span){ s, strlen(s) }));
}

void overhead_text(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b, const struct pd_overhead *o, struct pd_out *out)
{
	(void)ctx;
	for (size_t i = 0; pd_overhead_row(o, i);)
		i = table(out, a, o, i);
	means(out, a, o);
	remarks(out, b, o);
}

/* ---- the matrix ---- */

/* First row with the same metric that names this variant (or workload) is where it gets its place. */
static bool seen_before(const struct pd_overhead *o, size_t from, size_t i, bool workload)
{
	const struct pd_overhead_row *r = pd_overhead_row(o, i);

	for (size_t k = from; k < i; k++) {
		const struct pd_overhead_row *s = pd_overhead_row(o, k);

		if (strcmp(workload ? s->workload : s->variant, workload ? r->workload : r->variant) == 0)
			return true;
	}
	return false;
}

static void matrix_cell(char *buf, const struct overhead_args *a, const struct pd_overhead *o, size_t from, size_t to, const char *variant, const char *workload)
{
	snprintf(buf, CELL, " ");
	for (size_t i = from; i < to; i++) {
		const struct pd_overhead_row *r = pd_overhead_row(o, i);

		if (strcmp(r->variant, variant) != 0 || strcmp(r->workload, workload) != 0)
			continue;
		if (r->verdict == PD_VERDICT_REFUSED)
			snprintf(buf, CELL, "?");
		else if (r->ci.lo <= 1 && r->ci.hi >= 1)
			snprintf(buf, CELL, "~");
		else
			snprintf(buf, CELL, "%+.1f%%%s", 100 * (r->ratio - 1), r->q < a->alpha ? "*" : "");
	}
}

static size_t matrix_of(const struct overhead_args *a, const struct pd_overhead *o, struct pd_out *out, size_t from)
{
	const struct pd_overhead_row *first = pd_overhead_row(o, from), *r;
	size_t to = from;
	int width = 7;
	char name[256], cell[CELL];

	for (; (r = pd_overhead_row(o, to)) && strcmp(r->metric, first->metric) == 0; to++) {
		int n = (int)strlen(cmd_printable(cell, CELL, (struct pd_span){ r->variant, strlen(r->variant) }));

		width = n > width ? n : width;
	}
	pd_out_printf(out, "%s\n%-*s", cmd_printable(name, sizeof(name), (struct pd_span){ first->metric, strlen(first->metric) }), width, "variant");
	for (size_t i = from; i < to; i++)
		if (!seen_before(o, from, i, true)) {
			r = pd_overhead_row(o, i);
			pd_out_printf(out, "  %8s", cmd_printable(name, sizeof(name), (struct pd_span){ r->workload, strlen(r->workload) }));
		}
	pd_out_puts(out, "\n");
	for (size_t i = from; i < to; i++) {
		if (seen_before(o, from, i, false))
			continue;
		r = pd_overhead_row(o, i);
		pd_out_printf(out, "%-*s", width, cmd_printable(name, sizeof(name), (struct pd_span){ r->variant, strlen(r->variant) }));
		for (size_t k = from; k < to; k++) {
			if (seen_before(o, from, k, true))
				continue;
			const char *workload = pd_overhead_row(o, k)->workload;
			int n = (int)strlen(cmd_printable(name, sizeof(name), (struct pd_span){ workload, strlen(workload) }));

			matrix_cell(cell, a, o, from, to, r->variant, workload);
			pd_out_printf(out, "  %*s", n > 8 ? n : 8, cell);
		}
		pd_out_puts(out, "\n");
	}
	pd_out_puts(out, "\n");
	return to;
}

void overhead_matrix(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_overhead *o, struct pd_out *out)
{
	(void)ctx;
	for (size_t i = 0; pd_overhead_row(o, i);)
		i = matrix_of(a, o, out, i);
	pd_out_printf(out, "* %s below %.3g, ~ inside the noise, ? not testable\n", correction(a), a->alpha);
	remarks(out, NULL, o);
}
