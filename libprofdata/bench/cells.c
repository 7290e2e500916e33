/* One variant against the baseline: values, blocks, tests, intervals, and the reasons where there is no answer. */
#include "base/span.h"
#include "bench/overhead.h"

#include <inttypes.h>
#include <stdarg.h>

static void PD_PRINTF(2, 3) refuse(struct pd_overhead_row *r, const char *fmt, ...)
{
	va_list ap;

	r->verdict = PD_VERDICT_REFUSED;
	if (r->reason[0])
		return;
	va_start(ap, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
}

/* "json.txt:12" */
static const char *place(const struct pd_overhead *o, const struct pd_bench_row *row, char *buf, size_t size)
{
	const char *name = o->bench->input.v[row->input].name;

	if (row->line)
		snprintf(buf, size, "%.80s:%" PRIu64, name, row->line);
	else
		snprintf(buf, size, "%.80s", name);
	return buf;
}

/* What cannot be compared: other units, other directions, values that are no costs, runs that are there twice. False when refused. */
static bool check_cell(const struct pd_overhead *o, const struct cell *c, struct pd_overhead_row *r)
{
	char where[128];

	for (size_t i = 0; i < c->n; i++) {
		const struct pd_bench_row *row = over_row(o, c->first + i), *before = i ? over_row(o, c->first + i - 1) : NULL;

		if (strcmp(row->unit, r->unit) != 0)
			refuse(r, "units differ: %.40s and %.40s (%s)", r->unit, row->unit, place(o, row, where, sizeof(where)));
		else if (row->higher != r->higher)
			refuse(r, "is higher or lower better? (%s)", place(o, row, where, sizeof(where)));
		else if (!isfinite(row->value))
			refuse(r, "a value is not a number (%s)", place(o, row, where, sizeof(where)));
		else if (row->value < 0)
			refuse(r, "a value is negative (%s)", place(o, row, where, sizeof(where)));
		else if (before && row->block >= 0 && row->order >= 0 && before->block == row->block && before->order == row->order && before->input == row->input)
			refuse(r, "a run is there twice: block %" PRId64 ", position %" PRId64 " (%s)", row->block, row->order, place(o, row, where, sizeof(where)));
	}
	return !r->reason[0];
}

/* Values of a cell in the order of time, without the warm-up. */
static double *values_of(struct pd_overhead *o, const struct cell *c, size_t *n)
{
	size_t skip = o->opts.warm_up < c->n ? o->opts.warm_up : c->n;
	double *v = calloc(c->n ? c->n : 1, sizeof(*v));

	*n = 0;
	o->nomem |= !v;
	for (size_t i = skip; v && i < c->n; i++)
		v[(*n)++] = over_row(o, c->first + i)->value;
	return v;
}

static void side_of(const double *v, size_t n, struct pd_bench_side *s)
{
	double *sorted = calloc(n ? n : 1, sizeof(*sorted));
	struct pd_ranks k;
	struct pd_noise noise;

	*s = (struct pd_bench_side){ .n = n, .median = (double)NAN, .ci = { (double)NAN, (double)NAN }, .drift = (double)NAN };
	if (!sorted || !n) {
		free(sorted);
		return;
	}
	memcpy(sorted, v, n * sizeof(*v));
	pd_stat_sort(sorted, n);
	s->median = pd_sorted_median(sorted, n);
	if (pd_stat_median_ranks_left(n, 0.95, &k) == PD_STAT_OK) {
		s->ci.lo = k.lo >= 1 ? sorted[k.lo - 1] : -HUGE_VAL;
		s->ci.hi = k.hi <= n ? sorted[k.hi - 1] : HUGE_VAL;
	}
	if (pd_stat_noise(v, n, &noise) == PD_STAT_OK) {
		s->noise = noise.flags;
		s->drift = noise.drift;
	}
	free(sorted);
}

static bool all_positive(const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(v[i] > 0))
			return false;
	return true;
}

/* ---- blocks ---- */

/* Number of the block of the i-th run of a cell; -1 when it belongs to none. */
static int64_t block_at(const struct pd_overhead *o, const struct cell *c, size_t i)
{
	int64_t named = over_row(o, c->first + i)->block;

	return named >= 0 ? named : o->opts.pair ? (int64_t)i : -1;
}

/* The mean logarithm of the runs of one block, starting at *i, which moves behind them. */
static double block_log(const struct pd_overhead *o, const struct cell *c, size_t *i)
{
	int64_t block = block_at(o, c, *i);
	struct pd_sum s = { 0, 0 };
	size_t n = 0;

	for (; *i < c->n && block_at(o, c, *i) == block; (*i)++, n++)
		pd_sum_add(&s, log(over_row(o, c->first + *i)->value));
	return pd_sum_value(&s) / (double)n;
}

