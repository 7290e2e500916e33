/* Comparisons: names, sums, tests, causes; and what must hold whatever the profiles are. */
#include "near.h"

#include "fail_alloc.h"
#include <profdata/profdata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making ---- */

static struct pd_doc *folded(const char *text)
{
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_memory("text", text, strlen(text), NULL, &err);
	struct pd_load_opts o = { .size = sizeof o, .format = pd_format_named("folded") };
	struct pd_doc *doc = pd_load(src, &o, &err);

	pd_source_free(src);
	assert_non_null(doc);
	return doc;
}

static struct pd_diff *compare_opts(const char *const *before, const char *const *after, struct pd_diff_opts o)
{
	struct pd_diff_input in[2][8] = { { { 0 } } };
	const char *const *side[2] = { before, after };
	struct pd_error err = { 0 };
	struct pd_diff *d;
	size_t n[2];

	o.size = sizeof o;
	for (int s = 0; s < 2; s++)
		for (n[s] = 0; side[s][n[s]]; n[s]++)
			in[s][n[s]].doc = folded(side[s][n[s]]);
	d = pd_diff_new(in[0], n[0], in[1], n[1], &o, &err);
	for (int s = 0; s < 2; s++)
		for (size_t i = 0; i < n[s]; i++)
			pd_doc_unref((struct pd_doc *)in[s][i].doc);
	if (!d)
		fail_msg("%s", err.text);
	return d;
}

static struct pd_diff *compare(const char *before, const char *after, enum pd_diff_per per)
{
	return compare_opts((const char *const[]){ before, NULL }, (const char *const[]){ after, NULL }, (struct pd_diff_opts){ .per = per });
}

static bool named(struct pd_span s, const char *text) { return s.n == strlen(text) && !memcmp(s.p, text, s.n); }

static struct pd_diff_row row_of(const struct pd_diff *d, const char *name)
{
	struct pd_diff_row r;

	for (size_t i = 0; i < pd_diff_rows(d); i++) {
		pd_diff_row(d, i, &r);
		if (named(r.function, name))
			return r;
	}
	fail_msg("no row '%s'", name);
	return r;
}

static size_t findings(const struct pd_diff *d)
{
	size_t n = 0;

	for (size_t i = 0; i < pd_diff_rows(d); i++) {
		struct pd_diff_row r;

		pd_diff_row(d, i, &r);
		n += r.klass >= PD_DIFF_NEW;
	}
	return n;
}

/* ---- names ---- */

