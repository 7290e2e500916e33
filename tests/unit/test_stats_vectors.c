/* Every number of support/stats_vectors.h, computed there another way. */
#include "near.h"
#include "stats_vectors.h"

#include <profdata/stats.h>

#define EACH(i, table) (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++)

static void test_vectors_mann_whitney(void **state)
{
	struct pd_mann_whitney o;

	(void)state;
	for EACH (i, v_mann_whitney) {
		assert_int_equal(pd_stat_mann_whitney(v_mann_whitney[i].a, v_mann_whitney[i].n1, v_mann_whitney[i].b, v_mann_whitney[i].n2, &o), PD_STAT_OK);
		assert_true(o.exact);
		assert_near_tol(o.u1, v_mann_whitney[i].u1, 0, "row %zu", i);
		assert_near_tol(o.p, v_mann_whitney[i].p, 1e-13, "row %zu", i);
		assert_near_tol(o.p_doubled, v_mann_whitney[i].doubled, 1e-13, "row %zu", i);
		assert_near_tol(o.p_normal, v_mann_whitney[i].normal, 1e-12, "row %zu", i);
		assert_near_tol(o.b_greater, v_mann_whitney[i].greater, 1e-13, "row %zu", i);
	}
}

static void test_vectors_ratio(void **state)
{
	struct pd_location o;

	(void)state;
	for EACH (i, v_ratio) {
		assert_int_equal(pd_stat_ratio(v_ratio[i].a, v_ratio[i].n1, v_ratio[i].b, v_ratio[i].n2, 0.95, &o), PD_STAT_OK);
		assert_near_tol(o.center, v_ratio[i].ratio, 1e-13, "row %zu", i);
		assert_near_tol(o.ci.lo, v_ratio[i].lo, 1e-13, "row %zu", i);
		assert_near_tol(o.ci.hi, v_ratio[i].hi, 1e-13, "row %zu", i);
		assert_int_equal(o.rank, (uint64_t)v_ratio[i].rank);
		assert_near_tol(o.confidence, v_ratio[i].conf, 1e-13, "row %zu", i);
	}
}

static void test_vectors_signed_rank(void **state)
{
	struct pd_signed_rank o;
	struct pd_location l;
	double d[20];

	(void)state;
	for EACH (i, v_signed_rank) {
		assert_int_equal(pd_stat_signed_rank(v_signed_rank[i].d, v_signed_rank[i].n, &o), PD_STAT_OK);
		assert_near_tol(o.w, v_signed_rank[i].w, 0, "row %zu", i);
		assert_near_tol(o.p, v_signed_rank[i].p, 1e-13, "row %zu", i);
	}
	assert_int_equal(pd_stat_walsh(v_blocks, 8, 0.95, &l), PD_STAT_OK);
	assert_near(exp(l.center), v_walsh[0]);
	assert_near(exp(l.ci.lo), v_walsh[1]);
	assert_near(exp(l.ci.hi), v_walsh[2]);
	assert_int_equal(l.rank, (uint64_t)v_walsh[3]);
	assert_near(l.confidence, v_walsh[4]);
	for (unsigned i = 0; i < 20; i++)
		d[i] = i * i;
	for EACH (i, v_walsh_rank) {
		assert_int_equal(pd_stat_walsh(d, v_walsh_rank[i].n, 0.95, &l), PD_STAT_OK);
		assert_int_equal(l.rank, v_walsh_rank[i].rank);
		assert_near(l.confidence, v_walsh_rank[i].conf);
		assert_true(l.rank || (isinf(l.ci.lo) && isinf(l.ci.hi)));
	}
}

static void test_vectors_median_ranks(void **state)
{
	struct pd_ranks o;

	(void)state;
	for EACH (i, v_median_ranks) {
		unsigned n = v_median_ranks[i].n;

		if (v_median_ranks[i].lo) {
			assert_int_equal(pd_stat_median_ranks(n, 0.95, &o), PD_STAT_OK);
			assert_int_equal(o.lo, v_median_ranks[i].lo);
			assert_int_equal(o.hi, v_median_ranks[i].hi);
			assert_near(o.confidence, v_median_ranks[i].conf);
		} else {
			assert_int_equal(pd_stat_median_ranks(n, 0.95, &o), PD_STAT_FEW);
		}
		assert_int_equal(pd_stat_median_ranks_left(n, 0.95, &o), PD_STAT_OK);
		assert_int_equal(o.lo, v_median_ranks[i].left_lo);
		assert_int_equal(o.hi, v_median_ranks[i].left_hi);
		assert_near(o.confidence, v_median_ranks[i].left_conf);
	}
}

