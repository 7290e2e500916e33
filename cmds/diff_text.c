/* profdata diff for people: what was compared, what changed, what cannot be told. */
#include "diff.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 40
#define NAME 512 /* bytes of a name on a line */

/* ---- numbers ---- */

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void right(struct pd_out *out, const char *text, size_t width)
{
	for (size_t n = characters(text); n < width; n++)
		pd_out_puts(out, " ");
	pd_out_puts(out, text);
}

/* A plain number with about three digits that mean something. */
static void short_number(char *buf, size_t n, double v)
{
	int decimals = fabs(v) >= 100 || v == 0 ? 0 : fabs(v) >= 10 ? 1 : fabs(v) >= 1 ? 2 : 3;

	if (fabs(v) >= 1e7 || (v && fabs(v) < 0.001))
		snprintf(buf, n, "%.3g", v);
	else
		snprintf(buf, n, "%.*f", decimals, v);
}

/* A value per exposure: "16.67%", "120.5ms/s", "83.3us/op", "1.50s". */
static void amount(const struct diff_report *r, char *buf, size_t n, double v)
{
	static const char *const per[] = { "", "/s", "/cpu s", "/op", "", "" };
	const char *unit = r->s->unit_text, *to = r->a->unit ? r->a->unit : "auto";
	double scale = pow(10, r->s->type.decimals);

	if (r->s->per == PD_DIFF_PER_TOTAL) {
		snprintf(buf, n, "%.2f%%", v * 100);
		return;
	}
	v /= scale;
	if (pd_units_compatible(unit, "ns") || pd_units_compatible(unit, "bytes")) {
		/* in thousandths, so that rates below one unit keep their digits; both families divide by more than that */
		bool time = pd_units_compatible(unit, "ns");
		const char *out_unit;
		double fine = time ? pd_scale_value(1, unit, "ns", &out_unit) : 1;

		pd_format_value(buf, n, (int64_t)llround(v * fine), time ? "ns" : unit, to);
	} else {
		short_number(buf, n, v);
	}
	snprintf(buf + strlen(buf), n - strlen(buf), "%s", per[r->s->per]);
}

/* "+22.3%", "×34", "new" */
static void relative(char *buf, size_t n, double ratio)
{
	if (isnan(ratio))
		snprintf(buf, n, "-");
	else if (ratio == INFINITY)
		snprintf(buf, n, "new");
	else if (ratio <= 0)
		snprintf(buf, n, "gone");
	else if (ratio >= 10)
		snprintf(buf, n, "\xc3\x97%.3g", ratio);
	else
		snprintf(buf, n, "%+.1f%%", (ratio - 1) * 100);
}

static void interval(char *buf, size_t n, double lo, double hi)
{
	char a[32], b[32];

	if (isnan(lo) || isnan(hi)) {
		snprintf(buf, n, "-");
		return;
	}
	relative(a, sizeof a, lo > 0 ? lo : 1e-9);
	relative(b, sizeof b, hi);
	snprintf(buf, n, "%s .. %s", lo > 0 ? a : "-100%", hi == INFINITY ? "\xe2\x88\x9e" : b);
}

static void probability(char *buf, size_t n, double p)
{
	if (isnan(p))
		snprintf(buf, n, "-");
	else if (p < 1e-300) /* below what a double can tell from 0 */
		snprintf(buf, n, "<1e-300");
	else if (p < 0.0001)
		snprintf(buf, n, "%.0e", p);
	else
		snprintf(buf, n, "%.4f", p);
}

static void count_text(char *buf, size_t n, double v)
{
	snprintf(buf, n, "%.0f", v);
}

/* ---- header ---- */

static void put_name(struct pd_out *out, struct pd_span s)
{
	char text[NAME];

	pd_out_puts(out, cmd_printable(text, sizeof text, s));
}

