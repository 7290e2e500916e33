/* Merge as algebra: any order and grouping of the parts gives the same document; the rules for headers, units and types. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"
#include <profdata/format.h>
#include <profdata/transform.h>

static const struct pd_merge_opts exact = { .size = sizeof exact, .kind = PD_MERGE_EXACT };

static uint64_t seed = 42;

static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static struct pd_builder *builder(const char *type, const char *unit)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);

	assert_non_null(b);
	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") });
	if (type)
		pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, type), .unit = pd_intern_z(b, unit) });
	return b;
}

static struct pd_doc *finish(struct pd_builder *b)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(b, &err);

	assert_string_equal(err.text, "");
	assert_true(pd_doc_check(doc, &err));
	pd_builder_free(b);
	return doc;
}

/* A sample of a small world: few names, two libraries at an address base of the document's own, labels, depth up to 40. */
static void random_sample(struct pd_builder *b, uint64_t base)
{
	pd_frame f[40];
	unsigned depth = rnd(41);
	struct pd_label l[2] = { { .key = pd_intern_z(b, "k"), .str = pd_intern_z(b, rnd(2) ? "x" : "y") },
				 { .key = pd_intern_z(b, "n"), .kind = PD_LABEL_NUM, .num = rnd(3) } };
	int64_t v[2] = { (int64_t)rnd(5), (int64_t)rnd(1000) - 300 };

	for (unsigned i = 0; i < depth; i++) {
		char name[16];
		struct pd_mapping_desc m = { .start = base, .limit = base + 0x5000, .offset = 0x1000,
					     .file = pd_intern_z(b, "/lib/a.so"), .build_id = pd_intern_z(b, "abcd") };
		unsigned k = rnd(6);
		pd_str text = pd_intern(b, name, (size_t)snprintf(name, sizeof name, "f%u", k));
		struct pd_line line[2] = { { .func = pd_func_add(b, &(struct pd_func_desc){ .name = text }), .line = k },
					   { .func = pd_func_add(b, &(struct pd_func_desc){ .name = pd_intern_z(b, "outer") }) } };

		f[i] = pd_frame_add(b, &(struct pd_frame_desc){ .mapping = k < 4 ? pd_mapping_add(b, &m) : (pd_mapping){ 0 },
								.address = k < 4 ? base + 16 * k : 0, .n_lines = 1 + k % 2, .lines = line });
	}
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, f, depth, PD_ROOT_FIRST), .labels = pd_labels_of(b, l, rnd(3)) }, v);
}

static struct pd_doc *random_doc(unsigned i)
{
	struct pd_builder *b = builder("cpu", "nanoseconds");
	char text[32];

	for (unsigned n = rnd(200); n; n--)
		random_sample(b, 0x400000 + (uint64_t)i * 0x10000);
	pd_builder_meta(b)->time_nanos = i % 3 ? 1000 + i : 0;
	pd_builder_meta(b)->duration_nanos = i;
	pd_builder_meta(b)->period = i % 4;
	pd_builder_meta(b)->period_type = pd_intern_z(b, "cpu");
	pd_builder_meta(b)->period_unit = pd_intern_z(b, "nanoseconds");
	if (i % 2)
		pd_builder_meta(b)->doc_url = pd_intern(b, text, (size_t)snprintf(text, sizeof text, "https://d/%u", i));
	pd_builder_comment(b, pd_intern(b, text, (size_t)snprintf(text, sizeof text, "c%u", i % 4)));
	return finish(b);
}

static struct pd_doc *sum_of(struct pd_doc **docs, size_t n)
{
	struct pd_error err = { 0 };
	struct pd_doc *sum = pd_merge((const struct pd_doc *const *)docs, n, &exact, NULL, 0, &err);

	assert_string_equal(err.text, "");
	assert_true(pd_doc_check(sum, &err));
	return sum;
}

