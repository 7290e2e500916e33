/* Call trees: what is merged, in which order, with which sums. */
#include "cm.h"
#include <profdata/profdata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pd_builder *builder(void)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);

	assert_non_null(b);
	pd_series_add(b, pd_intern_z(b, ""));
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") });
	return b;
}

/* "a;b;c" */
static pd_stack stack(struct pd_builder *b, const char *text)
{
	pd_stack s = { 0 };

	while (*text) {
		size_t n = strcspn(text, ";");

		s = pd_stack_push(b, s, pd_frame_named(b, text, n));
		text += n + (text[n] == ';');
	}
	return s;
}

static void add(struct pd_builder *b, const char *text, int64_t value)
{
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = stack(b, text) }, &value);
}

static void add_labelled(struct pd_builder *b, const char *text, int64_t value, const char *comm, int64_t tid, int64_t time)
{
	struct pd_label l[2];
	size_t n = 0;

	if (comm)
		l[n++] = (struct pd_label){ .key = pd_intern_z(b, "comm"), .kind = PD_LABEL_STR, .str = pd_intern_z(b, comm) };
	if (tid)
		l[n++] = (struct pd_label){ .key = pd_intern_z(b, "tid"), .kind = PD_LABEL_NUM, .num = tid };
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = stack(b, text), .labels = pd_labels_of(b, l, n), .has_time = time != 0, .time = time }, &value);
}

static struct pd_calltree *tree_of(struct pd_builder *b, struct pd_calltree_opts o)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(b, &err);
	struct pd_calltree *t;

	assert_non_null(doc);
	pd_builder_free(b);
	o.size = sizeof o;
	t = pd_calltree_new(doc, &o, &err);
	pd_doc_unref(doc); /* the tree keeps its own reference */
	if (!t)
		fail_msg("%s", err.text);
	return t;
}

/* "name:self/total(children)" of the whole tree, flags as k j i. */
static const char *text_of(const struct pd_calltree *t)
{
	static char text[8192];
	const struct pd_calltree_nodes *n = pd_calltree_nodes(t);
	size_t at = 0;
	uint32_t open[64], depth = 0;

	for (uint32_t i = 0; i < n->n; i++) {
		struct pd_calltree_frame f;

		while (depth && open[depth - 1] <= i)
			at += (size_t)snprintf(text + at, sizeof text - at, ")"), depth--;
		assert_int_equal(n->depth[i], depth);
		assert_true(i == 0 || n->parent[i] < i);
		pd_calltree_frame(t, n->frame[i], &f);
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s%s%s%s:%lld/%lld", i && n->parent[i] != i - 1 ? " " : "", (int)f.name.n, f.name.p,
				       n->flags[i] & PD_CALLTREE_KERNEL ? "^k" : "", n->flags[i] & PD_CALLTREE_JIT ? "^j" : "",
				       n->flags[i] & PD_CALLTREE_INLINED ? "^i" : "", (long long)n->self[i], (long long)n->total[i]);
		if (n->end[i] > i + 1) {
			at += (size_t)snprintf(text + at, sizeof text - at, "(");
			open[depth++] = n->end[i];
		}
		assert_true(depth < 64);
	}
	while (depth--)
		at += (size_t)snprintf(text + at, sizeof text - at, ")");
	return text;
}

static void expect(struct pd_builder *b, struct pd_calltree_opts o, const char *want)
{
	struct pd_calltree *t = tree_of(b, o);

	assert_string_equal(text_of(t), want);
	pd_calltree_free(t);
}

static void test_calltree_merges_by_tree(void **state)
{
	struct pd_builder *b = builder();

	(void)state;
	add(b, "main;foo", 60);
	add(b, "main;foo.cold;x", 20); /* sorts between foo and foo;bar as text */
	add(b, "main;foo;bar", 20);
	add(b, "main;foo", 1);
	add(b, "main;gone", 0);
	expect(b, (struct pd_calltree_opts){ 0 }, "all:0/101(main:0/101(foo:61/81(bar:20/20) foo.cold:0/20(x:20/20)))");
}

