/* profdata diff for machines. */
#include "diff.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *diff_per_word(enum pd_diff_per per)
{
	static const char *const words[] = { "auto", "time", "cpu", "op", "total", "none" };

	return words[per];
}

static void put_span(struct cmd_json *j, const char *key, struct pd_span s)
{
	cmd_json_string(j, key, s.n ? s.p : "", s.n);
}

static void put_interval(struct cmd_json *j, const char *key, double lo, double hi)
{
	cmd_json_array(j, key);
	cmd_json_real(j, NULL, lo);
	cmd_json_real(j, NULL, hi);
	cmd_json_end(j);
}

static void put_flags(struct cmd_json *j, uint32_t flags)
{
	static const char *const names[] = { "few_samples", "share_only", "small", "untestable" };

	cmd_json_array(j, "flags");
	for (unsigned i = 0; i < 4; i++)
		if (flags >> i & 1)
			cmd_json_string(j, NULL, names[i], strlen(names[i]));
	cmd_json_end(j);
}

static void put_class(struct cmd_json *j, enum pd_diff_class c)
{
	cmd_json_string(j, "class", pd_diff_class_name(c), strlen(pd_diff_class_name(c)));
}

static void put_test(struct cmd_json *j, const char *key, const struct pd_diff_test *t)
{
	cmd_json_object(j, key);
	cmd_json_real(j, "before", t->before);
	cmd_json_real(j, "after", t->after);
	cmd_json_array(j, "samples");
	cmd_json_real(j, NULL, t->samples[PD_BEFORE]);
	cmd_json_real(j, NULL, t->samples[PD_AFTER]);
	cmd_json_end(j);
	cmd_json_real(j, "ratio", t->ratio);
	put_interval(j, "ci", t->lo, t->hi);
	put_interval(j, "change_ci", t->diff_lo, t->diff_hi);
	cmd_json_real(j, "p", t->p);
	cmd_json_real(j, "q", t->q);
	if (!isnan(t->p_rank))
		cmd_json_real(j, "p_rank", t->p_rank);
	cmd_json_real(j, "phi", t->phi);
	put_class(j, t->klass);
	put_flags(j, t->flags);
	cmd_json_end(j);
}

static void put_values(struct cmd_json *j, const char *key, int64_t flat, int64_t cum, unsigned decimals)
{
	cmd_json_object(j, key);
	cmd_json_decimal(j, "flat", flat, decimals);
	cmd_json_decimal(j, "cum", cum, decimals);
	cmd_json_end(j);
}

static void put_row(struct diff_report *r, struct cmd_json *j, size_t i)
{
	static const char *const roles[] = { "none", "origin", "carrier" };
	unsigned decimals = r->s->type.decimals;
	struct pd_diff_row row, other;
	const struct pd_diff_test *t;
	const char *rule;

	pd_diff_row(r->diff, i, &row);
	t = diff_row_test(&row);
	rule = pd_diff_rule_name(row.rule);
	cmd_json_object(j, NULL);
	put_span(j, "function", row.function.n ? row.function : row.name);
	put_span(j, "file", row.file);
	cmd_json_int(j, "line", row.line);
	if (row.was.n)
		put_span(j, "was", row.was);
	put_values(j, "before", row.flat[PD_BEFORE], row.cum[PD_BEFORE], decimals);
	put_values(j, "after", row.flat[PD_AFTER], row.cum[PD_AFTER], decimals);
	put_values(j, "delta", row.flat[PD_AFTER] - row.flat[PD_BEFORE], row.cum[PD_AFTER] - row.cum[PD_BEFORE], decimals);
	cmd_json_real(j, "ratio", t->ratio);
	put_interval(j, "ci", t->lo, t->hi);
	cmd_json_real(j, "p", t->p);
	cmd_json_real(j, "q", t->q);
	put_class(j, row.klass);
	cmd_json_string(j, "by", row.by_total ? "cum" : "flat", row.by_total ? 3 : 4);
	cmd_json_string(j, "role", roles[row.role], strlen(roles[row.role]));
	cmd_json_string(j, "match", rule, strlen(rule));
	if (row.partner != UINT32_MAX) {
		pd_diff_row(r->diff, row.partner, &other);
		put_span(j, t->after < t->before ? "moved_to" : "moved_from", other.name);
	}
	put_test(j, "self", &row.self);
	put_test(j, "total", &row.total);
	cmd_json_end(j);
}

static void put_side(struct diff_report *r, struct cmd_json *j, const char *key, int side)
{
	const struct pd_diff_side *s = &r->s->side[side];
	double whole = nearbyint(s->samples);

	cmd_json_object(j, key);
	cmd_json_decimal(j, "total", s->total, r->s->type.decimals);
	if (whole == s->samples && fabs(whole) < 0x1p62)
		cmd_json_int(j, "samples", (int64_t)whole);
	else
		cmd_json_real(j, "samples", s->samples);
	cmd_json_int(j, "profiles", (int64_t)s->profiles);
	cmd_json_real(j, "duration_seconds", s->duration);
	cmd_json_real(j, "exposure", s->exposure);
	cmd_json_end(j);
}

