/* Reading pprof: what every malformed thing is answered with. */
#include "pprof_case.h"

/* ---- malformed ---- */

static void test_pprof_value_count(void **state)
{
	(void)state;
	start();
	put_tables();
	put_sample(1, 1, 1);
	size_t at = e.n;
	emit_num(&sub, 1, 1);
	emit_num(&sub, 2, 1);
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at, "sample 2 has 1 value but the profile declares 2");
	start();
	put_tables();
	at = e.n;
	emit_num(&sub, 1, 1);
	EMIT_PACKED(&sub, 2, 1, 2, 3);
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at, "sample 1 has 3 values but the profile declares 2");
}

static void test_pprof_no_sample_types(void **state)
{
	(void)state;
	start();
	put_strings();
	size_t at = e.n;
	put_sample(1, 1, 1);
	expect_error(PD_ERR_DATA, at, "the profile has 1 samples but declares no sample types");
}

static void test_pprof_missing_location(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	put_sample(77, 1, 1);
	expect_error(PD_ERR_DATA, at, "sample 1: location 77 is not in the location table");
}

static void test_pprof_missing_function(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	emit_num(&sub, 1, 2);
	EMIT_NUMS(&sub, 4, 2, 5, 1, 9);
	emit_message(&e, 4, &sub);
	expect_error(PD_ERR_DATA, at + 8, "location 2, line 1: function 9 is not in the function table");
}

static void test_pprof_string_out_of_range(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	EMIT_NUMS(&e, 5, 1, 2, 2, 99);
	expect_error(PD_ERR_DATA, at + 4, "function 2: name is string 99, but the string table has 15 entries");
	start();
	put_tables();
	at = e.n;
	emit_num(&e, 14, -1);
	expect_error(PD_ERR_DATA, at, "profile: default_sample_type is string -1, but the string table has 15 entries");
	start();
	put_tables();
	emit_num(&sub, 1, 1);
	EMIT_PACKED(&sub, 2, 1, 1);
	EMIT_NUMS(&sub, 3, 1, 200, 2, 1);
	at = e.n;
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at + 10, "sample 1, label 1: key is string 200, but the string table has 15 entries");
	start();
	put_tables();
	emit_num(&e, 13, 15);
	assert_null(load_limited(NULL, false));
	assert_string_equal(err.text, "comment 1: is string 15, but the string table has 15 entries");
}

static void test_pprof_duplicate_ids(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	EMIT_NUMS(&e, 5, 1, 1, 2, S_WORK);
	expect_error(PD_ERR_DATA, at + 2, "function 2: id 1 is taken by an earlier function");
}

static void test_pprof_wrong_wire_type(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	emit_num(&e, 4, 1);
	expect_error(PD_ERR_DATA, at, "profile: field location (4) of a profile is a varint, expected a length and bytes");
	start();
	put_tables();
	emit_text(&sub, 2, "x");
	at = e.n;
	emit_message(&e, 5, &sub);
	expect_error(PD_ERR_DATA, at + 2, "function 2: field name (2) of a function is a length and bytes, expected a varint");
	start();
	put_tables();
	emit_tag(&sub, 3, 5);
	for (int i = 0; i < 4; i++)
		emit_byte(&sub, 1);
	at = e.n;
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at + 2, "sample 1: field label (3) of a sample is 4 fixed bytes, expected a length and bytes");
}

static void test_pprof_groups(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	emit_tag(&e, 16, 3);
	expect_error(PD_ERR_DATA, at, "profile: a group (wire type 3 or 4), which the format does not use");
}

static void test_pprof_varint_limits(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_tag(&e, 12, 0); /* 10 bytes, top bit of 64 */
	for (int i = 0; i < 9; i++)
		emit_byte(&e, 0x80);
	emit_byte(&e, 1);
	doc = load();
	assert_true(pd_doc_meta(doc)->period == INT64_MIN);
	pd_doc_unref(doc);
	start();
	put_tables();
	emit_tag(&e, 12, 0); /* not minimal, allowed */
	emit_byte(&e, 0x85);
	emit_byte(&e, 0x80);
	emit_byte(&e, 0);
	doc = load();
	assert_int_equal(pd_doc_meta(doc)->period, 5);
	pd_doc_unref(doc);
	for (int extra = 2; extra < 128; extra += 42) { /* bits beyond 64 */
		start();
		put_tables();
		size_t at = e.n;
		emit_tag(&e, 12, 0);
		for (int i = 0; i < 9; i++)
			emit_byte(&e, 0x80);
		emit_byte(&e, (unsigned)extra);
		expect_error(PD_ERR_DATA, at, "profile: a varint has more than 64 bits");
	}
	start(); /* 11 bytes, in a packed list */
	put_tables();
	emit_tag(&sub, 1, 2);
	emit_byte(&sub, 11);
	for (int i = 0; i < 10; i++)
		emit_byte(&sub, 0x80);
	emit_byte(&sub, 0);
	size_t at = e.n;
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at + 4, "sample 1: a varint has more than 64 bits");
}