/* Equal down to ids: what makes written bytes equal. */
static void assert_same(const struct pd_doc *a, const struct pd_doc *b)
{
	assert_int_equal(a->t.strings.row.n, b->t.strings.row.n);
	for (size_t i = 0; i < a->t.strings.row.n; i++)
		assert_string_equal(a->t.strings.row.v[i].p, b->t.strings.row.v[i].p);
	assert_int_equal(a->t.mapping.n, b->t.mapping.n);
	for (size_t i = 0; i < a->t.mapping.n; i++) {
		const struct pd_mapping_desc *x = &a->t.mapping.v[i], *y = &b->t.mapping.v[i];

		assert_true(x->start == y->start && x->limit == y->limit && x->offset == y->offset && x->file.v == y->file.v &&
			    x->build_id.v == y->build_id.v && x->flags == y->flags);
	}
	assert_int_equal(a->t.frame.n, b->t.frame.n);
	assert_memory_equal(a->t.frame.v, b->t.frame.v, a->t.frame.n * sizeof *a->t.frame.v);
	assert_int_equal(a->t.stack.n, b->t.stack.n);
	assert_memory_equal(a->t.stack.v, b->t.stack.v, a->t.stack.n * sizeof *a->t.stack.v);
	assert_int_equal(a->t.run.n, b->t.run.n);
	assert_memory_equal(a->t.run.v, b->t.run.v, a->t.run.n * sizeof *a->t.run.v);
	assert_int_equal(a->t.set.n, b->t.set.n);
	assert_int_equal(a->series.v[0].rows, b->series.v[0].rows);
	for (size_t k = 0; k < a->series.v[0].chunk.n; k++) {
		const struct pd_chunk *x = a->series.v[0].chunk.v[k], *y = b->series.v[0].chunk.v[k];

		assert_memory_equal(x->stack, y->stack, x->n * sizeof *x->stack);
		assert_memory_equal(x->labels, y->labels, x->n * sizeof *x->labels);
		for (unsigned v = 0; v < a->series.v[0].n_values; v++)
			assert_memory_equal(x->value[v], y->value[v], x->n * sizeof *x->value[v]);
	}
	assert_memory_equal(&a->meta, &b->meta, sizeof a->meta);
	assert_int_equal(a->comment.n, b->comment.n);
	for (size_t i = 0; i < a->comment.n; i++)
		assert_int_equal(a->comment.v[i].v, b->comment.v[i].v);
}

static void test_merge_any_order_and_grouping(void **state)
{
	struct pd_doc *doc[9], *all;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		doc[i] = random_doc(i);
	all = sum_of(doc, 9);
	for (unsigned round = 0; round < 40; round++) {
		struct pd_doc *list[9], *part[9];
		size_t n = 0;

		memcpy(list, doc, sizeof list);
		for (unsigned i = 9; i > 1; i--) {
			unsigned k = rnd(i);
			struct pd_doc *swap = list[i - 1];

			list[i - 1] = list[k];
			list[k] = swap;
		}
		for (unsigned at = 0, take; at < 9; at += take) {
			take = 1 + rnd(9 - at);
			part[n++] = sum_of(list + at, take);
		}
		struct pd_doc *sum = sum_of(part, n);
		assert_same(all, sum);
		pd_doc_unref(sum);
		while (n)
			pd_doc_unref(part[--n]);
	}
	/* identity and the digest */
	struct pd_doc *empty = finish(builder("cpu", "nanoseconds")), *two[2] = { all, empty }, *sum = sum_of(two, 2);
	char x[33], y[33];
	struct pd_error err = { 0 };
	assert_same(all, sum);
	assert_int_equal(pd_hash(all, x, &err), PD_OK);
	assert_int_equal(pd_hash(sum, y, &err), PD_OK);
	assert_string_equal(x, y);
	assert_int_equal(pd_hash(doc[1], y, &err), PD_OK);
	assert_string_not_equal(x, y);
	pd_doc_unref(sum);
	pd_doc_unref(empty);
	pd_doc_unref(all);
	for (unsigned i = 0; i < 9; i++)
		pd_doc_unref(doc[i]);
}

static struct pd_doc *one_value(const char *type, const char *unit, int64_t v, uint8_t decimals)
{
	struct pd_builder *b = builder(NULL, NULL);
	pd_frame f = pd_frame_named(b, "f", 1);
	int64_t values[2] = { 1, v };

	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, type), .unit = pd_intern_z(b, unit), .decimals = decimals });
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, &f, 1, PD_ROOT_FIRST) }, values);
	return finish(b);
}

