/* Writing pprof: what was written reads back to the same document; damage never does harm. */
#include "cm.h"
#include "proto_emit.h"
#include <profdata/profdata.h>
#include <stdio.h>

static struct pd_error err;

/* ---- documents compared by what they say ---- */

static void same_text(const struct pd_doc *a, pd_str sa, const struct pd_doc *b, pd_str sb)
{
	struct pd_span x = pd_doc_string(a, sa), y = pd_doc_string(b, sb);

	assert_int_equal(x.n, y.n);
	assert_memory_equal(x.p, y.p, x.n);
}

static void same_mapping(const struct pd_doc *a, pd_mapping ma, const struct pd_doc *b, pd_mapping mb)
{
	struct pd_mapping_desc x, y;

	assert_int_equal(!ma.v, !mb.v);
	if (!ma.v)
		return;
	pd_doc_mapping(a, ma, &x);
	pd_doc_mapping(b, mb, &y);
	assert_true(x.start == y.start && x.limit == y.limit && x.offset == y.offset);
	assert_int_equal(x.flags, y.flags);
	same_text(a, x.file, b, y.file);
	same_text(a, x.build_id, b, y.build_id);
}

static void same_frame(const struct pd_doc *a, pd_frame fa, const struct pd_doc *b, pd_frame fb)
{
	struct pd_frame_desc x, y;
	struct pd_func_desc f, g;

	pd_doc_frame(a, fa, &x);
	pd_doc_frame(b, fb, &y);
	assert_true(x.address == y.address);
	assert_int_equal(x.flags & PD_FRAME_FOLDED, y.flags & PD_FRAME_FOLDED);
	same_mapping(a, x.mapping, b, y.mapping);
	assert_int_equal(x.n_lines, y.n_lines);
	for (uint32_t i = 0; i < x.n_lines; i++) {
		assert_true(x.lines[i].line == y.lines[i].line && x.lines[i].column == y.lines[i].column);
		pd_doc_func(a, x.lines[i].func, &f);
		pd_doc_func(b, y.lines[i].func, &g);
		same_text(a, f.name, b, g.name);
		same_text(a, f.system_name, b, g.system_name);
		same_text(a, f.file, b, g.file);
		assert_true(f.start_line == g.start_line);
	}
}

static void same_labels(const struct pd_doc *a, pd_labels la, const struct pd_doc *b, pd_labels lb)
{
	const struct pd_label *x, *y;
	size_t n = pd_doc_labels(a, la, &x);

	assert_int_equal(n, pd_doc_labels(b, lb, &y));
	for (size_t i = 0; i < n; i++) {
		same_text(a, x[i].key, b, y[i].key);
		assert_int_equal(x[i].kind, y[i].kind);
		if (x[i].kind == PD_LABEL_STR) {
			same_text(a, x[i].str, b, y[i].str);
		} else {
			assert_true(x[i].num == y[i].num);
			same_text(a, x[i].unit, b, y[i].unit);
		}
	}
}

static void same_row(const struct pd_doc *a, const struct pd_doc *b, uint64_t i)
{
	static pd_frame p[512], q[512];
	struct pd_rows x, y;

	assert_true(pd_series_rows(a, 0, i, &x) && pd_series_rows(b, 0, i, &y));
	for (unsigned k = 0; k < pd_series_values(a, 0); k++)
		assert_true(x.value[k][0] == y.value[k][0]);
	same_labels(a, x.labels[0], b, y.labels[0]);
	size_t n = pd_doc_stack_depth(a, x.stack[0]);
	assert_int_equal(n, pd_doc_stack_depth(b, y.stack[0]));
	assert_in_range(n, 0, 512);
	pd_doc_stack(a, x.stack[0], PD_ROOT_FIRST, p);
	pd_doc_stack(b, y.stack[0], PD_ROOT_FIRST, q);
	for (size_t k = 0; k < n; k++)
		same_frame(a, p[k], b, q[k]);
}

static void same_header(const struct pd_doc *a, const struct pd_doc *b)
{
	const struct pd_meta *x = pd_doc_meta(a), *y = pd_doc_meta(b);
	const pd_str *c, *d;
	size_t n = pd_doc_comments(a, &c);

	assert_true(x->time_nanos == y->time_nanos && x->duration_nanos == y->duration_nanos && x->end_nanos == y->end_nanos);
	assert_true(x->period == y->period);
	same_text(a, x->period_type, b, y->period_type);
	same_text(a, x->period_unit, b, y->period_unit);
	same_text(a, x->default_sample_type, b, y->default_sample_type);
	same_text(a, x->doc_url, b, y->doc_url);
	same_text(a, x->drop_frames, b, y->drop_frames);
	same_text(a, x->keep_frames, b, y->keep_frames);
	same_text(a, x->root_label, b, y->root_label);
	assert_int_equal(n, pd_doc_comments(b, &d));
	for (size_t i = 0; i < n; i++)
		same_text(a, c[i], b, d[i]);
}

