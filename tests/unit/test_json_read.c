#include "common/json_read.h"
#include "common/json_write.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Hands out `step` bytes at a time, so that every token crosses a window somewhere. */
struct drip { const char *p; size_t n, step; };

static ptrdiff_t drip_read(void *ctx, void *buf, size_t n)
{
	struct drip *d = ctx;

	if (n > d->step)
		n = d->step;
	if (n > d->n)
		n = d->n;
	memcpy(buf, d->p, n);
	d->p += n;
	d->n -= n;
	return (ptrdiff_t)n;
}

/* Reads a whole value and writes it again; returns the text or, with '!' before it, the error. */
static void retell(struct pd_json *j, struct pd_jsonw *w)
{
	enum { DEPTH = 60 };
	bool object[DEPTH];
	unsigned depth = 0;

	do {
		struct pd_span s;
		struct pd_number num;
		bool b, more = false;

		switch (pd_json_type(j)) {
		case PD_JSON_NONE: return;
		case PD_JSON_NULL: pd_json_null(j); pd_jsonw_null(w, NULL); break;
		case PD_JSON_BOOL: if (pd_json_bool(j, &b)) pd_jsonw_bool(w, NULL, b); break;
		case PD_JSON_NUMBER: if (pd_json_number(j, &num)) pd_jsonw_raw(w, NULL, num.text.p, num.text.n); break;
		case PD_JSON_STRING: if (pd_json_string(j, &s)) pd_jsonw_string(w, NULL, s.p, s.n); break;
		case PD_JSON_ARRAY: pd_json_array(j); pd_jsonw_array(w, NULL); object[depth++] = false; break;
		case PD_JSON_OBJECT: pd_json_object(j); pd_jsonw_object(w, NULL); object[depth++] = true; break;
		}
		while (depth && !pd_json_failed(j) && !more) {
			if (object[depth - 1]) {
				more = pd_json_member(j, &s);
				if (more)
					pd_jsonw_key(w, s.p, s.n);
			} else {
				more = pd_json_element(j);
			}
			if (!more && !pd_json_failed(j)) {
				pd_jsonw_end(w);
				depth--;
			}
		}
	} while (depth && !pd_json_failed(j) && depth < DEPTH);
}

struct told { char text[4096]; size_t n; struct pd_error err; };

static struct told tell(const char *text, size_t n, size_t step, bool skip, bool open_end)
{
	const struct pd_source_ops ops = { .size = sizeof(ops), .read = drip_read };
	struct drip drip = { text, n, step };
	struct told t = { .n = 0 };
	struct pd_limits limits = { .size = sizeof(limits), .max_nesting = 50, .max_string = 1000 };
	struct pd_sink sink = { .limits = &limits, .err = &t.err };
	struct pd_source *src = step ? pd_source_callback("in", &ops, &drip, NULL, &t.err) : pd_source_memory("in", text, n, NULL, &t.err);
	struct pd_out *out = pd_out_memory(0, 0, &t.err);
	struct pd_json j;
	struct pd_jsonw w;

	assert_non_null(src);
	assert_non_null(out);
	pd_jsonw_init(&w, out, 0);
	pd_json_init(&j, src, &sink);
	j.open_end = open_end;
	if (skip)
		pd_json_skip(&j);
	else
		retell(&j, &w);
	pd_json_finish(&j);
	assert_int_equal(pd_json_status(&j), t.err.status);
	if (!pd_json_failed(&j) && !skip) {
		struct pd_error ignored = { 0 };
		struct pd_span s;

		assert_int_equal(pd_out_commit(out, &ignored), PD_OK);
		s = pd_out_memory_span(out);
		assert_true(s.n < sizeof(t.text));
		memcpy(t.text, s.p, s.n);
		t.n = s.n;
	}
	pd_json_release(&j);
	pd_out_free(out);
	pd_source_free(src);
	return t;
}

