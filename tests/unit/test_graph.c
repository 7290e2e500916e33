/* Report graphs: what counts where, what trimming takes away, and in which order nodes and edges come. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <profdata/builder.h>
#include <profdata/report.h>
#include "xform/nodes.h"
#include "fail_alloc.h"

/* ---- documents ---- */

struct maker {
	struct pd_builder *b;
	unsigned series;
};

static struct maker start(void)
{
	struct maker m = { .b = pd_builder_new(NULL, 0, NULL) };
	struct pd_value_type count = { .type = pd_intern_z(m.b, "samples"), .unit = pd_intern_z(m.b, "count") };
	struct pd_value_type cpu = { .type = pd_intern_z(m.b, "cpu"), .unit = pd_intern_z(m.b, "nanoseconds") };

	m.series = pd_series_add(m.b, (pd_str){ 0 });
	pd_series_value(m.b, m.series, &count);
	pd_series_value(m.b, m.series, &cpu);
	return m;
}

/* "a;b+c;d": root first, frames by ';', inlined functions of a frame by '+', outermost first. */
static pd_stack stack_of(struct pd_builder *b, const char *text)
{
	pd_frame frames[64];
	size_t n = 0;

	while (*text) {
		struct pd_line lines[8];
		struct pd_frame_desc f = { .lines = lines };
		const char *names[8];
		size_t len[8], count = 0;

		do {
			names[count] = text;
			len[count] = strcspn(text, "+;");
			text += len[count++];
		} while (*text == '+' && text++);
		for (size_t i = 0; i < count; i++) {
			struct pd_func_desc func = { .name = pd_intern(b, names[count - 1 - i], len[count - 1 - i]) };

			lines[i] = (struct pd_line){ .func = pd_func_add(b, &func) };
		}
		f.n_lines = (uint32_t)count;
		frames[n++] = pd_frame_add(b, &f);
		text += *text == ';';
	}
	return pd_stack_of(b, frames, n, PD_ROOT_FIRST);
}

static void sample(struct maker *m, const char *stack, int64_t count, int64_t value)
{
	struct pd_sample s = { .stack = stack_of(m->b, stack) };
	int64_t values[2] = { count, value };

	pd_sample_add(m->b, m->series, &s, values);
}

static struct pd_doc *finish(struct maker *m)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(m->b, &err);

	if (!doc)
		fail_msg("%s", err.text);
	pd_builder_free(m->b);
	return doc;
}

/* ---- what a graph says, as text ---- */

static void append(char *out, size_t room, const char *text)
{
	size_t n = strlen(out);

	snprintf(out + n, room - n, "%s", text);
}

/* "name flat/cum[i|p]" per node, then " (callers -> callees)" with weights. */
static const char *describe(const struct pd_doc *doc, const struct pd_graph_opts *o, char *out, size_t room)
{
	struct pd_error err = { 0 };
	struct pd_graph *g = pd_graph_new(doc, o, &err);
	char part[256];

	if (!g)
		fail_msg("%s", err.text);
	*out = 0;
	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		const struct pd_graph_edge *in, *callees;
		uint32_t id = pd_graph_at(g, i);
		size_t n_in = pd_graph_in(g, id, &in), n_out = pd_graph_out(g, id, &callees);
		struct pd_graph_node n;

		pd_graph_node(g, id, &n);
		snprintf(part, sizeof(part), "%s%s %d/%d%s", i ? ", " : "", pd_graph_name(g, id), (int)n.flat, (int)n.cum,
			 n.mark == PD_INLINE_ALL ? "i" : n.mark == PD_INLINE_PARTIAL ? "p" : "");
		append(out, room, part);
		if (n_in + n_out == 0)
			continue;
		append(out, room, " (");
		for (size_t k = 0; k < n_in; k++) {
			snprintf(part, sizeof(part), "%s=%d%s%s ", pd_graph_name(g, in[k].caller), (int)in[k].weight, in[k].inlined ? "i" : "", in[k].residual ? "r" : "");
			append(out, room, part);
		}
		append(out, room, "->");
		for (size_t k = 0; k < n_out; k++) {
			snprintf(part, sizeof(part), " %s=%d", pd_graph_name(g, callees[k].callee), (int)callees[k].weight);
			append(out, room, part);
		}
		append(out, room, ")");
	}
	pd_graph_free(g);
	return out;
}