static void test_diff_plain_names(void **state)
{
	static const struct { enum pd_diff_rule rule; const char *name, *plain; } cases[] = {
		{ PD_MATCH_NAME, "f.constprop.0", "f.constprop.0" },
		{ PD_MATCH_ADDRESS, "f+0x1c", "f" }, { PD_MATCH_ADDRESS, "0x7f00aa stub", "0x stub" }, { PD_MATCH_ADDRESS, "a0x12", "a0x12" }, { PD_MATCH_ADDRESS, "+0x1c", "+0x" },
		{ PD_MATCH_CLONE, "f.constprop.0.isra.3", "f" }, { PD_MATCH_CLONE, "f.cold", "f" }, { PD_MATCH_CLONE, "f.part.1.cold.7", "f" }, { PD_MATCH_CLONE, "f.lto_priv.12", "f" },
		{ PD_MATCH_CLONE, "f(int) [clone .isra.0]", "f(int)" }, { PD_MATCH_CLONE, ".cold", ".cold" }, { PD_MATCH_CLONE, "f.1", "f.1" }, { PD_MATCH_CLONE, "a[clone]", "a[clone]" },
		{ PD_MATCH_HASH, "core::fmt::write::h0123456789abcdef", "core::fmt::write" }, { PD_MATCH_HASH, "_ZN4core3fmt17h0123456789abcdefE", "_ZN4core3fmt" }, { PD_MATCH_HASH, "a::habc", "a::habc" },
		{ PD_MATCH_TIER, "LazyCompile:*tick app.js:1", "LazyCompile:tick app.js:1" }, { PD_MATCH_TIER, "~main", "main" }, { PD_MATCH_TIER, "f_[j]", "f" }, { PD_MATCH_TIER, "~", "~" },
		{ PD_MATCH_TIER, "~Widget()", "Widget()" },
		{ PD_MATCH_LAMBDA, "main.run.func2.1", "main.run.func" }, { PD_MATCH_LAMBDA, "f::{lambda(int)#3}::operator()", "f::{lambda(int)#}::operator()" },
		{ PD_MATCH_LAMBDA, "lambda$run$4", "lambda$run$" }, { PD_MATCH_LAMBDA, "f::$_1", "f::$_" }, { PD_MATCH_LAMBDA, "sha256.func", "sha256.func" }, { PD_MATCH_LAMBDA, "v1.f2", "v1.f2" },
		{ PD_MATCH_GENERIC, "sort[int]", "sort[]" }, { PD_MATCH_GENERIC, "std::map<int, std::vector<int>>::at", "std::map<>::at" }, { PD_MATCH_GENERIC, "operator<", "operator<" },
		{ PD_MATCH_GENERIC, "operator<<", "operator<<" }, { PD_MATCH_GENERIC, "f<", "f<" }, { PD_MATCH_GENERIC, "[kernel]", "[kernel]" },
		{ PD_MATCH_ROOT, "worker-12", "worker-" }, { PD_MATCH_ROOT, "java-1234/5678", "java-/" }, { PD_MATCH_ROOT, "docker-0123456789ab", "docker-" }, { PD_MATCH_ROOT, "utf8", "utf8" },
		{ PD_MATCH_ROOT, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buf[256] = "";
		size_t n = pd_diff_normalise((struct pd_span){ cases[i].name, strlen(cases[i].name) }, cases[i].rule, 0, buf, sizeof buf - 1);

		buf[n] = 0;
		if (strcmp(buf, cases[i].plain))
			fail_msg("%s became %s, not %s", cases[i].name, buf, cases[i].plain);
		n = pd_diff_normalise((struct pd_span){ cases[i].name, strlen(cases[i].name) }, cases[i].rule, 1u << cases[i].rule, buf, sizeof buf);
		assert_true(n <= strlen(cases[i].name));
	}
	assert_int_equal(pd_diff_normalise((struct pd_span){ "long", 4 }, PD_MATCH_ROOT, 0, (char[2]){ 0 }, 2), 0);
}

/* Keys of one side that are left over meet; what both sides have takes in its clones but no stranger. */
static void test_diff_ladder(void **state)
{
	struct pd_diff *d = compare("m;f 100\nm;f.isra.0 50\nm;g::h0123456789abcdef 40\nm;run.func1 30\nm;run.func2 30\n",
				    "m;f 150\nm;g::h1123456789abcdef 40\nm;run.func1 30\nm;run.func3 30\n", PD_DIFF_PER_TOTAL);
	struct pd_diff_row r = row_of(d, "f");

	(void)state;
	assert_int_equal(r.flat[PD_BEFORE], 150);
	assert_int_equal(r.rule, PD_MATCH_CLONE);
	r = row_of(d, "g::h1123456789abcdef");
	assert_int_equal(r.rule, PD_MATCH_HASH);
	assert_true(named(r.was, "g::h0123456789abcdef"));
	r = row_of(d, "run.func3"); /* of func2: func1 is on both sides and stays alone */
	assert_int_equal(r.rule, PD_MATCH_LAMBDA);
	assert_int_equal(r.flat[PD_BEFORE], 30);
	assert_int_equal(row_of(d, "run.func1").rule, PD_MATCH_EXACT);
	assert_int_equal(findings(d), 0);
	pd_diff_free(d);
}

/* ---- sums ---- */

static void test_diff_recursion_counts_once(void **state)
{
	struct pd_diff *d = compare("m;f;g;f;f 10\nm;f 5\nm;g 1\n", "m;f;g;f;f 10\nm;f 5\nm;g 1\n", PD_DIFF_PER_NONE);
	struct pd_diff_row f = row_of(d, "f"), g = row_of(d, "g"), m = row_of(d, "m");

	(void)state;
	assert_int_equal(f.flat[0], 15);
	assert_int_equal(f.cum[0], 15);
	assert_int_equal(g.flat[0], 1);
	assert_int_equal(g.cum[0], 11);
	assert_int_equal(m.cum[1], 16);
	pd_diff_free(d);
}

/* Every way to a sum agrees with the report graph, on stacks beyond and below what the filters are made for. */
static void test_diff_sums_as_reports(void **state)
{
	struct pd_rng rng = { 7 };

	(void)state;
	for (int round = 0; round < 12; round++) {
		unsigned deep = round < 10 ? 60 : 900, names = round % 2 ? 12 : 2000;
		char *text = calloc(1, 1 << 20), *p = text;
		struct pd_diff_input in[2] = { { 0 }, { 0 } };
		struct pd_diff_opts o = { .size = sizeof o, .per = PD_DIFF_PER_NONE };
		struct pd_graph_opts go = { .size = sizeof go };
		struct pd_error err = { 0 };
		struct pd_diff *d;
		struct pd_graph *g;

		for (int line = 0; line < 60; line++) {
			for (unsigned k = 1 + (unsigned)pd_rng_below(&rng, deep); k; k--)
				p += sprintf(p, "f%u%s", (unsigned)pd_rng_below(&rng, names), k > 1 ? ";" : "");
			p += sprintf(p, " %u\n", 1 + (unsigned)pd_rng_below(&rng, 50));
		}
		in[0].doc = in[1].doc = folded(text);
		d = pd_diff_new(&in[0], 1, &in[1], 1, &o, &err);
		g = pd_graph_new(in[0].doc, &go, &err);
		assert_non_null(d);
		assert_non_null(g);
		assert_int_equal(pd_diff_rows(d), pd_graph_shown(g));
		for (size_t i = 0; i < pd_graph_shown(g); i++) {
			struct pd_graph_node n;
			struct pd_diff_row r;

			pd_graph_node(g, pd_graph_at(g, i), &n);
			r = row_of(d, n.function);
			assert_int_equal(r.flat[PD_AFTER], n.flat);
			assert_int_equal(r.cum[PD_AFTER], n.cum);
		}
		pd_graph_free(g);
		pd_diff_free(d);
		pd_doc_unref((struct pd_doc *)in[0].doc);
		free(text);
	}
}

/* ---- tests ---- */

static const char tree_a[] = "main;parse 300\nmain;parse;lex 500\nmain;eval 900\nmain;eval;add 200\nmain;eval;mul 100\nmain;gc 400\nmain;io 600\n";
static const char tree_b[] = "main;parse 305\nmain;parse;lex 640\nmain;eval 905\nmain;eval;add 210\nmain;eval;mul 95\nmain;gc 395\nmain;io 590\n";

static void test_diff_example_tree(void **state)
{
	static const struct { const char *name; double share_p, share_q, rate_p; } want[] = {
		{ "parse", 0.706403, 0.824137, 0.870832 }, { "lex", 0.000182, 0.001274, 3.8e-05 }, { "eval", 0.311017, 0.663624, 0.924993 },
		{ "add", 0.973425, 0.973425, 0.656749 }, { "mul", 0.491677, 0.688348, 0.774623 }, { "gc", 0.379214, 0.663624, 0.887198 }, { "io", 0.230455, 0.663624, 0.794185 },
	};
	struct pd_diff *share = compare(tree_a, tree_b, PD_DIFF_PER_TOTAL), *rate = compare(tree_a, tree_b, PD_DIFF_PER_NONE);
	const struct pd_diff_summary *s = pd_diff_summary(share);

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		assert_near_tol(row_of(share, want[i].name).self.p, want[i].share_p, 6e-7 / want[i].share_p, "%s", want[i].name);
		assert_near_tol(row_of(share, want[i].name).self.q, want[i].share_q, 6e-7 / want[i].share_q, "%s", want[i].name);
		assert_near_tol(row_of(rate, want[i].name).self.p, want[i].rate_p, 6e-7 / want[i].rate_p, "%s", want[i].name);
	}
	assert_near_tol(s->g, 14.586802771170383, 1e-9, "G");
	assert_near_tol(s->g_df, 6, 0, "df");
	assert_near_tol(s->g_p, 0.023725760711807306, 1e-9, "p of G");
	assert_near_tol(s->total_variation, 0.03736730360934183, 1e-12, "total variation");
	assert_near_tol(s->jensen_shannon, 0.0017155393459798117, 1e-12, "divergence");
	assert_int_equal(findings(share), 1);
	assert_int_equal(row_of(share, "lex").klass, PD_DIFF_GROWN);
	assert_int_equal(row_of(share, "lex").role, PD_DIFF_ORIGIN);
	assert_int_equal(row_of(share, "parse").role, PD_DIFF_CARRIER);
	assert_int_equal(row_of(share, "main").role, PD_DIFF_ROLE_NONE);
	pd_diff_free(share);
	pd_diff_free(rate);
}

