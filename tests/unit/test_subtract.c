/* Differences: signs, the label of the base, the header, what cannot be done. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"
#include <profdata/report.h>
#include <profdata/transform.h>

static const struct pd_subtract_opts plain = { .size = sizeof plain, .kind = PD_MERGE_VIEW };
static const struct pd_subtract_opts labelled = { .size = sizeof labelled, .kind = PD_MERGE_VIEW, .labelled = true };

struct row {
	const char *frame, *key, *text;
	int64_t value, other, time; /* time 0: none */
};

static struct pd_doc *doc_of(const struct row *rows, size_t n, const char *type)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	struct pd_doc *doc;

	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, type), .unit = pd_intern_z(b, "count") });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "cpu"), .unit = pd_intern_z(b, "nanoseconds") });
	pd_builder_meta(b)->time_nanos = 1000;
	pd_builder_meta(b)->duration_nanos = 50;
	for (size_t i = 0; i < n; i++) {
		pd_frame f = pd_frame_named(b, rows[i].frame, strlen(rows[i].frame));
		struct pd_label l = { .key = pd_intern_z(b, rows[i].key), .str = pd_intern_z(b, rows[i].text) };
		struct pd_sample s = { .stack = pd_stack_of(b, &f, 1, PD_ROOT_FIRST), .labels = pd_labels_of(b, &l, rows[i].key ? 1 : 0),
				       .has_time = rows[i].time != 0, .time = rows[i].time };

		pd_sample_add(b, 0, &s, (int64_t[]){ rows[i].value, rows[i].other });
	}
	doc = pd_builder_finish(b, &err);
	assert_non_null(doc);
	pd_builder_free(b);
	return doc;
}

/* Text of the label of row i, "" without one. */
static const char *label_of(const struct pd_doc *doc, const struct pd_rows *rows, size_t i, const char *key)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, rows->labels[i], &l);

	for (size_t k = 0; k < n; k++)
		if (strcmp(pd_doc_string(doc, l[k].key).p, key) == 0)
			return pd_doc_string(doc, l[k].str).p;
	return "";
}

static void test_subtract_cancels(void **state)
{
	const struct row before[] = { { "a", NULL, NULL, 3, 30, 7 }, { "b", "k", "x", 1, 10, 0 } };
	const struct row after[] = { { "a", NULL, NULL, 2, 20, 9 }, { "a", NULL, NULL, 1, 10, 0 }, { "b", "k", "y", 1, 10, 0 } };
	struct pd_doc *x = doc_of(before, 2, "samples"), *y = doc_of(after, 3, "samples"), *d;
	struct pd_error err = { 0 };
	struct pd_rows rows;

	(void)state;
	d = pd_subtract(y, x, &plain, NULL, 0, &err);
	assert_non_null(d);
	assert_true(pd_doc_check(d, &err));
	assert_int_equal(pd_series_count(d, 0), 2); /* times are forgotten: a is gone */
	assert_int_equal(pd_series_rows(d, 0, 0, &rows), 2);
	assert_int_equal(rows.value[0][0], 1);
	assert_string_equal(label_of(d, &rows, 0, "k"), "y");
	assert_int_equal(rows.value[1][1], -10);
	assert_string_equal(label_of(d, &rows, 1, "k"), "x");
	assert_int_equal(pd_doc_meta(d)->time_nanos, 1000);
	assert_int_equal(pd_doc_meta(d)->duration_nanos, 50);
	assert_int_equal(pd_doc_meta(d)->end_nanos, 0);
	pd_doc_unref(d);
	pd_doc_unref(x);
	pd_doc_unref(y);
}

static void test_subtract_labels_the_base(void **state)
{
	const struct row before[] = { { "a", PD_BASE_LABEL, "old", 3, 30, 0 }, { "a", NULL, NULL, 1, 10, 0 } };
	struct pd_doc *x = doc_of(before, 2, "samples"), *n, *d;
	struct pd_error err = { 0 };
	struct pd_rows rows;
	int64_t total;

	(void)state;
	n = pd_negate(x, true, &err);
	assert_int_equal(pd_series_rows(n, 0, 0, &rows), 2);
	assert_string_equal(label_of(n, &rows, 0, PD_BASE_LABEL), "true");
	assert_string_equal(label_of(n, &rows, 1, PD_BASE_LABEL), "true");
	assert_true(rows.labels[0].v == rows.labels[1].v);
	assert_int_equal(rows.value[0][0], -3);
	d = pd_subtract(x, x, &labelled, NULL, 0, &err);
	assert_int_equal(pd_series_count(d, 0), 3); /* both of the base add up */
	assert_int_equal(pd_report_total(d, 0, false, &total, &err), PD_OK);
	assert_int_equal(total, 4);
	pd_doc_unref(d);
	pd_doc_unref(n);
	pd_doc_unref(x);
}

static void test_subtract_normalizes(void **state)
{
	const struct row before[] = { { "a", NULL, NULL, 30, 5, 0 } };
	const struct row after[] = { { "a", NULL, NULL, 1, 4, 0 }, { "b", NULL, NULL, 1, -4, 0 } };
	struct pd_doc *x = doc_of(before, 1, "samples"), *y = doc_of(after, 2, "samples"), *other = doc_of(before, 1, "hits"), *d;
	struct pd_error err = { 0 };
	struct pd_rows rows;

	(void)state;
	d = pd_normalize(y, x, &err);
	assert_int_equal(pd_series_rows(d, 0, 0, &rows), 2);
	assert_int_equal(rows.value[0][0], 15);
	assert_int_equal(rows.value[0][1], 15);
	assert_int_equal(rows.value[1][0], 0); /* a total of 0 */
	pd_doc_unref(d);
	assert_null(pd_normalize(y, other, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	pd_doc_unref(x);
	pd_doc_unref(y);
	pd_doc_unref(other);
}

static void test_subtract_overflow(void **state)
{
	const struct row least[] = { { "a", NULL, NULL, INT64_MIN, 0, 0 } }, most[] = { { "a", NULL, NULL, INT64_MAX, 0, 0 } };
	const struct row minus[] = { { "a", NULL, NULL, -1, 0, 0 } };
	struct pd_doc *x = doc_of(least, 1, "samples"), *y = doc_of(most, 1, "samples"), *z = doc_of(minus, 1, "samples");
	struct pd_error err = { 0 };

	(void)state;
	assert_null(pd_negate(x, false, &err));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	err = (struct pd_error){ 0 };
	assert_null(pd_subtract(y, z, &plain, NULL, 0, &err));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	pd_doc_unref(x);
	pd_doc_unref(y);
	pd_doc_unref(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subtract_cancels),
		cmocka_unit_test(test_subtract_labels_the_base),
		cmocka_unit_test(test_subtract_normalizes),
		cmocka_unit_test(test_subtract_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