/* Read in one piece, byte by byte, in threes; and skipped: always the same verdict. */
static void check(const char *text, size_t n, const char *want, const char *error, uint64_t offset)
{
	static const size_t steps[] = { 0, 1, 3, 7 };

	for (size_t i = 0; i < PD_ARRAY_LEN(steps); i++) {
		struct told t = tell(text, n, steps[i], false, false), skipped = tell(text, n, steps[i], true, false);

		if (want) {
			if (t.err.status != PD_OK || skipped.err.status != PD_OK)
				fail_msg("%s: %s%s", text, t.err.text, skipped.err.text);
			if (t.n != strlen(want) || memcmp(t.text, want, t.n) != 0)
				fail_msg("want %s, have %.*s (pieces of %zu)", want, (int)t.n, t.text, steps[i]);
			continue;
		}
		if (t.err.status == PD_OK)
			fail_msg("%s: accepted", text);
		assert_string_equal(t.err.text, error);
		assert_int_equal(t.err.offset, offset);
		assert_true(t.err.has_offset);
	}
}

#define GIVES(text, want) check(text, sizeof(text) - 1, want, NULL, 0)
#define FAILS(text, offset, error) check(text, sizeof(text) - 1, NULL, error, offset)

static void test_json_read_values(void **state)
{
	(void)state;
	GIVES("null", "null");
	GIVES(" \t\r\n true \n", "true");
	GIVES("[false,true,null]", "[false,true,null]");
	GIVES("{}", "{}");
	GIVES("[]", "[]");
	GIVES("[ ]", "[]");
	GIVES("[[],[[]],{\"a\" : {} , \"b\":[1 , 2]}]", "[[],[[]],{\"a\":{},\"b\":[1,2]}]");
	GIVES("\xef\xbb\xbf[1]", "[1]");
	GIVES("[0,-0,1,-1,12345678901234567890,1.5,-0.25,1e5,1E+5,1.5e-300]", "[0,-0,1,-1,12345678901234567890,1.5,-0.25,1e5,1E+5,1.5e-300]");
	GIVES("{\"\":1,\"a\":2,\"a\":3}", "{\"\":1,\"a\":2,\"a\":3}");
}

static void test_json_read_strings(void **state)
{
	(void)state;
	GIVES("\"\"", "\"\"");
	GIVES("\"a long string without anything special in it\"", "\"a long string without anything special in it\"");
	GIVES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
	GIVES("\"\\u0041\\u00e9\\u2603\\ud83d\\ude00\"", "\"A\xc3\xa9\xe2\x98\x83\xf0\x9f\x98\x80\"");
	GIVES("\"\\u0000\"", "\"\\u0000\"");
	GIVES("\"\\ud800\"", "\"\xef\xbf\xbd\"");
	GIVES("\"\\ud800x\\ude00\\ud800\\u0041\\ud800\\ud83d\\ude00\"", "\"\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd" "A\xef\xbf\xbd\xf0\x9f\x98\x80\"");
	GIVES("\"caf\xc3\xa9 \xe2\x98\x83\"", "\"caf\xc3\xa9 \xe2\x98\x83\"");
	GIVES("\"raw\ttab\"", "\"raw\\ttab\"");
	GIVES("{\"k\\u0065y\" : \"v\" , \"plain key\" \n : 1}", "{\"key\":\"v\",\"plain key\":1}");
}

static void test_json_read_errors(void **state)
{
	(void)state;
	FAILS("", 0, "expected a JSON value, found the end of the input");
	FAILS("[1", 2, "expected ',' or ']', found the end of the input");
	FAILS("[1,", 3, "expected a value after ',', found the end of the input");
	FAILS("[1,]", 3, "expected a value after ',', found ']'");
	FAILS("[1 2]", 3, "expected ',' or ']', found '2'");
	FAILS("[", 1, "expected a value or ']', found the end of the input");
	FAILS("{", 1, "expected a member name or '}', found the end of the input");
	FAILS("{a:1}", 1, "expected a member name or '}', found 'a'");
	FAILS("{\"a\":1,}", 7, "expected a member name after ',', found '}'");
	FAILS("{\"a\" 1}", 5, "expected ':' after a member name, found '1'");
	FAILS("{\"a\":}", 5, "expected a JSON value, found '}'");
	FAILS("[1}", 2, "expected ',' or ']', found '}'");
	FAILS("{\"a\":1]", 6, "expected ',' or '}', found ']'");
	FAILS("1 2", 2, "expected the end of the input after the JSON value, found '2'");
	FAILS("NaN", 0, "expected a JSON value, found 'N' (NaN and Infinity are not JSON)");
	FAILS("[-Infinity]", 1, "expected a number, found -Infinity, which is not JSON");
	FAILS("01", 0, "'01' is no JSON number");
	FAILS("[1.]", 1, "'1.' is no JSON number");
	FAILS("[1e]", 1, "'1e' is no JSON number");
	FAILS("-", 0, "'-' is no JSON number");
	FAILS("+1", 0, "expected a JSON value, found '+'");
	FAILS("'a'", 0, "expected a JSON value, found '''");
	FAILS("tru", 0, "expected a JSON value, found 't'");
	FAILS("\x01", 0, "expected a JSON value, found byte 0x01");
	FAILS("[\0]", 1, "expected a JSON value, found byte 0x00");
}

