/* Cursor parsing: exact numbers, no overflow, no partial matches. */
#include "cm.h"

#include "base/span.h"

static struct pd_span S(const char *text) { return span_of(text); }

static void test_span_cut_takes_the_first_rcut_the_last(void **state)
{
	struct pd_span s = S("a;b;c"), part;

	(void)state;
	assert_true(span_cut(&s, ';', &part));
	assert_true(span_is(part, "a"));
	assert_true(span_is(s, "b;c"));
	assert_true(span_rcut(&s, ';', &part));
	assert_true(span_is(part, "c"));
	assert_true(span_is(s, "b"));
	assert_false(span_cut(&s, ';', &part));
	assert_true(span_is(s, "b"));
	s = (struct pd_span){ NULL, 0 };
	assert_false(span_cut(&s, ';', &part));
	assert_false(span_rcut(&s, ';', &part));
}

static void test_span_u64_limits(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616", "99999999999999999999999", "0x10" };
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++)
		assert_false(span_u64(S(bad[i]), &v));
	assert_int_equal(v, 7);
	assert_true(span_u64(S("18446744073709551615"), &v) && v == UINT64_MAX);
	assert_true(span_u64(S("0000000000000000000000000000012"), &v) && v == 12);
	assert_true(span_u64(S("9999999999999999999"), &v) && v == 9999999999999999999u);
	assert_true(span_u64(S("0"), &v) && v == 0);
}

static void test_span_i64_limits(void **state)
{
	int64_t v = 7;

	(void)state;
	assert_true(span_i64(S("-9223372036854775808"), &v) && v == INT64_MIN);
	assert_true(span_i64(S("9223372036854775807"), &v) && v == INT64_MAX);
	assert_true(span_i64(S("+5"), &v) && v == 5);
	assert_false(span_i64(S("9223372036854775808"), &v));
	assert_false(span_i64(S("-9223372036854775809"), &v));
	assert_false(span_i64(S("-"), &v));
	assert_false(span_i64(S("--5"), &v));
	assert_int_equal(v, 5);
}

static void test_span_hex(void **state)
{
	uint64_t v;
	struct pd_span s = S("ff_rest");

	(void)state;
	assert_true(span_hex(S("0xffffffffffffffff"), &v) && v == UINT64_MAX);
	assert_true(span_hex(S("DeadBeef"), &v) && v == 0xdeadbeef);
	assert_false(span_hex(S("0x"), &v));
	assert_false(span_hex(S("10000000000000000"), &v));
	assert_false(span_hex(S("12g"), &v));
	assert_true(span_eat_hex(&s, &v) && v == 0xff && span_is(s, "_rest"));
}

static void test_span_decimals_are_exact(void **state)
{
	int64_t v;
	unsigned d;

	(void)state;
	assert_true(span_decimal(S("12.5"), &v, &d) && v == 125 && d == 1);
	assert_true(span_decimal(S("-0.001"), &v, &d) && v == -1 && d == 3);
	assert_true(span_decimal(S("7"), &v, &d) && v == 7 && d == 0);
	assert_true(span_decimal(S("7.000"), &v, &d) && v == 7 && d == 0);
	assert_true(span_decimal(S(".5"), &v, &d) && v == 5 && d == 1);
	assert_true(span_decimal(S("5."), &v, &d) && v == 5 && d == 0);
	assert_false(span_decimal(S("."), &v, &d));
	assert_false(span_decimal(S("1.2.3"), &v, &d));
	assert_false(span_decimal(S("1e3"), &v, &d));
	assert_false(span_decimal(S("92233720368547758.08"), &v, &d) && v != 9223372036854775807);
	assert_false(span_decimal(S("922337203685477580.99"), &v, &d));
	assert_true(span_fixed(S("1234.567890"), 9, &v) && v == 1234567890000);
	assert_true(span_fixed(S("0.1234567899"), 9, &v) && v == 123456789);
	assert_false(span_fixed(S("9999999999999"), 9, &v));
	assert_false(span_fixed(S("1.5x"), 9, &v));
}

static void test_span_real_is_finite_and_plain(void **state)
{
	static const char *const bad[] = { "", "nan", "inf", "0x10", "1e999", "1.5 ", " 1", "1e", "--1" };
	double v;

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++)
		assert_false(span_real(S(bad[i]), &v));
	assert_true(span_real(S("1.5e-3"), &v) && v > 0.00149 && v < 0.00151);
}

static void test_span_words_and_trim(void **state)
{
	struct pd_span s = S("  one\ttwo  "), w;

	(void)state;
	assert_true(span_word(&s, &w) && span_is(w, "one"));
	assert_true(span_word(&s, &w) && span_is(w, "two"));
	assert_false(span_word(&s, &w));
	assert_true(span_is(span_trim(S(" \t x y \r\n")), "x y"));
	assert_int_equal(span_trim(S("   ")).n, 0);
}

static void test_span_utf8(void **state)
{
	static const char *const bad[] = { "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82", "\xe0\x80\x80" };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++)
		assert_false(span_utf8(S(bad[i])));
	assert_true(span_utf8(S("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")));
	assert_true(span_utf8(S("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_span_cut_takes_the_first_rcut_the_last),
		cmocka_unit_test(test_span_u64_limits),
		cmocka_unit_test(test_span_i64_limits),
		cmocka_unit_test(test_span_hex),
		cmocka_unit_test(test_span_decimals_are_exact),
		cmocka_unit_test(test_span_real_is_finite_and_plain),
		cmocka_unit_test(test_span_words_and_trim),
		cmocka_unit_test(test_span_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
