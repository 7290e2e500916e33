/* Do the promises hold? Data with a known truth, from the library's own generator: false alarms, coverage, power under drift. */
#include "near.h"

#include <profdata/stats.h>

/* A run of an operation: log-normal noise around a level. */
static double run(struct pd_rng *r, double level, double cv) { return level * exp(cv * pd_rng_normal(r)); }

static bool excludes_zero(const struct pd_location *l) { return l->ci.lo > 0 || l->ci.hi < 0; }

/* 2000 comparisons of a thing with itself, 8 blocks each. */
static void test_simulation_same_against_same(void **state)
{
	struct pd_rng r = { 42 };
	unsigned alarms = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		double d[8];
		struct pd_location l;

		for (unsigned i = 0; i < 8; i++) {
			double block = run(&r, 100, 0.02); /* machine and moment: common to the block */

			d[i] = log(run(&r, block, 0.008) / run(&r, block, 0.008));
		}
		assert_int_equal(pd_stat_walsh(d, 8, 0.95, &l), PD_STAT_OK);
		alarms += excludes_zero(&l);
	}
	print_message("intervals without 1: %u of 2000\n", alarms);
	assert_in_range(alarms, 40, 120); /* 2 % .. 6 %; the true value is 10/256 */
}

static void test_simulation_coverage(void **state)
{
	struct pd_rng r = { 42 };
	unsigned covers = 0;
	double truth = log(1.01);

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		double d[10];
		struct pd_location l;

		for (unsigned i = 0; i < 10; i++)
			d[i] = log(run(&r, 101, 0.008) / run(&r, 100, 0.008));
		assert_int_equal(pd_stat_walsh(d, 10, 0.95, &l), PD_STAT_OK);
		covers += l.ci.lo <= truth && truth <= l.ci.hi;
	}
	print_message("intervals with the true ratio: %u of 2000\n", covers);
	assert_in_range(covers, 1880, 1960);
}

/* A drift of 3 % over 20 runs: run one after the other it is taken for an effect, in blocks it is not, and a real 1 % is seen. */
static void test_simulation_drift(void **state)
{
	struct pd_rng r = { 42 };
	unsigned sequential = 0, blocked = 0, seen = 0, warned = 0;

	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		double a[10], b[10], d[10], e[10];
		struct pd_mann_whitney u;
		struct pd_signed_rank w;
		struct pd_noise noise;

		for (unsigned i = 0; i < 10; i++) {
			unsigned swap = pd_rng_below(&r, 2) ? 1 : 0;

			a[i] = run(&r, 100 * (1 + 0.03 * i / 19), 0.008);
			b[i] = run(&r, 100 * (1 + 0.03 * (10 + i) / 19), 0.008);
			d[i] = log(run(&r, 1 + 0.03 * (2 * i + swap) / 19, 0.008) / run(&r, 1 + 0.03 * (2 * i + 1 - swap) / 19, 0.008));
			e[i] = d[i] + log(1.01);
		}
		assert_int_equal(pd_stat_mann_whitney(a, 10, b, 10, &u), PD_STAT_OK);
		sequential += u.p < 0.05;
		assert_int_equal(pd_stat_noise(a, 10, &noise), PD_STAT_OK);
		warned += noise.flags & PD_NOISE_DRIFT;
		assert_int_equal(pd_stat_signed_rank(d, 10, &w), PD_STAT_OK);
		blocked += w.p < 0.05;
		assert_int_equal(pd_stat_signed_rank(e, 10, &w), PD_STAT_OK);
		seen += w.p < 0.05;
	}
	print_message("of 1000: sequential alarms %u (drift seen in one half %u), blocked alarms %u, a real 1 %% found %u\n", sequential, warned, blocked, seen);
	assert_true(sequential > 900);
	assert_true(blocked < 70);
	assert_true(seen > 600);
	assert_true(warned > 250);
}