static void test_vectors_adjust(void **state)
{
	static const enum pd_adjust kind[] = { PD_ADJUST_BONFERRONI, PD_ADJUST_HOLM, PD_ADJUST_BH, PD_ADJUST_BY };
	double q[7];

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		assert_int_equal(pd_stat_adjust(kind[k], v_adjust_p, 7, q), PD_STAT_OK);
		for (unsigned i = 0; i < 7; i++)
			assert_near_tol(q[i], v_adjust[k][i], 1e-13, "correction %u, %u", k, i);
	}
}

static void test_vectors_shares(void **state)
{
	struct pd_shares o;

	(void)state;
	for EACH (i, v_shares) {
		const double *w = v_shares[i].want;

		assert_int_equal(pd_stat_shares(v_shares[i].x1, v_shares[i].n1, v_shares[i].x2, v_shares[i].n2, 0.95, &o), PD_STAT_OK);
		const double got[11] = { o.z, o.p_z, o.diff_ci.lo, o.diff_ci.hi, o.ratio, o.ratio_ci.lo, o.ratio_ci.hi, o.g, o.p_g, o.p_fisher, o.p };

		for (unsigned k = 0; k < 11; k++)
			if (k != 9 || !isnan(got[k])) /* Fisher's is left out for wide tables */
				assert_near_tol(got[k], w[k], 1e-11, "row %zu, number %u", i, k);
	}
}

static void test_vectors_rates(void **state)
{
	struct pd_rates o;

	(void)state;
	for EACH (i, v_rates) {
		assert_int_equal(pd_stat_rates(v_rates[i].x1, v_rates[i].e1, v_rates[i].x2, v_rates[i].e2, 0.95, &o), PD_STAT_OK);
		const double got[5] = { o.ratio, o.ci.lo, o.ci.hi, o.p, o.p_doubled };

		for (unsigned k = 0; k < 5; k++)
			assert_near_tol(got[k], v_rates[i].want[k], 1e-11, "row %zu, number %u", i, k);
	}
}

static void test_vectors_intervals(void **state)
{
	struct pd_interval ci;

	(void)state;
	for EACH (i, v_garwood) {
		assert_int_equal(pd_stat_garwood(v_garwood[i].x, 0.95, &ci), PD_STAT_OK);
		assert_near_tol(ci.lo, v_garwood[i].lo, 1e-12, "row %zu", i);
		assert_near_tol(ci.hi, v_garwood[i].hi, 1e-12, "row %zu", i);
	}
	for EACH (i, v_share_ci) {
		assert_int_equal(pd_stat_wilson(v_share_ci[i].x, v_share_ci[i].n, 0.95, &ci), PD_STAT_OK);
		assert_near_tol(ci.lo, v_share_ci[i].lo, 1e-12, "row %zu", i);
		assert_near_tol(ci.hi, v_share_ci[i].hi, 1e-12, "row %zu", i);
		assert_int_equal(pd_stat_clopper_pearson(v_share_ci[i].x, v_share_ci[i].n, 0.95, &ci), PD_STAT_OK);
		assert_near_tol(ci.lo, v_share_ci[i].exact_lo, 1e-12, "row %zu", i);
		assert_near_tol(ci.hi, v_share_ci[i].exact_hi, 1e-12, "row %zu", i);
	}
}

