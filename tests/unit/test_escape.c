#include "common/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef void escaper(struct pd_out *out, const char *p, size_t n);

static void check(escaper *escape, const char *in, size_t n, const char *want)
{
	struct pd_error err = { 0 };
	struct pd_out *out = pd_out_memory(0, 0, &err);
	struct pd_span have;

	assert_non_null(out);
	escape(out, in, n);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	have = pd_out_memory_span(out);
	if (have.n != strlen(want) || memcmp(have.p, want, have.n) != 0)
		fail_msg("want '%s', have '%.*s'", want, (int)have.n, have.p);
	pd_out_free(out);
}

#define CHECK(escape, in, want) check(escape, in, sizeof(in) - 1, want)

static void test_escape_plain_text_stays(void **state)
{
	static escaper *const all[] = { esc_xml_text, esc_xml_attr, esc_json, esc_js_in_script, esc_terminal };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(all); i++) {
		CHECK(all[i], "", "");
		CHECK(all[i], "std::vector[int] (x) caf\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80", "std::vector[int] (x) caf\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80");
	}
}

/* One U+FFFD for each maximal part of a broken sequence, as the Unicode standard advises. */
static void test_escape_invalid_utf8_is_replaced(void **state)
{
	static escaper *const all[] = { esc_xml_text, esc_xml_attr, esc_json, esc_js_in_script, esc_terminal };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(all); i++) {
		CHECK(all[i], "a\xffz", "a\xef\xbf\xbdz");
		CHECK(all[i], "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");         /* overlong */
		CHECK(all[i], "\xe2\x98", "\xef\xbf\xbd");                     /* cut at the end */
		CHECK(all[i], "\xe2\x98x", "\xef\xbf\xbdx");                   /* cut in the middle */
		CHECK(all[i], "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* surrogate */
		CHECK(all[i], "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
		CHECK(all[i], "\xf0\x9f\x98", "\xef\xbf\xbd");
		CHECK(all[i], "\x80", "\xef\xbf\xbd");
	}
}

static void test_escape_xml(void **state)
{
	(void)state;
	CHECK(esc_xml_text, "a<b>&\"'\n\t\r", "a&lt;b&gt;&amp;\"'\n\t&#13;");
	CHECK(esc_xml_text, "\0\x01\x1b[31m]]>", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd[31m]]&gt;");
	CHECK(esc_xml_text, "\x7f\xc2\x85\xef\xbf\xbe\xef\xbf\xbf", "&#x7f;&#x85;\xef\xbf\xbd\xef\xbf\xbd");
	CHECK(esc_xml_attr, "a<b>&\"'\n\t\r", "a&lt;b&gt;&amp;&quot;&#39;&#10;&#9;&#13;");
}

static void test_escape_json(void **state)
{
	(void)state;
	CHECK(esc_json, "a\"\\/\b\f\n\r\t\0\x1f\x7f", "a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f");
	CHECK(esc_json, "<&>'\xe2\x80\xa8", "<&>'\xe2\x80\xa8");
}

static void test_escape_js_in_script(void **state)
{
	(void)state;
	CHECK(esc_js_in_script, "</script><!--]]>&'\"", "\\u003c/script\\u003e\\u003c!--]]\\u003e\\u0026\\u0027\\\"");
	CHECK(esc_js_in_script, "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
	CHECK(esc_js_in_script, "\0\n\\", "\\u0000\\n\\\\");
}

static void test_escape_terminal(void **state)
{
	(void)state;
	CHECK(esc_terminal, "a\x1b[2J\x07\n\r\t\x7f\\", "a\\x1b[2J\\x07\\n\\r\\t\\x7f\\");
	CHECK(esc_terminal, "\xc2\x9b" "31m", "\\x9b31m"); /* C1: CSI in one character */
	CHECK(esc_terminal, "\xe2\x80\xae" "gnp.exe\xe2\x80\xa8", "\\u{202e}gnp.exe\\u{2028}");
}

static void test_escape_utf8_round_trip(void **state)
{
	char text[4];
	uint32_t cp;
	bool valid;

	(void)state;
	for (uint32_t c = 0; c <= 0x110000; c += c < 0x3000 ? 1 : 97) {
		size_t n = esc_utf8_put(text, c);
		bool real = c < 0x110000 && !(c >= 0xd800 && c < 0xe000);

		assert_int_equal(esc_utf8_next(text, n, &cp, &valid), n);
		assert_true(valid);
		assert_int_equal(cp, real ? c : 0xfffd);
		assert_true(esc_utf8_valid(text, n));
		if (n > 1)
			assert_false(esc_utf8_valid(text, n - 1));
	}
	assert_int_equal(esc_ascii_prefix("0123456789abcdefg\x80", 18), 17);
	assert_int_equal(esc_ascii_prefix("01\x80" "3456789abcdefg", 17), 2);
	assert_int_equal(esc_ascii_prefix("0123456789", 10), 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape_plain_text_stays),
		cmocka_unit_test(test_escape_invalid_utf8_is_replaced),
		cmocka_unit_test(test_escape_xml),
		cmocka_unit_test(test_escape_json),
		cmocka_unit_test(test_escape_js_in_script),
		cmocka_unit_test(test_escape_terminal),
		cmocka_unit_test(test_escape_utf8_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