/* The bounds of tables for O'Brien-Fleming-like spending, and p-values that lead back to them. */
static void test_simulation_look_levels(void **state)
{
	static const double five[] = { 4.8769, 3.3569, 2.6803, 2.2898, 2.0310 }, two[] = { 2.9626, 1.9686 };
	double t[PD_MAX_LOOKS], level[PD_MAX_LOOKS], p;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		t[i] = (i + 1) / 5.0;
	assert_int_equal(pd_stat_look_levels(t, 5, 0.05, level), PD_STAT_OK);
	for (unsigned i = 0; i < 5; i++) {
		assert_near_tol(-pd_normal_quantile(level[i] / 2), five[i], 2e-4, "line %d", __LINE__);
		assert_int_equal(pd_stat_look_p(t, i + 1, level[i], &p), PD_STAT_OK);
		assert_near_tol(p, 0.05, 1e-8, "line %d", __LINE__);
	}
	assert_int_equal(pd_stat_look_levels((double[]){ 0.5, 1 }, 2, 0.05, level), PD_STAT_OK);
	for (unsigned i = 0; i < 2; i++)
		assert_near_tol(-pd_normal_quantile(level[i] / 2), two[i], 2e-4, "line %d", __LINE__);
	assert_int_equal(pd_stat_look_levels((double[]){ 1 }, 1, 0.05, level), PD_STAT_OK);
	assert_near_tol(level[0], 0.05, 1e-9, "line %d", __LINE__);
	assert_int_equal(pd_stat_look_p((double[]){ 1 }, 1, 0.03, &p), PD_STAT_OK);
	assert_near_tol(p, 0.03, 1e-8, "line %d", __LINE__);
	assert_int_equal(pd_stat_look_p(t, 5, 0.9, &p), PD_STAT_OK);
	assert_true(p == 1);
	for (unsigned i = 0; i < PD_MAX_LOOKS; i++)
		t[i] = (i + 1.0) / PD_MAX_LOOKS;
	assert_int_equal(pd_stat_look_levels(t, PD_MAX_LOOKS, 0.2, level), PD_STAT_OK);
	for (unsigned i = 1; i < PD_MAX_LOOKS; i++)
		assert_true(level[i] >= level[i - 1] && level[i] < 0.2);
	assert_int_equal(pd_stat_look_levels(t, 0, 0.05, level), PD_STAT_RANGE);
	assert_int_equal(pd_stat_look_levels(t, PD_MAX_LOOKS + 1, 0.05, level), PD_STAT_RANGE);
	assert_int_equal(pd_stat_look_levels((double[]){ 0.5, 0.5 }, 2, 0.05, level), PD_STAT_RANGE);
	assert_int_equal(pd_stat_look_levels((double[]){ 0.5, 1.5 }, 2, 0.05, level), PD_STAT_RANGE);
	assert_int_equal(pd_stat_look_levels((double[]){ NAN }, 1, 0.05, level), PD_STAT_RANGE);
	assert_int_equal(pd_stat_look_p(t, 5, -0.1, &p), PD_STAT_RANGE);
}

/* A thing compared with itself, looked at five times until something seems to be found: 1000 times, with the levels and without. */
static void test_simulation_looks(void **state)
{
	static const double t[] = { 0.2, 0.4, 0.6, 0.8, 1 };
	struct pd_rng r = { 42 };
	double level[5];
	unsigned alarms = 0, naive = 0;

	(void)state;
	assert_int_equal(pd_stat_look_levels(t, 5, 0.05, level), PD_STAT_OK);
	for (unsigned round = 0; round < 1000; round++) {
		bool alarm = false, peeked = false;
		double d[60];

		for (unsigned i = 0; i < 60; i++) {
			struct pd_signed_rank w;

			d[i] = log(run(&r, 100, 0.008) / run(&r, 100, 0.008));
			if (i % 12 != 11)
				continue;
			assert_int_equal(pd_stat_signed_rank(d, i + 1, &w), PD_STAT_OK);
			alarm |= w.p <= level[i / 12];
			peeked |= w.p <= 0.05;
		}
		alarms += alarm;
		naive += peeked;
	}
	print_message("of 1000, five looks: alarms %u, without levels %u\n", alarms, naive);
	assert_in_range(alarms, 30, 65); /* 5 % +- 2 standard errors of 0.7 % */
	assert_true(naive > 100);
}

