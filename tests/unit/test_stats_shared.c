/* The published table of expected values (statistics-vectors.json beside the corpus), where it is at hand. */
#include "near.h"

#include "common/json_read.h"

#include <profdata/profdata.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Every number of the file under its path: "mann_whitney/0/a/2". "inf" is a number; of a number in hexadecimal the upper and
 * the lower half are kept ("/high", "/low"), of a word the word. What no test asks for fails the last one.
 */
struct entry {
	char path[160], word[24];
	double v;
	bool used;
};
static struct entry *entries;
static size_t n_entries;

#define DEPTH 12

static void keep(const char *path, double v)
{
	if (n_entries % 256 == 0)
		entries = realloc(entries, (n_entries + 256) * sizeof(*entries));
	entries[n_entries] = (struct entry){ .v = v };
	snprintf(entries[n_entries++].path, sizeof(entries[0].path), "%s", path);
}

static void keep_text(const char *path, struct pd_span s)
{
	char part[170], text[24];

	snprintf(text, sizeof(text), "%.*s", (int)(s.n < sizeof(text) ? s.n : 0), s.p);
	if (strcmp(text, "inf") == 0) {
		keep(path, (double)INFINITY);
	} else if (strncmp(text, "0x", 2) == 0) {
		unsigned long long v = strtoull(text, NULL, 16);

		snprintf(part, sizeof(part), "%s/high", path);
		keep(part, (double)(v >> 32));
		snprintf(part, sizeof(part), "%s/low", path);
		keep(part, (double)(v & 0xffffffff));
	} else if (*text) {
		keep(path, (double)NAN);
		snprintf(entries[n_entries - 1].word, sizeof(entries[0].word), "%s", text);
	}
}

static void leaf(struct pd_json *j, const char *path)
{
	struct pd_number num;
	struct pd_span s;

	if (pd_json_type(j) == PD_JSON_NUMBER) {
		if (pd_json_number(j, &num))
			keep(path, pd_number_double(&num));
	} else if (pd_json_type(j) == PD_JSON_STRING) {
		if (pd_json_string(j, &s))
			keep_text(path, s);
	} else {
		pd_json_skip(j);
	}
}

static void flatten(struct pd_json *j)
{
	char path[160] = "";
	size_t length[DEPTH] = { 0 };
	unsigned index[DEPTH], depth = 0;
	bool object[DEPTH];
	struct pd_span key;

	do {
		enum pd_json_type type = pd_json_type(j);

		if ((type == PD_JSON_ARRAY || type == PD_JSON_OBJECT) && depth + 1 < DEPTH) {
			object[depth] = type == PD_JSON_OBJECT;
			(void)(object[depth] ? pd_json_object(j) : pd_json_array(j));
			index[depth] = 0;
			length[depth++] = strlen(path);
		} else {
			leaf(j, path);
		}
		while (depth && !pd_json_failed(j)) {
			path[length[depth - 1]] = '\0';
			if (object[depth - 1] ? pd_json_member(j, &key) : pd_json_element(j)) {
				size_t at = length[depth - 1], room = sizeof(path) - at;

				if (object[depth - 1])
					snprintf(path + at, room, "/%.*s", (int)key.n, key.p);
				else
					snprintf(path + at, room, "/%u", index[depth - 1]++);
				break;
			}
			depth--;
		}
	} while (depth && !pd_json_failed(j));
}

static struct entry *find(const char *path)
{
	for (size_t i = 0; i < n_entries; i++)
		if (strcmp(entries[i].path, path) == 0)
			return &entries[i];
	return NULL;
}