static void test_pprof_lengths(void **state)
{
	(void)state;
	start();
	put_tables();
	size_t at = e.n;
	emit_tag(&e, 6, 2);
	emit_byte(&e, 100);
	emit_byte(&e, 'x');
	expect_error(PD_ERR_DATA, at, "profile: a length reaches beyond the end of its message");
	assert_string_equal(err.hint, "the file is truncated or damaged");
	start();
	put_tables();
	emit_tag(&sub, 1, 2);
	emit_byte(&sub, 3);
	emit_byte(&sub, 1);
	at = e.n;
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at + 2, "sample 1: a length reaches beyond the end of its message");
	start();
	put_tables();
	emit_tag(&e, 6, 2);
	for (int i = 0; i < 9; i++)
		emit_byte(&e, 0xff);
	emit_byte(&e, 1); /* 2^64 - 1 */
	assert_null(load_limited(NULL, false));
	assert_string_equal(err.text, "profile: a length reaches beyond the end of its message");
	start(); /* a packed list that ends inside a number */
	put_tables();
	emit_tag(&sub, 1, 2);
	emit_byte(&sub, 2);
	emit_byte(&sub, 1);
	emit_byte(&sub, 0x81);
	emit_byte(&sub, 0x10);
	emit_byte(&sub, 1);
	at = e.n;
	emit_message(&e, 2, &sub);
	expect_error(PD_ERR_DATA, at + 5, "sample 1: a number is cut short");
}

static void test_pprof_concatenated(void **state)
{
	(void)state;
	start();
	put_tables();
	emit_num(&e, 9, 1);
	put_types();
	size_t at = e.n;
	emit_num(&e, 9, 2);
	expect_error(PD_ERR_DATA, at, "a second profile starts before this place (time_nanos stands here again), expected one profile in a file");
	assert_string_equal(err.hint, "files joined with cat: keep them apart and use 'profdata merge'");
	start(); /* no times */
	put_tables();
	put_sample(1, 1, 1);
	put_types();
	put_sample(1, 1, 1);
	at = e.n;
	put_strings();
	expect_error(PD_ERR_DATA, at, "a second profile starts before this place (a second string table), expected one profile in a file");
}

static void test_pprof_too_many_types(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < PD_MAX_VALUES; i++)
		EMIT_NUMS(&e, 1, 1, S_CPU, 2, S_NS);
	put_strings();
	pd_doc_unref(load());
	EMIT_NUMS(&e, 1, 1, S_CPU, 2, S_NS);
	assert_null(load_limited(NULL, false));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	assert_string_equal(err.text, "the profile declares 65 sample types, the limit is 64");
}

static void test_pprof_limits(void **state)
{
	struct pd_limits limits = { .size = sizeof limits, .max_labels = 2 };

	(void)state;
	start();
	put_tables();
	for (int n = 2; n <= 3; n++) {
		emit_num(&sub, 1, 1);
		EMIT_PACKED(&sub, 2, 1, 1);
		for (int i = 0; i < n; i++)
			EMIT_NUMS(&sub, 3, 1, S_KEY, 3, 1 + i);
		emit_message(&e, 2, &sub);
		if (n == 2)
			pd_doc_unref(load_limited(&limits, false));
	}
	assert_null(load_limited(&limits, false));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	assert_string_equal(err.text, "sample 2 has more than 2 labels");
	limits = (struct pd_limits){ .size = sizeof limits, .max_string = 11 };
	start();
	put_tables(); /* "nanoseconds" is the longest */
	pd_doc_unref(load_limited(&limits, false));
	size_t at = e.n;
	emit_text(&e, 6, "twelve bytes");
	assert_null(load_limited(&limits, false));
	assert_int_equal(err.status, PD_ERR_LIMIT);
	assert_int_equal(err.offset, at);
	assert_string_equal(err.text, "string 15 of the string table has 12 bytes, the limit is 11");
}

static void test_pprof_empty_input(void **state)
{
	(void)state;
	start();
	assert_null(load_limited(NULL, false));
	assert_string_equal(err.text, "the input is empty, expected a profile");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pprof_value_count),
		cmocka_unit_test(test_pprof_no_sample_types),
		cmocka_unit_test(test_pprof_missing_location),
		cmocka_unit_test(test_pprof_missing_function),
		cmocka_unit_test(test_pprof_string_out_of_range),
		cmocka_unit_test(test_pprof_duplicate_ids),
		cmocka_unit_test(test_pprof_wrong_wire_type),
		cmocka_unit_test(test_pprof_groups),
		cmocka_unit_test(test_pprof_varint_limits),
		cmocka_unit_test(test_pprof_lengths),
		cmocka_unit_test(test_pprof_concatenated),
		cmocka_unit_test(test_pprof_too_many_types),
		cmocka_unit_test(test_pprof_limits),
		cmocka_unit_test(test_pprof_empty_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