/* Both have one series. */
static void same_document(const struct pd_doc *a, const struct pd_doc *b)
{
	struct pd_value_type t, u;

	same_header(a, b);
	assert_int_equal(pd_doc_mappings(a), pd_doc_mappings(b));
	assert_int_equal(pd_series_values(a, 0), pd_series_values(b, 0));
	for (unsigned k = 0; k < pd_series_values(a, 0); k++) {
		pd_series_value_type(a, 0, k, &t);
		pd_series_value_type(b, 0, k, &u);
		same_text(a, t.type, b, u.type);
		same_text(a, t.unit, b, u.unit);
	}
	assert_int_equal(pd_series_count(a, 0), pd_series_count(b, 0));
	for (uint64_t i = 0; i < pd_series_count(a, 0); i++)
		same_row(a, b, i);
}

/* ---- reading and writing in memory ---- */

static struct pd_doc *parse(const void *data, size_t n)
{
	struct pd_load_opts opts = { .size = sizeof opts, .format = pd_format_named("pprof") };
	struct pd_source *src = pd_source_memory("test.pb", data, n, NULL, &err);
	struct pd_doc *doc = pd_load(src, &opts, &err);
	struct pd_error check = { 0 };

	pd_source_free(src);
	if (doc && !pd_doc_check(doc, &check))
		fail_msg("pd_doc_check: %s", check.text);
	return doc;
}

static struct pd_out *save(const struct pd_doc *doc)
{
	struct pd_out *out = pd_out_memory(0, 0, &err);
	struct pd_save_opts opts = { .size = sizeof opts };

	assert_non_null(out);
	assert_int_equal(pd_save(doc, pd_format_named("pprof"), &opts, NULL, out, NULL, 0, &err), PD_OK);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	return out;
}

/* Writes, reads back and writes again: same bytes. */
static struct pd_doc *again(const struct pd_doc *doc)
{
	struct pd_out *out = save(doc), *out2;
	struct pd_span bytes = pd_out_memory_span(out), bytes2;
	struct pd_doc *back = parse(bytes.p, bytes.n);

	if (!back)
		fail_msg("reading what was written: @%llu %s", (unsigned long long)err.offset, err.text);
	out2 = save(back);
	bytes2 = pd_out_memory_span(out2);
	assert_int_equal(bytes.n, bytes2.n);
	assert_memory_equal(bytes.p, bytes2.p, bytes.n);
	pd_out_free(out2);
	pd_out_free(out);
	return back;
}

/* ---- random documents ---- */

static uint64_t rng;

static uint64_t draw(uint64_t n)
{
	rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
	return (rng >> 11) % n;
}

static pd_str word(struct pd_builder *b, const char *kind)
{
	char text[40];
	int n = snprintf(text, sizeof text, "%s%c%u", kind, (int)(1 + draw(255)), (unsigned)draw(9));

	return draw(6) ? pd_intern(b, text, (size_t)n) : (pd_str){ 0 };
}

static int64_t number(void)
{
	static const int64_t edge[] = { 0, 0, 1, -1, 127, 128, 16383, 16384, INT64_MAX, INT64_MIN, 1 << 21, (int64_t)1 << 56 };

	return draw(3) ? edge[draw(sizeof edge / sizeof *edge)] : (int64_t)draw(100000);
}

static size_t random_frames(struct pd_builder *b, pd_frame *frame, size_t max)
{
	pd_mapping mapping[6] = { 0 };
	pd_func func[9];
	size_t n = 1 + draw(max);

	for (unsigned i = 1; i < 6; i++) {
		struct pd_mapping_desc m = { (uint64_t)number(), (uint64_t)number(), (uint64_t)number(), word(b, "lib"), word(b, "id"),
					     (uint32_t)draw(16) | (i == 3 ? PD_MAP_MAIN : 0) };
		mapping[i] = pd_mapping_add(b, &m);
	}
	for (unsigned i = 0; i < 9; i++) {
		struct pd_func_desc f = { word(b, "fn"), word(b, "sys"), word(b, "file"), number() };
		func[i] = pd_func_add(b, &f);
	}
	for (size_t i = 0; i < n; i++) {
		struct pd_line line[5];
		struct pd_frame_desc f = { mapping[draw(6)], (uint64_t)number(), draw(2) ? PD_FRAME_FOLDED : 0, (uint32_t)draw(5), line };
		for (uint32_t k = 0; k < f.n_lines; k++)
			line[k] = (struct pd_line){ func[draw(9)], number(), number() };
		frame[i] = pd_frame_add(b, &f);
	}
	return n;
}