static void test_calltree_orders_siblings(void **state)
{
	struct pd_calltree_opts o = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct pd_builder *b = builder();

		add(b, "z", 5);
		add(b, "ab", 5);
		add(b, "a\xc3\xa4", 1);
		add(b, "a", 300);
		o.sort = (enum pd_calltree_sort)i;
		expect(b, o, i == PD_CALLTREE_BY_NAME ? "all:0/311(a:300/300 ab:5/5 a\xc3\xa4:1/1 z:5/5)" :
			     i == PD_CALLTREE_BY_WEIGHT ? "all:0/311(a:300/300 ab:5/5 z:5/5 a\xc3\xa4:1/1)" : "all:0/311(z:5/5 ab:5/5 a\xc3\xa4:1/1 a:300/300)");
	}
}

static void test_calltree_reverse(void **state)
{
	struct pd_builder *b = builder();

	(void)state;
	add(b, "main;a;malloc", 3);
	add(b, "main;b;malloc", 4);
	add(b, "main;malloc", 1);
	expect(b, (struct pd_calltree_opts){ .reverse = true }, "all:0/8(malloc:0/8(a:0/3(main:3/3) b:0/4(main:4/4) main:1/1))");
}

static void test_calltree_root_label(void **state)
{
	for (int reverse = 0; reverse < 2; reverse++) {
		struct pd_builder *b = builder();

		(void)state;
		pd_builder_meta(b)->root_label = pd_intern_z(b, "comm");
		add_labelled(b, "main;a", 1, "web", 0, 0);
		add_labelled(b, "main;a", 2, "db", 7, 0);
		add_labelled(b, "main;a;b", 4, "web", 8, 0);
		add_labelled(b, "main", 8, NULL, 0, 0);
		add_labelled(b, "", 16, "db", 0, 0);
		expect(b, (struct pd_calltree_opts){ .root_label = true, .reverse = reverse },
		       reverse ? "all:0/31(a:0/3(main:0/3(db:2/2 web:1/1)) b:0/4(a:0/4(main:0/4(web:4/4))) db:16/16 main:8/8)" :
				 "all:0/31(db:16/18(main:0/2(a:2/2)) main:8/8 web:0/5(main:0/5(a:1/5(b:4/4))))");
	}
}

static pd_frame frame_of(struct pd_builder *b, const char *const *names, uint32_t n, const char *object, uint64_t address, uint32_t flags)
{
	struct pd_line line[4] = { 0 };
	pd_mapping m = { 0 };

	for (uint32_t i = 0; i < n; i++)
		line[i] = (struct pd_line){ .func = pd_func_add(b, &(struct pd_func_desc){ .name = pd_intern_z(b, names[i]), .file = pd_intern_z(b, "dir/f.c") }), .line = 10 + i };
	if (object)
		m = pd_mapping_add(b, &(struct pd_mapping_desc){ .start = 0x1000, .limit = 0x2000, .file = pd_intern_z(b, object) });
	return pd_frame_add(b, &(struct pd_frame_desc){ .mapping = m, .address = address, .flags = flags, .n_lines = n, .lines = line });
}

