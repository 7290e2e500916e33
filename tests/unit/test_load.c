/* Loading with a format made for the tests: notes, strictness, options, errors with a place, parts. */
#include "cm.h"

#include "base/span.h"
#include "feed.h"
#include "format/load.h"
#include "io/source.h"
#include "model/model.h"

/*
 * "a;b;c 5" lines; "!" lines are odd, "#fail" is an error, "@name" starts another series,
 * "%key=value" sets a label for what follows until a blank line, which ends a record.
 */
struct toy_opts { int64_t times; bool fold; };
static const struct pd_opt toy_table[] = {
	{ 0, "times", "N", "factor", PD_OPT_INT, PD_AT(struct toy_opts, times, int64_t) },
	{ .kind = PD_OPT_END },
};

static unsigned toy_series(struct pd_builder *b, struct pd_span name)
{
	pd_str s = pd_intern(b, name.p, name.n);
	unsigned i;

	for (i = 0; i < b->doc->series.n; i++)
		if (b->doc->series.v[i].name.v == s.v)
			return i;
	i = pd_series_add(b, s);
	pd_series_value(b, i, &(struct pd_value_type){ .type = pd_intern_z(b, "n"), .unit = pd_intern_z(b, "count") });
	return i;
}

static pd_stack toy_stack(struct pd_builder *b, struct pd_span path)
{
	pd_frame frame[64];
	size_t n = 0;
	struct pd_span name;

	while (n < 63 && span_cut(&path, ';', &name))
		frame[n++] = pd_frame_named(b, name.p, name.n);
	frame[n++] = pd_frame_named(b, path.p, path.n);
	return pd_stack_of(b, frame, n, PD_ROOT_FIRST);
}

static enum pd_status toy_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	const struct toy_opts *o = opts;
	struct pd_builder *b = sink->prof;
	unsigned series = toy_series(b, SPAN("main"));
	pd_labels labels = { 0 };
	struct pd_span line, count, key;
	int64_t v;

	while (source_line(src, &line)) {
		if (!line.n) {
			labels.v = 0;
			series = toy_series(b, SPAN("main"));
		} else if (line.p[0] == '!') {
			if (pd_note(sink, src, "odd lines skipped"))
				return PD_ERR_DATA;
		} else if (span_is(line, "#fail")) {
			return pd_fail(sink, src, "expected anything but '%s'", "#fail");
		} else if (line.p[0] == '@') {
			series = toy_series(b, span_skip(line, 1));
		} else if (line.p[0] == '%') {
			line = span_skip(line, 1);
			if (!span_cut(&line, '=', &key))
				return pd_fail(sink, src, "expected '='");
			labels = pd_labels_of(b, &(struct pd_label){ .key = pd_intern(b, key.p, key.n), .str = pd_intern(b, line.p, line.n) }, 1);
		} else {
			if (!span_rcut(&line, ' ', &count) || !span_i64(count, &v))
				return pd_fail(sink, src, "expected a count");
			v *= o->times ? o->times : 1;
			pd_sample_add(b, series, &(struct pd_sample){ .stack = toy_stack(b, line), .labels = labels }, &v);
		}
	}
	return PD_OK; /* forgetting pd_source_status(): the loader knows better */
}

static bool toy_ends(struct pd_span line)
{
	return line.n == 0;
}

static const struct pd_format toy = {
	.name = "toy",
	.summary = "for tests",
	.opts_size = sizeof(struct toy_opts),
	.opts = toy_table,
	.read = toy_read,
	.ends_record = toy_ends,
};

static struct pd_doc *load(const char *text, size_t n, const struct pd_load_opts *more, struct pd_error *err)
{
	struct pd_load_opts o = more ? *more : (struct pd_load_opts){ 0 };
	struct pd_source *s = pd_source_memory("toy.txt", text, n, NULL, err);
	struct pd_doc *doc;

	o.size = sizeof o;
	o.format = &toy;
	doc = pd_load(s, &o, err);
	pd_source_free(s);
	return doc;
}

static void test_load_plain(void **state)
{
	struct pd_format_used used = { 0 };
	struct pd_error err = { 0 };
	struct pd_doc *doc = load("a;b 5\na;c 7\n", 12, &(struct pd_load_opts){ .used = &used }, &err);
	int64_t sum, abs;

	(void)state;
	assert_non_null(doc);
	assert_true(pd_doc_check(doc, &err));
	assert_true(pd_doc_total(doc, 0, &sum, &abs));
	assert_int_equal(sum, 12);
	assert_ptr_equal(used.format, &toy);
	assert_string_equal(used.compression, "none");
	pd_doc_unref(doc);
}