static void side_line(struct diff_report *r, struct pd_out *out, int side)
{
	const struct pd_diff_side *s = &r->s->side[side];
	const struct cmd_loaded *in = side == PD_BEFORE ? r->in : r->in + r->n_before;
	struct pd_amount how = { .unit = r->s->unit_text, .to = r->a->unit ? r->a->unit : "auto", .decimals = r->s->type.decimals };
	char text[128];

	pd_out_puts(out, side == PD_BEFORE ? "before     " : "after      ");
	put_name(out, (struct pd_span){ in->path, strlen(in->path) });
	if (s->profiles > 1)
		pd_out_printf(out, " and %zu more", s->profiles - 1);
	pd_format_amount(text, sizeof text, s->total, &how);
	pd_out_printf(out, ": %s", text);
	if (s->samples > 0 && !(r->s->per == PD_DIFF_PER_NONE && !*r->s->unit_text))
		pd_out_printf(out, ", %.0f %s", s->samples, round(s->samples) == 1 ? "sample" : "samples");
	if (s->duration > 0) {
		pd_format_value(text, sizeof text, (int64_t)llround(s->duration * 1e9), "nanoseconds", "auto");
		pd_out_printf(out, " in %s", text);
	}
	if (r->s->per == PD_DIFF_PER_OP)
		pd_out_printf(out, ", %.0f %s%s", s->exposure, diff_by_runs(r->a, r->in, r->n) ? "whole run" : "operation", s->exposure == 1 ? "" : "s");
	pd_out_puts(out, "\n");
}

static void what_line(struct diff_report *r, struct pd_out *out)
{
	static const char *const per[] = { "", "per second of recording", "per CPU second", "per operation", "shares of the total", "plain values" };
	static const char *const option[] = { "", "time", "cpu", "op", "total", "none" };

	pd_out_puts(out, "compared   ");
	put_name(out, (struct pd_span){ r->s->type_text, strlen(r->s->type_text) });
	if (*r->s->unit_text) {
		pd_out_puts(out, "/");
		put_name(out, (struct pd_span){ r->s->unit_text, strlen(r->s->unit_text) });
	}
	pd_out_printf(out, ", %s (--per=%s)\n", r->s->per == PD_DIFF_PER_OP && diff_by_runs(r->a, r->in, r->n) ? "per run of the command" : per[r->s->per], option[r->s->per]);
}

static void whole_line(struct diff_report *r, struct pd_out *out)
{
	const struct pd_diff_summary *s = r->s;
	char change[32], range[80], p[32];

	if (!isnan(s->total_ratio)) {
		relative(change, sizeof change, s->total_ratio);
		interval(range, sizeof range, s->total_lo, s->total_hi);
		probability(p, sizeof p, s->total_p);
		pd_out_printf(out, "whole      %s", change);
		if (!isnan(s->total_p))
			pd_out_printf(out, " (%s, p %s)", range, p);
		pd_out_puts(out, "\n");
	}
	if (!isnan(s->g_p)) {
		probability(p, sizeof p, s->g_p);
		pd_out_printf(out, "shape      %s (G %.1f, %.0f df, p %s), %.2f%% of the samples elsewhere\n",
			      s->shape_differs ? "differs" : "no detectable difference", s->g, s->g_df, p, s->total_variation * 100);
	}
}

static void tests_line(struct diff_report *r, struct pd_out *out)
{
	const struct pd_diff_summary *s = r->s;

	if (!s->testable)
		return;
	pd_out_printf(out, "tests      %zu own, %zu cumulative; %s at %g%%; variation: ", s->tests[0], s->tests[1],
		      r->a->conservative ? "Benjamini-Yekutieli" : "Benjamini-Hochberg", 100 * (r->a->alpha > 0 ? r->a->alpha : 0.05));
	if (s->replicates)
		pd_out_printf(out, "%zu and %zu profiles, \xcf\x86 %.2f\n", s->side[0].profiles, s->side[1].profiles, s->phi);
	else if (s->slices)
		pd_out_printf(out, "%zu slices within the recordings, \xcf\x86 %.2f\n", s->n_slices, s->phi);
	else
		pd_out_puts(out, "counting only\n");
}