static void test_calltree_lines_and_granularities(void **state)
{
	static const char *const want[] = {
		[PD_BY_FUNCTIONS] = "all:0/1(main:0/1(inner^i:0/1([libz.so]:0/1([vdso]:0/1([unknown]^k:1/1)))))",
		[PD_BY_FILEFUNCTIONS] = "all:0/1(main dir/f.c:0/1(inner dir/f.c^i:0/1([libz.so]:0/1([vdso]:0/1([unknown]^k:1/1)))))",
		[PD_BY_FILES] = "all:0/1(dir/f.c:0/1(dir/f.c^i:0/1([libz.so]:0/1([vdso]:0/1([unknown]^k:1/1)))))",
		[PD_BY_LINES] = "all:0/1(main dir/f.c:11:0/1(inner dir/f.c:10^i:0/1([libz.so]:0/1([vdso]:0/1([unknown]^k:1/1)))))",
		[PD_BY_ADDRESSES] = "all:0/1(0x0000000000001100 main dir/f.c:11:0/1(0x0000000000001100 inner dir/f.c:10^i:0/1(0x0000000000001200 libz.so:0/1([vdso]:0/1(0x0000000000000042^k:1/1)))))",
		[PD_BY_MODULES] = "all:0/1(app:0/1(libz.so:0/1([vdso]:0/1([unknown]^k:1/1))))",
	};

	(void)state;
	for (int g = PD_BY_FUNCTIONS; g <= PD_BY_MODULES; g++) {
		struct pd_builder *b = builder();
		int64_t one = 1;
		pd_frame f[4] = { frame_of(b, (const char *const[]){ "inner", "main" }, 2, "/bin/app", 0x1100, 0), frame_of(b, NULL, 0, "/lib/libz.so", 0x1200, 0),
				  frame_of(b, NULL, 0, "[vdso]", 0, 0), frame_of(b, NULL, 0, NULL, 0x42, PD_FRAME_KERNEL) };

		pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, f, 4, PD_ROOT_FIRST) }, &one);
		expect(b, (struct pd_calltree_opts){ .granularity = (enum pd_granularity)g }, want[g]);
	}
}

static void test_calltree_flags_of_merged_places(void **state)
{
	struct pd_builder *b = builder();
	int64_t one = 1;
	pd_frame f = frame_of(b, (const char *const[]){ "f" }, 1, NULL, 1, PD_FRAME_INLINED), plain = frame_of(b, (const char *const[]){ "f" }, 1, NULL, 2, PD_FRAME_JIT);

	(void)state;
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_push(b, (pd_stack){ 0 }, f) }, &one);
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_push(b, (pd_stack){ 0 }, plain) }, &one);
	expect(b, (struct pd_calltree_opts){ 0 }, "all:0/2(f^j:2/2)");
}

static void test_calltree_chart_in_time_order(void **state)
{
	struct pd_builder *b = builder();

	(void)state;
	add_labelled(b, "m;a;x", 1, "c", 1, 300);
	add_labelled(b, "m;a;x", 1, "c", 1, 100);
	add_labelled(b, "m;b", 1, "c", 1, 200);
	add_labelled(b, "m;a", 1, "c", 1, 310);
	add_labelled(b, "m;a;x", 1, "c", 1, 320);
	add_labelled(b, "m;a;x", 1, "c", 2, 50); /* another thread is never a neighbour */
	expect(b, (struct pd_calltree_opts){ .in_order = true },
	       "all:0/6(m:0/5(a:0/1(x:1/1) b:1/1 a:1/3(x:1/1 x:1/1)) m:0/1(a:0/1(x:1/1)))");
}

static void test_calltree_negative_values(void **state)
{
	struct pd_builder *b = builder();
	struct pd_calltree *t;
	const struct pd_calltree_nodes *n;

	(void)state;
	add(b, "m;a", 10);
	add(b, "m;a", -10);
	add(b, "m;b", -3);
	add(b, "m;c", 5);
	t = tree_of(b, (struct pd_calltree_opts){ 0 });
	assert_string_equal(text_of(t), "all:0/2(m:0/2(a:0/0 b:-3/-3 c:5/5))");
	n = pd_calltree_nodes(t);
	assert_true(n->negative);
	assert_int_equal(n->weight[0], 28);
	assert_int_equal(n->weight[2], 20);
	assert_int_equal(n->weight[3], 3);
	pd_calltree_free(t);
}