static void test_merge_finest_unit(void **state)
{
	struct pd_doc *doc[3] = { one_value("cpu", "milliseconds", 3, 0), one_value("cpu", "nanoseconds", 5, 0), one_value("cpu", "seconds", 25, 1) };

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		struct pd_doc *list[3] = { doc[turn], doc[(turn + 1) % 3], doc[(turn + 2) % 3] }, *sum = sum_of(list, 3);
		struct pd_sample_type t;
		int64_t total, abs_total;

		pd_doc_sample_type(sum, 1, &t);
		assert_string_equal(pd_doc_string(sum, t.type.unit).p, "nanoseconds");
		assert_int_equal(t.type.decimals, 1);
		assert_true(pd_doc_total(sum, 1, &total, &abs_total));
		assert_int_equal(total, 25030000050);
		pd_doc_unref(sum);
	}
	for (unsigned i = 0; i < 3; i++)
		pd_doc_unref(doc[i]);
}

static void test_merge_common_types_only(void **state)
{
	struct pd_doc *doc[2] = { one_value("cpu", "nanoseconds", 3, 0), one_value("wall", "nanoseconds", 5, 0) }, *sum;
	struct pd_error err = { 0 };
	char dropped[64];

	(void)state;
	sum = pd_merge((const struct pd_doc *const *)doc, 2, &exact, dropped, sizeof dropped, &err);
	assert_non_null(sum);
	assert_int_equal(pd_doc_sample_types(sum), 1);
	assert_string_equal(dropped, "wall, cpu");
	assert_int_equal(pd_series_count(sum, 0), 1);
	pd_doc_unref(sum);
	pd_doc_unref(doc[1]);
	doc[1] = one_value("cpu", "bytes", 1, 0);
	assert_null(pd_merge((const struct pd_doc *const *)doc, 2, &exact, dropped, sizeof dropped, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	pd_doc_unref(doc[0]);
	pd_doc_unref(doc[1]);
}

static void test_merge_overflow_is_an_error(void **state)
{
	struct pd_doc *doc[2] = { one_value("cpu", "nanoseconds", INT64_MAX, 0), one_value("cpu", "nanoseconds", 1, 0) };
	struct pd_error err = { 0 };

	(void)state;
	assert_null(pd_merge((const struct pd_doc *const *)doc, 2, &exact, NULL, 0, &err));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	pd_doc_unref(doc[0]);
	pd_doc_unref(doc[1]);
}

static void test_merge_cancelling_rows_go(void **state)
{
	struct pd_builder *b = builder("cpu", "nanoseconds");
	struct pd_doc *doc[2], *sum;
	pd_frame f = pd_frame_named(b, "f", 1);

	(void)state;
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, &f, 1, PD_ROOT_FIRST) }, (int64_t[]){ 2, 7 });
	doc[0] = finish(b);
	b = builder("cpu", "nanoseconds");
	f = pd_frame_named(b, "f", 1);
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, &f, 1, PD_ROOT_FIRST) }, (int64_t[]){ -2, -7 });
	doc[1] = finish(b);
	sum = sum_of(doc, 2);
	assert_int_equal(pd_series_count(sum, 0), 0);
	pd_doc_unref(sum);
	pd_doc_unref(doc[0]);
	pd_doc_unref(doc[1]);
}

static struct pd_out *written(const struct pd_doc *doc)
{
	struct pd_error err = { 0 };
	struct pd_out *out = pd_out_memory(0, 0, &err);

	assert_int_equal(pd_save(doc, pd_format_named("pprof"), NULL, NULL, out, NULL, 0, &err), PD_OK);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	return out;
}

/* Adds the bytes to the sum: through a document, or straight. */
static enum pd_status add_bytes(struct pd_merger *m, struct pd_span bytes, bool straight, const struct pd_limits *limits, struct pd_error *err)
{
	struct pd_source *src = pd_source_memory("part.pb", bytes.p, bytes.n, NULL, err);
	enum pd_status status;

	assert_non_null(src);
	if (straight) {
		status = pd_load_into(pd_merger_open(m, limits, 0), src, NULL, err);
		if (status == PD_OK && !pd_merger_close(m, err))
			status = err->status;
	} else {
		struct pd_doc *doc = pd_load(src, NULL, err);

		status = doc && pd_merger_add(m, doc, err) ? PD_OK : err->status;
		pd_doc_unref(doc);
	}
	pd_source_free(src);
	return status;
}

