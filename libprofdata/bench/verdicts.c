/* After the cells: corrections, verdicts, means over workloads, remarks on design and noise. */
#include "base/span.h"
#include "bench/overhead.h"

#include <inttypes.h>

/* Smallest p a design can reach, and what is needed for one below alpha. */
static size_t least_runs(const struct pd_overhead_row *r) { return r->blocks ? 6 : 4; }

static void decide(struct pd_overhead *o, struct pd_overhead_row *r)
{
	double m = 1 + o->opts.margin;
	bool above = r->ci.lo > 1, below = r->ci.hi < 1;

	if (r->reason[0] || isnan(r->ratio)) {
		r->verdict = PD_VERDICT_REFUSED;
		return;
	}
	r->within = r->ci.lo > 1 / m && r->ci.hi < m;
	if (above || below)
		r->verdict = above != r->higher ? PD_VERDICT_SLOWER : PD_VERDICT_FASTER;
	else
		r->verdict = r->within ? PD_VERDICT_WITHIN : PD_VERDICT_INCONCLUSIVE;
	if (r->verdict != PD_VERDICT_INCONCLUSIVE)
		return;
	if (isinf(r->ci.hi))
		snprintf(r->reason, sizeof(r->reason), "%zu %s: no interval below %zu", r->blocks ? r->blocks : r->base.n < r->side.n ? r->base.n : r->side.n,
			 r->blocks ? "blocks" : "runs", least_runs(r));
	else if (r->needed > (double)(r->blocks ? r->blocks : r->base.n < r->side.n ? r->base.n : r->side.n))
		snprintf(r->reason, sizeof(r->reason), "about %.0f %s find a difference of %.3g%%", r->needed, r->blocks ? "blocks" : "runs per side",
			 100 * o->opts.margin);
	else
		snprintf(r->reason, sizeof(r->reason), "too near to the margin of %.3g%% for this noise", 100 * o->opts.margin);
}

/* A p-value that holds though one may have stopped at this look because of it. */
static double look_p(const struct pd_overhead *o, double p)
{
	double held = p;

	if (o->opts.n_looks && !isnan(p))
		pd_stat_look_p(o->opts.looks, o->opts.n_looks, p, &held);
	return held;
}

void pd_overhead_correct(struct pd_overhead *o)
{
	double *p = calloc(o->row.n ? o->row.n : 1, sizeof(*p));

	if (!p) {
		o->nomem = true;
		return;
	}
	for (size_t i = 0; i < o->row.n; i++) {
		o->row.v[i].p_look = o->row.v[i].p;
		o->row.v[i].p = look_p(o, o->row.v[i].p);
		p[i] = o->row.v[i].control ? (double)NAN : o->row.v[i].p;
		o->tests += !isnan(p[i]);
	}
	o->nomem |= pd_stat_adjust(o->opts.correct, p, o->row.n, p) != PD_STAT_OK;
	for (size_t i = 0; i < o->row.n; i++) {
		struct pd_overhead_row *r = &o->row.v[i];

		r->q = p[i];
		decide(o, r);
		if (r->control && (r->verdict == PD_VERDICT_SLOWER || r->verdict == PD_VERDICT_FASTER)) {
			o->control_failed = true;
			pd_overhead_remark_add(o, "control row differs: results not trustworthy (%.100s, %.100s, %.60s)", r->workload, r->variant, r->metric);
		}
	}
	free(p);
}

/* ---- means over workloads ---- */

struct collected {
	double *logs, *se, *block; /* per workload; per block the mean over workloads */
	size_t n, blocks, missing;
	bool no_blocks;
};

static void collect(struct pd_overhead *o, const char *metric, const char *variant, struct collected *c)
{
	double z = pd_normal_quantile(1 - o->level / 2);

	for (size_t i = 0; i < o->row.n; i++) {
		const struct pd_overhead_row *r = &o->row.v[i];

		if (r->metric != metric || strcmp(r->variant, variant) != 0)
			continue;
		if (r->verdict == PD_VERDICT_REFUSED || !(r->ratio > 0)) {
			c->missing++;
			continue;
		}
		c->logs[c->n] = log(r->ratio);
		c->se[c->n] = isfinite(r->ci.lo) && isfinite(r->ci.hi) && r->ci.lo > 0 ? (log(r->ci.hi) - log(r->ci.lo)) / (2 * z) : (double)NAN;
		if (c->n == 0)
			c->blocks = r->blocks;
		c->no_blocks |= !r->blocks || r->blocks != c->blocks;
		for (size_t k = 0; !c->no_blocks && k < r->blocks; k++)
			c->block[k] += o->logs.v[o->log_at.v[i] + k];
		c->n++;
	}
}

