/* Units, scaling and percentages: tables of what reports must print. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <profdata/transform.h>

static const struct {
	int64_t value;
	const char *unit, *to, *text;
} values[] = {
	{ 0, "nanoseconds", "auto", "0" },
	{ 10000000, "nanoseconds", "auto", "10ms" },
	{ 1120000000, "nanoseconds", "auto", "1.12s" },
	{ -1120000000, "nanoseconds", "auto", "-1.12s" },
	{ 1100000000, "ns", "minimum", "1.10s" },
	{ 1, "ns", "s", "0" },
	{ -1, "ns", "s", "0" },
	{ 120, "s", "auto", "120s" },
	{ 90000, "s", "auto", "25hrs" },
	{ 2, "minutes", "auto", "120s" },
	{ 2, "min", "ms", "120000ms" },
	{ 7200, "seconds", "minutes", "120min" },
	{ 5, "\xce\xbcs", "auto", "5us" },
	{ 5, "\xc2\xb5s", "ns", "5000ns" },
	{ 5, "Microseconds", "ns", "5000ns" },
	{ 1, "hour", "s", "3600s" },
	{ 1023, "bytes", "auto", "1023B" },
	{ 1024, "bytes", "auto", "1kB" },
	{ 4100000, "bytes", "auto", "3.91MB" },
	{ 4100000, "bytes", "kb", "4003.91kB" },
	{ 4100000, "bytes", "KiloBytes", "4003.91kB" },
	{ 3, "kb", "seconds", "3072B" },
	{ INT64_MAX, "b", "auto", "8192PB" },
	{ INT64_MIN, "ns", "auto", "-9223372036.85s" },
	{ 1500, "milligcu", "auto", "1.50GCU" },
	{ 7, "count", "count", "7" },
	{ 7, "count", "auto", "7" },
	{ 7, "samples", "samples", "7samples" },
	{ 7, "samples", "minimum", "7" },
	{ 7, "widgets", "parts", "7parts" },
	{ 7, "", "", "7" },
	{ 7, NULL, NULL, "7" },
	{ INT64_MIN, "count", "count", "-9223372036854775808" },
	{ 1, "a unit nobody has ever heard of", "s", "1s" },
};

static void test_units_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		char got[64];

		pd_format_value(got, sizeof(got), values[i].value, values[i].unit, values[i].to);
		assert_string_equal(got, values[i].text);
	}
}

static const struct {
	int64_t value, total;
	const char *text;
} percents[] = {
	{ 0, 0, "    0%" },
	{ 5, 0, "    0%" },
	{ 0, 100, "    0%" },
	{ 1, 3, "33.33%" },
	{ -1, 3, "-33.33%" },
	{ -1, 1, " -100%" },
	{ -1, 100, "-1.00%" },
	{ 1, 1, "  100%" },
	{ 9994, 10000, "99.94%" },
	{ 9995, 10000, "  100%" },
	{ 10005, 10000, "  100%" },
	{ 10006, 10000, "100.06%" },
	{ 18990, 10000, "189.90%" },
	{ 100, 10000, " 1.00%" },
	{ 89, 10000, " 0.89%" },
	{ 999, 100000, "    1%" },
	{ 10, 10000, "  0.1%" },
	{ 16, 100000, "0.016%" },
	{ 1, 100000000, "1e-06%" },
	{ INT64_MIN, INT64_MAX, " -100%" },
};

static void test_units_percent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		char got[32];

		pd_format_percent(got, sizeof(got), percents[i].value, percents[i].total);
		assert_string_equal(got, percents[i].text);
	}
}

static void test_units_amount(void **state)
{
	struct pd_amount how = { .unit = "ns", .to = "auto", .ratio = 0.5 };
	char got[32];

	(void)state;
	pd_format_amount(got, sizeof(got), 3, &how);
	assert_string_equal(got, "1ns"); /* cut, not rounded */
	pd_format_amount(got, sizeof(got), -3, &how);
	assert_string_equal(got, "-1ns");
	how = (struct pd_amount){ .unit = "ms", .to = "ms", .decimals = 3, .ratio = 1 };
	pd_format_amount(got, sizeof(got), 1250, &how);
	assert_string_equal(got, "1.25ms");
	how = (struct pd_amount){ .unit = "count", .to = "count", .ratio = 1e30 };
	pd_format_amount(got, sizeof(got), 1, &how);
	assert_string_equal(got, "-9223372036854775808");
	how.ratio = -2; /* no such thing as a negative divisor: ignored */
	pd_format_amount(got, sizeof(got), 8, &how);
	assert_string_equal(got, "8");
}

static void test_units_scale(void **state)
{
	const char *unit = NULL;

	(void)state;
	assert_true(pd_scale_value(1500, "ms", "s", &unit) == 1.5);
	assert_string_equal(unit, "s");
	assert_true(pd_scale_value(-3, "kb", "b", &unit) == -3072);
	assert_string_equal(unit, "B");
	assert_true(pd_scale_value(4, "count", "minimum", &unit) == 4);
	assert_string_equal(unit, "");
}

static void test_units_compatible(void **state)
{
	(void)state;
	assert_true(pd_units_compatible("ns", "seconds"));
	assert_true(pd_units_compatible("minutes", "\xce\xbcs"));
	assert_true(pd_units_compatible("kb", "Bytes"));
	assert_true(pd_units_compatible("frobs", "frobs"));
	assert_true(pd_units_compatible(NULL, ""));
	assert_false(pd_units_compatible("ns", "bytes"));
	assert_false(pd_units_compatible("frobs", "frob"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units_values),
		cmocka_unit_test(test_units_percent),
		cmocka_unit_test(test_units_amount),
		cmocka_unit_test(test_units_scale),
		cmocka_unit_test(test_units_compatible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
