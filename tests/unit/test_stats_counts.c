/* Distributions and counts: identities, extremes, arguments that make no sense. */
#include "near.h"

#include <profdata/stats.h>
#include <stdlib.h>

static const double odd[] = { 0, -0.0, 1, -1, 0.5, 1e-300, 5e-324, 1e300, -1e300, 9.2e18, INFINITY, -INFINITY, NAN, 3, 1000 };
#define N_ODD (sizeof(odd) / sizeof(odd[0]))

static bool probability(double p) { return isnan(p) || (p >= 0 && p <= 1); }

static void test_counts_identities(void **state)
{
	(void)state;
	for (double p = 0.05; p < 1; p += 0.09) {
		double all = 0;

		for (int k = 0; k <= 30; k++) {
			all += pd_binomial_pmf(k, 30, p);
			assert_near_tol(pd_binomial_cdf(k, 30, p), all, 1e-13, "k = %d", k);
			assert_near_tol(pd_binomial_sf(k, 30, p) + all, 1 + pd_binomial_pmf(k, 30, p), 1e-13, "k = %d", k);
		}
		assert_near_tol(all, 1, 1e-13, "p = %g", p);
		for (double a = 0.3; a < 2e6; a *= 7) {
			assert_near_tol(pd_beta_inc(a, a, 0.5, false), 0.5, 1e-12, "a = %g", a);
			assert_near_tol(pd_beta_inc(a, 3, p, false) + pd_beta_inc(3, a, 1 - p, false), 1, 1e-12, "a = %g", a);
			assert_near_tol(pd_gamma_inc(a, a * p * 2, false) + pd_gamma_inc(a, a * p * 2, true), 1, 1e-12, "a = %g", a);
			assert_near_tol(pd_chi2_tail(pd_chi2_quantile(p, a), a), 1 - p, 1e-10, "a = %g", a);
			assert_near_tol(pd_t_p(pd_t_quantile(p, a), a), 2 * fmin(p, 1 - p), 1e-10, "a = %g", a);
		}
		assert_near_tol(pd_normal_tail(-pd_normal_quantile(p)), p, 1e-13, "p = %g", p);
	}
	assert_near_tol(pd_chi2_tail(2 * log(1000), 2), 1e-3, 1e-13, "exponential");
	assert_near(pd_poisson_cdf(0, 3), exp(-3));
	assert_near(pd_beta_inc(1, 5, 1e-20, false), 5e-20);
	assert_near(pd_beta_inc(1, 1e8, 1e-20, false), 1e-12);
}

static void test_counts_distributions_survive_anything(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ODD; i++) {
		(void)pd_normal_quantile(odd[i]);
		assert_true(probability(pd_normal_tail(odd[i])));
		for (size_t j = 0; j < N_ODD; j++) {
			assert_true(probability(pd_t_p(odd[i], odd[j])));
			assert_true(probability(pd_chi2_tail(odd[i], odd[j])));
			assert_true(probability(pd_poisson_cdf(odd[i], odd[j])));
			(void)pd_t_quantile(odd[i], odd[j]);
			(void)pd_chi2_quantile(odd[i], odd[j]);
			for (size_t k = 0; k < N_ODD; k++) {
				assert_true(probability(pd_beta_inc(odd[i], odd[j], odd[k], k & 1)));
				assert_true(probability(pd_gamma_inc(odd[i], odd[j], k & 1)));
				assert_true(probability(pd_binomial_pmf(odd[i], odd[j], odd[k])));
				assert_true(probability(pd_binomial_cdf(odd[i], odd[j], odd[k])));
				assert_true(probability(pd_binomial_sf(odd[i], odd[j], odd[k])));
			}
		}
	}
}

static bool sound(struct pd_interval ci, double inside) { return ci.lo <= inside && inside <= ci.hi; }

static void test_counts_any_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ODD; i++)
		for (size_t j = 0; j < N_ODD; j++)
			for (size_t k = 0; k < N_ODD; k++)
				for (size_t l = 0; l < N_ODD; l++) {
					struct pd_shares s;
					struct pd_rates r;
					bool fine = odd[i] >= 0 && odd[i] <= odd[j] && odd[k] >= 0 && odd[k] <= odd[l] && odd[j] <= 0x1p64 && odd[l] <= 0x1p64 &&
						    odd[j] > 0 && odd[l] > 0;
					enum pd_stat st = pd_stat_shares(odd[i], odd[j], odd[k], odd[l], 0.95, &s);

					assert_int_equal(st == PD_STAT_OK || st == PD_STAT_FLAT, fine);
					if (st == PD_STAT_OK)
						assert_true(probability(s.p) && probability(s.p_z) && probability(s.p_fisher) && sound(s.diff_ci, s.diff));
					st = pd_stat_rates(odd[i], odd[j], odd[k], odd[l], 0.95, &r);
					if (st == PD_STAT_OK)
						assert_true(probability(r.p) && probability(r.p_doubled) && r.ci.lo <= r.ci.hi);
				}
}