static struct pd_graph_opts by_functions(enum pd_graph_edges edges)
{
	return (struct pd_graph_opts){ .size = sizeof(struct pd_graph_opts), .sample_type = 1, .edges = edges };
}

/* ---- tests ---- */

static void test_graph_counts_recursion_once(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_ALL);
	struct pd_doc *doc;
	char text[1024];

	(void)state;
	sample(&m, "main;f;f;g;f", 1, 10);
	sample(&m, "main;f", 1, 5);
	doc = finish(&m);
	assert_string_equal(describe(doc, &o, text, sizeof(text)),
			    "f 15/15 (main=15 g=10 -> g=10), g 0/10 (f=10 -> f=10), main 0/15 (-> f=15)");
	pd_doc_unref(doc);
}

static void test_graph_long_recursion_crosses_runs(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_ALL);
	struct pd_doc *doc;
	char text[1024];

	(void)state;
	/* 41 frames: three nodes of the prefix tree, a and b in each */
	sample(&m, "r;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b", 1, 3);
	sample(&m, "r;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a;c", 1, 4);
	sample(&m, "r;a;b;a;b;a;b;a;b;a;b;a;b;a;b;a", 1, 20); /* ends where a run ends */
	doc = finish(&m);
	assert_string_equal(describe(doc, &o, text, sizeof(text)),
			    "a 20/27 (b=27 r=27 -> b=27 c=4), c 4/4 (a=4 ->), b 3/27 (a=27 -> a=27), r 0/27 (-> a=27)");
	pd_doc_unref(doc);
}

static void test_graph_marks_inlined(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_MARKS);
	struct pd_doc *doc;
	char text[1024];

	(void)state;
	sample(&m, "main;f+g", 1, 10);   /* g inlined into f */
	sample(&m, "main;f+h", 1, 10);
	sample(&m, "main;h", 1, 1);      /* h called as well */
	sample(&m, "main;f;k", 1, 5);
	sample(&m, "main;f+k", 1, 5);    /* one plain call from f makes the edge plain */
	doc = finish(&m);
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "h 11/11p, g 10/10i, k 10/10, f 0/30, main 0/31");
	o.edge_fraction = 0.1; /* cutoff 3: the plain edge main -> h goes, and with it the doubt */
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "h 11/11i, g 10/10i, k 10/10, f 0/30, main 0/31");
	pd_doc_unref(doc);
}

static void test_graph_trims_nodes(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_ALL);
	struct pd_graph_trim trim;
	struct pd_doc *doc;
	struct pd_graph *g;
	char text[1024];

	(void)state;
	sample(&m, "main;f;g", 1, 90);
	sample(&m, "main;small;g", 1, 9);
	sample(&m, "main;tiny", 1, 1);
	doc = finish(&m);
	o.node_fraction = 0.1;
	/* the way over small is residual; what tiny had is lost */
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "g 99/99 (f=90 main=9r ->), f 0/90 (main=90 -> g=90), main 0/100 (-> f=90 g=9)");
	o.node_count = 2;
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "g 99/99 (f=90 ->), f 0/90 (-> g=90)");
	g = pd_graph_new(doc, &o, NULL);
	pd_graph_trim(g, &trim);
	assert_int_equal(trim.candidates, 3);
	assert_int_equal(trim.dropped_nodes, 2);
	assert_int_equal(trim.shown_flat, 99);
	pd_graph_free(g);
	o.node_count = 0;
	o.node_fraction = 0.01; /* a node at the cutoff stays */
	assert_string_equal(describe(doc, &(struct pd_graph_opts){ .size = sizeof(o), .sample_type = 1, .node_fraction = 0.01 }, text, sizeof(text)),
			    "g 99/99, tiny 1/1, f 0/90, main 0/100, small 0/9");
	pd_doc_unref(doc);
}