static void test_json_read_broken_strings(void **state)
{
	static const struct { const char *text, *error; uint64_t offset; } cases[] = {
		{ "\"abc", "expected the end of a string, found the end of the input", 4 },
		{ "\"a\\", "expected the end of a string, found the end of the input", 2 },
		{ "\"a\\q\"", "unknown escape in a string", 2 },
		{ "\"\\u12g4\"", "expected four hex digits after \\u", 1 },
		{ "\"\\u12", "expected four hex digits after \\u", 1 },
	};

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(cases); i++) {
		struct told t = tell(cases[i].text, strlen(cases[i].text), i % 2, false, false);

		assert_int_equal(t.err.status, PD_ERR_DATA);
		assert_string_equal(t.err.text, cases[i].error);
		assert_int_equal(t.err.offset, cases[i].offset);
	}
}

static void test_json_read_limits(void **state)
{
	char text[3000];
	struct told t;

	(void)state;
	memset(text, '[', 50);
	memset(text + 50, ']', 50);
	assert_int_equal(tell(text, 100, 0, false, false).err.status, PD_OK);
	memset(text, '[', 51);
	memset(text + 51, ']', 51);
	t = tell(text, 102, 0, false, false);
	assert_int_equal(t.err.status, PD_ERR_LIMIT);
	assert_int_equal(tell(text, 102, 1, true, false).err.status, PD_ERR_LIMIT);
	memset(text, 'x', sizeof(text));
	text[0] = text[1001] = '"';
	assert_int_equal(tell(text, 1002, 0, false, false).err.status, PD_OK);
	assert_int_equal(tell(text, 1002, 1, false, false).err.status, PD_OK);
	text[1001] = 'x';
	text[1002] = '"';
	assert_int_equal(tell(text, 1003, 0, false, false).err.status, PD_ERR_LIMIT);
	assert_int_equal(tell(text, 1003, 1, false, false).err.status, PD_ERR_LIMIT);
	memset(text, '1', sizeof(text));
	assert_int_equal(tell(text, 64, 0, false, false).err.status, PD_OK);
	assert_int_equal(tell(text, 65, 0, false, false).err.status, PD_ERR_DATA);
	text[1] = '.';
	assert_int_equal(tell(text, 400, 1, false, false).err.status, PD_OK);
	assert_int_equal(tell(text, 401, 1, false, false).err.status, PD_ERR_DATA);
}

static void test_json_read_open_end(void **state)
{
	static const char *const early[] = { "[", "[1", "[1,", "[{\"a\":1},", "{\"a\":[1,2", "{\"a\":1,", "{" };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(early); i++) {
		assert_int_equal(tell(early[i], strlen(early[i]), i % 2, false, true).err.status, PD_OK);
		assert_int_equal(tell(early[i], strlen(early[i]), i % 2, true, true).err.status, PD_OK);
		assert_int_equal(tell(early[i], strlen(early[i]), i % 2, false, false).err.status, PD_ERR_DATA);
	}
}

