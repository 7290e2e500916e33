/* Facts for sniffers, and what detection says when nobody answers. */
#include "cm.h"

#include "base/span.h"
#include "feed.h"
#include "format/probe.h"

static struct pd_probe probe;

static const struct pd_probe *look(const char *text, bool at_end)
{
	memset(&probe, 0x55, sizeof probe);
	pd_probe_init(&probe, span_of(text), at_end);
	return &probe;
}

static void test_probe_lines(void **state)
{
	const struct pd_probe *p = look("one\r\n\ntwo\nthr", false);

	(void)state;
	assert_true(p->is_text);
	assert_int_equal(p->n_lines, 3);
	assert_true(span_is(p->lines[0], "one"));
	assert_int_equal(p->lines[1].n, 0);
	assert_true(span_is(p->lines[2], "two"));
	p = look("one\ntwo", true);
	assert_int_equal(p->n_lines, 2);
	assert_true(span_is(p->lines[1], "two"));
	assert_int_equal(look("one\n", true)->n_lines, 1);
	assert_int_equal(look("", true)->n_lines, 0);
}

static void test_probe_no_more_lines_than_fit(void **state)
{
	char text[1000];

	(void)state;
	memset(text, '\n', sizeof text);
	pd_probe_init(&probe, (struct pd_span){ text, sizeof text }, true);
	assert_int_equal(probe.n_lines, PD_PROBE_LINES);
}

static void test_probe_text_or_not(void **state)
{
	char binary[64] = "looks like text";

	(void)state;
	pd_probe_init(&probe, (struct pd_span){ binary, sizeof binary }, true);
	assert_false(probe.is_text);
	assert_true(look("colours \x1b[0m\n", true)->is_text);
	assert_false(look("\x01\x02\x03\x04", true)->is_text);
	assert_true(look("gr\xc3\xbc\xc3\x9f \xff\n", true)->is_text);
}

static void keys_are(const char *text, char top, unsigned n, ...)
{
	const struct pd_probe *p = look(text, false);
	va_list ap;

	assert_int_equal(p->json_top, top);
	assert_int_equal(p->n_json_keys, n);
	va_start(ap, n);
	for (unsigned i = 0; i < n; i++)
		assert_true(span_is(p->json_keys[i], va_arg(ap, const char *)));
	va_end(ap);
}

static void test_probe_json_keys(void **state)
{
	(void)state;
	keys_are("{\"a\":1,\"b\":{\"no\":[{\"no\":2}]},\"c\" : \"x:y\",\"d\":\"tru", '{', 4, "a", "b", "c", "d");
	keys_are(" \n{ \"q\\\"uote\": 1 }, {\"after\":1}", '{', 1, "q\\\"uote");
	keys_are("[ {\"ph\":\"X\", \"ts\":1}, {\"later\":2}", '[', 2, "ph", "ts");
	keys_are("[1,2,{\"k\":1}]", '[', 0);
	keys_are("{}", '{', 0);
	keys_are("{", '{', 0);
	keys_are("{\"unfinis", '{', 0);
	keys_are("{\"a\"", '{', 0);
	keys_are("{not json", 0, 0);
	keys_are("[unknown];main 5\n", 0, 0);
	keys_are("main;foo 5\n", 0, 0);
	keys_are("]}]}]}", 0, 0);
	keys_are("{\"a\":}]}]}", '{', 1, "a");
}

static void test_probe_many_keys(void **state)
{
	char text[4000] = "{";

	(void)state;
	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), 32, "\"k%d\":%d,", i, i);
	assert_int_equal(look(text, false)->n_json_keys, PD_PROBE_KEYS);
}

/* Deep nesting costs no stack. */
static void test_probe_nesting(void **state)
{
	char *deep = malloc(1 << 20);

	(void)state;
	memset(deep, '[', 1 << 20);
	memcpy(deep, "{\"k\":", 5);
	pd_probe_init(&probe, (struct pd_span){ deep, 1 << 20 }, false);
	assert_int_equal(probe.n_json_keys, 1);
	free(deep);
}

static void unknown(const void *data, size_t n, const char *text)
{
	struct pd_error err = { 0 };
	struct pd_detected found;
	struct pd_source *s = pd_source_memory("m", data, n, NULL, NULL);

	assert_int_equal(pd_detect(s, &found, &err), PD_ERR_UNKNOWN);
	assert_string_equal(err.text, text);
	assert_string_equal(err.path, "m");
	assert_true(err.hint[0]);
	pd_source_free(s);
}

static void test_detect_says_what_it_saw(void **state)
{
	(void)state;
	unknown("", 0, "input is empty");
	unknown("\x7f" "ELF\2\1\1\0", 8, "this is an ELF binary, not a profile");
	unknown("\xde\xad\xbe\xef\0\0\0\1\2", 9, "no format recognises this binary data, which starts with de ad be ef 00 00 00 01");
	unknown("\n\n{\"zzz\":1}\n", 11, "no format recognises this JSON (first key zzz)");
	unknown("[]", 2, "no format recognises this JSON (first key: none)");
}

static void test_detect_hands_failures_on(void **state)
{
	struct pd_error err = { 0 };
	struct pd_detected found;
	struct feed f = { .p = "abc", .n = 3, .fails = true };
	struct pd_source *s = feed_open(&f, NULL, NULL);

	(void)state;
	assert_int_equal(pd_detect(s, &found, &err), PD_ERR_IO);
	assert_string_equal(err.text, "cannot read: Input/output error");
	pd_source_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_lines),
		cmocka_unit_test(test_probe_no_more_lines_than_fit),
		cmocka_unit_test(test_probe_text_or_not),
		cmocka_unit_test(test_probe_json_keys),
		cmocka_unit_test(test_probe_many_keys),
		cmocka_unit_test(test_probe_nesting),
		cmocka_unit_test(test_detect_says_what_it_saw),
		cmocka_unit_test(test_detect_hands_failures_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