static void test_counts_symmetry(void **state)
{
	struct pd_rng rng = { 21 };

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		double n1 = (double)(1 + pd_rng_below(&rng, 3000)), n2 = (double)(1 + pd_rng_below(&rng, 3000));
		double x1 = (double)pd_rng_below(&rng, (uint64_t)n1 / 8 + 1), x2 = (double)pd_rng_below(&rng, (uint64_t)n2 / 8 + 1);
		struct pd_shares a, b;
		struct pd_rates r, t, u;

		if (x1 + x2 == 0)
			continue;
		assert_int_equal(pd_stat_shares(x1, n1, x2, n2, 0.95, &a), PD_STAT_OK);
		assert_int_equal(pd_stat_shares(x2, n2, x1, n1, 0.95, &b), PD_STAT_OK);
		assert_near(a.p, b.p);
		assert_near(a.ratio, 1 / b.ratio);
		assert_near(a.ratio_ci.lo, 1 / b.ratio_ci.hi);
		assert_near_tol(a.diff_ci.lo, -b.diff_ci.hi, 1e-7, "round %u", round);
		assert_near(a.p_g, b.p_g);
		assert_int_equal(pd_stat_rates(x1, n1, x2, n2, 0.95, &r), PD_STAT_OK);
		assert_int_equal(pd_stat_rates(x2, n2, x1, n1, 0.95, &t), PD_STAT_OK);
		assert_int_equal(pd_stat_rates(x1, n1 * 1e9, x2, n2 * 1e9, 0.95, &u), PD_STAT_OK);
		assert_near(r.p, t.p);
		assert_near(r.p, u.p);
		assert_near(r.ci.lo, u.ci.lo);
		if (x1 > 0 && x2 > 0) {
			assert_near(r.ci.lo, 1 / t.ci.hi);
			assert_true(sound(r.ci, r.ratio));
		}
	}
}

/* Wide tables keep their digits: the exact tail against its normal limit, and no time without bound. */
static void test_counts_large(void **state)
{
	struct pd_rates r;
	struct pd_shares s;
	struct pd_interval ci;

	(void)state;
	assert_int_equal(pd_stat_rates(250000000, 1, 250044721, 1, 0.95, &r), PD_STAT_OK); /* z = 2 */
	assert_near_tol(r.p, pd_normal_p(2), 1e-3, "half a billion");
	assert_int_equal(pd_stat_rates(25e12, 1, 25e12 + 2 * sqrt(50e12), 1, 0.95, &r), PD_STAT_OK);
	assert_near_tol(r.p, pd_normal_p(2), 1e-3, "fifty trillion");
	assert_true(r.ci.lo > 1 && r.ci.lo < r.ratio && r.ci.hi > r.ratio && r.ci.hi < 1.0000012);
	assert_int_equal(pd_stat_shares(9e17, 4e18, 9.1e17, 4e18, 0.95, &s), PD_STAT_OK);
	assert_true(s.p == 0 || s.p < 1e-300);
	assert_true(s.diff_ci.lo > 0.0024 && s.diff_ci.hi < 0.0026);
	assert_int_equal(pd_stat_shares(3, 4e18, 9, 4e18, 0.95, &s), PD_STAT_OK);
	assert_near_tol(s.p_fisher, 598.0 / 4096, 1e-9, "rare"); /* binomial with 12 trials: P(k <= 3 or k >= 9) */
	assert_int_equal(pd_stat_garwood(4e18, 0.95, &ci), PD_STAT_OK);
	assert_true(ci.lo > 3.99999e18 && ci.hi < 4.00001e18 && ci.lo < 4e18);
	assert_int_equal(pd_stat_clopper_pearson(1e18, 4e18, 0.95, &ci), PD_STAT_OK);
	assert_near_tol(ci.lo, 0.25, 1e-6, "quarter");
	assert_int_equal(pd_stat_shares((double)INT64_MAX, (double)INT64_MAX, 1, (double)INT64_MAX, 0.95, &s), PD_STAT_OK);
	assert_true(s.p == 0);
	assert_int_equal(pd_stat_rates((double)INT64_MAX, 1, (double)INT64_MAX, 1, 0.95, &r), PD_STAT_OK);
	assert_near(r.p, 1);
	assert_int_equal(pd_stat_shares(1, 1e20, 1, 1e20, 0.95, &s), PD_STAT_RANGE);
}