static void test_calltree_overflow_is_an_error(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct pd_builder *b = builder();
		struct pd_error err = { 0 };
		struct pd_doc *doc;

		add(b, "m;a", i == 2 ? INT64_MIN : INT64_MAX);
		add(b, i == 0 ? "m;a" : "m;b", i == 2 ? 1 : 2);
		doc = pd_builder_finish(b, &err);
		pd_builder_free(b);
		assert_non_null(doc);
		assert_null(pd_calltree_new(doc, &(struct pd_calltree_opts){ .size = sizeof(struct pd_calltree_opts) }, &err));
		assert_int_equal(err.status, PD_ERR_LIMIT);
		pd_doc_unref(doc);
	}
}

static void test_calltree_empty_and_unknown_type(void **state)
{
	struct pd_builder *b = builder();
	struct pd_error err = { 0 };
	struct pd_doc *doc;

	(void)state;
	expect(b, (struct pd_calltree_opts){ 0 }, "all:0/0");
	b = builder();
	doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	assert_null(pd_calltree_new(doc, &(struct pd_calltree_opts){ .size = sizeof(struct pd_calltree_opts), .sample_type = 1 }, &err));
	assert_int_equal(err.status, PD_ERR_USAGE);
	pd_doc_unref(doc);
}

static void test_calltree_deep_stack(void **state)
{
	enum { DEEP = 60000 };

	(void)state;
	for (int reverse = 0; reverse < 2; reverse++) {
		struct pd_builder *b = builder();
		pd_frame *f = malloc(DEEP * sizeof *f);
		int64_t one = 1;
		struct pd_calltree *t;

		for (int i = 0; i < DEEP; i++) {
			char name[16];

			f[i] = pd_frame_named(b, name, (size_t)snprintf(name, sizeof name, "f%d", i % 1000));
		}
		pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, f, DEEP, PD_ROOT_FIRST) }, &one);
		free(f);
		t = tree_of(b, (struct pd_calltree_opts){ .reverse = reverse });
		assert_int_equal(pd_calltree_nodes(t)->n, DEEP + 1);
		assert_int_equal(pd_calltree_nodes(t)->max_depth, DEEP);
		assert_int_equal(pd_calltree_nodes(t)->total[DEEP], 1);
		pd_calltree_free(t);
	}
}

/* ---- random stacks against sums over all rows ---- */

enum { ROWS = 400 };
static char row_text[ROWS][64];
static int64_t row_value[ROWS];

static bool begins(const char *path, const char *with)
{
	size_t n = strlen(with);

	return !strncmp(path, with, n) && (path[n] == ';' || !path[n]);
}

static void test_calltree_random_against_sums(void **state)
{
	uint32_t seed = 12345;
	struct pd_builder *b = builder();
	struct pd_calltree *t;
	const struct pd_calltree_nodes *n;

	(void)state;
	for (int r = 0; r < ROWS; r++) {
		size_t at = 0;
		unsigned depth = 1 + (seed = seed * 1103515245 + 12345, seed >> 16) % 9;

		for (unsigned d = 0; d < depth; d++)
			at += (size_t)snprintf(row_text[r] + at, sizeof row_text[r] - at, "%s%c", d ? ";" : "", 'a' + (int)((seed = seed * 1103515245 + 12345, seed >> 16) % 3));
		row_value[r] = 1 + r % 7;
		add(b, row_text[r], row_value[r]);
	}
	t = tree_of(b, (struct pd_calltree_opts){ 0 });
	n = pd_calltree_nodes(t);
	for (uint32_t i = 1; i < n->n; i++) {
		char path[64] = "";
		int64_t self = 0, total = 0;

		for (uint32_t k = i; k; k = n->parent[k]) { /* from the leaf: put in front */
			struct pd_calltree_frame f;
			size_t have = strlen(path);

			pd_calltree_frame(t, n->frame[k], &f);
			memmove(path + f.name.n + (have > 0), path, have + 1);
			memcpy(path, f.name.p, f.name.n);
			if (have)
				path[f.name.n] = ';';
		}
		for (int r = 0; r < ROWS; r++) {
			total += begins(row_text[r], path) ? row_value[r] : 0;
			self += strcmp(row_text[r], path) ? 0 : row_value[r];
		}
		assert_int_equal(n->self[i], self);
		assert_int_equal(n->total[i], total);
		assert_ptr_equal(n->weight, n->total);
	}
	pd_calltree_free(t);
}

