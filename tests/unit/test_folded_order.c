/* The order of folded lines is that of the bytes of the stack text; what is written reads back as written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <profdata/profdata.h>

static uint64_t seed = 88172645463325252u;

static unsigned rnd(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* Names that are beginnings of each other, with bytes on both sides of ';' and ' '. */
static size_t random_name(char *out)
{
	static const char *const part[] = { "a", "b", "!", " b", "~", ":", "<", "-", "\xc3\xa9", "aa", "abcdefgh", "\xff", "\t", "0" };
	size_t n = 0;

	out[n++] = "ab"[rnd(2)];
	for (unsigned k = rnd(4); k; k--) {
		const char *p = part[rnd(sizeof part / sizeof *part)];

		memcpy(out + n, p, strlen(p));
		n += strlen(p);
	}
	out[n++] = 'x'; /* no blank at the end: it would belong to the separator when read */
	return rnd(3) ? n : n - (n > 1);
}

static struct pd_doc *random_doc(unsigned rows)
{
	struct pd_builder *b = pd_builder_new(NULL, 0, NULL);
	struct pd_doc *doc;

	assert_non_null(b);
	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") });
	for (unsigned i = 0; i < rows; i++) {
		pd_frame frames[8];
		unsigned n = 1 + rnd(6);
		int64_t value = (int64_t)rnd(5) - 1;

		for (unsigned k = 0; k < n; k++) {
			char name[64];
			size_t len = random_name(name);

			frames[k] = pd_frame_named(b, name, len);
		}
		pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, frames, n, PD_ROOT_FIRST) }, &value);
	}
	doc = pd_builder_finish(b, NULL);
	assert_non_null(doc);
	pd_builder_free(b);
	return doc;
}

static struct pd_out *written(const struct pd_doc *doc)
{
	struct pd_error err = { 0 };
	struct pd_out *out = pd_out_memory(0, 0, &err);

	assert_non_null(out);
	assert_int_equal(pd_save(doc, pd_format_named("folded"), NULL, NULL, out, NULL, 0, &err), PD_OK);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	return out;
}

/* Compares two stacks as LC_ALL=C sort would. */
static int compare(struct pd_span a, struct pd_span b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

static void check_sorted(struct pd_span text)
{
	struct pd_span before = { NULL, 0 };
	const char *p = text.p, *end = text.p + text.n;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *blank;
		struct pd_span stack;

		assert_non_null(nl);
		blank = memrchr(p, ' ', (size_t)(nl - p));
		assert_non_null(blank);
		stack = (struct pd_span){ p, (size_t)(blank - p) };
		assert_string_not_equal(blank, " 0");
		if (before.p)
			assert_true(compare(before, stack) < 0); /* sorted, and no stack twice */
		before = stack;
		p = nl + 1;
	}
}

static void test_folded_lines_are_sorted_by_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct pd_doc *doc = random_doc(1 + rnd(200));
		struct pd_out *out = written(doc);

		check_sorted(pd_out_memory_span(out));
		pd_out_free(out);
		pd_doc_unref(doc);
	}
}

static void test_folded_text_written_reads_back(void **state)
{
	struct pd_load_opts opts = { .size = sizeof opts, .format = pd_format_named("folded") };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct pd_doc *doc = random_doc(1 + rnd(100)), *back;
		struct pd_out *one = written(doc), *two;
		struct pd_span text = pd_out_memory_span(one);
		struct pd_source *src = pd_source_memory("text", text.p, text.n, NULL, NULL);
		struct pd_span again;

		back = pd_load(src, &opts, NULL);
		assert_non_null(back);
		two = written(back);
		again = pd_out_memory_span(two);
		assert_int_equal(text.n, again.n);
		assert_memory_equal(text.p, again.p, text.n);
		pd_out_free(one);
		pd_out_free(two);
		pd_doc_unref(doc);
		pd_doc_unref(back);
		pd_source_free(src);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded_lines_are_sorted_by_bytes),
		cmocka_unit_test(test_folded_text_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
