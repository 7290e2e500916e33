/* profdata overhead profile and share: how good a profile is, and how much of it is the runtime's. */
#include "cli.h"
#include "overhead.h"

#include <inttypes.h>
#include <math.h>
#include <profdata/metrics.h>
#include <profdata/quality.h>
#include <profdata/transform.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL 64

/* What is looked at. */
struct subject {
	struct pd_doc *all, *doc;
	unsigned type;
	char name[256]; /* "cpu/nanoseconds" */
};

static const char *text_of(const struct pd_doc *doc, pd_str s) { return pd_doc_string(doc, s).p; }

static bool load(struct cmd_ctx *ctx, const struct overhead_args *a, char **operands, size_t n, struct subject *s)
{
	struct pd_sample_type t;
	char type[100], unit[100];
	int index = -1;

	s->all = cmd_load(ctx, &a->input, operands, n, 0);
	s->doc = s->all ? cmd_apply_select(ctx, &a->select, NULL, s->all, &index) : NULL;
	if (!s->doc)
		return false;
	s->type = (unsigned)index;
	pd_doc_sample_type(s->doc, s->type, &t);
	cmd_printable(type, sizeof(type), pd_doc_string(s->doc, t.type.type));
	cmd_printable(unit, sizeof(unit), pd_doc_string(s->doc, t.type.unit));
	snprintf(s->name, sizeof(s->name), "%s%s%s", type, unit[0] ? "/" : "", unit);
	return true;
}

static void drop(struct subject *s)
{
	pd_doc_unref(s->doc);
	pd_doc_unref(s->all);
}

static void json_text(struct cmd_json *j, const char *key, const char *s) { cmd_json_string(j, key, s, s ? strlen(s) : 0); }

static void json_interval(struct cmd_json *j, const char *key, const struct pd_interval *ci)
{
	cmd_json_array(j, key);
	cmd_json_real(j, NULL, ci->lo);
	cmd_json_real(j, NULL, ci->hi);
	cmd_json_end(j);
}

/* ---- quality ---- */

static void seconds(char *buf, double s)
{
	if (isnan(s))
		snprintf(buf, CELL, "unknown");
	else
		snprintf(buf, CELL, s < 1e-3 && s > -1e-3 ? "%.3gus" : s < 1 ? "%.4gms" : "%.2fs", s < 1e-3 && s > -1e-3 ? s * 1e6 : s < 1 ? s * 1e3 : s);
}

/* Four significant digits, whole numbers in full. */
static void number(char *buf, double v) { snprintf(buf, CELL, fabs(v) >= 1e4 ? "%.0f" : "%.4g", v); }

static void part_line(struct pd_out *out, const char *name, const struct pd_quality_share *s, const char *more)
{
	if (!s->of)
		return;
	pd_out_printf(out, "%-13s %.2f%% (%.2f .. %.2f)  %" PRIu64 " of %" PRIu64 "%s\n", name, 100 * s->share, 100 * s->ci.lo, 100 * s->ci.hi, s->n, s->of, more);
}

static const char *thread_name(const struct pd_doc *doc, pd_thread t, char *buf, size_t size)
{
	struct pd_thread_desc d;
	char comm[100];

	pd_doc_thread(doc, t, &d);
	cmd_printable(comm, sizeof(comm), pd_doc_string(doc, d.comm));
	if (d.has_tid)
		snprintf(buf, size, "%s%s%" PRId64, comm, comm[0] ? " " : "", d.tid);
	else
		snprintf(buf, size, "%s", comm);
	return buf;
}

