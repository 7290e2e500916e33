/* Reading pprof: all it can say, and what producers bend. */
#include "pprof_case.h"

/* ---- ordinary ---- */

static void test_pprof_reads_everything(void **state)
{
	struct pd_frame_desc f;
	struct pd_mapping_desc m;
	struct pd_func_desc fn;
	struct pd_value_type t;
	struct pd_doc *doc;

	(void)state;
	start();
	put_types();
	put_sample(1, 3, 30);
	put_mapping();
	emit_num(&sub, 1, 1);
	emit_num(&sub, 2, 1);
	emit_num(&sub, 3, 0x1234);
	EMIT_NUMS(&sub, 4, 1, 2, 2, 7, 3, 9);
	EMIT_NUMS(&sub, 4, 1, 1, 2, 42);
	emit_num(&sub, 5, 1);
	emit_message(&e, 4, &sub);
	put_function();
	EMIT_NUMS(&e, 5, 1, 2, 2, S_WORK);
	put_strings();
	emit_num(&e, 7, S_KEY);
	emit_num(&e, 8, S_VALUE);
	emit_num(&e, 9, 1700000000000000000);
	emit_num(&e, 10, 5);
	EMIT_NUMS(&e, 11, 1, S_CPU, 2, S_NS);
	emit_num(&e, 12, -10);
	EMIT_PACKED(&e, 13, S_MAIN, S_FILE);
	emit_num(&e, 13, S_WORK);
	emit_num(&e, 14, S_CPU);
	emit_num(&e, 15, S_BIN);
	doc = load();
	expect_no_notes(doc);
	const struct pd_meta *meta = pd_doc_meta(doc);
	expect_text(doc, meta->drop_frames, "key");
	expect_text(doc, meta->keep_frames, "value");
	expect_text(doc, meta->period_type, "cpu");
	expect_text(doc, meta->period_unit, "nanoseconds");
	expect_text(doc, meta->default_sample_type, "cpu");
	expect_text(doc, meta->doc_url, "/bin/app");
	assert_int_equal(meta->time_nanos, 1700000000000000000);
	assert_int_equal(meta->duration_nanos, 5);
	assert_int_equal(meta->period, -10);
	const pd_str *comment;
	assert_int_equal(pd_doc_comments(doc, &comment), 3);
	expect_text(doc, comment[0], "main");
	expect_text(doc, comment[1], "main.c");
	expect_text(doc, comment[2], "work");
	assert_int_equal(pd_doc_series(doc), 1);
	assert_int_equal(pd_series_values(doc, 0), 2);
	pd_series_value_type(doc, 0, 1, &t);
	expect_text(doc, t.type, "cpu");
	expect_text(doc, t.unit, "nanoseconds");
	assert_int_equal(pd_series_count(doc, 0), 1);
	assert_int_equal(row(doc, 0).value[0][0], 3);
	assert_int_equal(row(doc, 0).value[1][0], 30);
	pd_doc_frame(doc, leaf(doc, 0), &f);
	assert_int_equal(f.address, 0x1234);
	assert_int_equal(f.flags, PD_FRAME_FOLDED);
	assert_int_equal(f.n_lines, 2);
	assert_int_equal(f.lines[0].line, 7);
	assert_int_equal(f.lines[0].column, 9);
	assert_int_equal(f.lines[1].line, 42);
	pd_doc_func(doc, f.lines[0].func, &fn);
	expect_text(doc, fn.name, "work");
	expect_text(doc, fn.system_name, "");
	pd_doc_func(doc, f.lines[1].func, &fn);
	expect_text(doc, fn.system_name, "main");
	expect_text(doc, fn.file, "main.c");
	assert_int_equal(fn.start_line, 40);
	pd_doc_mapping(doc, f.mapping, &m);
	assert_int_equal(m.start, 0x1000);
	assert_int_equal(m.limit, 0x2000);
	assert_int_equal(m.offset, 0x10);
	expect_text(doc, m.file, "/bin/app");
	expect_text(doc, m.build_id, "abc123");
	assert_int_equal(m.flags, PD_MAP_HAS_FUNCTIONS | PD_MAP_MAIN);
	pd_doc_unref(doc);
}