static void test_calltree_has_a_limit_of_nodes(void **state)
{
	struct pd_calltree_opts o = { .size = sizeof o, .max_nodes = 4 };
	struct pd_builder *b = builder();
	struct pd_error err = { 0 };
	struct pd_calltree *t;
	struct pd_doc *doc;

	(void)state;
	add(b, "a;b;c", 1);
	add(b, "a;d", 1);
	doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	assert_non_null(doc);
	t = pd_calltree_new(doc, &o, &err);
	assert_non_null(t); /* exactly at the limit */
	assert_int_equal(pd_calltree_nodes(t)->n, 5);
	pd_calltree_free(t);
	for (int chart = 0; chart < 2; chart++) {
		err = (struct pd_error){ 0 };
		o.in_order = chart;
		o.max_nodes = 3;
		assert_null(pd_calltree_new(doc, &o, &err));
		assert_int_equal(err.status, PD_ERR_LIMIT);
	}
	pd_doc_unref(doc);
}

/* Rows of value 0 in the type drawn bring places too, and every row finds its place again, labels or not. */
static void test_calltree_of_all_types_finds_places(void **state)
{
	struct pd_builder *b = builder();
	struct pd_value_type second = { .type = pd_intern_z(b, "space"), .unit = pd_intern_z(b, "bytes") };
	struct pd_label comm = { .key = pd_intern_z(b, "comm"), .kind = PD_LABEL_STR, .str = pd_intern_z(b, "sh") };
	pd_labels sh = pd_labels_of(b, &comm, 1);
	pd_stack ma = stack(b, "m;a"), mb = stack(b, "m;b"), none = { 0 };
	const int64_t v[4][2] = { { 1, 10 }, { 0, 20 }, { 0, 0 }, { 0, 5 } };
	struct pd_calltree *t;
	const struct pd_calltree_nodes *n;

	(void)state;
	pd_series_value(b, 0, &second);
	pd_builder_meta(b)->root_label = pd_intern_z(b, "comm");
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = ma }, v[0]);
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = mb, .labels = sh }, v[1]);
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = stack(b, "m;nothing") }, v[2]);
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = none, .labels = sh }, v[3]);
	t = tree_of(b, (struct pd_calltree_opts){ .all_types = true, .root_label = true });
	assert_string_equal(text_of(t), "all:0/1(m:0/1(a:1/1) sh:0/0(m:0/0(b:0/0)))");
	n = pd_calltree_nodes(t);
	assert_int_equal(pd_calltree_node(t, (pd_labels){ 0 }, ma), 2);
	assert_int_equal(n->depth[pd_calltree_node(t, sh, mb)], 3);
	assert_int_equal(pd_calltree_node(t, sh, none), 3);                 /* a label without a stack */
	assert_int_equal(pd_calltree_node(t, (pd_labels){ 0 }, none), 0);
	assert_int_equal(pd_calltree_node(t, (pd_labels){ 0 }, mb), 0);      /* no row has it */
	pd_calltree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calltree_merges_by_tree), cmocka_unit_test(test_calltree_orders_siblings),
		cmocka_unit_test(test_calltree_reverse), cmocka_unit_test(test_calltree_root_label),
		cmocka_unit_test(test_calltree_lines_and_granularities), cmocka_unit_test(test_calltree_flags_of_merged_places),
		cmocka_unit_test(test_calltree_chart_in_time_order), cmocka_unit_test(test_calltree_negative_values),
		cmocka_unit_test(test_calltree_overflow_is_an_error), cmocka_unit_test(test_calltree_empty_and_unknown_type),
		cmocka_unit_test(test_calltree_deep_stack), cmocka_unit_test(test_calltree_random_against_sums),
		cmocka_unit_test(test_calltree_has_a_limit_of_nodes), cmocka_unit_test(test_calltree_of_all_types_finds_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
