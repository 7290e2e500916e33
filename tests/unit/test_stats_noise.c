/* Noise checks and plans: what must warn, what must not, degenerate series. */
#include "near.h"
#include "stats_vectors.h"

#include <profdata/stats.h>

static void test_noise_outliers(void **state)
{
	const double x[] = { 0.5, 0.3, 0.29, 0.31, 0.3 }, y[] = { 10.0, 10.1, 9.9, 10.2, 10.0, 9.8, 10.1, 12.5 }, flat[] = { 2, 2, 2 };
	const double mostly[] = { 1, 1, 1, 1, 1, 1, 1, 9 };
	struct pd_outliers o;
	double z[8];

	(void)state;
	assert_int_equal(pd_stat_outliers(x, 5, z, &o), PD_STAT_OK);
	assert_near(o.median, 0.3);
	assert_near(o.mad, 0.01);
	assert_near(o.worst_z, 0.2 / 0.01 * 0.67448975019608171);
	assert_near(z[0], o.worst_z);
	assert_int_equal(o.worst, 0);
	assert_int_equal(o.n, 1);
	assert_int_equal(pd_stat_outliers(y, 8, NULL, &o), PD_STAT_OK);
	assert_near(o.quartiles.lo, 9.975);
	assert_near(o.quartiles.hi, 10.125);
	assert_near(o.inner.lo, 9.75);
	assert_near(o.inner.hi, 10.35);
	assert_near(o.outer.lo, 9.525);
	assert_near(o.outer.hi, 10.575);
	assert_int_equal(o.severe, 1);
	assert_int_equal(o.mild, 0);
	assert_int_equal(pd_stat_outliers(flat, 3, NULL, &o), PD_STAT_FLAT);
	assert_int_equal(pd_stat_outliers(mostly, 8, NULL, &o), PD_STAT_OK);
	assert_true(o.mean_deviation);
	assert_near(o.worst_z, 8 / 1.2533141373155003);
	assert_int_equal(pd_stat_outliers(x, 0, NULL, &o), PD_STAT_FEW);
}

static void test_noise_flags(void **state)
{
	const double first[] = { 30, 10.1, 9.9, 10.2, 10.0, 9.8, 10.1, 10.05, 9.95 }, flat[] = { 4, 4, 4, 4, 4, 4, 4, 4 };
	struct pd_noise o;

	(void)state;
	assert_int_equal(pd_stat_noise(v_series, 12, &o), PD_STAT_OK);
	assert_int_equal(o.flags, PD_NOISE_DRIFT); /* neighbours: 0.537 < 0.566 */
	assert_near_tol(o.drift, 0.0199, 0.01, "drift");
	assert_int_equal(pd_stat_noise(v_modes_series, 12, &o), PD_STAT_OK);
	assert_true(o.flags & PD_NOISE_MODES);
	assert_int_equal(pd_stat_noise(first, 9, &o), PD_STAT_OK);
	assert_true(o.flags & PD_NOISE_FIRST_RUN);
	assert_true(o.flags & PD_NOISE_OUTLIERS);
	assert_int_equal(pd_stat_noise(flat, 8, &o), PD_STAT_OK);
	assert_int_equal(o.flags, 0);
	assert_int_equal(pd_stat_noise(flat, 7, &o), PD_STAT_FEW);
}

/* A steady series is called steady: false alarms of each check in 2000 series of 20 runs. */
static void test_noise_false_alarms(void **state)
{
	struct pd_rng r = { 42 };
	unsigned drift = 0, serial = 0, modes = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		double x[20];
		struct pd_noise o;

		for (unsigned i = 0; i < 20; i++)
			x[i] = 100 + pd_rng_normal(&r);
		assert_int_equal(pd_stat_noise(x, 20, &o), PD_STAT_OK);
		drift += !!(o.flags & PD_NOISE_DRIFT);
		serial += !!(o.flags & PD_NOISE_SERIAL);
		modes += !!(o.flags & PD_NOISE_MODES);
	}
	print_message("false alarms of 2000: drift %u, neighbours %u, modes %u\n", drift, serial, modes);
	assert_in_range(drift, 60, 130);
	assert_in_range(serial, 10, 100);
	assert_in_range(modes, 0, 20);
}