static void test_load_options_of_the_format(void **state)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = load("a 5\n", 4, &(struct pd_load_opts){ .opts = (const char *const[]){ "times=3", NULL } }, &err);
	int64_t sum, abs;

	(void)state;
	assert_non_null(doc);
	assert_true(pd_doc_total(doc, 0, &sum, &abs));
	assert_int_equal(sum, 15);
	pd_doc_unref(doc);
	assert_null(load("a 5\n", 4, &(struct pd_load_opts){ .opts = (const char *const[]){ "tiems=3", NULL } }, &err));
	assert_int_equal(err.status, PD_ERR_USAGE);
	assert_string_equal(err.text, "toy: unknown option 'tiems'");
	assert_string_equal(err.hint, "did you mean 'times'?");
}

static void test_load_errors_have_a_place(void **state)
{
	struct pd_error err = { 0 };

	(void)state;
	assert_null(load("a 5\nb\n", 6, NULL, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	assert_string_equal(err.text, "expected a count");
	assert_string_equal(err.path, "toy.txt");
	assert_int_equal(err.line, 2);
	assert_false(err.has_offset);
}

static void test_load_source_failures_beat_the_reader(void **state)
{
	char text[3000];
	size_t n;
	char *z;
	struct pd_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof text; i += 10)
		memcpy(text + i, "abc;def 1\n", 10);
	z = gzip_member(text, sizeof text, &n);
	assert_null(load(z, n - 5, NULL, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	assert_true(strstr(err.text, "cut off"));
	assert_string_equal(err.path, "toy.txt");
	free(z);
}

static void test_load_notes_and_strict(void **state)
{
	static const char text[] = "a 5\n! one\nb 6\n!two\n";
	struct pd_error err = { 0 };
	struct pd_doc *doc = load(text, sizeof text - 1, NULL, &err);
	const struct pd_note_desc *note;

	(void)state;
	assert_non_null(doc);
	assert_int_equal(pd_doc_notes(doc, &note), 1);
	assert_string_equal(note->what, "odd lines skipped");
	assert_int_equal(note->count, 2);
	assert_string_equal(note->example, "line 2: ! one");
	pd_doc_unref(doc);
	assert_null(load(text, sizeof text - 1, &(struct pd_load_opts){ .strict = true }, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	assert_string_equal(err.text, "odd lines skipped");
	assert_int_equal(err.line, 2);
}

/* ---- parts ---- */

/* Records with names and labels that keep being new, so that the order of first use matters. */
static char *make_records(size_t records, size_t *n)
{
	char *p = malloc(records * 200 + 1);
	size_t at = 0;
	uint32_t r = 7;

	for (size_t i = 0; i < records; i++) {
		if (i % 5 == 0)
			at += (size_t)snprintf(p + at, 60, "%%k%zu=v%zu\n", i % 3, i % 41);
		if (i % 97 == 50)
			at += (size_t)snprintf(p + at, 60, "@event%zu\n", i / 300);
		if (i % 1000 == 999)
			at += (size_t)snprintf(p + at, 60, "! odd %zu\n", i);
		for (int k = 0; k < 3; k++) {
			r = r * 1664525u + 1013904223u;
			at += (size_t)snprintf(p + at, 60, "main;f%u;g%u;h%zu %u\n", r >> 29, (r >> 20) % 50, i / 100, r >> 24);
		}
		p[at++] = '\n';
	}
	*n = at;
	return p;
}

static struct pd_doc *in_parts(const char *text, size_t n, unsigned jobs, uint64_t part, unsigned flags, bool *fell_back)
{
	struct toy_opts opts = { 0 };
	struct pd_loading l = { .format = &toy, .opts = &opts, .build_flags = flags, .jobs = jobs, .part_size = part };
	struct pd_source *s = pd_source_memory("toy.txt", text, n, NULL, NULL);
	struct pd_notes notes = { 0 };
	struct pd_builder *b;
	struct pd_doc *doc = NULL;

	pd_limits_fill(&l.limits);
	b = pd_load_parts(&l, s, &notes);
	*fell_back = !b;
	if (b) {
		doc = pd_builder_finish(b, NULL);
		assert_int_equal(notes.row.n, 1);
		assert_int_equal(notes.row.v[0].count, 4);
		assert_string_equal(notes.row.v[0].text, "! odd 999");
	}
	pd_builder_free(b);
	pd_notes_release(&notes);
	pd_source_free(s);
	return doc;
}

static void same_strings(const struct pd_doc *a, const struct pd_doc *b)
{
	assert_int_equal(pd_doc_strings(a), pd_doc_strings(b));
	for (uint32_t i = 1; i <= pd_doc_strings(a); i++)
		assert_true(span_eq(pd_doc_string(a, (pd_str){ i }), pd_doc_string(b, (pd_str){ i })));
}

static void same_tables(const struct pd_doc *a, const struct pd_doc *b)
{
	pd_frame x[64], y[64];

	same_strings(a, b);
	assert_int_equal(pd_doc_frames(a), pd_doc_frames(b));
	assert_int_equal(pd_doc_stack_nodes(a), pd_doc_stack_nodes(b));
	assert_int_equal(pd_doc_label_sets(a), pd_doc_label_sets(b));
	assert_int_equal(pd_doc_threads(a), pd_doc_threads(b));
	for (uint32_t i = 1; i <= pd_doc_stack_nodes(a); i++) {
		size_t n = pd_doc_stack(a, (pd_stack){ i }, PD_ROOT_FIRST, x);

		assert_int_equal(pd_doc_stack(b, (pd_stack){ i }, PD_ROOT_FIRST, y), n);
		assert_memory_equal(x, y, n * sizeof *x);
	}
	for (uint32_t i = 1; i <= pd_doc_label_sets(a); i++) {
		const struct pd_label *l, *m;
		size_t n = pd_doc_labels(a, (pd_labels){ i }, &l);

		assert_int_equal(pd_doc_labels(b, (pd_labels){ i }, &m), n);
		for (size_t k = 0; k < n; k++)
			assert_true(l[k].key.v == m[k].key.v && l[k].str.v == m[k].str.v);
	}
}

static void same_rows(const struct pd_doc *a, const struct pd_doc *b)
{
	assert_int_equal(pd_doc_series(a), pd_doc_series(b));
	for (unsigned s = 0; s < pd_doc_series(a); s++) {
		struct pd_rows x, y;
		size_t n;

		assert_int_equal(pd_series_name(a, s).v, pd_series_name(b, s).v);
		assert_int_equal(pd_series_count(a, s), pd_series_count(b, s));
		for (uint64_t at = 0; (n = pd_series_rows(a, s, at, &x)); at += n) {
			assert_int_equal(pd_series_rows(b, s, at, &y), n);
			assert_memory_equal(x.stack, y.stack, n * sizeof *x.stack);
			assert_memory_equal(x.labels, y.labels, n * sizeof *x.labels);
			assert_memory_equal(x.value[0], y.value[0], n * sizeof *x.value[0]);
		}
	}
}

static void test_load_parts_give_the_same_document(void **state)
{
	static const unsigned flags[] = { 0, PD_BUILD_AGGREGATE };
	size_t n;
	char *text = make_records(4000, &n);
	bool fell_back;

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct pd_doc *one = load(text, n, &(struct pd_load_opts){ .build_flags = flags[f] }, NULL);

		assert_non_null(one);
		for (unsigned jobs = 2; jobs < 6; jobs++)
			for (uint64_t part = 1500; part < n; part = part * 3 + 7) {
				struct pd_doc *many = in_parts(text, n, jobs, part, flags[f], &fell_back);

				assert_false(fell_back);
				assert_true(pd_doc_check(many, NULL));
				same_tables(one, many);
				same_rows(one, many);
				pd_doc_unref(many);
			}
		pd_doc_unref(one);
	}
	free(text);
}

static void test_load_parts_leave_trouble_to_one_pass(void **state)
{
	size_t n;
	char *text = make_records(4000, &n), *bad = strstr(text + n / 2, "\n\n");
	bool fell_back;

	(void)state;
	memcpy(bad + 2, "#fail\n", 6);
	assert_null(in_parts(text, n, 3, 5000, 0, &fell_back));
	assert_true(fell_back);
	assert_null(in_parts(text, n, 1, 5000, 0, &fell_back)); /* one thread: nothing to do */
	assert_true(fell_back);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_plain),
		cmocka_unit_test(test_load_options_of_the_format),
		cmocka_unit_test(test_load_errors_have_a_place),
		cmocka_unit_test(test_load_source_failures_beat_the_reader),
		cmocka_unit_test(test_load_notes_and_strict),
		cmocka_unit_test(test_load_parts_give_the_same_document),
		cmocka_unit_test(test_load_parts_leave_trouble_to_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