static void test_counts_conf(void **state)
{
	static const double bad[] = { 0, 1, -1, 2, NAN, INFINITY };
	struct pd_interval ci;
	struct pd_shares s;
	struct pd_rates r;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(pd_stat_wilson(1, 2, bad[i], &ci), PD_STAT_RANGE);
		assert_int_equal(pd_stat_clopper_pearson(1, 2, bad[i], &ci), PD_STAT_RANGE);
		assert_int_equal(pd_stat_garwood(1, bad[i], &ci), PD_STAT_RANGE);
		assert_int_equal(pd_stat_shares(1, 2, 1, 2, bad[i], &s), PD_STAT_RANGE);
		assert_int_equal(pd_stat_rates(1, 2, 1, 2, bad[i], &r), PD_STAT_RANGE);
	}
	assert_int_equal(pd_stat_shares(0, 5, 0, 9, 0.95, &s), PD_STAT_FLAT);
	assert_int_equal(pd_stat_rates(0, 5, 0, 9, 0.95, &r), PD_STAT_FLAT);
	assert_int_equal(pd_stat_shares(5, 5, 9, 9, 0.95, &s), PD_STAT_OK); /* all of both: nothing to tell apart */
	assert_near(s.p, 1);
	assert_true(isnan(s.z));
	assert_true(isnan(pd_stat_samples_needed(0, 0.1, 0.05, 0.8)));
	assert_true(isnan(pd_stat_samples_needed(0.9, 1, 0.05, 0.8)));
}

static void test_counts_homogeneity(void **state)
{
	const double a[] = { 100, 3, 0, 2, 0, 50 }, b[] = { 100, 2, 1, 0, 0, 50 }, none[] = { 0, 0, 0, 0, 0, 0 }, bad[] = { 1, 2, NAN, 1, 1, 1 };
	struct pd_homogeneity o;

	(void)state;
	assert_int_equal(pd_stat_homogeneity(a, b, 6, 5, &o), PD_STAT_OK);
	assert_int_equal(o.pooled, 3); /* the empty stack is no class */
	assert_near(o.df, 2);
	assert_true(o.p > 0.5);
	assert_int_equal(pd_stat_homogeneity(a, a, 6, 5, &o), PD_STAT_OK);
	assert_near(o.p, 1);
	assert_near(o.total_variation + 1, 1);
	assert_int_equal(pd_stat_homogeneity(a, none, 6, 5, &o), PD_STAT_FLAT);
	assert_int_equal(pd_stat_homogeneity(a, bad, 6, 5, &o), PD_STAT_RANGE);
	assert_int_equal(pd_stat_homogeneity(a, b, 0, 5, &o), PD_STAT_FEW);
	assert_int_equal(pd_stat_homogeneity((const double[]){ 10, 0 }, (const double[]){ 0, 10 }, 2, 5, &o), PD_STAT_OK);
	assert_near(o.total_variation, 1);
	assert_near(o.jensen_shannon, 1);
	assert_int_equal(pd_stat_homogeneity((const double[]){ 1 }, (const double[]){ 1 }, 1, 5, &o), PD_STAT_OK);
	assert_true(isnan(o.p));
}

/* One recording of many stacks of few samples, dealt to two sides: G alone would call it two programs. */
static void test_counts_sparse_homogeneity(void **state)
{
	enum { STACKS = 60000, EACH = 12 };
	double *a = calloc(2 * STACKS, sizeof *a), *b = a + STACKS;
	struct pd_rng rng = { 7 };
	struct pd_homogeneity o;

	(void)state;
	assert_non_null(a);
	for (int i = 0; i < STACKS; i++)
		for (int k = 0; k < EACH; k++)
			(pd_rng_unit(&rng) < 0.5 ? a : b)[i]++;
	assert_int_equal(pd_stat_homogeneity(a, b, STACKS, 5, &o), PD_STAT_OK);
	assert_near(o.df, STACKS - 1);
	assert_true(o.p < 1e-6);
	assert_true(o.pearson_p > 0.001 && fabs(o.pearson / o.df - 1) < 0.02);
	for (int i = 0; i < STACKS; i += 2)
		a[i] *= 2; /* and now they do differ */
	assert_int_equal(pd_stat_homogeneity(a, b, STACKS, 5, &o), PD_STAT_OK);
	assert_true(o.pearson_p < 1e-6);
	/* what one side has alone: 2 x 2 by hand, (10 5; 0 15) */
	assert_int_equal(pd_stat_homogeneity((const double[]){ 10, 5 }, (const double[]){ 0, 15 }, 2, 0, &o), PD_STAT_OK);
	assert_near(o.pearson, 15);
	free(a);
}