static bool PD_PRINTF(1, 2) has(const char *fmt, ...)
{
	char path[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return find(path) != NULL;
}

static struct entry *PD_PRINTF(1, 2) take(const char *fmt, ...)
{
	char path[160];
	va_list ap;
	struct entry *e;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	e = find(path);
	if (!e)
		fail_msg("no %s", path);
	e->used = true;
	return e;
}

#define get(...) (take(__VA_ARGS__)->v)
#define word(...) (take(__VA_ARGS__)->word)

/* The numbers of an array; their count. */
static size_t PD_PRINTF(2, 3) list(double *out, const char *fmt, ...)
{
	char path[160], item[176];
	size_t n = 0;
	va_list ap;
	struct entry *e;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	for (; n < 32; n++) {
		snprintf(item, sizeof(item), "%s/%zu", path, n);
		e = find(item);
		if (!e)
			break;
		e->used = true;
		out[n] = e->v;
	}
	return n;
}

#define SAME(got, ...) assert_near_tol(got, get(__VA_ARGS__), 1e-9, "%s:%d", __func__, __LINE__)
#define SAME_TOL(got, tol, ...) assert_near_tol(got, get(__VA_ARGS__), tol, "%s:%d", __func__, __LINE__)
#define FRACTION(got, path, i) assert_near((got), get(path "/0", i) / get(path "/1", i))
#define SKIP_WITHOUT() do { (void)state; if (!n_entries) skip(); } while (0)

static void test_shared_ranks(void **state)
{
	double a[32], b[32];
	struct pd_mann_whitney o;
	struct pd_signed_rank w;
	struct pd_location l;
	int i;

	SKIP_WITHOUT();
	for (i = 0; has("/mann_whitney/%d/U1", i); i++) {
		size_t n1 = list(a, "/mann_whitney/%d/a", i), n2 = list(b, "/mann_whitney/%d/b", i);

		assert_int_equal(pd_stat_mann_whitney(a, n1, b, n2, &o), PD_STAT_OK);
		SAME(o.u1, "/mann_whitney/%d/U1", i);
		FRACTION(o.p, "/mann_whitney/%d/p", i);
		if (has("/mann_whitney/%d/p_doubled_tail/0", i))
			FRACTION(o.p_doubled, "/mann_whitney/%d/p_doubled_tail", i);
		if (has("/mann_whitney/%d/p_normal_cc", i))
			SAME(o.p_normal, "/mann_whitney/%d/p_normal_cc", i);
		if (!has("/mann_whitney/%d/hl_ratio", i))
			continue;
		assert_int_equal(pd_stat_ratio(a, n1, b, n2, 0.95, &l), PD_STAT_OK);
		SAME(l.center, "/mann_whitney/%d/hl_ratio", i);
		SAME(l.ci.lo, "/mann_whitney/%d/hl_ratio_ci/0", i);
		SAME(l.ci.hi, "/mann_whitney/%d/hl_ratio_ci/1", i);
		SAME((double)l.rank, "/mann_whitney/%d/hl_ci_rank", i);
		SAME(l.confidence, "/mann_whitney/%d/hl_ci_confidence", i);
		SAME(o.b_greater, "/mann_whitney/%d/p_b_greater", i);
	}
	assert_true(i > 5);
	for (i = 0; has("/signed_rank/%d/W", i); i++) {
		assert_int_equal(pd_stat_signed_rank(a, list(a, "/signed_rank/%d/d", i), &w), PD_STAT_OK);
		SAME(w.w, "/signed_rank/%d/W", i);
		FRACTION(w.p, "/signed_rank/%d/p", i);
	}
	assert_true(i > 1);
}

static void test_shared_blocks(void **state)
{
	double a[32], b[32], d[32];
	struct pd_mann_whitney u;
	struct pd_signed_rank w;
	struct pd_location l;
	struct pd_t_test t;
	size_t n;

	SKIP_WITHOUT();
	n = list(a, "/blocked/base");
	assert_int_equal(list(b, "/blocked/profiled"), n);
	for (size_t i = 0; i < n; i++)
		d[i] = log(b[i] / a[i]);
	assert_int_equal(pd_stat_mann_whitney(a, n, b, n, &u), PD_STAT_OK);
	assert_near(u.p, get("/blocked/unpaired_p/0") / get("/blocked/unpaired_p/1"));
	assert_int_equal(pd_stat_signed_rank(d, n, &w), PD_STAT_OK);
	assert_near(w.p, get("/blocked/signed_rank_p/0") / get("/blocked/signed_rank_p/1"));
	assert_int_equal(pd_stat_walsh(d, n, 0.95, &l), PD_STAT_OK);
	SAME(exp(l.center), "/blocked/hl_ratio");
	SAME(exp(l.ci.lo), "/blocked/walsh_ci/0");
	SAME(exp(l.ci.hi), "/blocked/walsh_ci/1");
	SAME(l.confidence, "/blocked/walsh_confidence");
	SAME((double)l.rank, "/blocked/walsh_rank");
	assert_int_equal(pd_stat_paired_t(d, n, 0.95, &t), PD_STAT_OK);
	SAME(t.t, "/blocked/t");
	SAME(t.p, "/blocked/t_p");
	SAME(exp(t.diff), "/blocked/t_ratio");
	SAME(exp(t.ci.lo), "/blocked/t_ci/0");
	SAME(exp(t.ci.hi), "/blocked/t_ci/1");
	n = list(a, "/bootstrap/A");
	list(b, "/bootstrap/B");
	for (size_t i = 0; i < n; i++) {
		a[i] = log(a[i]);
		b[i] = log(b[i]);
	}
	assert_int_equal(pd_stat_welch(a, n, b, n, 0.95, &t), PD_STAT_OK);
	SAME(exp(t.diff), "/welch_log/ratio");
	SAME(exp(t.ci.lo), "/welch_log/ci/0");
	SAME(exp(t.ci.hi), "/welch_log/ci/1");
	SAME(t.df, "/welch_log/df");
	SAME(t.t, "/welch_log/t");
	SAME(t.p, "/welch_log/p");
}

static void test_shared_ranks_of_intervals(void **state)
{
	double d[20];
	struct pd_location l;
	struct pd_ranks r;
	unsigned seen = 0;

	SKIP_WITHOUT();
	for (unsigned i = 0; i < 20; i++)
		d[i] = i;
	for (unsigned n = 1; n <= 30; n++) {
		if (has("/median_ci_order/symmetric/%u/0", n)) {
			assert_int_equal(pd_stat_median_ranks(n, 0.95, &r), PD_STAT_OK);
			SAME((double)r.lo, "/median_ci_order/symmetric/%u/0", n);
			SAME((double)r.hi, "/median_ci_order/symmetric/%u/1", n);
			SAME(r.confidence, "/median_ci_order/symmetric/%u/2", n);
			seen++;
		}
		if (has("/median_ci_order/benchstat/%u/0", n)) {
			assert_int_equal(pd_stat_median_ranks_left(n, 0.95, &r), PD_STAT_OK);
			SAME((double)r.lo, "/median_ci_order/benchstat/%u/0", n);
			SAME((double)r.hi, "/median_ci_order/benchstat/%u/1", n);
			seen++;
		}
		if (has("/signed_rank_ci_rank_95/%u", n)) {
			assert_int_equal(pd_stat_walsh(d, n, 0.95, &l), PD_STAT_OK);
			SAME((double)l.rank, "/signed_rank_ci_rank_95/%u", n);
			seen++;
		}
	}
	assert_true(seen > 20);
}

static void test_shared_bootstrap(void **state)
{
	double a[32], b[32];
	struct pd_bootstrap how = { .conf = 0.95, .seed = 42 };
	struct pd_bootstrap_ratio o;

	SKIP_WITHOUT();
	list(a, "/bootstrap/A");
	list(b, "/bootstrap/B");
	assert_int_equal(pd_stat_bootstrap(a, 10, b, 10, &how, &o), PD_STAT_OK);
	SAME(o.ratio, "/bootstrap/ratio_of_medians");
	SAME(o.ci.lo, "/bootstrap/percentile_ci/0");
	SAME(o.ci.hi, "/bootstrap/percentile_ci/1");
	SAME(o.log_basic.lo, "/bootstrap/log_basic_ci/0");
	SAME(o.log_basic.hi, "/bootstrap/log_basic_ci/1");
	for (how.seed = 1; how.seed <= 3; how.seed++) {
		assert_int_equal(pd_stat_bootstrap(a, 10, b, 10, &how, &o), PD_STAT_OK);
		SAME(o.ci.lo, "/bootstrap/other_seeds/%d/0", (int)how.seed);
		SAME(o.ci.hi, "/bootstrap/other_seeds/%d/1", (int)how.seed);
	}
	how = (struct pd_bootstrap){ .conf = 0.95, .seed = 42, .center = PD_CENTER_MEAN };
	assert_int_equal(pd_stat_bootstrap(a, 10, b, 10, &how, &o), PD_STAT_OK);
	SAME(o.ratio, "/bootstrap/ratio_of_means");
	SAME(o.ci.lo, "/bootstrap/ratio_of_means_percentile_ci/0");
	SAME(o.ci.hi, "/bootstrap/ratio_of_means_percentile_ci/1");
}

static void test_shared_adjust(void **state)
{
	static const char *const name[] = { NULL, "bonferroni", "holm", "bh", "by" };
	double p[32], q[32];
	size_t n;

	SKIP_WITHOUT();
	n = list(p, "/adjust/p");
	for (int k = PD_ADJUST_BONFERRONI; k <= PD_ADJUST_BY; k++) {
		assert_int_equal(pd_stat_adjust((enum pd_adjust)k, p, n, q), PD_STAT_OK);
		for (size_t i = 0; i < n; i++)
			SAME(q[i], "/adjust/%s/%zu", name[k], i);
	}
}

static void test_shared_counts(void **state)
{
	struct pd_shares s;
	struct pd_rates r;
	struct pd_interval ci;
	int i;

	SKIP_WITHOUT();
	for (i = 0; has("/two_proportion/%d/x1", i); i++) {
		double tol = has("/two_proportion/%d/tol", i) ? get("/two_proportion/%d/tol", i) : 1e-9;

		assert_int_equal(pd_stat_shares(get("/two_proportion/%d/x1", i), get("/two_proportion/%d/n1", i), get("/two_proportion/%d/x2", i),
						get("/two_proportion/%d/n2", i), 0.95, &s), PD_STAT_OK);
		SAME_TOL(s.p_fisher, tol, "/two_proportion/%d/fisher", i);
		if (has("/two_proportion/%d/half_corrected_ratio", i)) {
			SAME(s.ratio, "/two_proportion/%d/half_corrected_ratio", i);
			SAME(s.ratio_ci.lo, "/two_proportion/%d/half_corrected_ci/0", i);
			SAME(s.ratio_ci.hi, "/two_proportion/%d/half_corrected_ci/1", i);
			continue;
		}
		SAME_TOL(s.z, tol, "/two_proportion/%d/z", i);
		SAME_TOL(s.p_z, tol, "/two_proportion/%d/p_z", i);
		assert_true(fabs(s.diff_ci.lo - get("/two_proportion/%d/newcombe/0", i)) < 1e-6);
		assert_true(fabs(s.diff_ci.hi - get("/two_proportion/%d/newcombe/1", i)) < 1e-6);
		SAME_TOL(s.ratio, tol, "/two_proportion/%d/ratio", i);
		SAME_TOL(s.ratio_ci.lo, tol, "/two_proportion/%d/katz/0", i);
		SAME_TOL(s.ratio_ci.hi, tol, "/two_proportion/%d/katz/1", i);
		SAME_TOL(s.g, tol, "/two_proportion/%d/G", i);
		SAME_TOL(s.p_g, tol, "/two_proportion/%d/p_G", i);
	}
	assert_true(i > 2);
	for (i = 0; has("/poisson_rates/%d/x1", i); i++) {
		double tol = get("/poisson_rates/%d/tol", i);

		assert_int_equal(pd_stat_rates(get("/poisson_rates/%d/x1", i), get("/poisson_rates/%d/t1", i), get("/poisson_rates/%d/x2", i),
					       get("/poisson_rates/%d/t2", i), 0.95, &r), PD_STAT_OK);
		SAME_TOL(r.ratio, tol, "/poisson_rates/%d/ratio", i);
		SAME_TOL(r.p, tol, "/poisson_rates/%d/p_minlik", i);
		SAME_TOL(r.ci.lo, tol, "/poisson_rates/%d/ci/0", i);
		SAME_TOL(r.ci.hi, tol, "/poisson_rates/%d/ci/1", i);
		if (has("/poisson_rates/%d/p_doubled", i))
			SAME_TOL(r.p_doubled, tol, "/poisson_rates/%d/p_doubled", i);
	}
	for (i = 0; i <= 100; i++)
		if (has("/garwood/%d/0", i)) {
			assert_int_equal(pd_stat_garwood(i, 0.95, &ci), PD_STAT_OK);
			SAME(ci.lo, "/garwood/%d/0", i);
			SAME(ci.hi, "/garwood/%d/1", i);
		}
	for (i = 0; has("/wilson/%d/x", i); i++) {
		assert_int_equal(pd_stat_wilson(get("/wilson/%d/x", i), get("/wilson/%d/n", i), 0.95, &ci), PD_STAT_OK);
		assert_true(fabs(ci.lo - get("/wilson/%d/ci/0", i)) < 1e-6);
		assert_true(fabs(ci.hi - get("/wilson/%d/ci/1", i)) < 1e-6);
	}
	for (i = 1; i <= 100; i++) {
		if (has("/student_t_0.975/%d", i))
			SAME(pd_t_quantile(0.975, i), "/student_t_0.975/%d", i);
		if (has("/chi2_0.975/%d", i))
			SAME_TOL(pd_chi2_quantile(0.975, i), 1e-6, "/chi2_0.975/%d", i);
	}
}

static void test_shared_profiles(void **state)
{
	static const char *const stack[] = { "main;parse", "main;parse;lex", "main;eval", "main;eval;add", "main;eval;mul", "main;gc", "main;io" };
	double x[2][5], n[2][5], share[2][5], a[7], b[7], p[7], na = 0, nb = 0;
	struct pd_replicates o;
	struct pd_mann_whitney u;
	struct pd_homogeneity h;
	struct pd_t_test t;

	SKIP_WITHOUT();
	for (int s = 0; s < 2; s++)
		for (int k = 0; k < 5; k++) {
			x[s][k] = get("/replicates/%c/%d/0", "AB"[s], k);
			n[s][k] = get("/replicates/%c/%d/1", "AB"[s], k);
			share[s][k] = x[s][k] / n[s][k];
		}
	assert_int_equal(pd_stat_replicates(PD_EXPOSURE_SAMPLES, x[0], n[0], 5, x[1], n[1], 5, 0, 0.95, &o), PD_STAT_OK);
	SAME(o.dispersion1, "/replicates/dispersion/0");
	SAME(o.dispersion2, "/replicates/dispersion/1");
	SAME(o.phi, "/replicates/phi");
	SAME(o.z, "/replicates/z_naive");
	SAME(o.p_z, "/replicates/p_naive");
	SAME(o.t, "/replicates/t_phi");
	SAME(o.df, "/replicates/df");
	SAME(o.p, "/replicates/p_phi");
	assert_int_equal(pd_stat_mann_whitney(share[0], 5, share[1], 5, &u), PD_STAT_OK);
	assert_near(u.p, get("/replicates/mann_whitney_p/0") / get("/replicates/mann_whitney_p/1"));
	assert_int_equal(pd_stat_welch(share[0], 5, share[1], 5, 0.95, &t), PD_STAT_OK);
	SAME(t.t, "/replicates/welch_t");
	SAME(t.df, "/replicates/welch_df");
	SAME(t.p, "/replicates/welch_p");
	for (int i = 0; i < 7; i++) {
		na += a[i] = get("/tree/A/%s", stack[i]);
		nb += b[i] = get("/tree/B/%s", stack[i]);
	}
	assert_int_equal(pd_stat_homogeneity(a, b, 7, 5, &h), PD_STAT_OK);
	SAME(h.g, "/tree/global_G");
	SAME(h.df, "/tree/df");
	SAME(h.p, "/tree/p");
	SAME(h.total_variation, "/tree/total_variation");
	SAME(h.jensen_shannon, "/tree/jensen_shannon_bits");
	for (int i = 0; i < 7; i++) {
		struct pd_shares s;
		struct pd_rates r;

		assert_int_equal(pd_stat_shares(a[i], na, b[i], nb, 0.95, &s), PD_STAT_OK);
		p[i] = s.p_z;
		assert_true(fabs(p[i] - get("/tree/share_p/%s", stack[i])) < 1e-6);
		assert_int_equal(pd_stat_rates(a[i], 1, b[i], 1, 0.95, &r), PD_STAT_OK);
		assert_true(fabs(r.p - get("/tree/absolute_p_equal_time/%s", stack[i])) < 1e-6);
	}
	assert_int_equal(pd_stat_adjust(PD_ADJUST_BH, p, 7, p), PD_STAT_OK);
	for (int i = 0; i < 7; i++)
		assert_true(fabs(p[i] - get("/tree/share_q_bh/%s", stack[i])) < 1e-6);
}

static void test_shared_noise(void **state)
{
	double x[32];
	struct pd_trend t;
	struct pd_serial s;
	struct pd_modes m;
	struct pd_outliers o;
	size_t n;

	SKIP_WITHOUT();
	n = list(x, "/noise/drift_series");
	assert_int_equal(pd_stat_trend(x, n, &t), PD_STAT_OK);
	SAME(t.s, "/noise/mann_kendall_S");
	SAME(t.z, "/noise/mann_kendall_z");
	SAME(t.slope, "/noise/theil_sen");
	assert_int_equal(pd_stat_serial(x, n, &s), PD_STAT_OK);
	SAME(s.lag1, "/noise/lag1");
	SAME(s.von_neumann, "/noise/von_neumann");
	SAME(s.n_eff, "/noise/n_eff");
	assert_int_equal(pd_stat_modes(x, n, &m), PD_STAT_OK);
	SAME(m.coefficient, "/noise/drift_bimodality_coefficient");
	assert_int_equal(pd_stat_modes(x, list(x, "/noise/bimodal_series"), &m), PD_STAT_OK);
	SAME(m.coefficient, "/noise/bimodality_coefficient");
	SAME(m.separation, "/noise/ashman_like_D");
	SAME((double)m.low, "/noise/two_means_split/0");
	SAME((double)m.high, "/noise/two_means_split/1");
	assert_int_equal(pd_stat_outliers(x, list(x, "/outliers/x"), NULL, &o), PD_STAT_OK);
	SAME(o.median, "/outliers/median");
	SAME(o.mad, "/outliers/mad");
	SAME(o.worst_z, "/outliers/modified_z_of_first");
	assert_int_equal(pd_stat_outliers(x, list(x, "/outliers/y"), NULL, &o), PD_STAT_OK);
	SAME(o.quartiles.lo, "/outliers/tukey_q1_q3/0");
	SAME(o.quartiles.hi, "/outliers/tukey_q1_q3/1");
	SAME(o.inner.lo, "/outliers/tukey_inner/0");
	SAME(o.inner.hi, "/outliers/tukey_inner/1");
	SAME(o.outer.lo, "/outliers/tukey_outer/0");
	SAME(o.outer.hi, "/outliers/tukey_outer/1");
}

/* ---- what the product has no function of its own for, and what several of its functions make together ---- */

static void test_shared_chance(void **state)
{
	struct pd_rng r = { 42 };
	double want[32];
	char name[8];
	size_t n;

	SKIP_WITHOUT();
	assert_int_equal((int)get("/splitmix64/seed"), 42);
	for (int i = 0; has("/splitmix64/first/%d/high", i); i++) {
		uint64_t v = pd_rng_next(&r);

		assert_true((double)(v >> 32) == get("/splitmix64/first/%d/high", i));
		assert_true((double)(v & 0xffffffff) == get("/splitmix64/first/%d/low", i));
	}
	r = (struct pd_rng){ 42 };
	n = list(want, "/splitmix64/index_of_10");
	assert_true(n > 5);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pd_rng_below(&r, 10), (uint64_t)want[i]);
	for (int size = 3; size <= 5; size += 2) { /* medians of draws with replacement: their shares within five standard errors */
		unsigned seen[8] = { 0 };
		const unsigned draws = 200000;

		for (unsigned k = 0; k < draws; k++) {
			double x[5];

			for (int i = 0; i < size; i++)
				x[i] = (double)pd_rng_below(&r, (uint64_t)size) + 1;
			pd_stat_sort(x, (size_t)size);
			seen[(int)pd_sorted_median(x, (size_t)size)]++;
		}
		for (int k = 1; k <= size; k++) {
			double p;

			snprintf(name, sizeof(name), "x%d", k);
			p = get("/bootstrap/exact_median_of_%d/%s/0", size, name) / get("/bootstrap/exact_median_of_%d/%s/1", size, name);
			assert_true(fabs(seen[k] / (double)draws - p) < 5 * sqrt(p * (1 - p) / draws));
		}
	}
}