static void test_noise_anything(void **state)
{
	static const double odd[] = { 0, -0.0, 1, 1e308, -1e308, 5e-324, INFINITY, NAN, 3, 3, 1e-300 };
	static double many[2049];
	struct pd_rng r = { 8 };
	struct pd_trend t;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		double x[12];
		size_t n = pd_rng_below(&r, 13);
		bool finite = true;
		struct pd_noise o;
		struct pd_modes m;
		struct pd_serial s;
		struct pd_outliers u;

		for (size_t i = 0; i < n; i++) {
			x[i] = odd[pd_rng_below(&r, round % 2 ? 11 : 6)];
			finite = finite && isfinite(x[i]);
		}
		enum pd_stat st = pd_stat_noise(x, n, &o);

		assert_true(n >= 8 || st == PD_STAT_FEW);
		assert_true(finite || st != PD_STAT_OK);
		(void)pd_stat_modes(x, n, &m);
		(void)pd_stat_serial(x, n, &s);
		(void)pd_stat_outliers(x, n, NULL, &u);
	}
	assert_int_equal(pd_stat_trend(many, 2049, &t), PD_STAT_LIMIT);
	assert_int_equal(pd_stat_trend(many, 2048, &t), PD_STAT_OK);
	assert_near(t.p, 1);
}

static void test_noise_plans(void **state)
{
	struct pd_ranks o;
	struct pd_bootstrap how = { .conf = 0.95, .seed = 1 };
	struct pd_bootstrap_ratio b;
	struct pd_interval ci;
	double ratio;

	(void)state;
	assert_int_equal(pd_stat_quantile_ranks(1000, 0.99, 0.95, &o), PD_STAT_OK);
	assert_int_equal(o.lo, 983);
	assert_int_equal(o.hi, 997);
	assert_int_equal(pd_stat_quantile_ranks(10000, 0.99, 0.95, &o), PD_STAT_OK);
	assert_int_equal(o.lo, 9880);
	assert_int_equal(o.hi, 9920);
	assert_int_equal(pd_stat_median_ranks(0, 0.95, &o), PD_STAT_FEW);
	assert_int_equal(pd_stat_median_ranks(100000, 0.95, &o), PD_STAT_OK);
	assert_int_equal(o.lo, 49690);
	assert_true(o.confidence >= 0.95 && o.confidence < 0.951);
	assert_int_equal(pd_stat_median_ranks_left(31, 0.95, &o), PD_STAT_OK);
	assert_true(o.lo >= 10 && o.hi <= 22);
	for (double sd = 0.001; sd < 0.2; sd *= 2) {
		size_t n = pd_stat_blocks_needed(sd, 0.02, 0.05, 0.8);

		assert_true(n >= 2 && pd_stat_mde_paired(sd, n, 0.05, 0.8) <= 0.02);
		assert_true(n == 2 || pd_stat_mde_paired(sd, n - 1, 0.05, 0.8) > 0.02);
	}
	assert_int_equal(pd_stat_blocks_needed(1e9, 0.02, 0.05, 0.8), 0);
	assert_int_equal(pd_stat_blocks_needed(NAN, 0.02, 0.05, 0.8), 0);
	assert_true(isnan(pd_stat_mde(0.1, 1, 0.05, 0.8, true)));
	assert_int_equal(pd_stat_bootstrap(v_series, 5, v_series, 12, &how, &b), PD_STAT_FEW);
	how.paired = true;
	assert_int_equal(pd_stat_bootstrap(v_series, 11, v_series, 12, &how, &b), PD_STAT_RANGE);
	assert_int_equal(pd_stat_bootstrap(v_series, 12, v_series, 12, &how, &b), PD_STAT_OK);
	assert_near(b.ci.lo, 1); /* the same runs on both sides: every pair is equal */
	assert_near(b.ci.hi, 1);
	how.replicates = 5;
	assert_int_equal(pd_stat_bootstrap(v_series, 12, v_series, 12, &how, &b), PD_STAT_RANGE);
	assert_int_equal(pd_stat_geomean(v_geo_logs, NULL, 1, false, 0.95, &ratio, &ci), PD_STAT_FEW);
	assert_int_equal(pd_stat_geomean(v_geo_logs, v_geo_se, 1, false, 0.95, &ratio, &ci), PD_STAT_OK);
	assert_near(ratio, 1.004);
}

/* The bootstrap median of 3 distinct values is each of them with probability 7/27, 13/27, 7/27. */
static void test_noise_bootstrap_law(void **state)
{
	struct pd_rng r = { 42 };
	unsigned hit[3] = { 0 };

	(void)state;
	for (unsigned k = 0; k < 27000; k++) {
		double x[3];

		for (unsigned i = 0; i < 3; i++)
			x[i] = (double)pd_rng_below(&r, 3);
		pd_stat_sort(x, 3);
		hit[(unsigned)pd_sorted_median(x, 3)]++;
	}
	assert_in_range(hit[0], 6800, 7200);
	assert_in_range(hit[1], 12750, 13250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise_outliers), cmocka_unit_test(test_noise_flags), cmocka_unit_test(test_noise_false_alarms),
		cmocka_unit_test(test_noise_anything), cmocka_unit_test(test_noise_plans), cmocka_unit_test(test_noise_bootstrap_law),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