static void test_counts_replicates(void **state)
{
	const double x1[] = { 10, 12, 9 }, x2[] = { 20, 25 }, n[] = { 100, 100, 100 }, zero[] = { 0, 0, 0 }, more[] = { 101, 1, 1 };
	struct pd_replicates o;
	double phi, pooled[4];

	(void)state;
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, x1, n, 1, x2, n, 1, 0, 0.95, &o), PD_STAT_FEW);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, x1, n, 0, x2, n, 2, 0, 0.95, &o), PD_STAT_FEW);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, more, n, 3, x2, n, 2, 0, 0.95, &o), PD_STAT_RANGE);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_RATE, more, n, 3, x2, n, 2, 0, 0.95, &o), PD_STAT_OK);
	assert_true(o.phi > 10);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, zero, n, 3, zero, n, 2, 0, 0.95, &o), PD_STAT_FLAT);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, zero, n, 3, x2, n, 2, 0, 0.95, &o), PD_STAT_OK);
	assert_true(isnan(o.dispersion1) && o.half_added && isfinite(o.ratio) && o.diff_ci.lo > 0);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, x1, n, 3, x2, n, 2, 4, 0.95, &o), PD_STAT_OK);
	assert_near(o.phi, 4);
	assert_near(o.t, o.z / 2);
	assert_true(o.ratio_ci.lo < o.ratio && o.ratio < o.ratio_ci.hi);
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, x1, n, 3, x2, n, 2, 0.1, 0.95, &o), PD_STAT_OK);
	assert_near(o.phi, 1);
	assert_int_equal(pd_stat_dispersion(PD_EXPOSURE_SAMPLES, x1, n, 1, &phi), PD_STAT_FEW);
	assert_int_equal(pd_stat_dispersion(PD_EXPOSURE_SAMPLES, zero, n, 3, &phi), PD_STAT_FLAT);
	assert_int_equal(pd_stat_dispersion(PD_EXPOSURE_RATE, x1, zero, 3, &phi), PD_STAT_RANGE);
	assert_int_equal(pd_stat_pool_phi((const double[]){ 1, 2, 3, 100 }, (const double[]){ 2, NAN, 4, 9 }, 4, 3, pooled), PD_STAT_OK);
	assert_near(pooled[0], 3);
	assert_near(pooled[1], 3);
	assert_near(pooled[2], 6.5);
	assert_near(pooled[3], 6.5);
	assert_int_equal(pd_stat_pool_phi((const double[]){ 1 }, (const double[]){ 0.2 }, 1, 25, pooled), PD_STAT_OK);
	assert_near(pooled[0], 1);
	assert_int_equal(pd_stat_pool_phi((const double[]){ -1 }, (const double[]){ 0.2 }, 1, 25, pooled), PD_STAT_RANGE);
}

static void test_counts_adjust(void **state)
{
	double p[] = { 0.01, NAN, 0.02, 0.04 }, q[4], same[] = { 0.5, 0.5, 0.5 };

	(void)state;
	assert_int_equal(pd_stat_adjust(PD_ADJUST_BH, p, 4, q), PD_STAT_OK);
	assert_near(q[0], 0.03);
	assert_true(isnan(q[1]));
	assert_near(q[2], 0.03);
	assert_near(q[3], 0.04);
	assert_int_equal(pd_stat_adjust(PD_ADJUST_HOLM, p, 4, p), PD_STAT_OK); /* in place */
	assert_near(p[0], 0.03);
	assert_near(p[2], 0.04);
	assert_near(p[3], 0.04);
	assert_int_equal(pd_stat_adjust(PD_ADJUST_BH, same, 3, q), PD_STAT_OK);
	assert_near(q[2], 0.5);
	assert_int_equal(pd_stat_adjust(PD_ADJUST_NONE, same, 3, q), PD_STAT_OK);
	assert_near(q[0], 0.5);
	assert_int_equal(pd_stat_adjust(PD_ADJUST_BH, (const double[]){ 1.5 }, 1, q), PD_STAT_RANGE);
	assert_int_equal(pd_stat_adjust((enum pd_adjust)99, same, 3, q), PD_STAT_RANGE);
	assert_int_equal(pd_stat_adjust(PD_ADJUST_BY, NULL, 0, NULL), PD_STAT_OK);
}