static void test_graph_ties_go_by_name(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_NONE);
	struct pd_doc *doc;
	char text[1024];

	(void)state;
	sample(&m, "z", 1, 5);
	sample(&m, "a;b", 1, 5);
	sample(&m, "c;b2", 1, -5);
	doc = finish(&m);
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "b 5/5, b2 -5/-5, z 5/5, a 0/5, c 0/-5");
	o.sort_cum = true;
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "a 0/5, b 5/5, b2 -5/-5, c 0/-5, z 5/5");
	o.drop_negative = true;
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "a 0/5, b 5/5, z 5/5");
	pd_doc_unref(doc);
}

static void test_graph_mean_divides_per_node(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_NONE);
	struct pd_error err = { 0 };
	struct pd_doc *doc;
	char text[1024];
	int64_t total;

	(void)state;
	sample(&m, "main;f", 2, 10);
	sample(&m, "main;g", 3, 90);
	doc = finish(&m);
	o.mean = true;
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "g 30/30, f 5/5, main 0/20");
	assert_int_equal(pd_report_total(doc, 1, true, &total, &err), PD_OK);
	assert_int_equal(total, 20);
	pd_doc_unref(doc);
}

static void test_graph_values_that_cancel_leave_no_row(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_ALL);
	struct pd_doc *doc;
	char text[1024];
	int64_t total;

	(void)state;
	sample(&m, "main;gone", 1, 7);
	sample(&m, "main;gone", 1, -7);
	sample(&m, "main;stays", 1, 3);
	doc = finish(&m);
	/* no row, but the edge was there */
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "stays 3/3 (main=3 ->), main 0/3 (-> stays=3 gone=0)");
	assert_int_equal(pd_report_total(doc, 1, false, &total, NULL), PD_OK);
	assert_int_equal(total, 17);
	pd_doc_unref(doc);
}

static void test_graph_total_of_a_difference_is_its_base(void **state)
{
	struct maker m = start();
	struct pd_label base = { .key = pd_intern_z(m.b, "pprof::base"), .kind = PD_LABEL_STR, .str = pd_intern_z(m.b, "true") };
	struct pd_sample s = { .stack = stack_of(m.b, "main"), .labels = pd_labels_of(m.b, &base, 1) };
	int64_t values[2] = { -1, -40 }, total;
	struct pd_doc *doc;

	(void)state;
	sample(&m, "main", 1, 60);
	pd_sample_add(m.b, m.series, &s, values);
	doc = finish(&m);
	assert_int_equal(pd_report_total(doc, 1, false, &total, NULL), PD_OK);
	assert_int_equal(total, 40);
	pd_doc_unref(doc);
}

static void test_graph_refuses_overflow(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_NONE);
	struct pd_error err = { 0 }, again = { 0 };
	struct pd_doc *doc;
	int64_t total;

	(void)state;
	sample(&m, "a", 1, INT64_MAX);
	sample(&m, "b", 1, -2);
	doc = finish(&m);
	assert_null(pd_graph_new(doc, &o, &err));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	assert_int_equal(pd_report_total(doc, 1, false, &total, &again), PD_ERR_LIMIT);
	pd_doc_unref(doc);
}

static void test_graph_unit_of_the_report(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_NONE);
	struct pd_amount how = { .unit = "nanoseconds", .to = "minimum", .ratio = 1 };
	struct pd_doc *doc;
	struct pd_graph *g;

	(void)state;
	sample(&m, "a", 1, 20000000);
	sample(&m, "b", 1, 3000000000);
	doc = finish(&m);
	g = pd_graph_new(doc, &o, NULL);
	assert_string_equal(pd_graph_unit(g, &how, 3020000000), "s");
	assert_string_equal(pd_graph_unit(g, &how, 2000000000), "ms"); /* 100 times 20ms is not below the total */
	how.to = "us";
	assert_string_equal(pd_graph_unit(g, &how, 3020000000), "us");
	pd_graph_free(g);
	pd_doc_unref(doc);
}