static pd_labels random_labels(struct pd_builder *b)
{
	struct pd_label l[6];
	size_t n = draw(6);

	for (size_t i = 0; i < n; i++) {
		l[i] = (struct pd_label){ .key = pd_intern_z(b, (const char *[]){ "thread", "bytes", "request", "k" }[draw(4)]) };
		if (draw(2)) {
			l[i].kind = PD_LABEL_STR;
			l[i].str = word(b, "value");
		} else {
			l[i].kind = PD_LABEL_NUM;
			l[i].num = number();
			l[i].unit = word(b, "unit");
		}
	}
	return pd_labels_of(b, l, n);
}

static void random_header(struct pd_builder *b)
{
	struct pd_meta *meta = pd_builder_meta(b);

	meta->time_nanos = number();
	meta->duration_nanos = number();
	meta->period = number();
	meta->period_type = word(b, "type");
	meta->period_unit = word(b, "unit");
	meta->default_sample_type = word(b, "type");
	meta->doc_url = word(b, "http://");
	meta->drop_frames = word(b, "drop");
	meta->keep_frames = word(b, "keep");
	if (draw(2))
		meta->root_label = pd_intern_z(b, "thread");
	if (draw(2)) /* an end of its own */
		meta->end_nanos = number() ^ 0x55;
	int64_t end;
	if (!__builtin_add_overflow(meta->time_nanos, meta->duration_nanos, &end) && end == meta->end_nanos)
		meta->end_nanos = 0;
	for (uint64_t n = draw(5); n > 0; n--)
		pd_builder_comment(b, word(b, "comment"));
}

static struct pd_doc *random_document(uint64_t seed)
{
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	pd_frame frame[300], path[120];
	int64_t value[5];

	rng = seed * 0x9e3779b97f4a7c15u + 1;
	assert_non_null(b);
	random_header(b);
	unsigned s = pd_series_add(b, (pd_str){ 0 }), types = 1 + (unsigned)draw(5);
	for (unsigned i = 0; i < types; i++)
		pd_series_value(b, s, &(struct pd_value_type){ .type = pd_intern_z(b, (const char *[]){ "a", "b", "c", "d", "e" }[i]), .unit = word(b, "unit") });
	size_t n_frames = random_frames(b, frame, draw(2) ? 300 : 4);
	for (uint64_t n = draw(60); n > 0; n--) {
		size_t depth = draw(3) ? draw(4) : draw(120);
		for (size_t i = 0; i < depth; i++)
			path[i] = frame[draw(n_frames)];
		for (unsigned i = 0; i < types; i++)
			value[i] = number();
		pd_sample_add(b, s, &(struct pd_sample){ .stack = pd_stack_of(b, path, depth, PD_ROOT_FIRST), .labels = random_labels(b) }, value);
	}
	struct pd_doc *doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	if (!doc)
		fail_msg("%s", err.text);
	return doc;
}

static void test_pprof_random_documents_survive(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		err = (struct pd_error){ 0 };
		struct pd_doc *doc = random_document(seed), *back = again(doc);

		same_document(doc, back);
		pd_doc_unref(back);
		pd_doc_unref(doc);
	}
}

/* ---- what the format has no field for ---- */

static struct pd_doc *two_series(bool times, uint8_t decimals)
{
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	const char *const names[] = { "cycles", "faults" };
	int64_t v[2] = { 15, -25 };