/* An order of 1..n with Mann-Kendall's S: neighbours are swapped until it is small enough. */
static void order_of(unsigned n, int s, double *x)
{
	int have = (int)(n * (n - 1) / 2);

	for (unsigned i = 0; i < n; i++)
		x[i] = i + 1;
	for (unsigned i = 0; i + 1 < n && have > s; i++)
		if (x[i] < x[i + 1]) {
			double t = x[i];

			x[i] = x[i + 1];
			x[i + 1] = t;
			have -= 2;
			i = (unsigned)-1;
		}
	assert_int_equal(have, s);
}

static void test_shared_enumerated(void **state)
{
	double x[32], b[32], sum = 0, most = 0, share[10], group = 0, all = 0;
	unsigned extreme = 0, ways = 0;
	struct pd_trend t;
	size_t n;
	int i;

	SKIP_WITHOUT();
	for (i = 0; has("/noise/mann_kendall_exact/%d/n", i); i++) {
		n = (size_t)get("/noise/mann_kendall_exact/%d/n", i);
		order_of((unsigned)n, (int)get("/noise/mann_kendall_exact/%d/S", i), x);
		assert_int_equal(pd_stat_trend(x, n, &t), PD_STAT_OK);
		assert_true(t.exact);
		SAME(t.s, "/noise/mann_kendall_exact/%d/S", i);
		SAME(t.p, "/noise/mann_kendall_exact/%d/p", i);
	}
	assert_true(i > 2);
	n = list(x, "/blocked/base"); /* the mean of the blocks under all changes of sign */
	list(b, "/blocked/profiled");
	for (size_t k = 0; k < n; k++)
		sum += x[k] = log(b[k] / x[k]);
	for (unsigned m = 0; m < 1u << n; m++) {
		double s = 0;

		for (size_t k = 0; k < n; k++)
			s += m >> k & 1 ? -x[k] : x[k];
		extreme += fabs(s) >= fabs(sum) - 1e-12;
	}
	assert_near(extreme / (double)(1u << n), get("/blocked/sign_flip_p/0") / get("/blocked/sign_flip_p/1"));
	for (int k = 0; k < 10; k++) { /* the shares of the replicates dealt anew */
		share[k] = get("/replicates/%c/%d/0", "AB"[k / 5], k % 5) / get("/replicates/%c/%d/1", "AB"[k / 5], k % 5);
		all += share[k];
		group += k < 5 ? share[k] : 0;
	}
	most = fabs(all - 2 * group);
	extreme = 0;
	for (unsigned m = 0; m < 1024; m++) {
		double s = 0;

		if (__builtin_popcount(m) != 5)
			continue;
		for (int k = 0; k < 10; k++)
			s += m >> k & 1 ? share[k] : 0;
		ways++;
		extreme += fabs(all - 2 * s) >= most - 1e-12;
	}
	assert_near(extreme / (double)ways, get("/replicates/permutation_p/0") / get("/replicates/permutation_p/1"));
}