static void samples_lines(struct pd_out *out, const struct pd_quality *q, bool of_cpu)
{
	char a[CELL], b[CELL];

	number(a, q->per_second);
	pd_out_printf(out, "%-13s %" PRIu64 "%s", "samples", q->samples, q->counted ? "" : " rows (no column counts samples)");
	pd_out_printf(out, isnan(q->per_second) ? "\n" : ", %s per second\n", a);
	seconds(a, q->duration);
	pd_out_printf(out, "%-13s %s\n", "duration", a);
	if (q->rate_from) {
		number(a, q->rate);
		pd_out_printf(out, "%-13s %s per second (%s)\n", "rate", a, q->rate_from);
	}
	if (!isnan(q->seconds)) {
		seconds(a, q->seconds);
		pd_out_printf(out, "%-13s %s", "sampled time", a);
		if (!isnan(q->utilisation))
			pd_out_printf(out, ", %.2f%% of the duration: %.2f %s", 100 * q->utilisation, q->utilisation, of_cpu ? "cores" : "at a time");
		pd_out_puts(out, "\n");
	}
	if (q->cpu_from) {
		seconds(a, q->cpu_seconds);
		pd_out_printf(out, "%-13s %s (%s)\n", "CPU time", a, q->cpu_from);
	}
	if (isnan(q->expected)) {
		pd_out_printf(out, "%-13s unknown%s\n", "expected", q->rate_from ? "; --cpu-seconds SEC, user and system time of the process, would tell" : "");
		return;
	}
	number(a, q->expected);
	number(b, q->z);
	pd_out_printf(out, "%-13s %s samples; delivered %.2f%% (z %s)\n", "expected", a, 100 * q->coverage, b);
}

static void quality_text(const struct subject *s, const struct pd_quality *q, struct pd_out *out)
{
	char buf[160], more[64];

	pd_out_printf(out, "quality of %s\n", s->name);
	samples_lines(out, q, strstr(s->name, "cpu") != NULL);
	if (!isnan(q->cap))
		pd_out_printf(out, "%-13s %.0f per second%s\n", "cap", q->cap, q->cap_of_thread ? ", of the busiest thread" : "");
	if (q->lost || q->lost_records)
		pd_out_printf(out, "%-13s %" PRIu64 " samples (%.2f%%), %" PRIu64 " records without a number\n", "lost", q->lost, 100 * q->lost_share, q->lost_records);
	else
		pd_out_printf(out, "%-13s none known\n", "lost");
	if (q->no_stack.n)
		part_line(out, "no stack", &q->no_stack, "");
	snprintf(more, sizeof(more), q->depth_limit ? ", cut at %" PRIu32 " frames" : ", deepest %" PRIu32 " frames", q->depth_limit ? q->depth_limit : q->max_depth);
	part_line(out, "truncated", &q->truncated, more);
	part_line(out, "no leaf name", &q->leaf_unknown, "");
	part_line(out, "any unnamed", &q->any_unknown, "");
	part_line(out, "broken", &q->broken, ", roots that are no start of a thread");
	if (q->threads && !isnan(q->busiest_per_second))
		pd_out_printf(out, "%-13s %" PRIu32 ", busiest %s with %.4g samples per second\n", "threads", q->threads, thread_name(s->doc, q->busiest, buf, sizeof(buf)),
			      q->busiest_per_second);
	else if (q->threads)
		pd_out_printf(out, "%-13s %" PRIu32 "\n", "threads", q->threads);
	if (!isnan(q->first_tenth))
		pd_out_printf(out, "%-13s first tenth %.2f, last tenth %.2f times the mean\n", "phases", q->first_tenth, q->last_tenth);
	if (q->lockstep > 0)
		pd_out_printf(out, "%-13s %.2f with a clock of %g ms (1: always the same phase)\n", "in step", q->lockstep, 1e3 * q->lockstep_period);
	else if (q->lockstep == 0 && q->timed)
		pd_out_printf(out, "%-13s with no clock of 1 ms to 1 s\n", "in step");
	for (size_t i = 0; i < PD_QUALITY_WARNINGS && q->warning[i][0]; i++)
		pd_out_printf(out, "note: %s\n", q->warning[i]);
}

static void json_part(struct cmd_json *j, const char *key, const struct pd_quality_share *s)
{
	cmd_json_object(j, key);
	cmd_json_int(j, "n", (int64_t)s->n);
	cmd_json_int(j, "of", (int64_t)s->of);
	cmd_json_real(j, "share", s->share);
	json_interval(j, "ci", &s->ci);
	cmd_json_end(j);
}