/* Inside of strings, escapes, numbers and words too; but what is wrong before the end stays wrong. */
static void test_json_read_cut_anywhere(void **state)
{
	static const char whole[] = "{\"a b\":[\"x\\n\\u00e9\\ud83d\\ude00\",-12.5e+3,true,false,null,{\"k\" : \"\"}],\"z\":0}";

	(void)state;
	for (size_t n = 1; n < sizeof(whole); n++) {
		assert_int_equal(tell(whole, n, n % 3, false, true).err.status, PD_OK);
		assert_int_equal(tell(whole, n, n % 3, true, true).err.status, PD_OK);
		assert_int_equal(tell(whole, n, n % 3, true, false).err.status, n + 1 < sizeof(whole) ? PD_ERR_DATA : PD_OK);
	}
	assert_int_equal(tell("[1,]", 4, 0, false, true).err.status, PD_OK);
	assert_int_equal(tell("[tru]", 5, 0, false, true).err.status, PD_ERR_DATA);
	assert_int_equal(tell("[\"\\x\"", 6, 0, false, true).err.status, PD_ERR_DATA);
	assert_int_equal(tell("[1 2", 4, 0, false, true).err.status, PD_ERR_DATA);
}

static void json_on(const char *text, struct pd_json *j, struct pd_sink *sink, struct pd_source **src)
{
	*src = pd_source_memory("in", text, strlen(text), NULL, sink->err);
	pd_json_init(j, *src, sink);
}

static void test_json_read_nonfinite(void **state)
{
	struct pd_limits limits = { .size = sizeof(limits), .max_nesting = 50, .max_string = 1000 };
	struct pd_error err = { 0 };
	struct pd_sink sink = { .limits = &limits, .err = &err };
	struct pd_source *src;
	struct pd_json j;

	(void)state;
	json_on("[NaN, -Infinity,Infinity,-1]", &j, &sink, &src);
	j.nonfinite = true;
	assert_true(pd_json_array(&j));
	for (int i = 0; i < 3; i++) {
		assert_true(pd_json_element(&j));
		assert_int_equal(pd_json_type(&j), PD_JSON_NULL);
		assert_true(i % 2 ? pd_json_null(&j) : pd_json_skip(&j));
	}
	assert_true(pd_json_element(&j));
	assert_int_equal(pd_json_type(&j), PD_JSON_NUMBER);
	assert_true(pd_json_skip(&j));
	assert_false(pd_json_element(&j));
	assert_true(pd_json_finish(&j));
	pd_json_release(&j);
	pd_source_free(src);
}

/* Every text alone at the end, and far from it, where the fast path works. */
static void test_json_read_scaled(void **state)
{
	static const struct { const char *text; int64_t want; bool rounded; } good[] = {
		{ "0", 0, false }, { "-0", 0, false }, { "12", 12000, false }, { "12.5", 12500, false }, { "-12.345", -12345, false }, { "12.3455", 12346, true },
		{ "0.001", 1, false }, { "1e3", 1000000, false }, { "1.5e-3", 2, true }, { "999999999999999.999", 999999999999999999, false },
		{ "1615000000000000.2", 1615000000000000200, false }, { "9223372036854775.807", INT64_MAX, false },
	};
	static const char *const bad[] = { "01", "1.", ".5", "9223372036854775.808", "-", "x" };
	struct pd_limits limits = { .size = sizeof(limits), .max_nesting = 50, .max_string = 1000 };
	struct pd_source *src;
	struct pd_json j;
	char text[256];

	(void)state;
	for (size_t i = 0; i < 2 * (PD_ARRAY_LEN(good) + PD_ARRAY_LEN(bad)); i++) {
		struct pd_error err = { 0 };
		struct pd_sink sink = { .limits = &limits, .err = &err };
		bool far = i % 2, ok = i / 2 < PD_ARRAY_LEN(good), rounded = false, got;
		int64_t v = 0;

		snprintf(text, sizeof(text), "[%s%*s]", ok ? good[i / 2].text : bad[i / 2 - PD_ARRAY_LEN(good)], far ? 60 : 0, "");
		json_on(text, &j, &sink, &src);
		assert_true(pd_json_array(&j) && pd_json_element(&j));
		got = pd_json_scaled(&j, 3, &v, &rounded);
		if (ok) {
			assert_true(got);
			assert_int_equal(v, good[i / 2].want);
			assert_int_equal(rounded, good[i / 2].rounded);
			assert_false(pd_json_element(&j));
		} else {
			assert_false(got && pd_json_element(&j) && pd_json_finish(&j));
			assert_int_equal(err.status, PD_ERR_DATA);
		}
		pd_json_release(&j);
		pd_source_free(src);
	}
}

