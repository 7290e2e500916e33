/*
 * The writer's bytes through generated code: protobuf-c, made from the schema,
 * must find in them what the document says. And the other way round: what
 * protobuf-c packs is read.
 */
#include "cm.h"
#include "profile.pb-c.h"
#include <profdata/profdata.h>
#include <stdlib.h>
#include <string.h>

#define M(name) Perftools__Profiles__##name

static struct pd_error err;

static M(Profile) *unpack(const struct pd_doc *doc)
{
	struct pd_out *out = pd_out_memory(0, 0, &err);
	struct pd_span bytes;

	assert_int_equal(pd_save(doc, pd_format_named("pprof"), NULL, NULL, out, NULL, 0, &err), PD_OK);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	bytes = pd_out_memory_span(out);
	M(Profile) *p = perftools__profiles__profile__unpack(NULL, bytes.n, (const uint8_t *)bytes.p);
	assert_non_null(p);
	pd_out_free(out);
	return p;
}

static void expect(const M(Profile) *p, int64_t index, const char *text)
{
	assert_in_range(index, 0, p->n_string_table - 1);
	assert_int_equal(p->string_table[index].len, strlen(text));
	assert_memory_equal(p->string_table[index].data, text, strlen(text));
}

static void header(struct pd_builder *b)
{
	struct pd_meta *meta = pd_builder_meta(b);

	meta->time_nanos = 1700000000123456789;
	meta->duration_nanos = 30000000000;
	meta->end_nanos = 1700000040000000000;
	meta->period = 10000000;
	meta->period_type = pd_intern_z(b, "cpu");
	meta->period_unit = pd_intern_z(b, "nanoseconds");
	meta->default_sample_type = pd_intern_z(b, "cpu");
	meta->doc_url = pd_intern_z(b, "https://example.org/doc");
	meta->drop_frames = pd_intern_z(b, "drop.*");
	meta->keep_frames = pd_intern_z(b, "keep.*");
	pd_builder_comment(b, pd_intern_z(b, "a comment"));
	pd_builder_comment(b, pd_intern_z(b, "# hidden"));
}

static struct pd_doc *document(void)
{
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	pd_frame frame[40], path[40];

	header(b);
	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "cpu"), .unit = pd_intern_z(b, "nanoseconds") });
	pd_mapping_add(b, &(struct pd_mapping_desc){ 0x7000, 0x8000, 0x100, pd_intern_z(b, "libc.so"), pd_intern_z(b, "bb"), PD_MAP_HAS_INLINES });
	pd_mapping main_map = pd_mapping_add(b, &(struct pd_mapping_desc){ 0x1000, 0x2000, 0, pd_intern_z(b, "app"), pd_intern_z(b, "aa"),
									 PD_MAP_MAIN | PD_MAP_HAS_FUNCTIONS | PD_MAP_HAS_FILENAMES | PD_MAP_HAS_LINES });
	for (int i = 0; i < 40; i++) {
		char name[] = { 'f', (char)('A' + i), 0 };
		struct pd_func_desc f = { pd_intern_z(b, name), pd_intern_z(b, "_Z"), pd_intern_z(b, "a.c"), 100 + i };
		struct pd_line lines[2] = { { pd_func_add(b, &f), 110 + i, 7 }, { pd_func_add(b, &f), 120 + i, 0 } };
		frame[i] = pd_frame_add(b, &(struct pd_frame_desc){ main_map, 0x1000u + (unsigned)i, i & 1 ? PD_FRAME_FOLDED : 0, 1 + i % 2, lines });
	}
	for (int n = 0; n <= 40; n++) { /* stack of n frames, root is frame 0 */
		struct pd_label l[2] = { { .key = pd_intern_z(b, "zero"), .kind = PD_LABEL_NUM, .unit = pd_intern_z(b, "bytes") },
					 { .key = pd_intern_z(b, "thread"), .kind = PD_LABEL_STR, .str = pd_intern_z(b, "w") } };
		int64_t v[2] = { n, n % 2 ? -n : (int64_t)n << 40 };
		for (int i = 0; i < n; i++)
			path[i] = frame[i];
		pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, path, (size_t)n, PD_ROOT_FIRST), .labels = pd_labels_of(b, l, n % 3) }, v);
	}
	struct pd_doc *doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	assert_non_null(doc);
	return doc;
}