static void match_line(struct diff_report *r, struct pd_out *out)
{
	const struct pd_diff_summary *s = r->s;
	bool more = false;

	pd_out_printf(out, "functions  %zu on both sides", s->matched[PD_MATCH_EXACT]);
	for (int i = PD_MATCH_NAME; i < PD_MATCH_RULES; i++)
		if (s->matched[i]) {
			pd_out_printf(out, "%s%zu by %s (%.1f%%)", more ? ", " : "; matched ", s->matched[i], pd_diff_rule_name((enum pd_diff_rule)i), 100 * s->matched_share[i]);
			more = true;
		}
	pd_out_printf(out, "; %zu only before, %zu only after\n", s->only[PD_BEFORE], s->only[PD_AFTER]);
}

static void bulk_line(struct diff_report *r, struct pd_out *out)
{
	char change[32];

	if (isnan(r->s->bulk_ratio))
		return;
	relative(change, sizeof change, r->s->bulk_ratio);
	pd_out_printf(out, "bulk       %zu functions moved together by %s: no findings of their own\n", r->s->bulk_functions, change);
}

static void notes(struct diff_report *r, struct pd_out *out)
{
	const char *const *note;
	size_t n = pd_diff_notes(r->diff, &note);

	for (size_t i = 0; i < n; i++) {
		pd_out_puts(out, "note       ");
		put_name(out, (struct pd_span){ note[i], strlen(note[i]) });
		pd_out_puts(out, "\n");
	}
}

/* ---- rows ---- */

static const char *flag(const struct pd_diff_row *row, const struct pd_diff_test *t)
{
	switch (row->klass) {
	case PD_DIFF_NEW: return "new";
	case PD_DIFF_GONE: return "gone";
	case PD_DIFF_GROWN: return "+";
	case PD_DIFF_SHRUNK: return "-";
	case PD_DIFF_MOVED: return "moved";
	default: break;
	}
	if (row->role == PD_DIFF_CARRIER)
		return "carries";
	if (t->flags & PD_DIFF_SHARE_ONLY)
		return "with bulk";
	if (t->flags & PD_DIFF_UNTESTABLE)
		return "?";
	if (t->flags & PD_DIFF_FEW_SAMPLES)
		return row->klass == PD_DIFF_UNCHANGED ? "=" : "few samples";
	if (t->flags & PD_DIFF_SMALL)
		return "small";
	return row->klass == PD_DIFF_UNCHANGED ? "=" : "~";
}

static const char *colour(const struct diff_report *r, const struct pd_diff_row *row)
{
	if (!r->color)
		return "";
	switch (row->klass) {
	case PD_DIFF_NEW:
	case PD_DIFF_GROWN: return "\033[33m";
	case PD_DIFF_GONE:
	case PD_DIFF_SHRUNK: return "\033[34m";
	case PD_DIFF_MOVED: return "\033[35m";
	default: return "\033[2m";
	}
}

static void head(struct pd_out *out)
{
	pd_out_puts(out, "\n     before       after       change    change  95% interval           q     samples  what         function\n");
}

static void put_row(struct diff_report *r, struct pd_out *out, const struct pd_diff_row *row)
{
	bool indirect = row->klass <= PD_DIFF_UNDECIDED && (row->role == PD_DIFF_CARRIER || (!row->flat[PD_BEFORE] && !row->flat[PD_AFTER]));
	const struct pd_diff_test *t = indirect ? &row->total : diff_row_test(row);
	char text[160];

	pd_out_puts(out, colour(r, row));
	amount(r, text, sizeof text, t->before);
	right(out, text, 11);
	amount(r, text, sizeof text, t->after);
	right(out, text, 12);
	amount(r, text + 1, sizeof text - 1, fabs(t->after - t->before));
	text[0] = t->after < t->before ? '-' : '+';
	right(out, text, 13);
	relative(text, sizeof text, t->before > 0 ? t->after > 0 ? t->ratio : 0 : t->after > 0 ? INFINITY : NAN);
	right(out, text, 10);
	interval(text, sizeof text, t->lo, t->hi);
	pd_out_puts(out, "  ");
	pd_out_puts(out, text);
	for (size_t n = characters(text); n < 19; n++)
		pd_out_puts(out, " ");
	probability(text, sizeof text, t->q);
	right(out, text, 8);
	count_text(text, sizeof text, t->samples[0] + t->samples[1]);
	right(out, text, 10);
	pd_out_printf(out, "  %-11s  ", flag(row, t));
	put_name(out, row->name);
	if (row->by_total || t == &row->total)
		pd_out_puts(out, " (with callees)");
	if (row->was.n) {
		pd_out_puts(out, " (was ");
		put_name(out, row->was);
		pd_out_puts(out, ")");
	}
	if (row->partner != UINT32_MAX) {
		struct pd_diff_row other;

		pd_diff_row(r->diff, row->partner, &other);
		pd_out_puts(out, " -> ");
		put_name(out, other.name);
		amount(r, text, sizeof text, diff_row_test(&other)->after);
		pd_out_printf(out, " (%s)", text);
	}
	pd_out_puts(out, r->color ? "\033[0m\n" : "\n");
}