/* Binomial count by inversion around the mean is slow: Poisson by multiplication is enough for small means. */
static double poisson(struct pd_rng *r, double mean)
{
	double k = 0;

	for (; mean > 30; mean -= 30) {
		double p = exp(-30.0);

		for (double u = pd_rng_unit(r); u > p; u *= pd_rng_unit(r))
			k++;
	}
	for (double u = pd_rng_unit(r), p = exp(-mean); u > p; u *= pd_rng_unit(r))
		k++;
	return k;
}

#define FUNCTIONS 60

/* Profiles of one program against another of itself: the share of reports with any discovery after BH. */
static void test_simulation_profiles(void **state)
{
	struct pd_rng r = { 42 };
	unsigned reports = 0, shapes = 0;

	(void)state;
	for (unsigned round = 0; round < 600; round++) {
		double x1[FUNCTIONS], x2[FUNCTIONS], p[FUNCTIONS], n1 = 0, n2 = 0;
		struct pd_homogeneity h;
		bool any = false;

		for (unsigned f = 0; f < FUNCTIONS; f++) {
			double mean = 2000.0 / (1 + f);

			n1 += x1[f] = poisson(&r, mean);
			n2 += x2[f] = poisson(&r, mean * 1.1);
		}
		for (unsigned f = 0; f < FUNCTIONS; f++) {
			struct pd_shares s;

			p[f] = pd_stat_shares(x1[f], n1, x2[f], n2, 0.95, &s) == PD_STAT_OK ? s.p : (double)NAN;
		}
		assert_int_equal(pd_stat_adjust(PD_ADJUST_BH, p, FUNCTIONS, p), PD_STAT_OK);
		for (unsigned f = 0; f < FUNCTIONS; f++)
			any |= p[f] < 0.05;
		reports += any;
		assert_int_equal(pd_stat_homogeneity(x1, x2, FUNCTIONS, 5, &h), PD_STAT_OK);
		shapes += h.p < 0.05;
	}
	print_message("of 600 equal programs: %u with a discovery, %u with another shape\n", reports, shapes);
	assert_true(reports <= 36);
	assert_in_range(shapes, 12, 48);
}

/* Replicates that vary four times more than counting: naive z is fooled, phi and ranks are not. */
static void test_simulation_overdispersion(void **state)
{
	struct pd_rng r = { 42 };
	unsigned naive = 0, adjusted = 0, ranks = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		double x[2][5], n[2][5], s[2][5];
		struct pd_replicates o;
		struct pd_mann_whitney u;

		for (unsigned k = 0; k < 10; k++) {
			double rate = 0.05 * exp(0.25 * pd_rng_normal(&r));

			n[k / 5][k % 5] = 1000;
			x[k / 5][k % 5] = fmin(1000, poisson(&r, 1000 * rate));
			s[k / 5][k % 5] = x[k / 5][k % 5] / 1000;
		}
		assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, x[0], n[0], 5, x[1], n[1], 5, 0, 0.95, &o), PD_STAT_OK);
		naive += o.p_z < 0.05;
		adjusted += o.p < 0.05;
		assert_int_equal(pd_stat_mann_whitney(s[0], 5, s[1], 5, &u), PD_STAT_OK);
		ranks += u.p < 0.05;
	}
	print_message("of 2000: naive %u, phi %u, ranks %u\n", naive, adjusted, ranks);
	assert_true(naive > 400);
	assert_in_range(adjusted, 60, 140);
	assert_in_range(ranks, 30, 110);
}

/* The exact rate interval covers at least as often as it says. */
static void test_simulation_rates(void **state)
{
	struct pd_rng r = { 42 };
	unsigned covers = 0, told = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		double x1 = poisson(&r, 12), x2 = poisson(&r, 36);
		struct pd_rates o;

		if (pd_stat_rates(x1, 10, x2, 20, 0.95, &o) != PD_STAT_OK)
			continue;
		told++;
		covers += o.ci.lo <= 1.5 && 1.5 <= o.ci.hi;
	}
	assert_true(covers * 100 >= told * 94 && told > 2990);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simulation_same_against_same), cmocka_unit_test(test_simulation_coverage), cmocka_unit_test(test_simulation_drift),
		cmocka_unit_test(test_simulation_look_levels), cmocka_unit_test(test_simulation_looks),
		cmocka_unit_test(test_simulation_profiles), cmocka_unit_test(test_simulation_overdispersion), cmocka_unit_test(test_simulation_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