static void mean_of(struct pd_overhead *o, struct collected *c, struct pd_overhead_mean *m)
{
	double conf = 1 - o->level;
	bool errors = true;

	for (size_t i = 0; i < c->n; i++)
		errors &= !isnan(c->se[i]);
	m->workloads = c->n;
	m->missing = c->missing;
	m->ratio = exp(pd_stat_mean(c->logs, c->n));
	if (!c->no_blocks) { /* blocks first: what a block has in common stays together */
		struct pd_location l;
		struct pd_signed_rank w;
		struct pd_t_test t;

		for (size_t k = 0; k < c->blocks; k++)
			c->block[k] /= (double)c->n;
		m->blocks = c->blocks;
		if (o->opts.test == PD_BENCH_TEST_T && pd_stat_paired_t(c->block, c->blocks, conf, &t) == PD_STAT_OK) {
			m->ratio = exp(t.diff);
			m->ci = (struct pd_interval){ exp(t.ci.lo), exp(t.ci.hi) };
			m->p = t.p;
		} else if (pd_stat_walsh(c->block, c->blocks, conf, &l) == PD_STAT_OK && pd_stat_signed_rank(c->block, c->blocks, &w) == PD_STAT_OK) {
			m->ratio = exp(l.center);
			m->ci = (struct pd_interval){ exp(l.ci.lo), exp(l.ci.hi) };
			m->p = w.p;
		}
	} else if (errors) {
		pd_stat_geomean(c->logs, c->se, c->n, false, conf, &m->ratio, &m->ci);
	}
	m->p = look_p(o, m->p);
	if (c->n > 1) {
		double ratio;

		pd_stat_geomean(c->logs, NULL, c->n, true, conf, &ratio, &m->generalised);
	}
}

static bool told(const struct pd_overhead *o, const char *metric, const char *variant)
{
	for (size_t i = 0; i < o->mean.n; i++)
		if (o->mean.v[i].metric == metric && strcmp(o->mean.v[i].variant, variant) == 0)
			return true;
	return false;
}

void pd_overhead_means(struct pd_overhead *o)
{
	size_t most = 1;
	double *memory;

	for (size_t i = 0; i < o->row.n; i++)
		most = o->row.v[i].blocks > most ? o->row.v[i].blocks : most;
	memory = calloc(2 * o->row.n + most, sizeof(*memory));
	if (!memory) {
		o->nomem = true;
		return;
	}
	for (size_t i = 0; i < o->row.n; i++) {
		const struct pd_overhead_row *r = &o->row.v[i];
		struct pd_interval none = { (double)NAN, (double)NAN };
		struct pd_overhead_mean m = { .variant = r->variant, .metric = r->metric, .higher = r->higher, .control = r->control, .p = (double)NAN, .ci = none,
					      .generalised = none };
		struct collected c = { .logs = memory, .se = memory + o->row.n, .block = memory + 2 * o->row.n };

		if (told(o, r->metric, r->variant))
			continue;
		memset(memory, 0, (2 * o->row.n + most) * sizeof(*memory));
		collect(o, r->metric, r->variant, &c);
		if (c.n < 2)
			continue;
		mean_of(o, &c, &m);
		if (m.missing)
			pd_overhead_remark_add(o, "geomean of %.60s (%.60s) leaves out %zu workloads", m.variant, m.metric, m.missing);
		o->nomem |= !pd_vec_push(&o->mean, m);
	}
	free(memory);
}

/* ---- remarks ---- */

/* Series with one kind of noise; the worst of them is named. */
struct noisy {
	unsigned flag;
	const char *what, *hint;
	size_t n;
	const struct pd_overhead_row *row;
	const char *variant;
	double drift;
};

static void hear(struct noisy *k, const struct pd_overhead_row *r, const char *variant, const struct pd_bench_side *s)
{
	double drift = isnan(s->drift) ? 0 : fabs(s->drift);

	if (!(s->noise & k->flag))
		return;
	if (!k->n++ || (k->flag == PD_NOISE_DRIFT && drift > fabs(k->drift))) {
		k->row = r;
		k->variant = variant;
		k->drift = isnan(s->drift) ? 0 : s->drift;
	}
}