static void test_shared_geomean(void **state)
{
	static const char *const name[] = { "sql", "http", "json", "chan" };
	double logs[4], se[4], ratio;
	struct pd_interval ci;

	SKIP_WITHOUT();
	for (int i = 0; i < 4; i++) {
		logs[i] = log(get("/geomean/ratios/%s", name[i]));
		se[i] = get("/geomean/se_log/%s", name[i]);
	}
	assert_int_equal(pd_stat_geomean(logs, se, 4, false, 0.95, &ratio, &ci), PD_STAT_OK);
	SAME(ratio, "/geomean/geomean");
	SAME(ci.lo, "/geomean/fixed_ci/0");
	SAME(ci.hi, "/geomean/fixed_ci/1");
	assert_int_equal(pd_stat_geomean(logs, se, 4, true, 0.95, &ratio, &ci), PD_STAT_OK);
	SAME(ratio, "/geomean/geomean");
	SAME(ci.lo, "/geomean/random_t_ci/0");
	SAME(ci.hi, "/geomean/random_t_ci/1");
}

static void test_shared_matrix(void **state)
{
	static const char *const workload[] = { "json", "http", "chan", "sql" }, *const profiler[] = { "cpu", "mem", "block", "trace" };
	double base[32], with[32], d[32], mean[4][32] = { { 0 } }, p[32], holm[32], bh[32];
	struct pd_signed_rank w;
	struct pd_location l;
	size_t cells = 0, n;

	SKIP_WITHOUT();
	n = (size_t)get("/overhead_matrix/blocks");
	assert_string_equal(word("/overhead_matrix/unit"), "ns/op");
	for (; has("/overhead_matrix/expected/%zu/p", cells); cells++) {
		const char *of = word("/overhead_matrix/expected/%zu/workload", cells), *what = word("/overhead_matrix/expected/%zu/profiler", cells);

		assert_int_equal(list(base, "/overhead_matrix/data/%s/none", of), n);
		assert_int_equal(list(with, "/overhead_matrix/data/%s/%s", of, what), n);
		for (size_t k = 0; k < n; k++)
			d[k] = log(with[k] / base[k]);
		for (int c = 0; c < 4; c++)
			for (size_t k = 0; k < n && strcmp(what, profiler[c]) == 0; k++)
				mean[c][k] += d[k] / (double)PD_ARRAY_LEN(workload);
		assert_int_equal(pd_stat_signed_rank(d, n, &w), PD_STAT_OK);
		SAME(w.w, "/overhead_matrix/expected/%zu/W", cells);
		SAME(w.p, "/overhead_matrix/expected/%zu/p", cells);
		p[cells] = w.p;
		assert_int_equal(pd_stat_walsh(d, n, 0.95, &l), PD_STAT_OK);
		SAME(exp(l.center), "/overhead_matrix/expected/%zu/hl_ratio", cells);
		SAME(exp(l.ci.lo), "/overhead_matrix/expected/%zu/walsh_ci/0", cells);
		SAME(exp(l.ci.hi), "/overhead_matrix/expected/%zu/walsh_ci/1", cells);
	}
	assert_int_equal(cells, PD_ARRAY_LEN(workload) * PD_ARRAY_LEN(profiler));
	assert_int_equal(pd_stat_adjust(PD_ADJUST_HOLM, p, cells, holm), PD_STAT_OK);
	assert_int_equal(pd_stat_adjust(PD_ADJUST_BH, p, cells, bh), PD_STAT_OK);
	for (size_t i = 0; i < cells; i++) {
		SAME(holm[i], "/overhead_matrix/expected/%zu/holm", i);
		SAME(bh[i], "/overhead_matrix/expected/%zu/bh", i);
	}
	for (int c = 0; c < 4; c++) { /* blocks of the geometric mean of all workloads */
		assert_int_equal(pd_stat_signed_rank(mean[c], n, &w), PD_STAT_OK);
		assert_int_equal(pd_stat_walsh(mean[c], n, 0.95, &l), PD_STAT_OK);
		SAME(exp(l.center), "/overhead_matrix/geomean_block_level/%s/0", profiler[c]);
		SAME(exp(l.ci.lo), "/overhead_matrix/geomean_block_level/%s/1", profiler[c]);
		SAME(exp(l.ci.hi), "/overhead_matrix/geomean_block_level/%s/2", profiler[c]);
		SAME(w.p, "/overhead_matrix/geomean_block_level/%s/3", profiler[c]);
	}
}