static void put_matches(struct diff_report *r, struct cmd_json *j)
{
	cmd_json_object(j, "matched");
	for (int i = 0; i < PD_MATCH_RULES; i++) {
		cmd_json_object(j, pd_diff_rule_name((enum pd_diff_rule)i));
		cmd_json_int(j, "functions", (int64_t)r->s->matched[i]);
		cmd_json_real(j, "share", r->s->matched_share[i]);
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_int(j, "only_before", (int64_t)r->s->only[PD_BEFORE]);
	cmd_json_int(j, "only_after", (int64_t)r->s->only[PD_AFTER]);
}

static void put_tests(struct diff_report *r, struct cmd_json *j)
{
	const struct pd_diff_summary *s = r->s;

	cmd_json_bool(j, "testable", s->testable);
	cmd_json_string(j, "variation", s->replicates ? "profiles" : s->slices ? "slices" : "counting", s->replicates ? 8 : s->slices ? 6 : 8);
	cmd_json_real(j, "phi", s->phi);
	cmd_json_object(j, "tests");
	cmd_json_int(j, "flat", (int64_t)s->tests[0]);
	cmd_json_int(j, "cum", (int64_t)s->tests[1]);
	cmd_json_end(j);
	cmd_json_string(j, "correction", r->a->conservative ? "BY" : "BH", 2);
	cmd_json_object(j, "level");
	cmd_json_real(j, "flat", s->alpha[0]);
	cmd_json_real(j, "cum", s->alpha[1]);
	cmd_json_end(j);
	cmd_json_object(j, "whole");
	cmd_json_real(j, "ratio", s->total_ratio);
	put_interval(j, "ci", s->total_lo, s->total_hi);
	cmd_json_real(j, "p", s->total_p);
	cmd_json_end(j);
	cmd_json_object(j, "shape");
	cmd_json_real(j, "g", s->g);
	cmd_json_real(j, "df", s->g_df);
	cmd_json_real(j, "p", s->g_p);
	cmd_json_bool(j, "differs", s->shape_differs);
	cmd_json_real(j, "total_variation", s->total_variation);
	cmd_json_real(j, "jensen_shannon_bits", s->jensen_shannon);
	cmd_json_end(j);
	cmd_json_object(j, "bulk");
	cmd_json_real(j, "ratio", s->bulk_ratio);
	cmd_json_int(j, "functions", (int64_t)s->bulk_functions);
	cmd_json_end(j);
	cmd_json_bool(j, "folded_inlines", s->folded_inlines);
}

void diff_json(struct diff_report *r, struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);
	const char *const *note;
	size_t n = pd_diff_notes(r->diff, &note);

	cmd_json_object(j, NULL);
	cmd_json_head(r->ctx, j, "profdata.diff/1");
	cmd_json_object(j, "sample_type");
	cmd_json_string(j, "type", r->s->type_text, strlen(r->s->type_text));
	cmd_json_string(j, "unit", r->s->unit_text, strlen(r->s->unit_text));
	cmd_json_end(j);
	put_side(r, j, "before", PD_BEFORE);
	put_side(r, j, "after", PD_AFTER);
	cmd_json_string(j, "exposure", diff_per_word(r->s->per), strlen(diff_per_word(r->s->per)));
	put_tests(r, j);
	put_matches(r, j);
	cmd_json_array(j, "notes");
	for (size_t i = 0; i < n; i++)
		cmd_json_string(j, NULL, note[i], strlen(note[i]));
	cmd_json_end(j);
	cmd_json_array(j, "rows");
	for (size_t i = 0; i < pd_diff_rows(r->diff); i++)
		put_row(r, j, i);
	cmd_json_end(j);
	cmd_json_end(j);
	cmd_json_free(j);
}

/* ---- CSV ---- */

static void csv_int(struct diff_report *r, struct pd_out *out, int64_t v)
{
	uint64_t abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, unit = 1;
	char text[64];
	int n;

	for (unsigned i = 0; i < r->s->type.decimals && i < 19; i++)
		unit *= 10;
	if (unit == 1)
		n = snprintf(text, sizeof text, "%" PRId64, v);
	else
		n = snprintf(text, sizeof text, "%s%" PRIu64 ".%0*" PRIu64, v < 0 ? "-" : "", abs / unit, (int)r->s->type.decimals, abs % unit);
	cmd_csv_field(out, text, (size_t)n, false);
}

static void csv_real(struct pd_out *out, double v)
{
	char text[40];

	cmd_csv_field(out, text, isnan(v) ? 0 : (size_t)snprintf(text, sizeof text, "%.17g", v), false);
}

void diff_csv(struct diff_report *r, struct pd_out *out)
{
	pd_out_puts(out, "function,file,line,before_flat,before_cum,after_flat,after_cum,delta_flat,delta_cum,ratio,ci_lo,ci_hi,p,q,by,role,class\n");
	for (size_t i = 0; i < pd_diff_rows(r->diff); i++) {
		static const char *const roles[] = { "none", "origin", "carrier" };
		struct pd_diff_row row;
		const struct pd_diff_test *t;
		const char *class;
		char line[24];

		pd_diff_row(r->diff, i, &row);
		t = diff_row_test(&row);
		class = pd_diff_class_name(row.klass);
		cmd_csv_field(out, row.function.n ? row.function.p : row.name.p, row.function.n ? row.function.n : row.name.n, false);
		cmd_csv_field(out, row.file.n ? row.file.p : "", row.file.n, false);
		cmd_csv_field(out, line, (size_t)snprintf(line, sizeof line, "%" PRId64, row.line), false);
		for (int side = 0; side < 2; side++) {
			csv_int(r, out, row.flat[side]);
			csv_int(r, out, row.cum[side]);
		}
		csv_int(r, out, row.flat[PD_AFTER] - row.flat[PD_BEFORE]);
		csv_int(r, out, row.cum[PD_AFTER] - row.cum[PD_BEFORE]);
		csv_real(out, t->ratio);
		csv_real(out, t->lo);
		csv_real(out, t->hi);
		csv_real(out, t->p);
		csv_real(out, t->q);
		cmd_csv_field(out, row.by_total ? "cum" : "flat", row.by_total ? 3 : 4, false);
		cmd_csv_field(out, roles[row.role], strlen(roles[row.role]), false);
		cmd_csv_field(out, class, strlen(class), true);
	}
}
