#include "common/json_write.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void check_decimal(int64_t v, unsigned decimals, const char *want)
{
	char text[300];
	size_t n = pd_put_decimal(text, v, decimals);

	text[n] = 0;
	assert_string_equal(text, want);
}

static void check_real(double v, const char *want)
{
	char text[40];
	size_t n = pd_put_real(text, v);

	text[n] = 0;
	assert_string_equal(text, want);
}

static void test_json_write_integers(void **state)
{
	char text[24];
	uint64_t v = 1;

	(void)state;
	for (int i = 0; i < 64; i++, v = v * 2 + (v % 3)) {
		char want[24];

		text[pd_put_u64(text, v)] = 0;
		snprintf(want, sizeof(want), "%llu", (unsigned long long)v);
		assert_string_equal(text, want);
		text[pd_put_i64(text, -(int64_t)(v >> 1))] = 0;
		snprintf(want, sizeof(want), "%lld", -(long long)(v >> 1));
		assert_string_equal(text, want);
	}
	text[pd_put_i64(text, INT64_MIN)] = 0;
	assert_string_equal(text, "-9223372036854775808");
	text[pd_put_u64(text, 0)] = 0;
	assert_string_equal(text, "0");
}

static void test_json_write_decimals(void **state)
{
	(void)state;
	check_decimal(0, 3, "0");
	check_decimal(1, 3, "0.001");
	check_decimal(-1500, 3, "-1.5");
	check_decimal(1000, 3, "1");
	check_decimal(10, 0, "10");
	check_decimal(INT64_MIN, 2, "-92233720368547758.08");
	check_decimal(INT64_MIN, 19, "-0.9223372036854775808");
	check_decimal(7, 22, "0.0000000000000000000007");
}

static void test_json_write_reals(void **state)
{
	(void)state;
	check_real(0, "0");
	check_real(-3, "-3");
	check_real(0.1, "0.1");
	check_real(1.0 / 3, "0.333333333333333" "3");
	check_real(0.1 + 0.2, "0.30000000000000004");
	check_real(1e300, "1e+300");
	check_real(DBL_MAX, "1.7976931348623157e+308");
}

/* A host program with a decimal comma must not change the output. */
static void test_json_write_reals_in_any_locale(void **state)
{
	(void)state;
	if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
		skip();
	check_real(0.5, "0.5");
	check_real(-1.25e-9, "-1.25e-09");
	setlocale(LC_NUMERIC, "C");
}

static void test_json_write_structure(void **state)
{
	struct pd_error err = { 0 };
	struct pd_out *out = pd_out_memory(0, 0, &err);
	struct pd_jsonw w;
	struct pd_span have;
	const char *want = "{\n\t\"a\":[1,-2,[],{}],\n\t\"b\":{\"c\":\"x\\\"y\",\"d\":null,\"e\":true,\"f\":1.5},\n\t\"g\\n\":0.25,\n\t\"h\":null\n}\n";

	(void)state;
	pd_jsonw_init(&w, out, 1);
	pd_jsonw_object(&w, NULL);
	pd_jsonw_array(&w, "a");
	pd_jsonw_i64(&w, NULL, 1);
	pd_jsonw_i64(&w, NULL, -2);
	pd_jsonw_array(&w, NULL);
	pd_jsonw_end(&w);
	pd_jsonw_object(&w, NULL);
	pd_jsonw_end(&w);
	pd_jsonw_end(&w);
	pd_jsonw_object(&w, "b");
	pd_jsonw_string(&w, "c", "x\"y", 3);
	pd_jsonw_null(&w, "d");
	pd_jsonw_bool(&w, "e", true);
	pd_jsonw_decimal(&w, "f", 15, 1);
	pd_jsonw_end(&w);
	pd_jsonw_key(&w, "g\n", 2);
	pd_jsonw_real(&w, NULL, 0.25);
	pd_jsonw_real(&w, "h", NAN);
	pd_jsonw_end(&w);
	pd_jsonw_finish(&w);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	have = pd_out_memory_span(out);
	assert_int_equal(have.n, strlen(want));
	assert_memory_equal(have.p, want, have.n);
	pd_out_free(out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_write_integers),
		cmocka_unit_test(test_json_write_decimals),
		cmocka_unit_test(test_json_write_reals),
		cmocka_unit_test(test_json_write_reals_in_any_locale),
		cmocka_unit_test(test_json_write_structure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