/* One function, its rate per second: the exact test of two Poisson counts. */
static void test_diff_rates(void **state)
{
	static const struct { int x1, t1, x2, t2; double ratio, p, lo, hi; } want[] = {
		{ 30, 60, 52, 60, 1.7333333333333334, 0.01982692, 1.085377, 2.814259 }, { 40, 60, 35, 30, 1.75, 0.01928488, 1.079294, 2.825624 },
		{ 500, 30, 560, 30, 1.12, 0.06990956, 0.990982, 1.266088 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		char a[64], b[64];
		struct pd_diff_input in[2] = { { .ops = want[i].t1 }, { .ops = want[i].t2 } };
		struct pd_diff_opts o = { .size = sizeof o };
		struct pd_error err = { 0 };
		struct pd_diff *d;
		struct pd_diff_row r;

		snprintf(a, sizeof a, "f %d\n", want[i].x1);
		snprintf(b, sizeof b, "f %d\n", want[i].x2);
		in[0].doc = folded(a);
		in[1].doc = folded(b);
		d = pd_diff_new(&in[0], 1, &in[1], 1, &o, &err);
		assert_non_null(d);
		assert_int_equal(pd_diff_summary(d)->per, PD_DIFF_PER_OP); /* because it is known */
		r = row_of(d, "f");
		assert_near_tol(r.self.ratio, want[i].ratio, 1e-12, "ratio %zu", i);
		assert_near_tol(r.self.p, want[i].p, 1e-6, "p %zu", i);
		assert_near_tol(r.self.lo, want[i].lo, 1e-6, "lo %zu", i);
		assert_near_tol(r.self.hi, want[i].hi, 1e-6, "hi %zu", i);
		pd_diff_free(d);
		pd_doc_unref((struct pd_doc *)in[0].doc);
		pd_doc_unref((struct pd_doc *)in[1].doc);
	}
}

static void test_diff_replicates(void **state)
{
	static const char *const a[] = { "m;f 48\nm;r 952\n", "m;f 61\nm;r 959\n", "m;f 39\nm;r 941\n", "m;f 70\nm;r 940\n", "m;f 42\nm;r 948\n", NULL };
	static const char *const b[] = { "m;f 66\nm;r 934\n", "m;f 85\nm;r 945\n", "m;f 60\nm;r 910\n", "m;f 79\nm;r 926\n", "m;f 71\nm;r 929\n", NULL };
	struct pd_diff *d = compare_opts(a, b, (struct pd_diff_opts){ 0 }), *rank = compare_opts(a, b, (struct pd_diff_opts){ .test = PD_DIFF_TEST_RANK });
	struct pd_diff_row f = row_of(d, "f");

	(void)state;
	assert_true(pd_diff_summary(d)->replicates);
	assert_near_tol(f.self.phi, 2.1159111453519017, 1e-9, "phi");
	assert_near_tol(f.self.p, 0.020887548375136265, 1e-9, "p");
	assert_near_tol(f.self.p_rank, 2 / 63.0, 1e-12, "rank");
	assert_near_tol(row_of(rank, "f").self.p, 2 / 63.0, 1e-12, "rank decides");
	pd_diff_free(d);
	pd_diff_free(rank);
}

/* ---- causes ---- */

static void test_diff_moved(void **state)
{
	struct pd_diff *d = compare("m;f 500\nm;g 800\nm;h 900\nm;i 800\n", "m;f2 505\nm;g 810\nm;h 890\nm;i 795\n", PD_DIFF_PER_NONE);
	struct pd_diff_row f = row_of(d, "f"), g = row_of(d, "f2");

	(void)state;
	assert_int_equal(f.klass, PD_DIFF_MOVED);
	assert_int_equal(g.klass, PD_DIFF_MOVED);
	pd_diff_row(d, f.partner, &f);
	assert_true(named(f.function, "f2"));
	assert_int_equal(findings(d), 2);
	pd_diff_free(d);
	d = compare("m;f 500\nm;g 800\nm;h 900\nm;i 800\n", "m;f2 900\nm;g 810\nm;h 890\nm;i 795\n", PD_DIFF_PER_NONE); /* more than it lost */
	assert_int_equal(row_of(d, "f").klass, PD_DIFF_GONE);
	assert_int_equal(row_of(d, "f2").klass, PD_DIFF_NEW);
	pd_diff_free(d);
}

/* One grows, all others make room: one finding. */
static void test_diff_made_room(void **state)
{
	struct pd_diff *d = compare("m;a 1000\nm;b 1000\nm;c 2000\nm;d 3000\nm;e 3000\n", "m;a 4500\nm;b 610\nm;c 1230\nm;d 1830\nm;e 1830\n", PD_DIFF_PER_TOTAL);

	(void)state;
	assert_int_equal(findings(d), 1);
	assert_int_equal(row_of(d, "a").klass, PD_DIFF_GROWN);
	assert_true(row_of(d, "c").self.flags & PD_DIFF_SHARE_ONLY);
	assert_int_equal(pd_diff_summary(d)->bulk_functions, 4);
	assert_near_tol(pd_diff_summary(d)->bulk_ratio, 5500.0 / 9000, 0.01, "bulk");
	pd_diff_free(d);
}

/*
 * One of two hundred grows to ten times what it was; the others scatter around their bulk as chance has it (quantiles of the normal
 * distribution, dealt about). Nearly all changed significantly, and nearly all with the bulk: only one function is to blame, of any size.
 */
static void test_diff_one_among_many(void **state)
{
	char *before = calloc(1, 1 << 13), *after = calloc(1, 1 << 13), *b = before, *a = after;
	struct pd_diff *d;

	(void)state;
	for (int f = 0; f < 200; f++) {
		int n = 2400 / (f + 3);
		double z = pd_normal_quantile(((f * 73) % 200 + 0.5) / 200);

		b += sprintf(b, "m;g%d;f%d %d\n", f % 7, f, f ? n : 800);
		a += sprintf(a, "m;g%d;f%d %d\n", f % 7, f, f ? (int)(n + z * sqrt(2.0 * n) + 0.5) : 8000);
	}
	for (int per = 0; per < 2; per++) {
		d = compare(before, after, per ? PD_DIFF_PER_TOTAL : PD_DIFF_PER_NONE);
		for (size_t i = 0; i < pd_diff_rows(d); i++) {
			struct pd_diff_row r;

			pd_diff_row(d, i, &r);
			if (named(r.function, "f0"))
				assert_int_equal(r.klass, PD_DIFF_GROWN);
			else if (r.klass >= PD_DIFF_NEW && r.role != PD_DIFF_CARRIER)
				fail_msg("%.*s is no finding", (int)r.function.n, r.function.p);
		}
		assert_true(!per == isnan(pd_diff_summary(d)->bulk_ratio));
		pd_diff_free(d);
	}
	free(before);
	free(after);
}

/* ---- what must hold always ---- */

static char *random_profile(struct pd_rng *rng)
{
	char *text = calloc(1, 1 << 16), *p = text;

	for (int line = 0; line < 80; line++) {
		for (unsigned k = 1 + (unsigned)pd_rng_below(rng, 6); k; k--)
			p += sprintf(p, "f%u%s", (unsigned)pd_rng_below(rng, 20), k > 1 ? ";" : "");
		p += sprintf(p, " %u\n", 1 + (unsigned)pd_rng_below(rng, 400));
	}
	return text;
}

static void test_diff_properties(void **state)
{
	struct pd_rng rng = { 42 };

	(void)state;
	for (int round = 0; round < 20; round++) {
		char *a = random_profile(&rng), *b = random_profile(&rng);
		enum pd_diff_per per = round % 2 ? PD_DIFF_PER_NONE : PD_DIFF_PER_TOTAL;
		struct pd_diff *same = compare(a, a, per), *d = compare(a, b, per), *back = compare(b, a, per);

		assert_int_equal(findings(same), 0);
		assert_false(pd_diff_summary(same)->shape_differs);
		for (size_t i = 0; i < pd_diff_rows(same); i++) {
			struct pd_diff_row r;

			pd_diff_row(same, i, &r);
			assert_int_equal(r.klass, PD_DIFF_UNCHANGED);
		}
		for (size_t i = 0; i < pd_diff_rows(d); i++) {
			struct pd_diff_row r, s;

			pd_diff_row(d, i, &r);
			s = row_of(back, r.function.p ? r.function.p : "");
			assert_int_equal(r.flat[PD_BEFORE], s.flat[PD_AFTER]);
			assert_int_equal(isnan(r.self.p), isnan(s.self.p));
			if (isnan(r.self.p))
				continue;
			assert_near_tol(r.self.p, s.self.p, 1e-9 + 1e-6 * r.self.p, "p of %s", r.function.p);
			if (r.flat[0] && r.flat[1])
				assert_near_tol(r.self.ratio * s.self.ratio, 1, 1e-9, "ratio of %s", r.function.p);
		}
		pd_diff_free(same);
		pd_diff_free(d);
		pd_diff_free(back);
		free(a);
		free(b);
	}
}

static void test_diff_union_document(void **state)
{
	struct pd_diff *d = compare(tree_a, tree_b, PD_DIFF_PER_TOTAL);
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_diff_doc(d, &err);
	struct pd_diff_box box[3] = { { .before = 500, .after = 640 }, { .before = 900, .after = 905 }, { .before = 0, .after = 2 } };
	struct pd_diff_judge j;
	int64_t sum, gross;
	double e;

	(void)state;
	assert_non_null(doc);
	assert_true(pd_doc_check(doc, &err));
	assert_true(pd_doc_total(doc, 0, &sum, &gross));
	assert_int_equal(sum, 3000);
	assert_true(pd_doc_total(doc, 1, &sum, &gross));
	assert_int_equal(sum, 3140);
	assert_int_equal(pd_diff_boxes(d, box, 3, &err), PD_OK);
	assert_int_equal(box[0].klass, PD_DIFF_GROWN);
	assert_int_equal(box[1].klass, PD_DIFF_UNDECIDED);
	assert_int_equal(box[2].klass, PD_DIFF_UNDECIDED);
	assert_true(isnan(box[2].p));
	/* the same verdicts from the numbers for viewers */
	pd_diff_judge(d, box, 3, &j);
	assert_true(fabs(j.samples[0] - 3000) < 1e-9 && fabs(j.samples[1] - 3140) < 1e-9);
	e = sqrt(1.0 / 500 + 1.0 / 640 - 1.0 / 3000 - 1.0 / 3140);
	assert_true(fabs(box[0].lo / (box[0].ratio * exp(-j.interval * e)) - 1) < 0.01);
	assert_true(fabs(box[0].hi / (box[0].ratio * exp(j.interval * e)) - 1) < 0.01);
	assert_true(log(box[0].ratio) > j.finding * e);
	assert_true(fabs(log(box[1].ratio)) < j.finding * sqrt(1.0 / 900 + 1.0 / 905 - 1.0 / 3000 - 1.0 / 3140));
	pd_doc_unref(doc);
	pd_diff_free(d);
}

static void test_diff_refusals(void **state)
{
	struct pd_doc *doc = folded("a 1\n"), *negative = folded("a -5\nb 7\n");
	struct pd_diff_input in = { .doc = doc }, less = { .doc = negative };
	struct pd_diff_opts o = { .size = sizeof o, .per = PD_DIFF_PER_TIME };
	struct pd_error err = { 0 };
	struct pd_diff *d;

	(void)state;
	assert_null(pd_diff_new(&in, 1, &in, 0, NULL, &err));
	assert_int_equal(err.status, PD_ERR_USAGE);
	err = (struct pd_error){ 0 };
	assert_null(pd_diff_new(&in, 1, &in, 1, &o, &err));
	assert_int_equal(err.status, PD_ERR_USAGE);
	err = (struct pd_error){ 0 };
	assert_null(pd_diff_new(&in, 1, &less, 1, NULL, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	err = (struct pd_error){ 0 };
	o = (struct pd_diff_opts){ .size = sizeof o, .no_counts = true };
	d = pd_diff_new(&in, 1, &in, 1, &o, &err); /* shown, not tested */
	assert_non_null(d);
	assert_false(pd_diff_summary(d)->testable);
	assert_true(isnan(row_of(d, "a").self.p));
	pd_diff_free(d);
	pd_doc_unref(doc);
	pd_doc_unref(negative);
}

/* ---- memory ---- */

struct both {
	struct pd_doc *a, *b;
};

static void compare_failing(void *arg)
{
	struct both *two = arg;
	struct pd_diff_input a = { .doc = two->a }, b = { .doc = two->b };
	struct pd_error err = { 0 };
	struct pd_diff *d = pd_diff_new(&a, 1, &b, 1, NULL, &err);
	struct pd_doc *doc = d ? pd_diff_doc(d, &err) : NULL;
	struct pd_diff_box box = { .before = 500, .after = 640 };

	if (doc)
		pd_diff_boxes(d, &box, 1, &err);
	if (!d)
		assert_int_not_equal(err.status, PD_OK);
	if (!fail_hit)
		assert_true(doc && err.status == PD_OK);
	pd_doc_unref(doc);
	pd_diff_free(d);
}

static void test_diff_without_memory(void **state)
{
	struct both two = { folded(tree_a), folded("main;parse 305\nmain;parse;lexer 540\nmain;eval 905\nmain;gc 395\nmain;io.cold 590\n") };

	(void)state;
	assert_true(fail_each(compare_failing, &two) > 30 || !FAIL_ALLOC_WORKS);
	pd_doc_unref(two.a);
	pd_doc_unref(two.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff_plain_names), cmocka_unit_test(test_diff_ladder), cmocka_unit_test(test_diff_recursion_counts_once),
		cmocka_unit_test(test_diff_sums_as_reports), cmocka_unit_test(test_diff_example_tree), cmocka_unit_test(test_diff_rates),
		cmocka_unit_test(test_diff_replicates), cmocka_unit_test(test_diff_moved), cmocka_unit_test(test_diff_made_room),
		cmocka_unit_test(test_diff_one_among_many),
		cmocka_unit_test(test_diff_properties), cmocka_unit_test(test_diff_union_document), cmocka_unit_test(test_diff_refusals),
		cmocka_unit_test(test_diff_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