static void test_graph_match_searches_names(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_NONE);
	struct pd_error err = { 0 };
	uint64_t matched = 9;
	struct pd_doc *doc;
	struct pd_graph *g;

	(void)state;
	sample(&m, "main.main;runtime.f;runtime.g", 1, 20);
	doc = finish(&m);
	g = pd_graph_new(doc, &o, NULL);
	assert_int_equal(pd_graph_match(g, "time\\.", false, &matched, &err), PD_OK);
	assert_int_equal(matched, 2);
	assert_int_equal(pd_graph_match(g, "^time", false, &matched, &err), PD_OK);
	assert_int_equal(matched, 0);
	assert_int_not_equal(pd_graph_match(g, "(", false, &matched, &err), PD_OK);
	pd_graph_free(g);
	pd_doc_unref(doc);
}

static void build_somehow(void *arg)
{
	struct pd_graph_opts o = { .size = sizeof(o), .sample_type = 1, .granularity = PD_BY_LINES, .edges = PD_EDGES_ALL, .node_fraction = 0.001 };
	struct pd_error err = { 0 };
	struct pd_graph *g = pd_graph_new(arg, &o, &err);
	uint64_t matched = 0;
	enum pd_status st = g ? pd_graph_match(g, "f1", false, &matched, &err) : err.status;

	if (st != PD_OK && !(fail_hit && st == PD_ERR_NOMEM)) /* sorting gets along with less memory, so both are fine */
		fail_msg("%s: %s", pd_status_name(st), err.text);
	if (st == PD_OK)
		assert_int_equal(matched, 111); /* f1, f10..19, f100..199 */
	pd_graph_free(g);
}

static void test_graph_survives_failing_allocation(void **state)
{
	struct maker m = start();
	struct pd_doc *doc;
	unsigned long fails;
	char stack[64];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(stack, sizeof(stack), "main;f%d;f%d+g%d", i, i * 7 % 200, i % 5);
		sample(&m, stack, 1, 10 + i);
	}
	doc = finish(&m);
	fails = fail_each(build_somehow, doc);
	assert_true(fails > 0 || !FAIL_ALLOC_WORKS);
	pd_doc_unref(doc);
}

static void test_graph_empty(void **state)
{
	struct maker m = start();
	struct pd_graph_opts o = by_functions(PD_EDGES_ALL);
	struct pd_doc *doc;
	char text[64];

	(void)state;
	sample(&m, "", 1, 5); /* counts for the total, belongs to nothing */
	doc = finish(&m);
	assert_string_equal(describe(doc, &o, text, sizeof(text)), "");
	o.sample_type = 2;
	assert_null(pd_graph_new(doc, &o, NULL));
	pd_doc_unref(doc);
}

static const struct {
	const char *path, *clean;
} paths[] = {
	{ "a/b", "a/b" }, { "/a//b/./c", "/a/b/c" }, { "a/../b", "b" }, { "../a", "../a" }, { "a/../../b", "../b" }, { "/../a", "/a" },
	{ "/", "/" }, { "//", "/" }, { ".", "." }, { "a/..", "." }, { "./a/", "a" }, { "../../a/..", "../.." }, { "a/b/../..", "." }, { "..", ".." },
	{ "/a/..", "/" }, { "..a/b", "..a/b" }, { "a../..", "." }, { "/a/b/../../..", "/" },
};

static void test_nodes_clean_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char got[64];

		got[pd_clean_path(paths[i].path, strlen(paths[i].path), got)] = 0;
		assert_string_equal(got, paths[i].clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_graph_counts_recursion_once),
		cmocka_unit_test(test_graph_long_recursion_crosses_runs),
		cmocka_unit_test(test_graph_marks_inlined),
		cmocka_unit_test(test_graph_trims_nodes),
		cmocka_unit_test(test_graph_ties_go_by_name),
		cmocka_unit_test(test_graph_mean_divides_per_node),
		cmocka_unit_test(test_graph_values_that_cancel_leave_no_row),
		cmocka_unit_test(test_graph_total_of_a_difference_is_its_base),
		cmocka_unit_test(test_graph_refuses_overflow),
		cmocka_unit_test(test_graph_unit_of_the_report),
		cmocka_unit_test(test_graph_match_searches_names),
		cmocka_unit_test(test_graph_survives_failing_allocation),
		cmocka_unit_test(test_graph_empty),
		cmocka_unit_test(test_nodes_clean_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