static void test_pprof_stack_is_leaf_first_in_the_file(void **state)
{
	struct pd_frame_desc f;
	pd_frame path[8];
	struct pd_doc *doc;

	(void)state;
	start();
	put_types();
	put_function();
	for (int i = 1; i <= 5; i++)
		put_location(i, 0);
	/* packed, unpacked and packed again */
	EMIT_PACKED(&sub, 1, 5, 4);
	emit_num(&sub, 1, 3);
	EMIT_PACKED(&sub, 1, 2, 1);
	emit_num(&sub, 2, 1);
	EMIT_PACKED(&sub, 2, -7);
	emit_message(&e, 2, &sub);
	put_strings();
	doc = load();
	assert_int_equal(pd_doc_stack(doc, row(doc, 0).stack[0], PD_ROOT_FIRST, path), 5);
	for (int i = 0; i < 5; i++) {
		pd_doc_frame(doc, path[i], &f);
		assert_int_equal(f.address, 0x1001 + i);
	}
	assert_int_equal(row(doc, 0).value[0][0], 1);
	assert_int_equal(row(doc, 0).value[1][0], -7);
	pd_doc_unref(doc);
}

static void test_pprof_samples_before_everything_else(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_sample(1, 1, 10);
	put_location(1, 1);
	put_sample(2, 2, 20);
	put_function();
	put_location(2, 1);
	put_mapping();
	put_types();
	put_sample(1, 4, 40);
	put_strings();
	doc = load();
	expect_no_notes(doc);
	assert_int_equal(pd_series_count(doc, 0), 3);
	assert_int_equal(row(doc, 2).value[1][0], 40);
	assert_int_equal(row(doc, 2).stack[0].v, row(doc, 0).stack[0].v);
	pd_doc_unref(doc);
}

static void test_pprof_many_samples_and_deep_stacks(void **state)
{
	struct pd_doc *doc;
	int64_t ids[600];
	pd_frame path[600];
	struct pd_frame_desc f;

	(void)state;
	start();
	put_types();
	put_function();
	for (int i = 1; i <= 300; i++)
		put_location(i * 1000, 0); /* ids of two and three bytes, beyond the dense table */
	for (int s = 0; s < 20; s++) {
		int n = s * 31;
		for (int i = 0; i < n; i++)
			ids[i] = (1 + (i * 7 + s) % 300) * 1000;
		emit_packed(&sub, 1, ids, (size_t)n);
		emit_num(&sub, 2, s);
		emit_num(&sub, 2, n);
		emit_message(&e, 2, &sub);
	}
	put_strings();
	doc = load();
	assert_int_equal(pd_series_count(doc, 0), 20);
	for (int s = 0; s < 20; s++) {
		int n = s * 31;
		assert_int_equal(pd_doc_stack_depth(doc, row(doc, s).stack[0]), n);
		pd_doc_stack(doc, row(doc, s).stack[0], PD_LEAF_FIRST, path);
		for (int i = 0; i < n; i++) {
			pd_doc_frame(doc, path[i], &f);
			assert_int_equal(f.address, 0x1000 + (1 + (i * 7 + s) % 300) * 1000);
		}
		assert_int_equal(row(doc, s).value[0][0], s);
		assert_int_equal(row(doc, s).value[1][0], n);
	}
	pd_doc_unref(doc);
}

static void test_pprof_empty_profile_has_its_types(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_types();
	put_strings();
	doc = load();
	expect_no_notes(doc);
	assert_int_equal(pd_doc_sample_types(doc), 2);
	assert_int_equal(pd_series_count(doc, 0), 0);
	pd_doc_unref(doc);
}

/* ---- what producers bend ---- */

static void test_pprof_location_id_zero(void **state)
{
	struct pd_frame_desc f;
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	put_location(0, 1);
	put_sample(0, 1, 1);
	doc = load();
	assert_int_equal(note(doc, "table entries with the reserved id 0"), 1);
	pd_doc_frame(doc, leaf(doc, 0), &f);
	assert_int_equal(f.address, 0x1000);
	pd_doc_unref(doc);
}

static void test_pprof_ids_of_any_size(void **state)
{
	struct pd_doc *doc;
	struct pd_frame_desc f;

	(void)state;
	start();
	put_tables();
	for (int i = 0; i < 1000; i++)
		put_location(INT64_MIN + i * 7, 1);
	put_sample(INT64_MIN + 999 * 7, 1, 1);
	put_sample(-1, 1, 1);
	put_location(-1, 0);
	doc = load();
	expect_no_notes(doc);
	pd_doc_frame(doc, leaf(doc, 0), &f);
	assert_int_equal(f.address, 0x1000 + (uint64_t)INT64_MIN + 999 * 7);
	pd_doc_frame(doc, leaf(doc, 1), &f);
	assert_int_equal(f.address, 0xfff);
	pd_doc_unref(doc);
}

