/* Rank tests against enumeration, locations against sorted lists, and what must not change them. */
#include "near.h"

#include <profdata/stats.h>
#include <stdlib.h>
#include <string.h>

/* ---- enumeration ---- */

static int doubled_u(const double *v, unsigned n, unsigned first)
{
	int u = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < n; j++)
			if ((first >> i & 1) && !(first >> j & 1))
				u += v[i] > v[j] ? 2 : v[i] == v[j];
	return u;
}

/* Exact p by looking at every way to choose n1 of n. */
static double enumerate_u(const double *v, unsigned n1, unsigned n)
{
	int mean = (int)(n1 * (n - n1)), mine = abs(doubled_u(v, n, (1u << n1) - 1) - mean), far = 0, all = 0;

	for (unsigned mask = 0; mask < 1u << n; mask++) {
		if ((unsigned)__builtin_popcount(mask) != n1)
			continue;
		all++;
		far += abs(doubled_u(v, n, mask) - mean) >= mine;
	}
	return (double)far / all;
}

/* All samples over {0, 1, 2} with n1 + n2 <= 10, up to the order inside a side, which does not matter. */
static void test_ranks_brute_force(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (unsigned n1 = 1; n1 < 10; n1++) {
		for (unsigned n2 = 1; n1 + n2 <= 10; n2++) {
			unsigned n = n1 + n2;
			double v[10];
			struct pd_mann_whitney o;

			for (unsigned ones = 0; ones <= n1; ones++)
				for (unsigned twos = 0; ones + twos <= n1; twos++)
					for (unsigned k1 = 0; k1 <= n2; k1++)
						for (unsigned k2 = 0; k1 + k2 <= n2; k2++) {
							for (unsigned i = 0; i < n1; i++)
								v[i] = i < ones ? 1 : i < ones + twos ? 2 : 0;
							for (unsigned i = 0; i < n2; i++)
								v[n1 + i] = i < k1 ? 1 : i < k1 + k2 ? 2 : 0;
							assert_int_equal(pd_stat_mann_whitney(v, n1, v + n1, n2, &o), PD_STAT_OK);
							assert_true(o.exact);
							assert_near_tol(o.p, enumerate_u(v, n1, n), 1e-13, "%u + %u", n1, n2);
							seen++;
						}
		}
	}
	assert_true(seen == 7437);
}

static void test_ranks_signs_brute_force(void **state)
{
	struct pd_rng r = { 5 };

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		unsigned n = 1 + round % 9, m = 0, far = 0;
		double d[9], mags[9], rank[9], w = 0, mean = 0;
		struct pd_signed_rank o;

		for (unsigned i = 0; i < n; i++) {
			d[i] = (double)pd_rng_below(&r, 7) - 3;
			if (d[i] != 0)
				mags[m++] = fabs(d[i]);
		}
		for (unsigned i = 0; i < m; i++) {
			rank[i] = 0.5;
			for (unsigned j = 0; j < m; j++)
				rank[i] += mags[j] < mags[i] ? 1 : mags[j] == mags[i] ? 0.5 : 0;
			mean += rank[i] / 2;
		}
		for (unsigned i = 0, k = 0; i < n; i++)
			if (d[i] != 0) {
				w += d[i] > 0 ? rank[k] : 0;
				k++;
			}
		for (unsigned mask = 0; mask < 1u << m; mask++) {
			double sum = 0;

			for (unsigned i = 0; i < m; i++)
				sum += mask >> i & 1 ? rank[i] : 0;
			far += fabs(sum - mean) >= fabs(w - mean);
		}
		assert_int_equal(pd_stat_signed_rank(d, n, &o), PD_STAT_OK);
		assert_int_equal(o.n, m);
		assert_near(o.w + 1, w + 1);
		assert_near(o.p, (double)far / (double)(1u << m));
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double list_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), ascending);
	return n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
}

