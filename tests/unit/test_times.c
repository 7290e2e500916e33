/* When samples were taken: times of rows, labels of three names and any unit, what wins, and what is no time. */
#include "base/compiler.h"
#include "cm.h"

#include <profdata/builder.h>
#include <profdata/profile.h>

static struct pd_builder *begin(unsigned n_series)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	struct pd_value_type type;

	assert_non_null(b);
	type = (struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") };
	for (unsigned s = 0; s < n_series; s++)
		pd_series_value(b, pd_series_add(b, pd_intern_z(b, s ? "other" : "")), &type);
	return b;
}

static struct pd_doc *finish(struct pd_builder *b)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(b, &err);

	pd_builder_free(b);
	assert_non_null(doc);
	return doc;
}

static void add_timed(struct pd_builder *b, unsigned series, int64_t time)
{
	pd_sample_add(b, series, &(struct pd_sample){ .has_time = true, .time = time }, &(int64_t){ 1 });
}

static struct pd_label number(struct pd_builder *b, const char *key, int64_t n, const char *unit)
{
	return (struct pd_label){ .key = pd_intern_z(b, key), .kind = PD_LABEL_NUM, .num = n, .unit = pd_intern_z(b, unit) };
}

static void add_labelled(struct pd_builder *b, unsigned series, struct pd_label *labels, size_t n)
{
	pd_sample_add(b, series, &(struct pd_sample){ .labels = pd_labels_of(b, labels, n) }, &(int64_t){ 1 });
}

static int64_t time_of(const struct pd_times *t, const struct pd_doc *doc, unsigned series, uint64_t row)
{
	struct pd_rows rows;

	assert_true(pd_series_rows(doc, series, row, &rows) > 0);
	return pd_times_row(t, series, &rows, 0);
}

static void test_rows(void **state)
{
	struct pd_builder *b = begin(1);
	struct pd_error err = { 0 };
	int64_t first = 7, last = 7;

	(void)state;
	add_timed(b, 0, 300);
	pd_sample_add(b, 0, &(struct pd_sample){ 0 }, &(int64_t){ 1 });
	add_timed(b, 0, -5);
	struct pd_doc *doc = finish(b);
	struct pd_times *t = pd_times_new(doc, &err);
	assert_true(pd_times_known(t, 0));
	assert_false(pd_times_known(t, 1));
	assert_true(pd_times_span(t, &first, &last));
	assert_int_equal(first, -5);
	assert_int_equal(last, 300);
	assert_int_equal(time_of(t, doc, 0, 0), 300);
	assert_true(time_of(t, doc, 0, 1) == PD_NO_TIME);
	pd_doc_unref(doc); /* the times hold on to it */
	pd_times_free(t);
	pd_times_free(NULL);
}

static void test_units(void **state)
{
	static const struct {
		const char *key, *unit;
		int64_t num, time;
	} cases[] = {
		{ "timestamp", "nanoseconds", 12, 12 }, { "timestamp", "", 12, 12 }, { "timestamp", "microseconds", 12, 12000 },
		{ "timestamp", "ms", -3, -3000000 }, { "timestamp", "seconds", 2, 2000000000 }, { "timestamp_ns", "", 4, 4 },
		{ "end_timestamp_ns", "nanoseconds", 5, 5 }, { "timestamp", "bytes", 5, PD_NO_TIME }, { "Timestamp", "", 5, PD_NO_TIME },
		{ "timestamp", "seconds", INT64_MAX / 1000, PD_NO_TIME }, { "timestamp", "ns", INT64_MAX, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(cases); i++) {
		struct pd_builder *b = begin(1);
		struct pd_label l = number(b, cases[i].key, cases[i].num, cases[i].unit);
		struct pd_error err = { 0 };

		add_labelled(b, 0, &l, 1);
		struct pd_doc *doc = finish(b);
		struct pd_times *t = pd_times_new(doc, &err);
		assert_int_equal(pd_times_known(t, 0), cases[i].time != PD_NO_TIME);
		assert_true(time_of(t, doc, 0, 0) == cases[i].time);
		pd_times_free(t);
		pd_doc_unref(doc);
	}
}

/* timestamp wins over timestamp_ns over end_timestamp_ns, whatever the order; a text is no time. */
static void test_order_of_keys(void **state)
{
	struct pd_builder *b = begin(1);
	struct pd_error err = { 0 };
	struct pd_label all[] = { number(b, "end_timestamp_ns", 3, ""), number(b, "timestamp_ns", 2, ""), number(b, "timestamp", 1, "") };
	struct pd_label two[] = { number(b, "end_timestamp_ns", 3, ""), number(b, "timestamp_ns", 2, "") };
	struct pd_label text[] = { { .key = pd_intern_z(b, "timestamp"), .kind = PD_LABEL_STR, .str = pd_intern_z(b, "9") }, number(b, "timestamp_ns", 2, "") };

	(void)state;
	add_labelled(b, 0, all, 3);
	add_labelled(b, 0, two, 2);
	add_labelled(b, 0, text, 2);
	struct pd_doc *doc = finish(b);
	struct pd_times *t = pd_times_new(doc, &err);
	assert_int_equal(time_of(t, doc, 0, 0), 1);
	assert_int_equal(time_of(t, doc, 0, 1), 2);
	assert_int_equal(time_of(t, doc, 0, 2), 2);
	pd_times_free(t);
	pd_doc_unref(doc);
}

/* Times of rows go before labels in one series; another series may live on labels. */
static void test_series(void **state)
{
	struct pd_builder *b = begin(3);
	struct pd_error err = { 0 };
	struct pd_label l = number(b, "timestamp", 50, "");
	int64_t first, last;

	(void)state;
	pd_sample_add(b, 0, &(struct pd_sample){ .has_time = true, .time = 70, .labels = pd_labels_of(b, &l, 1) }, &(int64_t){ 1 });
	add_labelled(b, 1, &l, 1);
	pd_sample_add(b, 2, &(struct pd_sample){ 0 }, &(int64_t){ 1 });
	struct pd_doc *doc = finish(b);
	struct pd_times *t = pd_times_new(doc, &err);
	assert_int_equal(time_of(t, doc, 0, 0), 70);
	assert_int_equal(time_of(t, doc, 1, 0), 50);
	assert_true(time_of(t, doc, 2, 0) == PD_NO_TIME);
	assert_false(pd_times_known(t, 2));
	assert_true(pd_times_span(t, &first, &last));
	assert_int_equal(first, 50);
	assert_int_equal(last, 70);
	pd_times_free(t);
	pd_doc_unref(doc);
}

static void test_nothing(void **state)
{
	struct pd_builder *b = begin(0);
	struct pd_error err = { 0 };
	int64_t first = 7, last = 8;

	(void)state;
	struct pd_doc *doc = finish(b);
	struct pd_times *t = pd_times_new(doc, &err);
	assert_false(pd_times_span(t, &first, &last));
	assert_int_equal(first, 7);
	assert_int_equal(last, 8);
	pd_times_free(t);
	pd_doc_unref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_units), cmocka_unit_test(test_order_of_keys),
		cmocka_unit_test(test_series), cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