/* One line per move: the side that lost. */
static bool listed(const struct diff_report *r, const struct pd_diff_row *row)
{
	if (row->partner != UINT32_MAX && diff_row_test(row)->after > diff_row_test(row)->before)
		return r->a->all;
	return r->a->all || (diff_is_finding(row) && row->role != PD_DIFF_CARRIER);
}

static void rest_line(struct diff_report *r, struct pd_out *out, size_t hidden)
{
	size_t carriers = 0, open = 0, few = 0, share = 0, same = 0;
	const char *more = "";

	for (size_t i = 0; i < pd_diff_rows(r->diff); i++) {
		struct pd_diff_row row;
		const struct pd_diff_test *t;

		pd_diff_row(r->diff, i, &row);
		t = diff_row_test(&row);
		carriers += row.role == PD_DIFF_CARRIER;
		if (diff_is_finding(&row))
			continue;
		share += (t->flags & PD_DIFF_SHARE_ONLY) != 0;
		if (row.klass == PD_DIFF_UNCHANGED)
			same += !(t->flags & PD_DIFF_SHARE_ONLY);
		else if (t->flags & PD_DIFF_FEW_SAMPLES)
			few++;
		else
			open++;
	}
	pd_out_puts(out, "\nnot listed: ");
	if (hidden)
		pd_out_printf(out, "%zu finding%s (-n 0 for all), ", hidden, hidden == 1 ? "" : "s");
	if (carriers) {
		pd_out_printf(out, "%zu carrier%s of these changes", carriers, carriers == 1 ? "" : "s");
		more = ", ";
	}
	if (share) {
		pd_out_printf(out, "%s%zu that moved with the bulk", more, share);
		more = ", ";
	}
	pd_out_printf(out, "%s%zu undecided, %zu with few samples, %zu unchanged (--all)\n", more, open, few, same);
}

static void power_line(struct diff_report *r, struct pd_out *out)
{
	if (isnan(r->s->least_change))
		return;
	pd_out_printf(out, "power: in the smallest function tested (%.2f%% of the samples) only a change of %+.0f%% would have been seen in 4 of 5 cases\n",
		      r->s->least_share * 100, r->s->least_change * 100);
}

void diff_text(struct diff_report *r, struct pd_out *out)
{
	size_t most = r->a->nodecount > 0 ? (size_t)r->a->nodecount : r->a->nodecount == 0 || r->a->all ? SIZE_MAX : ROWS, shown = 0, hidden = 0;

	what_line(r, out);
	side_line(r, out, PD_BEFORE);
	side_line(r, out, PD_AFTER);
	whole_line(r, out);
	tests_line(r, out);
	match_line(r, out);
	bulk_line(r, out);
	notes(r, out);
	for (size_t i = 0; i < pd_diff_rows(r->diff); i++) {
		struct pd_diff_row row;

		pd_diff_row(r->diff, i, &row);
		if (!listed(r, &row))
			continue;
		if (shown == most) {
			hidden++;
			continue;
		}
		if (!shown++)
			head(out);
		put_row(r, out, &row);
	}
	if (!shown)
		pd_out_puts(out, r->s->testable ? "\nNo function changed beyond chance.\n" : "\nNothing could be tested.\n");
	if (!r->a->all)
		rest_line(r, out, hidden);
	power_line(r, out);
}