static int quality_json(struct cmd_ctx *ctx, const struct subject *s, const struct pd_quality *q, struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);
	char thread[160];

	if (!j)
		return cli_nomem(ctx);
	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.quality/1");
	json_text(j, "sample_type", s->name);
	cmd_json_int(j, "rows", (int64_t)q->rows);
	cmd_json_int(j, "samples", (int64_t)q->samples);
	cmd_json_bool(j, "counted", q->counted);
	const struct { const char *key; double v; } reals[] = {
		{ "duration", q->duration }, { "sampled_seconds", q->seconds }, { "utilisation", q->utilisation }, { "per_second", q->per_second }, { "rate", q->rate },
		{ "cpu_seconds", q->cpu_seconds }, { "expected", q->expected }, { "coverage", q->coverage }, { "z", q->z }, { "cap", q->cap },
		{ "lost_share", q->lost_share }, { "busiest_per_second", q->busiest_per_second }, { "first_tenth", q->first_tenth },
		{ "last_tenth", q->last_tenth }, { "lockstep", q->lockstep }, { "lockstep_period", q->lockstep_period },
	};
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
		cmd_json_real(j, reals[i].key, reals[i].v);
	json_text(j, "rate_from", q->rate_from);
	json_text(j, "cpu_from", q->cpu_from);
	cmd_json_bool(j, "cap_of_thread", q->cap_of_thread);
	cmd_json_int(j, "lost", (int64_t)q->lost);
	cmd_json_int(j, "lost_records", (int64_t)q->lost_records);
	cmd_json_int(j, "max_depth", q->max_depth);
	cmd_json_int(j, "depth_limit", q->depth_limit);
	json_part(j, "no_stack", &q->no_stack);
	json_part(j, "truncated", &q->truncated);
	json_part(j, "leaf_unknown", &q->leaf_unknown);
	json_part(j, "any_unknown", &q->any_unknown);
	json_part(j, "broken", &q->broken);
	cmd_json_int(j, "threads", q->threads);
	json_text(j, "busiest", q->busiest.v ? thread_name(s->doc, q->busiest, thread, sizeof(thread)) : NULL);
	cmd_json_bool(j, "timed", q->timed);
	cmd_json_array(j, "remarks");
	for (size_t i = 0; i < PD_QUALITY_WARNINGS && q->warning[i][0]; i++)
		json_text(j, NULL, q->warning[i]);
	cmd_json_end(j);
	cmd_json_end(j);
	cmd_json_free(j);
	return 0;
}

int overhead_quality(struct cmd_ctx *ctx, const struct overhead_args *a, char **operands, size_t n)
{
	struct subject s = { 0 };
	struct pd_quality_opts opts = { .size = sizeof(opts), .rate = a->hz, .cpu_seconds = a->cpu_seconds, .max_depth = (uint32_t)a->max_depth };
	struct pd_quality q;
	struct pd_error err = { 0 };
	struct pd_out *out = NULL;
	int status = 2;

	if (load(ctx, a, operands, n, &s)) {
		opts.sample_type = s.type;
		if (pd_quality_of(s.doc, &opts, &q, &err) != PD_OK)
			status = cmd_fail(ctx, &err);
		else if ((out = cmd_text_open(ctx, &a->output)))
			status = 0;
	}
	if (out && a->json)
		status = quality_json(ctx, &s, &q, out);
	else if (out)
		quality_text(&s, &q, out);
	drop(&s);
	if (!out)
		return status;
	status = cmd_out_close(ctx, out, status);
	return status ? status : a->common.strict && q.warning[0][0] ? 3 : 0;
}

/* ---- shares ---- */

/* What the process itself says about its collector, beside what the samples say. */
struct check {
	bool asked;
	struct pd_gc_share gc;
};