static void test_pprof_mapping_not_in_table(void **state)
{
	struct pd_frame_desc f;
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	put_location(2, 99);
	put_sample(2, 1, 1);
	doc = load();
	assert_int_equal(note(doc, "locations whose mapping is not in the mapping table"), 1);
	pd_doc_frame(doc, leaf(doc, 0), &f);
	assert_int_equal(f.mapping.v, 0);
	pd_doc_unref(doc);
}

static void test_pprof_no_mappings_at_all(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_types();
	put_location(1, 0);
	put_function();
	put_strings();
	put_sample(1, 1, 1);
	doc = load();
	expect_no_notes(doc);
	assert_int_equal(pd_doc_mappings(doc), 0);
	pd_doc_unref(doc);
}

static void test_pprof_mapping_without_id(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	EMIT_NUMS(&e, 3, 2, 0x1000, 3, 0x2000, 5, S_BIN);
	put_types();
	put_strings();
	doc = load();
	assert_int_equal(note(doc, "table entries with the reserved id 0"), 1);
	assert_int_equal(pd_doc_mappings(doc), 1);
	pd_doc_unref(doc);
}

static void test_pprof_value_type_without_a_name(void **state)
{
	struct pd_value_type t;
	struct pd_doc *doc;

	(void)state;
	start();
	emit_text(&e, 1, "");
	put_strings();
	doc = load();
	assert_int_equal(note(doc, "sample types without a name"), 1);
	assert_int_equal(pd_doc_sample_types(doc), 1);
	pd_series_value_type(doc, 0, 0, &t);
	assert_int_equal(t.type.v, 0);
	pd_doc_unref(doc);
}

static void test_pprof_several_empty_strings(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_text(&e, 6, "");
	emit_text(&e, 6, "");
	emit_text(&e, 6, "last");
	emit_num(&e, 15, S_STRINGS + 2);
	put_sample(1, 1, 1);
	doc = load();
	expect_no_notes(doc);
	expect_text(doc, pd_doc_meta(doc)->doc_url, "last");
	pd_doc_unref(doc);
}

static void test_pprof_string_zero_not_empty(void **state)
{
	struct pd_value_type t;
	struct pd_doc *doc;

	(void)state;
	start();
	EMIT_NUMS(&e, 1, 1, 0, 2, 1);
	emit_text(&e, 6, "cpu");
	emit_text(&e, 6, "nanoseconds");
	doc = load();
	assert_int_equal(note(doc, "string table does not start with an empty string"), 1);
	pd_series_value_type(doc, 0, 0, &t);
	expect_text(doc, t.type, "cpu"); /* a type without a name makes no sense, so index 0 is meant */
	expect_text(doc, t.unit, "nanoseconds");
	assert_int_equal(pd_doc_meta(doc)->doc_url.v, 0); /* but a header without a URL does */
	pd_doc_unref(doc);
}

static void test_pprof_bytes_that_are_not_utf8(void **state)
{
	const struct pd_label *l;
	struct pd_span s;
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_bytes(&e, 6, "\xff\0\xfe", 3);
	emit_num(&sub, 1, 1);
	emit_num(&sub, 2, 1);
	emit_num(&sub, 2, 1);
	EMIT_NUMS(&sub, 3, 1, S_KEY, 2, S_STRINGS);
	emit_message(&e, 2, &sub);
	doc = load();
	assert_int_equal(labels(doc, 0, &l), 1);
	s = pd_doc_string(doc, l->str);
	assert_int_equal(s.n, 3);
	assert_memory_equal(s.p, "\xff\0\xfe", 3);
	pd_doc_unref(doc);
}

static void test_pprof_negative_values(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	put_sample(1, -1, INT64_MIN);
	doc = load();
	assert_int_equal(row(doc, 0).value[0][0], -1);
	assert_true(row(doc, 0).value[1][0] == INT64_MIN);
	pd_doc_unref(doc);
}