/* Log ratios of the blocks both sides have, appended to o->logs; the first `warm_up` blocks are left out. */
static void pair_blocks(struct pd_overhead *o, const struct cell *base, const struct cell *side, struct pd_overhead_row *r)
{
	size_t i = 0, j = 0, seen = 0;

	while (i < base->n && j < side->n) {
		int64_t a = block_at(o, base, i), b = block_at(o, side, j);

		if (a < b) {
			i++;
			r->left_out++;
		} else if (b < a) {
			j++;
			r->left_out++;
		} else {
			double d = -block_log(o, base, &i);

			d += block_log(o, side, &j);
			if (seen++ < o->opts.warm_up)
				continue;
			o->nomem |= !pd_vec_push(&o->logs, d);
			r->blocks++;
		}
	}
	r->left_out += base->n - i + (side->n - j);
}

static bool is_blocked(const struct pd_overhead *o, const struct cell *base, const struct cell *side)
{
	/* rows without a block sort before those with one */
	return base->n && side->n && block_at(o, base, 0) >= 0 && block_at(o, side, 0) >= 0;
}

/* ---- tests ---- */

static void take_location(struct pd_overhead_row *r, const struct pd_location *l)
{
	r->ratio = exp(l->center);
	r->ci = (struct pd_interval){ exp(l->ci.lo), exp(l->ci.hi) };
	r->rank = l->rank;
	r->confidence = l->confidence;
}

static void take_t(struct pd_overhead_row *r, const struct pd_t_test *t, double conf)
{
	r->ratio = exp(t->diff);
	r->ci = (struct pd_interval){ exp(t->ci.lo), exp(t->ci.hi) };
	r->confidence = conf;
	r->p = t->p;
}

static void test_blocks(struct pd_overhead *o, struct pd_overhead_row *r, const double *d)
{
	double conf = 1 - o->level;
	struct pd_location l;
	struct pd_signed_rank w;
	struct pd_t_test t;
	enum pd_stat st = PD_STAT_OK;

	if (o->opts.test == PD_BENCH_TEST_T) {
		st = pd_stat_paired_t(d, r->blocks, conf, &t);
		if (st == PD_STAT_OK)
			take_t(r, &t, conf);
	} else {
		st = pd_stat_walsh(d, r->blocks, conf, &l);
		if (st == PD_STAT_OK)
			st = pd_stat_signed_rank(d, r->blocks, &w);
		if (st == PD_STAT_OK) {
			take_location(r, &l);
			r->p = w.p;
			r->exact = w.exact;
		}
	}
	if (st != PD_STAT_OK)
		refuse(r, "%s", pd_stat_reason(st));
	if (r->blocks >= 2) {
		double sd = pd_stat_sd(d, r->blocks);

		r->mde = pd_stat_mde_paired(sd, r->blocks, o->level, 0.8);
		r->needed = (double)pd_stat_blocks_needed(sd, log1p(o->opts.margin), o->level, 0.8);
	}
}

/* Without logarithms (zeros among the values): the test alone. */
static void test_ranks_only(struct pd_overhead *o, struct pd_overhead_row *r, const double *a, size_t n1, const double *b, size_t n2)
{
	struct pd_mann_whitney u;

	if (pd_stat_mann_whitney(a, n1, b, n2, &u) == PD_STAT_OK) {
		r->p = o->doubled_tail ? u.p_doubled : u.p;
		r->exact = u.exact;
		r->greater = u.b_greater;
	}
	if (r->base.median == 0 && r->side.median == 0 && r->p >= 1) {
		r->ratio = 1; /* 0/0: nothing became nothing */
		r->ci = (struct pd_interval){ 1, 1 };
		r->confidence = 1;
	} else {
		refuse(r, "a value is 0: there is no ratio");
	}
}