/* One file of metrics: of the life of the process; two: of the time in between. 0 or 2. */
static int read_metrics(struct cmd_ctx *ctx, const struct overhead_args *a, struct check *c)
{
	struct cmd_loaded *in = NULL;
	struct cmd_input plain = { .jobs = a->input.jobs, .max_memory = a->input.max_memory, .max_input = a->input.max_input };
	size_t n = 0;
	int status;

	if (!a->metrics.n)
		return 0;
	if (a->metrics.n > 2)
		return cli_usage(ctx, NULL, "--metrics: one file, or two: before and after");
	status = cmd_load_each(ctx, &plain, (char **)(uintptr_t)a->metrics.item, a->metrics.n, CMD_BUILD_METRICS, &in, &n);
	if (!status && n && !pd_metrics_gc_share(n > 1 ? in[0].doc : NULL, in[n - 1].doc, &c->gc))
		status = cmd_errorf(ctx, "%s: no CPU time of the garbage collector in it; hint: /cpu/classes/gc/total:cpu-seconds of Go's runtime/metrics", in[n - 1].path);
	c->asked = !status;
	cmd_loaded_free(in, n);
	return status;
}

/* Does the interval of the samples hold what the process counted itself? The profile knows used CPU time only. */
static bool agrees(const struct check *c, const struct pd_class_share *gc)
{
	return gc && c->gc.of_used >= gc->ci.lo && c->gc.of_used <= gc->ci.hi;
}

static const struct pd_class_share *gc_row(const struct pd_shares_of *all)
{
	const struct pd_class_share *r;

	for (size_t i = 0; (r = pd_shares_of_row(all, i)); i++)
		if (strcmp(r->name, "GC") == 0)
			return r;
	return NULL;
}

static void check_text(struct pd_out *out, const struct check *c, const struct pd_shares_of *all)
{
	const struct pd_class_share *gc = gc_row(all);

	if (!c->asked)
		return;
	if (isnan(c->gc.of_used)) {
		pd_out_printf(out, "GC as the process counts it: %.2f%% of all CPU time there was (%s); how much of it was used is not known\n", 100 * c->gc.of_total, c->gc.source);
		return;
	}
	pd_out_printf(out, "GC as the process counts it: %.2f%% of the CPU time used (%s), the samples say %.2f%%: %s\n", 100 * c->gc.of_used, c->gc.source,
		      gc ? 100 * gc->share : 0, agrees(c, gc) ? "they agree" : "they do not agree");
}

static struct pd_classes *read_classes(struct cmd_ctx *ctx, const struct overhead_args *a)
{
	struct pd_error err = { 0 };
	struct pd_classes *c = pd_classes_new(&err);
	bool ok = c != NULL;

	for (size_t i = 0; ok && i < a->classes.n; i++) {
		struct pd_source *src = pd_source_path(a->classes.item[i], NULL, &err);
		struct pd_span all;

		ok = src && pd_source_all(src, &all) == PD_OK && pd_classes_add(c, a->classes.item[i], all.p, all.n, &err) == PD_OK;
		if (!ok && src && err.status == PD_OK)
			err = *pd_source_error(src);
		pd_source_free(src);
	}
	if (ok)
		return c;
	cmd_fail(ctx, &err);
	pd_classes_free(c);
	return NULL;
}

static void share_line(struct pd_out *out, const char *name, const int *width, const struct pd_class_share *r, const struct pd_amount *how)
{
	char amount[128], ci[CELL] = "", shown[128];

	pd_format_amount(amount, sizeof(amount), r->value, how);
	if (!isnan(r->ci.lo))
		snprintf(ci, sizeof(ci), "%.2f%% .. %.2f%%", 100 * r->ci.lo, 100 * r->ci.hi);
	snprintf(shown, sizeof(shown), "%.2f%%", 100 * r->share);
	pd_out_printf(out, "%-*s  %7s  %-18s  %*s  %9" PRIu64 "\n", width[0], name, shown, ci, width[1], amount, r->samples);
}