static void test_pprof_lines_without_function(void **state)
{
	struct pd_frame_desc f;
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_num(&sub, 1, 2);
	EMIT_NUMS(&sub, 4, 2, 12);
	emit_message(&e, 4, &sub);
	put_sample(2, 1, 1);
	doc = load();
	assert_int_equal(note(doc, "lines without a function"), 1);
	pd_doc_frame(doc, leaf(doc, 0), &f);
	assert_int_equal(f.n_lines, 1);
	assert_int_equal(f.lines[0].func.v, 0);
	assert_int_equal(f.lines[0].line, 12);
	pd_doc_unref(doc);
}

static void test_pprof_unknown_fields(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_text(&e, 99, "later version");
	emit_tag(&e, 20, 1);
	for (int i = 0; i < 8; i++)
		emit_byte(&e, 0xff);
	emit_tag(&e, 21, 5);
	for (int i = 0; i < 4; i++)
		emit_byte(&e, 0xff);
	emit_num(&sub, 1, 1);
	emit_num(&sub, 9, 1);
	emit_num(&sub, 2, 1);
	emit_num(&sub, 2, 1);
	emit_message(&e, 2, &sub);
	doc = load();
	assert_int_equal(note(doc, "unknown fields skipped"), 4);
	assert_int_equal(pd_series_count(doc, 0), 1);
	pd_doc_unref(doc);
	assert_null(load_limited(NULL, true)); /* strict: the first note is the error */
	assert_int_equal(err.status, PD_ERR_DATA);
}

static void test_pprof_repeated_scalar_last_wins(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_num(&e, 12, 1);
	emit_num(&e, 12, 2);
	doc = load();
	assert_int_equal(pd_doc_meta(doc)->period, 2);
	pd_doc_unref(doc);
}

static void test_pprof_repeated_table_entry(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	put_location(1, 1);
	doc = load();
	assert_int_equal(note(doc, "table entries repeated word for word"), 1);
	pd_doc_unref(doc);
}

/* ---- labels ---- */

/* One sample with one label given as field, number pairs. */
#define PUT_LABELLED(...)                              \
	do {                                           \
		emit_num(&sub, 1, 1);                  \
		emit_num(&sub, 2, 1);                  \
		emit_num(&sub, 2, 1);                  \
		EMIT_NUMS(&sub, 3, __VA_ARGS__);       \
		emit_message(&e, 2, &sub);             \
	} while (0)

static void expect_num(const struct pd_doc *doc, uint64_t i, int64_t v, const char *unit)
{
	const struct pd_label *l;

	assert_int_equal(labels(doc, i, &l), 1);
	assert_int_equal(l->kind, PD_LABEL_NUM);
	assert_int_equal(l->num, v);
	expect_text(doc, l->unit, unit);
}

static void expect_str(const struct pd_doc *doc, uint64_t i, const char *text)
{
	const struct pd_label *l;

	assert_int_equal(labels(doc, i, &l), 1);
	assert_int_equal(l->kind, PD_LABEL_STR);
	expect_text(doc, l->str, text);
}

static void test_pprof_labels_of_every_kind(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	PUT_LABELLED(1, S_KEY, 2, S_VALUE);
	PUT_LABELLED(1, S_KEY, 3, -5, 4, S_BYTES);
	PUT_LABELLED(1, S_KEY, 4, S_BYTES);         /* zero, the unit says number */
	PUT_LABELLED(1, S_KEY, 3, 0);               /* explicit zero */
	PUT_LABELLED(1, S_KEY, 2, 0);               /* explicit empty string */
	PUT_LABELLED(1, S_KEY, 2, S_VALUE, 3, 7);   /* both: pprof takes the string */
	doc = load();
	expect_str(doc, 0, "value");
	expect_num(doc, 1, -5, "bytes");
	expect_num(doc, 2, 0, "bytes");
	expect_num(doc, 3, 0, "");
	expect_str(doc, 4, "");
	expect_str(doc, 5, "value");
	assert_int_equal(note(doc, "labels with a string and a number, the number dropped"), 1);
	pd_doc_unref(doc);
}

static void test_pprof_label_left_empty_is_text(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	PUT_LABELLED(1, S_KEY);
	PUT_LABELLED(1, S_BYTES, 3, 12);
	doc = load();
	expect_no_notes(doc);
	expect_str(doc, 0, "");
	pd_doc_unref(doc);
}

static void test_pprof_label_left_empty_is_zero_when_key_has_numbers(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	PUT_LABELLED(1, S_BYTES); /* the number comes only later */
	PUT_LABELLED(1, S_BYTES, 3, 12);
	doc = load();
	expect_num(doc, 0, 0, "");
	pd_doc_unref(doc);
}