/* Center and interval are members of the list of differences (averages), found without making the list. */
static void test_ranks_locations_against_lists(void **state)
{
	static double list[60 * 60];
	struct pd_rng r = { 11 };

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		size_t n1 = 1 + pd_rng_below(&r, 60), n2 = 1 + pd_rng_below(&r, 60), m = 0;
		double a[60], b[60], coarse = round % 3 ? 1 : 1e6;
		struct pd_location o;

		for (size_t i = 0; i < 60; i++) {
			a[i] = round % 2 ? floor(pd_rng_normal(&r) * 3) : pd_rng_normal(&r) * coarse;
			b[i] = round % 2 ? floor(pd_rng_normal(&r) * 3) : pd_rng_normal(&r) * coarse;
		}
		assert_int_equal(pd_stat_shift(a, n1, b, n2, 0.95, &o), PD_STAT_OK);
		for (size_t i = 0; i < n1; i++)
			for (size_t j = 0; j < n2; j++)
				list[m++] = b[j] - a[i];
		assert_near_tol(o.center + 1, list_median(list, m) + 1, 1e-15, "round %u", round);
		if (o.rank) {
			assert_near_tol(o.ci.lo, list[o.rank - 1], 0, "round %u", round);
			assert_near_tol(o.ci.hi, list[m - o.rank], 0, "round %u", round);
		}
		assert_int_equal(pd_stat_walsh(a, n1, 0.95, &o), PD_STAT_OK);
		m = 0;
		for (size_t i = 0; i < n1; i++)
			for (size_t j = i; j < n1; j++)
				list[m++] = a[i] / 2 + a[j] / 2;
		assert_near_tol(o.center + 1, list_median(list, m) + 1, 1e-15, "round %u", round);
		if (o.rank) {
			assert_near_tol(o.ci.lo, list[o.rank - 1], 0, "round %u", round);
			assert_near_tol(o.ci.hi, list[m - o.rank], 0, "round %u", round);
		}
	}
}

/* Without ties the interval leaves 0 out exactly when the test says so. */
static void test_ranks_interval_agrees_with_test(void **state)
{
	struct pd_rng r = { 3 };
	unsigned outside = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		size_t n1 = 2 + pd_rng_below(&r, 12), n2 = 2 + pd_rng_below(&r, 12);
		double a[14], b[14];
		struct pd_mann_whitney u;
		struct pd_signed_rank w;
		struct pd_location o;
		bool excludes;

		for (size_t i = 0; i < 14; i++) {
			a[i] = pd_rng_normal(&r) + (round % 2 ? 0.7 : 0);
			b[i] = pd_rng_normal(&r);
		}
		assert_int_equal(pd_stat_mann_whitney(a, n1, b, n2, &u), PD_STAT_OK);
		assert_int_equal(pd_stat_shift(a, n1, b, n2, 0.95, &o), PD_STAT_OK);
		excludes = o.ci.lo > 0 || o.ci.hi < 0;
		assert_int_equal(excludes, u.p <= 0.05);
		outside += excludes;
		assert_int_equal(pd_stat_signed_rank(a, n1, &w), PD_STAT_OK);
		assert_int_equal(pd_stat_walsh(a, n1, 0.95, &o), PD_STAT_OK);
		assert_int_equal(o.ci.lo > 0 || o.ci.hi < 0, w.p <= 0.05);
	}
	assert_true(outside > 100);
}

