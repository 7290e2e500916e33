/* Tables, stacks, label sets, series: what goldens cannot reach. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

static struct pd_builder *fresh(unsigned flags)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, flags, &err);

	assert_non_null(b);
	return b;
}

static struct pd_doc *finish(struct pd_builder *b)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(b, &err);

	assert_non_null(doc);
	assert_true(pd_doc_check(doc, &err));
	pd_builder_free(b);
	return doc;
}

static pd_frame numbered(struct pd_builder *b, unsigned i)
{
	char name[32];

	return pd_frame_named(b, name, (size_t)snprintf(name, sizeof name, "f%u", i));
}

static void test_model_strings_once(void **state)
{
	struct pd_builder *b = fresh(0);
	pd_str a = pd_intern_z(b, "alpha"), c = pd_intern_z(b, "beta");

	(void)state;
	assert_int_equal(pd_intern(b, "alphabet", 5).v, a.v);
	assert_int_not_equal(a.v, c.v);
	assert_int_equal(pd_intern_z(b, "").v, 0);
	for (unsigned i = 0; i < 5000; i++)
		numbered(b, i);
	assert_int_equal(pd_intern_z(b, "beta").v, c.v);
	struct pd_doc *doc = finish(b);
	assert_int_equal(pd_doc_strings(doc), 5002);
	assert_string_equal(pd_doc_string(doc, a).p, "alpha");
	pd_doc_unref(doc);
}

static void test_model_stack_ways_agree(void **state)
{
	struct pd_builder *b = fresh(0);
	pd_frame f[100], back[100];
	uint64_t r = 1;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		f[i] = numbered(b, i % 7);
	for (unsigned i = 0; i < 100; i++)
		back[99 - i] = f[i];
	for (unsigned n = 0; n <= 100; n++) {
		pd_stack pushed = { 0 }, batch[3];
		size_t ends[3] = { n, n, n + (n < 100) };

		for (unsigned i = 0; i < n; i++)
			pushed = pd_stack_push(b, pushed, f[i]);
		assert_int_equal(pd_stack_of(b, f, n, PD_ROOT_FIRST).v, pushed.v);
		assert_int_equal(pd_stack_of(b, back + (100 - n), n, PD_LEAF_FIRST).v, pushed.v);
		pd_stacks_of(b, f, ends, 3, batch);
		assert_int_equal(batch[0].v, pushed.v);
		assert_int_equal(batch[1].v, 0);
	}
	/* random batches against one by one */
	for (unsigned round = 0; round < 50; round++) {
		pd_frame flat[2000];
		size_t ends[70], at = 0;
		pd_stack out[70];

		for (unsigned s = 0; s < 70; s++) {
			r = r * 6364136223846793005ULL + 1442695040888963407ULL;
			for (unsigned n = (unsigned)(r >> 60) + (s % 13); n; n--, at++)
				flat[at] = f[(r >> (n % 32)) % 5];
			ends[s] = at;
		}
		pd_stacks_of(b, flat, ends, 70, out);
		for (unsigned s = 0; s < 70; s++) {
			size_t from = s ? ends[s - 1] : 0;

			assert_int_equal(out[s].v, pd_stack_of(b, flat + from, ends[s] - from, PD_ROOT_FIRST).v);
		}
	}
	struct pd_doc *doc = finish(b);
	assert_int_equal(pd_doc_max_depth(doc), 100);
	pd_doc_unref(doc);
}

static void test_model_stack_reads_back(void **state)
{
	struct pd_builder *b = fresh(0);
	pd_frame f[40], got[40];

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		f[i] = numbered(b, i);
	pd_stack s = pd_stack_of(b, f, 40, PD_ROOT_FIRST);
	struct pd_doc *doc = finish(b);
	assert_int_equal(pd_doc_stack(doc, s, PD_ROOT_FIRST, got), 40);
	assert_memory_equal(got, f, sizeof f);
	assert_int_equal(pd_doc_stack(doc, s, PD_LEAF_FIRST, got), 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(got[i].v, f[39 - i].v);
	pd_doc_unref(doc);
}

static void test_model_deep_stack_is_truncated(void **state)
{
	struct pd_limits limits = { .size = sizeof limits, .max_depth = 20 };
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(&limits, 0, &err);
	pd_frame f[50], got[20];
	struct pd_frame_desc d;
	struct pd_func_desc fn;

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		f[i] = numbered(b, i);
	pd_stack s = pd_stack_of(b, f, 50, PD_ROOT_FIRST), batch;
	pd_stacks_of(b, f, &(size_t){ 50 }, 1, &batch);
	assert_int_equal(batch.v, s.v);
	struct pd_doc *doc = finish(b);
	assert_int_equal(pd_doc_stack(doc, s, PD_ROOT_FIRST, got), 20);
	assert_int_equal(got[19].v, f[49].v);
	assert_int_equal(got[1].v, f[31].v);
	pd_doc_frame(doc, got[0], &d);
	pd_doc_func(doc, d.lines[0].func, &fn);
	assert_string_equal(pd_doc_string(doc, fn.name).p, "[truncated 31 frames]");
	pd_doc_unref(doc);
}

static void test_model_labels_and_threads(void **state)
{
	struct pd_builder *b = fresh(0);
	pd_str pid = pd_intern_z(b, "pid"), tid = pd_intern_z(b, "tid"), comm = pd_intern_z(b, "comm");
	struct pd_label a[] = { { .key = tid, .kind = PD_LABEL_NUM, .num = 7 }, { .key = comm, .str = pd_intern_z(b, "srv") },
				{ .key = pid, .kind = PD_LABEL_NUM, .num = 5 } };
	struct pd_label c[] = { { .key = pid, .kind = PD_LABEL_NUM, .num = 5 }, { .key = tid, .kind = PD_LABEL_NUM, .num = 7 },
				{ .key = comm, .str = pd_intern_z(b, "srv") } };
	struct pd_label d[] = { { .key = pid, .kind = PD_LABEL_NUM, .num = 5 }, { .key = tid, .kind = PD_LABEL_NUM, .num = 8 } };
	pd_labels la = pd_labels_of(b, a, 3), ld;
	struct pd_thread_desc t;
	const struct pd_label *l;

	(void)state;
	assert_int_equal(la.v, pd_labels_of(b, c, 3).v);
	ld = pd_labels_of(b, d, 2);
	assert_int_not_equal(la.v, ld.v);
	struct pd_doc *doc = finish(b);
	assert_int_equal(pd_doc_labels(doc, la, &l), 3);
	assert_string_equal(pd_doc_string(doc, l[0].key).p, "comm");
	assert_int_equal(pd_doc_threads(doc), 2);
	pd_doc_thread(doc, pd_doc_labels_thread(doc, la), &t);
	assert_true(t.has_pid && t.has_tid && t.pid == 5 && t.tid == 7);
	assert_string_equal(pd_doc_string(doc, t.comm).p, "srv");
	pd_doc_unref(doc);
}

static void add_one(struct pd_builder *b, unsigned frame, int64_t v)
{
	pd_frame f = numbered(b, frame);

	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, &f, 1, PD_ROOT_FIRST) }, &v);
}

