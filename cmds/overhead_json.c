/* Machine output of `profdata overhead compare`: every number unrounded, null where there is none. */
#include "overhead.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void text(struct cmd_json *j, const char *key, const char *s) { cmd_json_string(j, key, s, strlen(s)); }

static void interval(struct cmd_json *j, const char *key, const struct pd_interval *ci)
{
	cmd_json_array(j, key);
	cmd_json_real(j, NULL, ci->lo);
	cmd_json_real(j, NULL, ci->hi);
	cmd_json_end(j);
}

static void noise(struct cmd_json *j, const struct pd_bench_side *s, const char *who)
{
	static const struct { unsigned flag; const char *name; } names[] = {
		{ PD_NOISE_DRIFT, "drift" }, { PD_NOISE_SERIAL, "neighbours alike" }, { PD_NOISE_OUTLIERS, "outliers" }, { PD_NOISE_MODES, "two modes" },
		{ PD_NOISE_FIRST_RUN, "first run" },
	};
	char buf[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (s->noise & names[i].flag) {
			snprintf(buf, sizeof(buf), "%s of the %s", names[i].name, who);
			text(j, NULL, buf);
		}
}

static void side(struct cmd_json *j, const char *key, const struct pd_bench_side *s)
{
	cmd_json_object(j, key);
	cmd_json_int(j, "n", (int64_t)s->n);
	cmd_json_real(j, "median", s->median);
	interval(j, "ci", &s->ci);
	cmd_json_real(j, "drift", s->drift);
	cmd_json_end(j);
}

static void row(struct cmd_json *j, const struct pd_overhead_row *r)
{
	cmd_json_object(j, NULL);
	text(j, "workload", r->workload);
	text(j, "variant", r->variant);
	text(j, "metric", r->metric);
	text(j, "unit", r->unit);
	text(j, "better", r->higher ? "higher" : "lower");
	cmd_json_bool(j, "control", r->control);
	cmd_json_real(j, "ratio", r->ratio);
	interval(j, "ci", &r->ci);
	cmd_json_real(j, "confidence", r->confidence);
	cmd_json_int(j, "k", (int64_t)r->rank);
	cmd_json_real(j, "p", r->p);
	cmd_json_real(j, "q", r->q);
	cmd_json_real(j, "p_look", r->p_look);
	cmd_json_bool(j, "exact", r->exact);
	text(j, "verdict", pd_verdict_name(r->verdict));
	cmd_json_bool(j, "within_margin", r->within);
	if (r->reason[0])
		text(j, "reason", r->reason);
	cmd_json_int(j, "n", (int64_t)(r->blocks ? r->blocks : r->side.n));
	cmd_json_int(j, "blocks", (int64_t)r->blocks);
	cmd_json_int(j, "left_out", (int64_t)r->left_out);
	side(j, "base", &r->base);
	side(j, "side", &r->side);
	cmd_json_real(j, "p_greater", r->greater);
	cmd_json_real(j, "mde", r->mde);
	cmd_json_real(j, "needed", r->needed);
	cmd_json_array(j, "warnings");
	noise(j, &r->base, "baseline");
	noise(j, &r->side, "variant");
	cmd_json_end(j);
	cmd_json_end(j);
}

static void mean(struct cmd_json *j, const struct pd_overhead_mean *m)
{
	cmd_json_object(j, NULL);
	text(j, "variant", m->variant);
	text(j, "metric", m->metric);
	cmd_json_int(j, "workloads", (int64_t)m->workloads);
	cmd_json_int(j, "missing", (int64_t)m->missing);
	cmd_json_int(j, "blocks", (int64_t)m->blocks);
	cmd_json_real(j, "ratio", m->ratio);
	interval(j, "ci", &m->ci);
	cmd_json_real(j, "p", m->p);
	interval(j, "generalised", &m->generalised);
	cmd_json_end(j);
}

static void head(struct cmd_json *j, const struct overhead_args *a, const struct pd_bench *b, const struct pd_overhead *o)
{
	const char *s;

	text(j, "baseline", pd_overhead_baseline(o));
	text(j, "design", pd_overhead_design(o));
	cmd_json_real(j, "alpha", a->alpha);
	cmd_json_real(j, "confidence", 1 - a->alpha);
	cmd_json_real(j, "level", pd_overhead_level(o));
	cmd_json_array(j, "looks");
	for (size_t i = 0; i < a->looks; i++)
		cmd_json_real(j, NULL, a->look[i]);
	cmd_json_end(j);
	cmd_json_real(j, "margin", a->margin_value);
	text(j, "test", a->test);
	text(j, "ci_kind", a->ci);
	text(j, "correction", a->correct);
	cmd_json_int(j, "tests", (int64_t)pd_overhead_tests(o));
	cmd_json_int(j, "seed", a->seed);
	cmd_json_bool(j, "control_failed", pd_overhead_control_failed(o));
	cmd_json_array(j, "remarks");
	for (size_t i = 0; (s = pd_overhead_remark(o, i)); i++)
		text(j, NULL, s);
	for (size_t i = 0; (s = pd_bench_remark(b, i)); i++)
		text(j, NULL, s);
	cmd_json_end(j);
}

int overhead_json(struct cmd_ctx *ctx, const struct overhead_args *a, const struct pd_bench *b, const struct pd_overhead *o, struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);
	const struct pd_overhead_row *r;
	const struct pd_overhead_mean *m;

	if (!j)
		return cmd_errorf(ctx, "out of memory");
	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.overhead/1");
	head(j, a, b, o);
	cmd_json_array(j, "rows");
	for (size_t i = 0; (r = pd_overhead_row(o, i)); i++)
		row(j, r);
	cmd_json_end(j);
	cmd_json_array(j, "geomeans");
	for (size_t i = 0; (m = pd_overhead_mean(o, i)); i++)
		mean(j, m);
	cmd_json_end(j);
	cmd_json_end(j);
	cmd_json_free(j);
	return 0;
}

static void field(struct pd_out *out, const char *s, bool last) { cmd_csv_field(out, s, strlen(s), last); }

/* Shortest text that reads back equal; empty for no number. */
static void real(struct pd_out *out, double v)
{
	char buf[40] = "";

	for (int digits = 15; isfinite(v) && digits <= 17; digits++) {
		snprintf(buf, sizeof(buf), "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	field(out, buf, false);
}

void overhead_csv(const struct pd_overhead *o, struct pd_out *out)
{
	const struct pd_overhead_row *r;

	pd_out_puts(out, "workload,variant,metric,unit,better,control,n_base,n,blocks,base_median,median,ratio,ci_lo,ci_hi,confidence,p,q,mde,needed,verdict,reason\n");
	for (size_t i = 0; (r = pd_overhead_row(o, i)); i++) {
		field(out, r->workload, false);
		field(out, r->variant, false);
		field(out, r->metric, false);
		field(out, r->unit, false);
		field(out, r->higher ? "higher" : "lower", false);
		field(out, r->control ? "true" : "false", false);
		pd_out_printf(out, "%zu,%zu,%zu,", r->base.n, r->side.n, r->blocks);
		real(out, r->base.median);
		real(out, r->side.median);
		real(out, r->ratio);
		real(out, r->ci.lo);
		real(out, r->ci.hi);
		real(out, r->confidence);
		real(out, r->p);
		real(out, r->q);
		real(out, r->mde);
		real(out, r->needed);
		field(out, pd_verdict_name(r->verdict), false);
		field(out, r->reason, true);
	}
}