/* Units, sides and order: another unit changes nothing, other sides turn the ratio over, order does not matter. */
static void test_ranks_invariance(void **state)
{
	struct pd_rng r = { 9 };

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		size_t n1 = 4 + pd_rng_below(&r, 20), n2 = 4 + pd_rng_below(&r, 20);
		double a[24], b[24], c[24], d[24];
		struct pd_mann_whitney u, v;
		struct pd_location o, p;

		for (size_t i = 0; i < 24; i++) {
			a[i] = c[i] = floor(100 + 5 * pd_rng_normal(&r));
			b[i] = d[i] = floor(102 + 5 * pd_rng_normal(&r));
		}
		pd_stat_sort(c, n1);
		for (size_t i = 0; i < 24; i++) {
			c[i] *= 1024;
			d[i] *= 1024;
		}
		assert_int_equal(pd_stat_mann_whitney(a, n1, b, n2, &u), PD_STAT_OK);
		assert_int_equal(pd_stat_mann_whitney(c, n1, d, n2, &v), PD_STAT_OK);
		assert_memory_equal(&u.p, &v.p, sizeof(u.p));
		assert_int_equal(pd_stat_mann_whitney(b, n2, a, n1, &v), PD_STAT_OK);
		assert_near(v.p, u.p);
		assert_near(v.b_greater + 1, 2 - u.b_greater);
		assert_int_equal(pd_stat_ratio(a, n1, b, n2, 0.95, &o), PD_STAT_OK);
		assert_int_equal(pd_stat_ratio(b, n2, a, n1, 0.95, &p), PD_STAT_OK);
		assert_near(p.center, 1 / o.center);
		if (o.rank) {
			assert_near(p.ci.lo, 1 / o.ci.hi);
			assert_near(p.ci.hi, 1 / o.ci.lo);
		}
		assert_int_equal(pd_stat_ratio(c, n1, d, n2, 0.95, &p), PD_STAT_OK);
		assert_near(p.center, o.center);
	}
}

/* Beyond the exact sizes the normal approximation takes over without a jump. */
static void test_ranks_switch(void **state)
{
	static double a[3000], b[3000], d[3000];
	struct pd_mann_whitney u;
	struct pd_signed_rank w;
	struct pd_location o;
	struct pd_rng r = { 77 };

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		a[i] = pd_rng_normal(&r);
		b[i] = pd_rng_normal(&r) + 0.1;
		d[i] = pd_rng_normal(&r) + 0.05;
	}
	for (size_t n = 49; n < 53; n++) {
		assert_int_equal(pd_stat_mann_whitney(a, n, b, n, &u), PD_STAT_OK);
		assert_int_equal(u.exact, n <= 50);
		assert_near_tol(u.p, u.p_normal, 0.01, "n = %zu", n);
	}
	for (size_t n = 38; n < 43; n++) {
		assert_int_equal(pd_stat_signed_rank(d, n, &w), PD_STAT_OK);
		assert_int_equal(w.exact, n <= 40);
	}
	assert_int_equal(pd_stat_shift(a, 50, b, 50, 0.95, &o), PD_STAT_OK);
	uint64_t exact = o.rank;

	assert_int_equal(pd_stat_shift(a, 50, b, 51, 0.95, &o), PD_STAT_OK);
	assert_true(o.rank > exact && o.rank < exact + 40);
	assert_near_tol(o.confidence, 0.95, 0.002, "51");
	assert_int_equal(pd_stat_shift(a, 3000, b, 3000, 0.95, &o), PD_STAT_OK);
	assert_near_tol(o.center, 0.1, 0.5, "3000");
	assert_true(o.ci.lo < o.center && o.center < o.ci.hi);
	assert_int_equal(pd_stat_walsh(d, 3000, 0.95, &o), PD_STAT_OK);
	assert_true(o.ci.lo < o.center && o.center < o.ci.hi && o.ci.hi - o.ci.lo < 0.1);
}