	for (unsigned s = 0; s < 2; s++) {
		pd_series_add(b, pd_intern_z(b, names[s]));
		pd_series_value(b, s, &(struct pd_value_type){ .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count"), .decimals = decimals });
		if (s == 0)
			pd_series_value(b, s, &(struct pd_value_type){ .type = pd_intern_z(b, "cpu"), .unit = pd_intern_z(b, "nanoseconds") });
	}
	pd_frame f = pd_frame_named(b, "main", 4);
	for (unsigned s = 0; s < 2; s++)
		pd_sample_add(b, s, &(struct pd_sample){ .stack = pd_stack_push(b, (pd_stack){ 0 }, f), .has_time = times, .time = 1000 + s }, v + s);
	pd_builder_meta(b)->default_sample_type = pd_intern_z(b, "samples");
	struct pd_doc *doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	assert_non_null(doc);
	return doc;
}

static void test_pprof_several_series_become_columns(void **state)
{
	static const char *const want[] = { "cycles_samples", "cpu", "faults_samples" };
	struct pd_doc *doc, *back;
	struct pd_value_type t;
	struct pd_rows r;

	(void)state;
	err = (struct pd_error){ 0 };
	doc = two_series(false, 0);
	back = again(doc);
	assert_int_equal(pd_doc_series(back), 1);
	assert_int_equal(pd_series_values(back, 0), 3);
	for (unsigned i = 0; i < 3; i++) {
		pd_series_value_type(back, 0, i, &t);
		assert_string_equal(pd_doc_string(back, t.type).p, want[i]);
	}
	assert_int_equal(pd_series_rows(back, 0, 0, &r), 2);
	assert_int_equal(r.value[0][0], 15);
	assert_int_equal(r.value[1][0], -25);
	assert_int_equal(r.value[2][0], 0);
	assert_int_equal(r.value[0][1], 0);
	assert_int_equal(r.value[2][1], -25);
	assert_string_equal(pd_doc_string(back, pd_doc_meta(back)->default_sample_type).p, "cycles_samples");
	pd_doc_unref(back);
	pd_doc_unref(doc);
}

static void test_pprof_decimals_are_rounded(void **state)
{
	struct pd_doc *doc, *back;
	struct pd_rows r;

	(void)state;
	err = (struct pd_error){ 0 };
	doc = two_series(false, 1);
	back = again(doc);
	pd_series_rows(back, 0, 0, &r);
	assert_int_equal(r.value[0][0], 2);  /* 1.5 */
	assert_int_equal(r.value[2][1], -3); /* -2.5 */
	pd_doc_unref(back);
	pd_doc_unref(doc);
}

static void test_pprof_times_become_labels(void **state)
{
	const struct pd_label *l;
	struct pd_doc *doc, *back;
	struct pd_rows r;

	(void)state;
	err = (struct pd_error){ 0 };
	doc = two_series(true, 0);
	back = again(doc);
	pd_series_rows(back, 0, 0, &r);
	assert_int_equal(pd_doc_labels(back, r.labels[1], &l), 1);
	assert_string_equal(pd_doc_string(back, l->key).p, "timestamp");
	assert_string_equal(pd_doc_string(back, l->unit).p, "nanoseconds");
	assert_int_equal(l->num, 1001);
	pd_doc_unref(back);
	pd_doc_unref(doc);
}

static void test_pprof_writes_only_what_is_used(void **state)
{
	struct pd_builder *b;
	struct pd_doc *doc, *back;
	int64_t v = 1;

	(void)state;
	err = (struct pd_error){ 0 };
	b = pd_builder_new(NULL, 0, &err);
	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, "x") });
	pd_frame_named(b, "unused", 6);
	pd_frame used = pd_frame_named(b, "used", 4);
	pd_mapping_add(b, &(struct pd_mapping_desc){ .start = 1, .limit = 2, .file = pd_intern_z(b, "lonely.so") });
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_push(b, (pd_stack){ 0 }, used) }, &v);
	doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	back = again(doc);
	assert_int_equal(pd_doc_frames(back), 1);
	assert_int_equal(pd_doc_mappings(back), 1); /* what was mapped is worth keeping */
	pd_str s;
	assert_false(pd_doc_find_string(back, "unused", 6, &s));
	pd_doc_unref(back);
	pd_doc_unref(doc);
}

/* ---- the bytes ---- */