static void test_pprof_generated_code_reads_the_header(void **state)
{
	struct pd_doc *doc = document();
	M(Profile) *p = unpack(doc);

	(void)state;
	assert_int_equal(p->n_sample_type, 2);
	expect(p, p->sample_type[0]->type, "samples");
	expect(p, p->sample_type[1]->unit, "nanoseconds");
	expect(p, p->string_table[0].len ? -1 : 0, "");
	assert_int_equal(p->time_nanos, 1700000000123456789);
	assert_int_equal(p->duration_nanos, 30000000000);
	assert_int_equal(p->period, 10000000);
	expect(p, p->period_type->type, "cpu");
	expect(p, p->default_sample_type, "cpu");
	expect(p, p->doc_url, "https://example.org/doc");
	expect(p, p->drop_frames, "drop.*");
	expect(p, p->keep_frames, "keep.*");
	assert_int_equal(p->n_comment, 3);
	expect(p, p->comment[0], "a comment");
	expect(p, p->comment[1], "# hidden");
	expect(p, p->comment[2], "#profdata: end_nanos=1700000040000000000");
	assert_int_equal(p->n_mapping, 2);
	expect(p, p->mapping[0]->filename, "app"); /* the main binary first */
	expect(p, p->mapping[0]->build_id, "aa");
	assert_true(p->mapping[0]->has_functions && p->mapping[0]->has_filenames && p->mapping[0]->has_line_numbers);
	assert_false(p->mapping[0]->has_inline_frames);
	assert_true(p->mapping[1]->has_inline_frames);
	assert_int_equal(p->mapping[1]->memory_start, 0x7000);
	assert_int_equal(p->mapping[1]->memory_limit, 0x8000);
	assert_int_equal(p->mapping[1]->file_offset, 0x100);
	perftools__profiles__profile__free_unpacked(p, NULL);
	pd_doc_unref(doc);
}

static void check_location(const M(Profile) *p, const M(Location) *l, int i)
{
	assert_int_equal(l->address, 0x1000 + i);
	assert_int_equal(l->mapping_id, p->mapping[0]->id);
	assert_int_equal(l->is_folded, i & 1);
	assert_int_equal(l->n_line, 1 + i % 2);
	assert_int_equal(l->line[0]->line, 110 + i);
	assert_int_equal(l->line[0]->column, 7);
	const M(Function) *f = p->function[l->line[0]->function_id - 1];
	char name[] = { 'f', (char)('A' + i), 0 };
	assert_int_equal(f->id, l->line[0]->function_id);
	expect(p, f->name, name);
	expect(p, f->system_name, "_Z");
	expect(p, f->filename, "a.c");
	assert_int_equal(f->start_line, 100 + i);
}

static void test_pprof_generated_code_reads_the_samples(void **state)
{
	struct pd_doc *doc = document();
	M(Profile) *p = unpack(doc);

	(void)state;
	assert_int_equal(p->n_sample, 41);
	assert_int_equal(p->n_location, 40);
	for (int n = 0; n <= 40; n++) {
		const M(Sample) *s = p->sample[n];
		assert_int_equal(s->n_value, 2);
		assert_int_equal(s->value[0], n);
		assert_true(s->value[1] == (n % 2 ? -n : (int64_t)n << 40));
		assert_int_equal(s->n_location_id, n);
		for (int i = 0; i < n; i++) { /* leaf first; ids count from 1 in table order */
			const M(Location) *l = p->location[s->location_id[i] - 1];
			assert_int_equal(l->id, s->location_id[i]);
			check_location(p, l, n - 1 - i);
		}
		assert_int_equal(s->n_label, n % 3);
		if (n % 3 == 2) { /* text first */
			expect(p, s->label[0]->key, "thread");
			expect(p, s->label[0]->str, "w");
			expect(p, s->label[1]->key, "zero");
			expect(p, s->label[1]->num_unit, "bytes");
			assert_int_equal(s->label[1]->num, 0);
			assert_int_equal(s->label[1]->str, 0);
		}
	}
	perftools__profiles__profile__free_unpacked(p, NULL);
	pd_doc_unref(doc);
}

static void test_pprof_reads_what_generated_code_packs(void **state)
{
	struct pd_doc *doc = document(), *back;
	M(Profile) *p = unpack(doc), *q;
	size_t n = perftools__profiles__profile__get_packed_size(p);
	uint8_t *bytes = malloc(n);
	struct pd_load_opts opts = { .size = sizeof opts };

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(perftools__profiles__profile__pack(p, bytes), n);
	struct pd_source *src = pd_source_memory("packed", bytes, n, NULL, &err);
	back = pd_load(src, &opts, &err); /* detected, too */
	assert_non_null(back);
	q = unpack(back);
	uint8_t *again = malloc(n);
	assert_non_null(again);
	assert_int_equal(perftools__profiles__profile__get_packed_size(q), n);
	perftools__profiles__profile__pack(q, again);
	assert_memory_equal(bytes, again, n);
	free(again);
	free(bytes);
	perftools__profiles__profile__free_unpacked(q, NULL);
	perftools__profiles__profile__free_unpacked(p, NULL);
	pd_source_free(src);
	pd_doc_unref(back);
	pd_doc_unref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pprof_generated_code_reads_the_header),
		cmocka_unit_test(test_pprof_generated_code_reads_the_samples),
		cmocka_unit_test(test_pprof_reads_what_generated_code_packs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