static void test_vectors_distributions(void **state)
{
	(void)state;
	for EACH (i, v_quantiles) {
		assert_near_tol(pd_t_quantile(0.975, v_quantiles[i].df), v_quantiles[i].t975, 1e-12, "row %zu", i);
		assert_near_tol(pd_t_quantile(0.025, v_quantiles[i].df), -v_quantiles[i].t975, 1e-12, "row %zu", i);
		assert_near_tol(pd_t_quantile(0.8, v_quantiles[i].df), v_quantiles[i].t80, 1e-12, "row %zu", i);
		assert_near_tol(pd_chi2_quantile(0.975, v_quantiles[i].df), v_quantiles[i].chi975, 1e-12, "row %zu", i);
		assert_near_tol(pd_chi2_tail(v_quantiles[i].chi975, v_quantiles[i].df), 0.025, 1e-12, "row %zu", i);
	}
	for EACH (i, v_normal) {
		assert_near_tol(pd_normal_tail(v_normal[i].z), v_normal[i].tail, 1e-13, "row %zu", i);
		assert_near_tol(pd_normal_tail(-v_normal[i].z), 1 - v_normal[i].tail, 1e-13, "row %zu", i);
	}
	for EACH (i, v_normal_quantile)
		assert_near_tol(pd_normal_quantile(v_normal_quantile[i].p) + 1, v_normal_quantile[i].z + 1, 1e-13, "row %zu", i);
	for EACH (i, v_t)
		assert_near_tol(pd_t_p(v_t[i].t, v_t[i].df), v_t[i].p, 1e-12, "row %zu", i);
}

static void test_vectors_replicates(void **state)
{
	struct pd_replicates o;
	struct pd_homogeneity h;

	(void)state;
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, v_replicates_a[0], v_replicates_a[1], 5, v_replicates_b[0], v_replicates_b[1], 5, 0, 0.95, &o), PD_STAT_OK);
	const double got[7] = { o.dispersion1, o.dispersion2, o.phi, o.z, o.p_z, o.t, o.p };

	for (unsigned k = 0; k < 7; k++)
		assert_near_tol(got[k], v_replicates[k], 1e-11, "number %u", k);
	assert_near(o.df, 8);
	assert_int_equal(pd_stat_homogeneity(v_tree_a, v_tree_b, 7, 5, &h), PD_STAT_OK);
	assert_near(h.g, v_tree[0]);
	assert_near(h.df, 6);
	assert_near(h.p, v_tree[1]);
	assert_near(h.total_variation, v_tree[2]);
	assert_near(h.jensen_shannon, v_tree[3]);
}

static void test_vectors_series(void **state)
{
	struct pd_trend t;
	struct pd_serial s;
	struct pd_modes m;

	(void)state;
	assert_int_equal(pd_stat_trend(v_series, 12, &t), PD_STAT_OK);
	assert_near(t.s, v_noise[0]);
	assert_near(t.z, v_noise[1]);
	assert_near(t.slope, v_noise[2]);
	assert_int_equal(pd_stat_serial(v_series, 12, &s), PD_STAT_OK);
	assert_near(s.lag1, v_noise[3]);
	assert_near(s.von_neumann, v_noise[4]);
	assert_near(s.n_eff, v_noise[5]);
	assert_int_equal(pd_stat_modes(v_series, 12, &m), PD_STAT_OK);
	assert_near(m.coefficient, v_noise[6]);
	assert_false(m.two);
	assert_int_equal(pd_stat_modes(v_modes_series, 12, &m), PD_STAT_OK);
	assert_near(m.coefficient, v_modes[0]);
	assert_near(m.separation, v_modes[1]);
	assert_int_equal(m.low, 7);
	assert_int_equal(m.high, 5);
	assert_true(m.two);
}

/* An order of n values whose S is s: one inversion more for every two less. */
static void order_of(unsigned n, unsigned s, double *x)
{
	unsigned inversions = (n * (n - 1) / 2 - s) / 2;

	for (unsigned i = 0; i < n; i++)
		x[i] = i;
	for (unsigned done = 0; done < inversions;)
		for (unsigned i = 0; i + 1 < n && done < inversions; i++)
			if (x[i] < x[i + 1]) {
				double v = x[i];

				x[i] = x[i + 1];
				x[i + 1] = v;
				done++;
			}
}

static void test_vectors_kendall(void **state)
{
	struct pd_trend t;
	double x[10];

	(void)state;
	for EACH (i, v_kendall) {
		order_of(v_kendall[i].n, v_kendall[i].s, x);
		assert_int_equal(pd_stat_trend(x, v_kendall[i].n, &t), PD_STAT_OK);
		assert_true(t.exact);
		assert_near(t.s, v_kendall[i].s);
		assert_near(t.p, v_kendall[i].p);
	}
}

static void test_vectors_rng(void **state)
{
	struct pd_rng r = { 42 };

	(void)state;
	for EACH (i, v_rng)
		assert_true(pd_rng_next(&r) == v_rng[i]);
	r.state = 42;
	for EACH (i, v_below10)
		assert_int_equal(pd_rng_below(&r, 10), v_below10[i]);
}