static void noise_remarks(struct pd_overhead *o)
{
	struct noisy kinds[] = {
		{ .flag = PD_NOISE_DRIFT, .what = "drift", .hint = "" },
		{ .flag = PD_NOISE_SERIAL, .what = "neighbouring runs are alike", .hint = ": fewer independent runs than it seems" },
		{ .flag = PD_NOISE_MODES, .what = "two modes", .hint = "" },
		{ .flag = PD_NOISE_FIRST_RUN, .what = "the first run is unlike the others", .hint = ": --warm-up 1 leaves it out" },
		{ .flag = PD_NOISE_OUTLIERS, .what = "outliers", .hint = "" },
	};
	size_t series = 0;

	for (size_t k = 0; k < PD_ARRAY_LEN(kinds); k++) {
		struct noisy *kind = &kinds[k];
		char more[80] = "";

		series = 0;
		for (size_t i = 0; i < o->row.n; i++) {
			const struct pd_overhead_row *r = &o->row.v[i];

			if (i == 0 || o->row.v[i - 1].workload != r->workload || o->row.v[i - 1].metric != r->metric) {
				hear(kind, r, o->baseline, &r->base);
				series++;
			}
			hear(kind, r, r->variant, &r->side);
			series++;
		}
		if (!kind->n)
			continue;
		if (kind->flag == PD_NOISE_DRIFT)
			snprintf(more, sizeof(more), " by %+.2f%%", 100 * kind->drift);
		pd_overhead_remark_add(o, "%s in %zu of %zu series%s, %s %.100s %.60s %.60s%s%s", kind->what, kind->n, series, kind->hint,
				       kind->flag == PD_NOISE_DRIFT ? "most in" : "first in", kind->row->workload, kind->variant, kind->row->metric, more,
				       kind->flag == PD_NOISE_DRIFT && !o->unblocked ? " (blocks keep it out of the comparison)" : "");
	}
}

static void negative_remark(struct pd_overhead *o)
{
	for (size_t i = 0; i < o->row.n; i++)
		if (o->row.v[i].verdict == PD_VERDICT_FASTER && !o->row.v[i].control) {
			pd_overhead_remark_add(o, "negative overhead can be real, or come from run order and drift, CPU frequency, another heap size changing GC pacing, code and "
						  "stack layout, several tests at once, or too few runs");
			return;
		}
}

static void reach_remark(struct pd_overhead *o)
{
	unsigned needed = pd_stat_holm_blocks(o->tests, o->opts.alpha);
	size_t most = 0;

	for (size_t i = 0; i < o->row.n; i++)
		most = o->row.v[i].blocks > most ? o->row.v[i].blocks : most;
	if (most && o->tests && most < needed && o->opts.correct == PD_ADJUST_HOLM)
		pd_overhead_remark_add(o, "%zu tests with %zu blocks: Holm's correction can reject nothing below %u blocks", o->tests, most, needed);
}

void pd_overhead_design_remarks(struct pd_overhead *o)
{
	size_t left_out = 0;

	if (o->unblocked)
		pd_overhead_remark_add(o, "design: sequential (drift cannot be separated from the effect)");
	if (o->opts.n_looks > 1 || (o->opts.n_looks && o->opts.looks[0] < 1))
		pd_overhead_remark_add(o, "look %zu, at %.3g%% of the most data: intervals and p-values allow for all looks (this one alone: level %.3g)", o->opts.n_looks,
				       100 * o->opts.looks[o->opts.n_looks - 1], o->level);
	if (o->blocked && o->fixed_order)
		pd_overhead_remark_add(o, "design: the order inside a block is fixed: warm-up and heat fall on the same variant every time");
	for (size_t i = 0; i < o->row.n; i++) {
		const struct pd_overhead_row *r = &o->row.v[i];

		left_out += r->left_out;
		if (r->verdict != PD_VERDICT_REFUSED && !isnan(r->p) && o->opts.ci == PD_BENCH_CI_TEST &&
		    (r->ci.lo > 1 || r->ci.hi < 1) != (r->p <= o->opts.alpha))
			pd_overhead_remark_add(o, "ties: interval and test of %.100s %.60s %.60s disagree", r->workload, r->variant, r->metric);
	}
	if (left_out)
		pd_overhead_remark_add(o, "%zu runs have no partner in their block and are left out", left_out);
	noise_remarks(o);
	negative_remark(o);
	reach_remark(o);
}