static void test_pprof_labels_with_one_key(void **state)
{
	const struct pd_label *l;
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	EMIT_NUMS(&sub, 3, 1, S_KEY, 3, 3);
	emit_num(&sub, 1, 1); /* labels in pieces */
	EMIT_NUMS(&sub, 3, 1, S_KEY, 2, S_VALUE);
	EMIT_PACKED(&sub, 2, 1, 1);
	EMIT_NUMS(&sub, 3, 1, S_KEY, 2, S_WORK);
	EMIT_NUMS(&sub, 3, 1, S_KEY, 3, 2);
	emit_message(&e, 2, &sub);
	doc = load();
	assert_int_equal(labels(doc, 0, &l), 4);
	expect_text(doc, l[0].str, "value"); /* text first, each kind in the file's order */
	expect_text(doc, l[1].str, "work");
	assert_int_equal(l[2].num, 3);
	assert_int_equal(l[3].num, 2);
	pd_doc_unref(doc);
}

static void test_pprof_long_label_sets(void **state)
{
	const struct pd_label *l;
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	for (int s = 0; s < 3; s++) { /* more than the memo holds, the same one twice */
		emit_num(&sub, 1, 1);
		EMIT_PACKED(&sub, 2, 1, 1);
		for (int i = 0; i < 20; i++)
			EMIT_NUMS(&sub, 3, 1, S_KEY, 3, 1000 + i + (s == 1));
		emit_message(&e, 2, &sub);
	}
	doc = load();
	assert_int_equal(labels(doc, 0, &l), 20);
	assert_int_equal(l[19].num, 1019);
	assert_int_equal(labels(doc, 1, &l), 20);
	assert_int_equal(l[0].num, 1001);
	assert_int_equal(row(doc, 0).labels[0].v, row(doc, 2).labels[0].v);
	pd_doc_unref(doc);
}

static void test_pprof_root_label_of_perf(void **state)
{
	struct pd_doc *doc;

	(void)state;
	start();
	put_tables();
	emit_num(&sub, 1, 1);
	EMIT_PACKED(&sub, 2, 1, 1);
	EMIT_NUMS(&sub, 3, 1, S_COMM, 2, S_VALUE);
	EMIT_NUMS(&sub, 3, 1, S_PID, 3, 12);
	emit_message(&e, 2, &sub);
	doc = load();
	expect_text(doc, pd_doc_meta(doc)->root_label, "comm");
	pd_doc_unref(doc);
	start();
	put_tables();
	PUT_LABELLED(1, S_COMM, 2, S_VALUE); /* alone it is any label */
	doc = load();
	assert_int_equal(pd_doc_meta(doc)->root_label.v, 0);
	pd_doc_unref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pprof_reads_everything),
		cmocka_unit_test(test_pprof_stack_is_leaf_first_in_the_file),
		cmocka_unit_test(test_pprof_samples_before_everything_else),
		cmocka_unit_test(test_pprof_many_samples_and_deep_stacks),
		cmocka_unit_test(test_pprof_empty_profile_has_its_types),
		cmocka_unit_test(test_pprof_location_id_zero),
		cmocka_unit_test(test_pprof_ids_of_any_size),
		cmocka_unit_test(test_pprof_mapping_not_in_table),
		cmocka_unit_test(test_pprof_no_mappings_at_all),
		cmocka_unit_test(test_pprof_mapping_without_id),
		cmocka_unit_test(test_pprof_value_type_without_a_name),
		cmocka_unit_test(test_pprof_several_empty_strings),
		cmocka_unit_test(test_pprof_string_zero_not_empty),
		cmocka_unit_test(test_pprof_bytes_that_are_not_utf8),
		cmocka_unit_test(test_pprof_negative_values),
		cmocka_unit_test(test_pprof_lines_without_function),
		cmocka_unit_test(test_pprof_unknown_fields),
		cmocka_unit_test(test_pprof_repeated_scalar_last_wins),
		cmocka_unit_test(test_pprof_repeated_table_entry),
		cmocka_unit_test(test_pprof_labels_of_every_kind),
		cmocka_unit_test(test_pprof_label_left_empty_is_text),
		cmocka_unit_test(test_pprof_label_left_empty_is_zero_when_key_has_numbers),
		cmocka_unit_test(test_pprof_labels_with_one_key),
		cmocka_unit_test(test_pprof_long_label_sets),
		cmocka_unit_test(test_pprof_root_label_of_perf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