static void test_sides(struct pd_overhead *o, struct pd_overhead_row *r, const double *a, size_t n1, const double *b, size_t n2)
{
	double conf = 1 - o->level, *la = calloc(n1 + n2, sizeof(*la)), *lb = la ? la + n1 : NULL, cv;
	struct pd_location l;
	struct pd_t_test t;
	enum pd_stat st;

	if (!la) {
		o->nomem = true;
		return;
	}
	for (size_t i = 0; i < n1; i++)
		la[i] = log(a[i]);
	for (size_t i = 0; i < n2; i++)
		lb[i] = log(b[i]);
	if (o->opts.test == PD_BENCH_TEST_T) {
		st = pd_stat_welch(la, n1, lb, n2, conf, &t);
		if (st == PD_STAT_OK)
			take_t(r, &t, conf);
	} else {
		struct pd_mann_whitney u;

		st = pd_stat_shift(la, n1, lb, n2, conf, &l);
		if (st == PD_STAT_OK)
			st = pd_stat_mann_whitney(a, n1, b, n2, &u);
		if (st == PD_STAT_OK) {
			take_location(r, &l);
			r->p = o->doubled_tail ? u.p_doubled : u.p;
			r->exact = u.exact;
			r->greater = u.b_greater;
		}
	}
	if (st != PD_STAT_OK)
		refuse(r, "%s", pd_stat_reason(st));
	if (n1 > 1 && n2 > 1) {
		cv = sqrt((pd_stat_sd(la, n1) * pd_stat_sd(la, n1) + pd_stat_sd(lb, n2) * pd_stat_sd(lb, n2)) / 2);
		r->mde = pd_stat_mde(cv, n1 < n2 ? n1 : n2, o->level, 0.8, o->opts.test == PD_BENCH_TEST_RANK);
		r->needed = cv > 0 ? pd_stat_runs_needed(cv, log1p(o->opts.margin), o->level, 0.8) : 0;
	}
	free(la);
}

static void bootstrap(struct pd_overhead *o, struct pd_overhead_row *r, const double *a, size_t n1, const double *b, size_t n2)
{
	struct pd_bootstrap how = { .center = PD_CENTER_MEDIAN, .paired = r->blocks && n1 == n2 && n1 == r->blocks, .seed = o->opts.seed, .conf = 1 - o->level };
	struct pd_bootstrap_ratio out;
	enum pd_stat st = pd_stat_bootstrap(a, n1, b, n2, &how, &out);

	if (st != PD_STAT_OK) {
		refuse(r, "bootstrap: %s (6 runs are needed)", pd_stat_reason(st));
		return;
	}
	r->ratio = out.ratio;
	r->ci = out.ci;
	r->rank = 0;
	r->confidence = how.conf;
	if (n1 < 10 || n2 < 10)
		pd_overhead_remark_add(o, "bootstrap intervals of fewer than 10 runs are too short");
}

static void with_values(struct pd_overhead *o, const struct cell *base, const struct cell *side, struct pd_overhead_row *r, const double *a, size_t n1,
			const double *b, size_t n2)
{
	bool blocked = is_blocked(o, base, side);

	*(blocked ? &o->blocked : &o->unblocked) += 1;
	if (n1 < 2 || n2 < 2) {
		refuse(r, n1 && n2 ? "one run says nothing about noise: 6 or more are needed" : "no runs are left after the warm-up");
	} else if (!all_positive(a, n1) || !all_positive(b, n2)) {
		test_ranks_only(o, r, a, n1, b, n2);
	} else if (blocked) {
		size_t first = o->logs.n;

		pair_blocks(o, base, side, r);
		if (r->blocks < 2)
			refuse(r, "%zu blocks in common: 6 or more are needed", r->blocks);
		else if (!o->nomem)
			test_blocks(o, r, o->logs.v + first);
	} else {
		test_sides(o, r, a, n1, b, n2);
	}
	if (o->opts.ci == PD_BENCH_CI_BOOTSTRAP && !r->reason[0])
		bootstrap(o, r, a, n1, b, n2);
}

void pd_overhead_compare(struct pd_overhead *o, const struct cell *base, const struct cell *side, struct pd_overhead_row *r)
{
	struct pd_interval none = { (double)NAN, (double)NAN };
	double *a, *b;
	size_t n1, n2;

	r->ratio = r->confidence = r->p = r->q = r->greater = r->mde = r->needed = (double)NAN;
	r->ci = none;
	r->base = r->side = (struct pd_bench_side){ .median = (double)NAN, .ci = none, .drift = (double)NAN };
	if (!base->n)
		refuse(r, "no runs of the baseline '%.60s'", o->baseline);
	if (!check_cell(o, base, r) || !check_cell(o, side, r)) {
		r->base.n = base->n;
		r->side.n = side->n;
		return;
	}
	a = values_of(o, base, &n1);
	b = values_of(o, side, &n2);
	if (!o->nomem) {
		side_of(a, n1, &r->base);
		side_of(b, n2, &r->side);
		with_values(o, base, side, r, a, n1, b, n2);
	}
	free(a);
	free(b);
}