static void test_ranks_degenerate(void **state)
{
	const double one[] = { 1 }, zeros[] = { 0, 0, 0 }, nan[] = { 1, NAN }, inf[] = { INFINITY, 1 }, wide[] = { 1e308, -1e308 }, neg[] = { 1, -1 };
	struct pd_mann_whitney u = { .p = 7 };
	struct pd_signed_rank w = { .p = 7 };
	struct pd_location o = { .center = 7 };

	(void)state;
	assert_int_equal(pd_stat_mann_whitney(one, 0, one, 1, &u), PD_STAT_FEW);
	assert_int_equal(pd_stat_mann_whitney(one, 1, nan, 2, &u), PD_STAT_RANGE);
	assert_int_equal(pd_stat_mann_whitney(inf, 2, one, 1, &u), PD_STAT_RANGE);
	assert_near(u.p, 7); /* untouched */
	assert_int_equal(pd_stat_signed_rank(one, 0, &w), PD_STAT_FEW);
	assert_int_equal(pd_stat_signed_rank(nan, 2, &w), PD_STAT_RANGE);
	assert_int_equal(pd_stat_signed_rank(zeros, 3, &w), PD_STAT_OK);
	assert_near(w.p, 1);
	assert_int_equal(w.n, 0);
	assert_int_equal(pd_stat_shift(one, 1, one, 1, 1, &o), PD_STAT_RANGE);
	assert_int_equal(pd_stat_shift(one, 1, one, 1, NAN, &o), PD_STAT_RANGE);
	assert_int_equal(pd_stat_walsh(nan, 2, 0.95, &o), PD_STAT_RANGE);
	assert_int_equal(pd_stat_ratio(one, 1, neg, 2, 0.95, &o), PD_STAT_RANGE);
	assert_int_equal(pd_stat_ratio(zeros, 3, one, 1, 0.95, &o), PD_STAT_RANGE);
	assert_near(o.center, 7);
	assert_int_equal(pd_stat_shift(one, 1, one, 1, 0.95, &o), PD_STAT_OK);
	assert_near(o.center + 1, 1);
	assert_int_equal(o.rank, 0);
	assert_int_equal(pd_stat_shift(wide, 2, wide, 2, 0.95, &o), PD_STAT_OK); /* differences overflow in order */
	assert_int_equal(pd_stat_walsh(wide, 2, 0.95, &o), PD_STAT_OK);
	assert_near(o.center + 1, 1);
	for (int st = PD_STAT_OK; st <= PD_STAT_NOMEM; st++)
		assert_true(strlen(pd_stat_reason((enum pd_stat)st)) > 1);
}

static void test_ranks_sort(void **state)
{
	double v[] = { 3, NAN, -0.0, 0, -INFINITY, INFINITY, -1, 5e-324, -5e-324, 3 };
	struct pd_rng r = { 1 };
	static double big[5000];

	(void)state;
	pd_stat_sort(v, 10);
	assert_true(isinf(v[0]) && v[0] < 0 && v[1] == -1 && v[2] < 0 && signbit(v[3]) && v[3] == 0 && !signbit(v[4]) && v[5] > 0 && v[6] == 3 &&
		    isinf(v[8]) && isnan(v[9]));
	for (unsigned i = 0; i < 5000; i++)
		big[i] = pd_rng_normal(&r);
	pd_stat_sort(big, 5000);
	for (unsigned i = 1; i < 5000; i++)
		assert_true(big[i - 1] <= big[i]);
	assert_true(isnan(pd_sorted_median(big, 0)));
	assert_true(isnan(pd_sorted_quantile(big, 0, 0.5)));
	assert_true(isnan(pd_sorted_quantile(big, 5, 1.5)));
	assert_near(pd_sorted_quantile((const double[]){ 1, 2, 3, 4 }, 4, 0.25), 1.75);
	assert_near(pd_sorted_median((const double[]){ 1e308, 1.5e308 }, 2), 1.25e308);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranks_brute_force), cmocka_unit_test(test_ranks_signs_brute_force),
		cmocka_unit_test(test_ranks_locations_against_lists), cmocka_unit_test(test_ranks_interval_agrees_with_test),
		cmocka_unit_test(test_ranks_invariance), cmocka_unit_test(test_ranks_switch), cmocka_unit_test(test_ranks_degenerate),
		cmocka_unit_test(test_ranks_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