static void test_model_aggregate_and_chunks(void **state)
{
	struct pd_builder *b = fresh(PD_BUILD_AGGREGATE), *plain = fresh(0);
	int64_t sum, abs_sum;
	struct pd_rows rows;

	(void)state;
	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") });
	pd_series_add(plain, (pd_str){ 0 });
	pd_series_value(plain, 0, &(struct pd_value_type){ .type = pd_intern_z(plain, "samples") });
	for (unsigned i = 0; i < 200000; i++) {
		add_one(b, i % 1000, i);
		add_one(plain, i % 3, i % 2 ? -1 : 1);
	}
	struct pd_doc *doc = finish(b);
	assert_int_equal(pd_series_count(doc, 0), 1000);
	assert_true(pd_doc_total(doc, 0, &sum, &abs_sum));
	assert_int_equal(sum, 199999LL * 100000);
	pd_doc_unref(doc);
	doc = finish(plain);
	assert_int_equal(pd_series_count(doc, 0), 200000);
	uint64_t n = 0, chunks = 0;
	for (; pd_series_rows(doc, 0, n, &rows); n += rows.n, chunks++)
		for (size_t i = 0; i < rows.n; i++)
			assert_int_equal(rows.value[0][i], (n + i) % 2 ? -1 : 1);
	assert_int_equal(n, 200000);
	assert_int_equal(chunks, 4);
	assert_true(pd_doc_total(doc, 0, &sum, &abs_sum));
	assert_int_equal(sum, 0);
	assert_int_equal(abs_sum, 200000);
	pd_doc_unref(doc);
}

static void test_model_overflow_is_sticky(void **state)
{
	struct pd_builder *b = fresh(PD_BUILD_AGGREGATE);
	struct pd_error err = { 0 };

	(void)state;
	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "bytes") });
	add_one(b, 1, INT64_MAX);
	assert_false(pd_builder_failed(b));
	add_one(b, 1, 1);
	assert_true(pd_builder_failed(b));
	assert_null(pd_builder_finish(b, &err));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	assert_string_equal(err.text, "sum of 'bytes' does not fit into 64 bits");
	pd_builder_free(b);
}

static void test_model_memory_limit(void **state)
{
	struct pd_limits limits = { .size = sizeof limits, .max_memory = 1 << 20 };
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(&limits, 0, &err);

	(void)state;
	for (unsigned i = 0; i < 200000 && !pd_builder_failed(b); i++)
		numbered(b, i);
	assert_int_equal(pd_builder_status(b), PD_ERR_LIMIT);
	pd_builder_free(b);
}

static void test_model_derive_keeps_ids(void **state)
{
	struct pd_builder *b = fresh(0), *d;
	struct pd_error err = { 0 };
	pd_frame f[30];

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		f[i] = numbered(b, i);
	pd_stack s = pd_stack_of(b, f, 30, PD_ROOT_FIRST);
	pd_series_add(b, pd_intern_z(b, "x"));
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "t") });
	struct pd_doc *doc = finish(b), *second;
	d = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, PD_BUILD_AGGREGATE, &err);
	assert_non_null(d);
	pd_doc_unref(doc);
	assert_int_equal(numbered(d, 3).v, f[3].v);
	assert_int_equal(pd_stack_of(d, f, 30, PD_ROOT_FIRST).v, s.v);
	assert_int_equal(pd_intern_z(d, "fresh").v, pd_intern_z(d, "fresh").v);
	pd_sample_add(d, 0, &(struct pd_sample){ .stack = s }, &(int64_t){ 4 });
	second = finish(d);
	assert_int_equal(pd_series_count(second, 0), 1);
	assert_int_equal(pd_doc_stack_depth(second, s), 30);
	pd_doc_unref(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_strings_once),
		cmocka_unit_test(test_model_stack_ways_agree),
		cmocka_unit_test(test_model_stack_reads_back),
		cmocka_unit_test(test_model_deep_stack_is_truncated),
		cmocka_unit_test(test_model_labels_and_threads),
		cmocka_unit_test(test_model_aggregate_and_chunks),
		cmocka_unit_test(test_model_overflow_is_sticky),
		cmocka_unit_test(test_model_memory_limit),
		cmocka_unit_test(test_model_derive_keeps_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