static void test_pprof_bytes_have_the_usual_layout(void **state)
{
	struct pd_builder *b;
	struct pd_doc *doc;
	struct pd_out *out;
	struct pd_span got;
	static struct emit want;
	int64_t v[3] = { 1, 300, -1 };

	(void)state;
	err = (struct pd_error){ 0 };
	b = pd_builder_new(NULL, 0, &err);
	pd_series_add(b, (pd_str){ 0 });
	for (int i = 0; i < 3; i++)
		pd_series_value(b, 0, &(struct pd_value_type){ .type = pd_intern_z(b, i ? "b" : "a"), .unit = pd_intern_z(b, "u") });
	pd_frame f = pd_frame_named(b, "main", 4), g = pd_frame_named(b, "leaf", 4), path[] = { f, g, f };
	struct pd_label l = { .key = pd_intern_z(b, "k"), .kind = PD_LABEL_NUM, .num = 0 };
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, path, 2, PD_ROOT_FIRST) }, v);
	pd_sample_add(b, 0, &(struct pd_sample){ .stack = pd_stack_of(b, path, 3, PD_ROOT_FIRST), .labels = pd_labels_of(b, &l, 1) }, v);
	doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	out = save(doc);
	got = pd_out_memory_span(out);

	static struct emit m;
	want.n = m.n = 0;
	EMIT_NUMS(&want, 1, 1, 1, 2, 2); /* a/u */
	EMIT_NUMS(&want, 1, 1, 3, 2, 2); /* b/u */
	EMIT_NUMS(&want, 1, 1, 3, 2, 2);
	emit_num(&m, 1, 1); /* two locations: not packed; leaf first, numbered as they come */
	emit_num(&m, 1, 2);
	EMIT_PACKED(&m, 2, 1, 300, -1);
	emit_message(&want, 2, &m);
	EMIT_PACKED(&m, 1, 2, 1, 2);
	EMIT_PACKED(&m, 2, 1, 300, -1);
	EMIT_NUMS(&m, 3, 1, 4, 3, 0); /* the zero is written */
	emit_message(&want, 2, &m);
	for (int i = 1; i <= 2; i++) {
		emit_num(&m, 1, i);
		EMIT_NUMS(&m, 4, 1, i);
		emit_message(&want, 4, &m);
	}
	EMIT_NUMS(&want, 5, 1, 1, 2, 5);
	EMIT_NUMS(&want, 5, 1, 2, 2, 6);
	for (int i = 0; i < 7; i++)
		emit_text(&want, 6, (const char *[]){ "", "a", "u", "b", "k", "leaf", "main" }[i]);
	emit_num(&want, 14, 0);
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.b, want.n);
	pd_out_free(out);
	pd_doc_unref(doc);
}

/* ---- damage ---- */

/* Reading ends in a status; what is accepted can be written and read again. */
static void survive(const uint8_t *data, size_t n)
{
	struct pd_doc *doc, *back;

	err = (struct pd_error){ 0 };
	doc = parse(data, n);
	if (!doc) {
		assert_true(err.status >= PD_ERR_IO);
		assert_true(err.text[0]);
		return;
	}
	back = again(doc);
	assert_int_equal(pd_doc_sample_types(doc), pd_doc_sample_types(back));
	if (pd_doc_series(doc))
		assert_int_equal(pd_series_count(doc, 0), pd_series_count(back, 0));
	pd_doc_unref(back);
	pd_doc_unref(doc);
}

static size_t small_profile(uint8_t **data)
{
	struct pd_doc *doc = NULL;
	struct pd_out *out;
	struct pd_span bytes;

	for (uint64_t seed = 5;; seed++) { /* one with a bit of everything, but small */
		doc = random_document(seed);
		out = save(doc);
		bytes = pd_out_memory_span(out);
		if (pd_series_count(doc, 0) >= 5 && bytes.n < 2500 && bytes.n > 1000)
			break;
		pd_out_free(out);
		pd_doc_unref(doc);
	}
	*data = malloc(bytes.n); /* exactly as large: the sanitizer sees a read beyond */
	memcpy(*data, bytes.p, bytes.n);
	size_t n = bytes.n;
	pd_out_free(out);
	pd_doc_unref(doc);
	return n;
}

static void test_pprof_truncated_at_every_byte(void **state)
{
	uint8_t *data;
	size_t n = small_profile(&data);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		uint8_t *part = malloc(i ? i : 1);
		memcpy(part, data, i);
		survive(part, i);
		free(part);
	}
	free(data);
}

static void test_pprof_every_bit_flipped(void **state)
{
	uint8_t *data;
	size_t n = small_profile(&data);

	(void)state;
	for (size_t i = 0; i < n * 8; i++) {
		data[i / 8] ^= (uint8_t)(1u << i % 8);
		survive(data, n);
		data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	free(data);
}

static void test_pprof_bytes_replaced(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint8_t *data;
	size_t n = small_profile(&data);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		uint8_t was = data[i];
		for (size_t k = 0; k < sizeof values; k++) {
			data[i] = values[k];
			survive(data, n);
		}
		data[i] = was;
	}
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pprof_random_documents_survive),
		cmocka_unit_test(test_pprof_several_series_become_columns),
		cmocka_unit_test(test_pprof_decimals_are_rounded),
		cmocka_unit_test(test_pprof_times_become_labels),
		cmocka_unit_test(test_pprof_writes_only_what_is_used),
		cmocka_unit_test(test_pprof_bytes_have_the_usual_layout),
		cmocka_unit_test(test_pprof_truncated_at_every_byte),
		cmocka_unit_test(test_pprof_every_bit_flipped),
		cmocka_unit_test(test_pprof_bytes_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