static void test_merge_straight_equals_documents(void **state)
{
	struct pd_error err = { 0 };
	struct pd_out *part[9];
	struct pd_doc *want = NULL;

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		struct pd_doc *doc = random_doc(i);

		part[i] = written(doc);
		pd_doc_unref(doc);
	}
	for (unsigned round = 0; round < 20; round++) {
		struct pd_merger *m = pd_merger_new(&exact, &err);
		struct pd_doc *sum;

		for (unsigned i = 0; i < 9; i++) /* round 0: documents only, round 1: all straight */
			assert_int_equal(add_bytes(m, pd_out_memory_span(part[(i + round) % 9]), round == 1 || (round && rnd(2)), NULL, &err), PD_OK);
		sum = pd_merger_finish(m, NULL, 0, &err);
		assert_string_equal(err.text, "");
		assert_true(pd_doc_check(sum, &err));
		if (want)
			assert_same(want, sum);
		else
			want = pd_doc_ref(sum);
		pd_doc_unref(sum);
		pd_merger_free(m);
	}
	pd_doc_unref(want);
	for (unsigned i = 0; i < 9; i++)
		pd_out_free(part[i]);
}

static void test_merge_straight_failures(void **state)
{
	const struct pd_limits tight = { .size = sizeof tight, .max_memory = 1000 };
	struct pd_doc *doc = random_doc(3), *empty = finish(builder("cpu", "nanoseconds"));
	struct pd_out *bytes = written(doc);
	struct pd_span all = pd_out_memory_span(bytes);
	struct pd_merger *m;
	struct pd_error err = { 0 };

	(void)state;
	m = pd_merger_new(&exact, &err); /* the limit counts what the input adds, and leads to a failed sum */
	assert_int_equal(add_bytes(m, all, true, NULL, &err), PD_OK);
	assert_int_equal(add_bytes(m, all, true, &tight, &err), PD_ERR_LIMIT);
	assert_non_null(strstr(err.text, "1000 bytes"));
	pd_merger_free(m);
	m = pd_merger_new(&exact, &err);
	err = (struct pd_error){ 0 };
	assert_int_equal(add_bytes(m, (struct pd_span){ all.p, all.n / 2 }, true, NULL, &err), PD_ERR_DATA);
	assert_null(pd_merger_finish(m, NULL, 0, &(struct pd_error){ 0 })); /* an input is open */
	pd_merger_free(m);
	m = pd_merger_new(&exact, &err);
	err = (struct pd_error){ 0 };
	pd_merger_open(m, NULL, 0);
	assert_true(pd_builder_failed(pd_merger_open(m, NULL, 0)));
	assert_false(pd_merger_add(m, empty, &err));
	pd_merger_free(m);
	pd_out_free(bytes);
	pd_doc_unref(doc);
	pd_doc_unref(empty);
}

/* Comments are a set, however many there are: pairwise comparing would take minutes. */
static void test_merge_many_comments(void **state)
{
	struct pd_doc *doc[2], *sum;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct pd_builder *b = builder("cpu", "nanoseconds");
		char text[16];

		for (unsigned i = 0; i < 200000; i++)
			pd_builder_comment(b, pd_intern(b, text, (size_t)snprintf(text, sizeof text, "c%u", i + 100000 * k)));
		doc[k] = finish(b);
	}
	sum = sum_of(doc, 2);
	assert_int_equal(sum->comment.n, 300000);
	pd_doc_unref(sum);
	pd_doc_unref(doc[0]);
	pd_doc_unref(doc[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge_any_order_and_grouping), cmocka_unit_test(test_merge_finest_unit),
		cmocka_unit_test(test_merge_common_types_only),	     cmocka_unit_test(test_merge_overflow_is_an_error),
		cmocka_unit_test(test_merge_cancelling_rows_go),
		cmocka_unit_test(test_merge_straight_equals_documents), cmocka_unit_test(test_merge_straight_failures),
		cmocka_unit_test(test_merge_many_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