static void test_shared_cumulative(void **state)
{
	static const char *const stack[] = { "main;parse", "main;parse;lex", "main;eval", "main;eval;add", "main;eval;mul", "main;gc", "main;io" };
	double n[2] = { 0, 0 };
	struct pd_shares s;
	unsigned seen = 0;

	SKIP_WITHOUT();
	for (size_t i = 0; i < PD_ARRAY_LEN(stack); i++) {
		n[0] += get("/tree/A/%s", stack[i]);
		n[1] += get("/tree/B/%s", stack[i]);
	}
	for (size_t i = 0; i < PD_ARRAY_LEN(stack); i++) {
		double x[2] = { 0, 0 };

		if (!has("/tree/cumulative_z/%s", stack[i]))
			continue;
		seen++;
		for (size_t k = 0; k < PD_ARRAY_LEN(stack); k++)
			if (!strncmp(stack[k], stack[i], strlen(stack[i]))) {
				x[0] += get("/tree/A/%s", stack[k]);
				x[1] += get("/tree/B/%s", stack[k]);
			}
		assert_int_equal(pd_stat_shares(x[0], n[0], x[1], n[1], 0.95, &s), PD_STAT_OK);
		assert_true(fabs(s.z - get("/tree/cumulative_z/%s", stack[i])) < get("/tree/tol"));
	}
	assert_true(seen > 2);
}