/* ---- numbers ---- */

static struct pd_number number(const char *text)
{
	struct pd_number n;

	assert_true(pd_number_parse((struct pd_span){ text, strlen(text) }, &n));
	return n;
}

static void check_scaled(const char *text, int shift, int64_t want, bool rounds)
{
	struct pd_number n = number(text);
	bool rounded = false;
	int64_t v;

	assert_true(pd_number_scaled(&n, shift, &v, &rounded));
	assert_int_equal(v, want);
	assert_int_equal(rounded, rounds);
}

static void check_too_large(const char *text, int shift)
{
	struct pd_number n = number(text);
	bool rounded = false;
	int64_t v;

	assert_false(pd_number_scaled(&n, shift, &v, &rounded));
}

static void test_json_number_scaled(void **state)
{
	(void)state;
	check_scaled("0", 9, 0, false);
	check_scaled("-0.0", 0, 0, false);
	check_scaled("0e999999999999", 9, 0, false);
	check_scaled("1.5", 9, 1500000000, false);
	check_scaled("0.123456789", 9, 123456789, false);
	check_scaled("0.1234567895", 9, 123456790, true);
	check_scaled("-0.1234567895", 9, -123456790, true);
	check_scaled("0.1234567894", 9, 123456789, true);
	check_scaled("9223372036854775807", 0, INT64_MAX, false);
	check_scaled("-9223372036854775808", 0, INT64_MIN, false);
	check_scaled("9223372036854775.807", 3, INT64_MAX, false);
	check_scaled("922337203685477580.70000000000000000000000000000", 1, INT64_MAX, false);
	check_scaled("1e-400", 9, 0, true);
	check_scaled("5e-1", 0, 1, true);
	check_scaled("4.999e-1", 0, 0, true);
	check_scaled("12e3", -3, 12, false);
	check_too_large("9223372036854775808", 0);
	check_too_large("-9223372036854775809", 0);
	check_too_large("1e19", 0);
	check_too_large("1e400", 0);
	check_too_large("10000000000", 9);
}

static void test_json_number_decimals(void **state)
{
	static const struct { const char *text; unsigned want; } cases[] = {
		{ "0", 0 }, { "10", 0 }, { "1.50", 1 }, { "1.250e-1", 3 }, { "1.250e1", 1 }, { "100e-2", 0 }, { "0.000", 0 }, { "1e5", 0 },
	};

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(cases); i++) {
		struct pd_number n = number(cases[i].text);

		assert_int_equal(pd_number_decimals(&n), cases[i].want);
	}
}

static void test_json_number_double(void **state)
{
	static const struct { const char *text; double want; } cases[] = {
		{ "0", 0 }, { "-1", -1 }, { "0.1", 0.1 }, { "123456.789", 123456.789 }, { "1e22", 1e22 }, { "1.7976931348623157e308", 1.7976931348623157e308 },
		{ "5e-324", 5e-324 }, { "0.30000000000000004", 0.30000000000000004 }, { "9007199254740993", 9007199254740992.0 },
		{ "123456789012345678901234567890", 123456789012345678901234567890.0 },
	};
	struct pd_number n = number("1e400");

	(void)state;
	assert_true(isinf(pd_number_double(&n)));
	for (size_t i = 0; i < PD_ARRAY_LEN(cases); i++) {
		n = number(cases[i].text);
		assert_true(pd_number_double(&n) == cases[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_read_values),
		cmocka_unit_test(test_json_read_strings),
		cmocka_unit_test(test_json_read_errors),
		cmocka_unit_test(test_json_read_broken_strings),
		cmocka_unit_test(test_json_read_limits),
		cmocka_unit_test(test_json_read_open_end),
		cmocka_unit_test(test_json_read_cut_anywhere),
		cmocka_unit_test(test_json_read_nonfinite),
		cmocka_unit_test(test_json_read_scaled),
		cmocka_unit_test(test_json_number_scaled),
		cmocka_unit_test(test_json_number_decimals),
		cmocka_unit_test(test_json_number_double),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