static void test_vectors_bootstrap(void **state)
{
	size_t last = sizeof(v_mann_whitney) / sizeof(v_mann_whitney[0]) - 1;
	struct pd_bootstrap_ratio o;

	(void)state;
	for EACH (i, v_bootstrap) {
		struct pd_bootstrap how = { .center = (enum pd_center)v_bootstrap[i].center, .seed = v_bootstrap[i].seed, .paired = v_bootstrap[i].paired, .conf = 0.95 };

		assert_int_equal(pd_stat_bootstrap(v_mann_whitney[last].a, 10, v_mann_whitney[last].b, 10, &how, &o), PD_STAT_OK);
		assert_near_tol(o.ratio, v_bootstrap[i].ratio, 1e-12, "row %zu", i);
		assert_near_tol(o.ci.lo, v_bootstrap[i].lo, 1e-12, "row %zu", i);
		assert_near_tol(o.ci.hi, v_bootstrap[i].hi, 1e-12, "row %zu", i);
		assert_near(o.log_basic.lo, o.ratio * o.ratio / o.ci.hi);
		assert_near(o.log_basic.hi, o.ratio * o.ratio / o.ci.lo);
	}
}

static void test_vectors_plans(void **state)
{
	struct pd_interval ci;
	double ratio;

	(void)state;
	assert_int_equal(pd_stat_geomean(v_geo_logs, v_geo_se, 4, false, 0.95, &ratio, &ci), PD_STAT_OK);
	assert_near(ratio, v_geo[0]);
	assert_near(ci.lo, v_geo[1]);
	assert_near(ci.hi, v_geo[2]);
	assert_int_equal(pd_stat_geomean(v_geo_logs, v_geo_se, 4, true, 0.95, &ratio, &ci), PD_STAT_OK);
	assert_near(ci.lo, v_geo[3]);
	assert_near(ci.hi, v_geo[4]);
	for EACH (i, v_mde) {
		assert_near(pd_stat_mde(v_mde[i].cv, v_mde[i].n, 0.05, 0.8, false), v_mde[i].mde);
		assert_near(pd_stat_mde(v_mde[i].cv, v_mde[i].n, 0.05, 0.8, true), v_mde[i].mde * sqrt(acos(-1) / 3));
	}
	assert_near(pd_stat_runs_needed(0.01, 0.01, 0.05, 0.8), 16);
	assert_near(pd_stat_runs_needed(0.01, 0.005, 0.05, 0.8), 63);
	assert_near(pd_stat_runs_needed(0.02, 0.005, 0.05, 0.8), 252);
	assert_near(pd_stat_runs_needed(0.05, 0.01, 0.05, 0.8), 393);
	assert_int_equal(pd_stat_holm_blocks(4, 0.05), 8);
	assert_int_equal(pd_stat_holm_blocks(16, 0.05), 10);
	assert_int_equal(pd_stat_holm_blocks(40, 0.05), 11);
	assert_int_equal(pd_stat_holm_blocks(80, 0.05), 12);
	assert_near(pd_stat_samples_needed(0.05, 0.1, 0.05, 0.8), 31234);
	assert_near(pd_stat_samples_needed(0.05, 0.2, 0.05, 0.8), 8158);
	assert_near(pd_stat_samples_needed(0.01, 0.2, 0.05, 0.8), 42693);
	assert_near(pd_stat_samples_needed(0.01, 0.5, 0.05, 0.8), 7750);
	assert_near(pd_stat_samples_needed(0.001, 1, 0.05, 0.8), 23511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_mann_whitney), cmocka_unit_test(test_vectors_ratio), cmocka_unit_test(test_vectors_signed_rank),
		cmocka_unit_test(test_vectors_median_ranks), cmocka_unit_test(test_vectors_adjust), cmocka_unit_test(test_vectors_shares),
		cmocka_unit_test(test_vectors_rates), cmocka_unit_test(test_vectors_intervals), cmocka_unit_test(test_vectors_distributions),
		cmocka_unit_test(test_vectors_replicates), cmocka_unit_test(test_vectors_series), cmocka_unit_test(test_vectors_kendall),
		cmocka_unit_test(test_vectors_rng), cmocka_unit_test(test_vectors_bootstrap), cmocka_unit_test(test_vectors_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