/* Everything of the file was asked for. What is no number to check is named here; the combination of on- and off-CPU time is test_wall's. */
static void test_shared_complete(void **state)
{
	static const char *const not_here[] = { "/about", "/wall/", "/bootstrap/draw", "/bootstrap/quantile", "/bootstrap/replicates", "/bootstrap/seed" };
	size_t left = 0;

	SKIP_WITHOUT();
	for (size_t i = 0; i < n_entries; i++) {
		const char *path = entries[i].path, *end = strrchr(path, '/');
		bool named = end && (strcmp(end, "/tol") == 0 || strcmp(end, "/note") == 0);

		for (size_t k = 0; k < PD_ARRAY_LEN(not_here); k++)
			named |= strncmp(path, not_here[k], strlen(not_here[k])) == 0;
		if (entries[i].used || named)
			continue;
		print_error("no test asks for %s\n", path);
		left++;
	}
	assert_int_equal(left, 0);
}

static void load(const char *path)
{
	struct pd_error err = { 0 };
	struct pd_limits limits = { .size = sizeof(limits) };
	struct pd_sink sink = { .err = &err, .limits = &limits };
	struct pd_source *src = pd_source_path(path, NULL, &err);
	struct pd_json j;

	if (!src)
		return;
	pd_limits_fill(&limits);
	pd_json_init(&j, src, &sink);
	flatten(&j);
	if (pd_json_failed(&j)) {
		print_error("%s: %s\n", path, err.text);
		abort();
	}
	pd_json_release(&j);
	pd_source_free(src);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_ranks), cmocka_unit_test(test_shared_blocks), cmocka_unit_test(test_shared_ranks_of_intervals),
		cmocka_unit_test(test_shared_bootstrap), cmocka_unit_test(test_shared_adjust), cmocka_unit_test(test_shared_counts),
		cmocka_unit_test(test_shared_profiles), cmocka_unit_test(test_shared_noise),
		cmocka_unit_test(test_shared_chance), cmocka_unit_test(test_shared_enumerated), cmocka_unit_test(test_shared_geomean),
		cmocka_unit_test(test_shared_matrix), cmocka_unit_test(test_shared_cumulative), cmocka_unit_test(test_shared_complete),
	};
	const char *dir = getenv("PD_CORPUS");
	char path[1024];
	int failed;

	snprintf(path, sizeof(path), "%s/../statistics-vectors.json", dir ? dir : "../../../shared/corpus");
	if (access(path, R_OK) == 0)
		load(path);
	else
		printf("no table at %s: set PD_CORPUS\n", path);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(entries);
	return failed;
}