static void share_text(const struct subject *s, const struct pd_shares_of *all, const struct check *check, struct pd_out *out)
{
	struct pd_sample_type t;
	struct pd_amount how = { .to = "auto", .ratio = 1 };
	const struct pd_class_share *r;
	char name[128];
	int width[2] = { 12, (int)strlen(s->name) };

	pd_doc_sample_type(s->doc, s->type, &t);
	how.unit = text_of(s->doc, t.type.unit);
	how.decimals = t.type.decimals;
	for (size_t i = 0; (r = pd_shares_of_row(all, i)); i++)
		width[0] = r->value && (int)strlen(r->name) > width[0] ? (int)strlen(r->name) : width[0];
	pd_out_printf(out, "%-*s  %7s  %-18s  %*s  %9s\n", width[0], "class", "share", "95% CI", width[1], s->name, "samples");
	for (size_t i = 0; (r = pd_shares_of_row(all, i)); i++)
		if (r->value)
			share_line(out, cmd_printable(name, sizeof(name), (struct pd_span){ r->name, strlen(r->name) }), width, r, &how);
	if (!pd_shares_of_total(all)) {
		pd_out_puts(out, "note: no samples\n");
		return;
	}
	pd_out_puts(out, "\n");
	share_line(out, "tax", width, pd_shares_of_tax(all), &how);
	check_text(out, check, all);
}

static void json_share(struct cmd_json *j, const char *key, const struct pd_class_share *r)
{
	cmd_json_object(j, key);
	json_text(j, "class", r->name);
	cmd_json_bool(j, "tax", r->tax);
	cmd_json_int(j, "value", r->value);
	cmd_json_int(j, "samples", (int64_t)r->samples);
	cmd_json_real(j, "share", r->share);
	json_interval(j, "ci", &r->ci);
	cmd_json_end(j);
}

static int share_json(struct cmd_ctx *ctx, const struct subject *s, const struct pd_shares_of *all, const struct check *check, struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);
	const struct pd_class_share *r;

	if (!j)
		return cli_nomem(ctx);
	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.share/1");
	json_text(j, "sample_type", s->name);
	cmd_json_int(j, "total", pd_shares_of_total(all));
	cmd_json_array(j, "rows");
	for (size_t i = 0; (r = pd_shares_of_row(all, i)); i++)
		json_share(j, NULL, r);
	cmd_json_end(j);
	json_share(j, "tax", pd_shares_of_tax(all));
	if (check->asked) {
		cmd_json_object(j, "metrics");
		json_text(j, "source", check->gc.source);
		cmd_json_real(j, "gc_cpu_seconds", check->gc.gc);
		cmd_json_real(j, "cpu_seconds", check->gc.total);
		cmd_json_real(j, "gc_of_total", check->gc.of_total);
		cmd_json_real(j, "gc_of_used", check->gc.of_used);
		cmd_json_bool(j, "agrees", agrees(check, gc_row(all)));
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_free(j);
	return 0;
}

int overhead_share(struct cmd_ctx *ctx, const struct overhead_args *a, char **operands, size_t n)
{
	struct subject s = { 0 };
	struct pd_classes *classes = read_classes(ctx, a);
	struct pd_shares_of *all = NULL;
	struct pd_error err = { 0 };
	struct pd_out *out = NULL;
	struct check check = { 0 };
	int status = 2;

	if (classes && !read_metrics(ctx, a, &check) && load(ctx, a, operands, n, &s)) {
		all = pd_shares_of_new(s.doc, s.type, classes, &err);
		if (!all)
			cmd_fail(ctx, &err);
	}
	if (all)
		out = cmd_text_open(ctx, &a->output);
	if (out)
		status = a->json ? share_json(ctx, &s, all, &check, out) : 0;
	if (out && !a->json)
		share_text(&s, all, &check, out);
	pd_shares_of_free(all);
	pd_classes_free(classes);
	drop(&s);
	return out ? cmd_out_close(ctx, out, status) : status;
}