static void test_counts_weights(void **state)
{
	const double three[] = { 0.5, 1.5, 0.5 }, tiny[] = { 1e-320, 1e-320 }, huge[] = { 1e308, 1e308 };
	static double equal[2000], b[2000];
	struct pd_effective e;
	struct pd_interval ci;
	double total, variance, ratio, sum = 0, squares = 0;

	(void)state;
	assert_int_equal(pd_stat_effective(three, 3, &e), PD_STAT_OK);
	assert_near(e.total, 2.5);
	assert_near(e.n_eff, 6.25 / 2.75);
	for (unsigned i = 0; i < 2000; i++)
		equal[i] = 2.5 / 2000;
	assert_int_equal(pd_stat_effective(equal, 2000, &e), PD_STAT_OK);
	assert_near(e.n_eff, 2000);
	assert_near(e.rel_error, 1 / sqrt(2000));
	assert_int_equal(pd_stat_effective(tiny, 2, &e), PD_STAT_OK);
	assert_near_tol(e.n_eff, 2, 1e-3, "subnormal");
	assert_int_equal(pd_stat_effective(huge, 2, &e), PD_STAT_OK);
	assert_near(e.n_eff, 2);
	assert_int_equal(pd_stat_effective(three, 0, &e), PD_STAT_FLAT);
	assert_int_equal(pd_stat_effective((const double[]){ 1, -1 }, 2, &e), PD_STAT_RANGE);
	assert_int_equal(pd_stat_heap_total(524288, 10, 524288, &total, &variance), PD_STAT_OK);
	assert_near(total, 5242880 / (1 - exp(-1)));
	assert_int_equal(pd_stat_heap_total(8, 10, 1, &total, &variance), PD_STAT_OK);
	assert_near(total, 80);
	assert_int_equal(pd_stat_heap_total(0, 10, 1, &total, &variance), PD_STAT_RANGE);
	for (uint64_t i = 0; i < 20000; i++) { /* mean and variance 1 */
		unsigned k = pd_rng_poisson1(7, i % 20, i / 20);

		sum += k;
		squares += k * k;
	}
	assert_near_tol(sum / 20000, 1, 0.03, "mean");
	assert_near_tol(squares / 20000 - 1, 1, 0.05, "variance");
	for (unsigned i = 0; i < 400; i++)
		b[i] = 1;
	assert_int_equal(pd_stat_poisson_bootstrap(b, 200, 1, b, 300, 1, 2000, 42, 0.95, &ratio, &ci), PD_STAT_OK);
	assert_near(ratio, 1.5);
	/* the same as the log-normal interval of two counts: 1.5 exp(+-1.96 sqrt(1/200 + 1/300)) */
	assert_near_tol(ci.lo, 1.5 * exp(-1.96 * sqrt(1.0 / 200 + 1.0 / 300)), 0.03, "low");
	assert_near_tol(ci.hi, 1.5 * exp(1.96 * sqrt(1.0 / 200 + 1.0 / 300)), 0.03, "high");
	assert_int_equal(pd_stat_poisson_bootstrap(b, 1, 1, b, 1, 1, 1000, 42, 0.95, &ratio, &ci), PD_STAT_OK);
	assert_true(isinf(ci.hi));
	assert_int_equal(pd_stat_poisson_bootstrap(b, 0, 1, b, 1, 1, 1000, 42, 0.95, &ratio, &ci), PD_STAT_FEW);
	assert_int_equal(pd_stat_poisson_bootstrap(b, 400, 1, b, 400, 1, 4000000000u, 42, 0.95, &ratio, &ci), PD_STAT_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_identities), cmocka_unit_test(test_counts_distributions_survive_anything),
		cmocka_unit_test(test_counts_any_numbers), cmocka_unit_test(test_counts_symmetry), cmocka_unit_test(test_counts_large),
		cmocka_unit_test(test_counts_conf), cmocka_unit_test(test_counts_homogeneity), cmocka_unit_test(test_counts_sparse_homogeneity),
		cmocka_unit_test(test_counts_replicates),
		cmocka_unit_test(test_counts_adjust), cmocka_unit_test(test_counts_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
