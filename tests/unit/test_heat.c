/* Heat maps: which bin a time falls into, borders, chosen lengths, extreme times, what is outside. */
#include "base/compiler.h"
#include "cm.h"

#include <profdata/builder.h>
#include <profdata/heat.h>

#define S 1000000000ll
#define NONE PD_NO_TIME

/* A document of samples (time, value); "other" is a second column of value 10 each. */
static struct pd_doc *document(const int64_t (*rows)[2], size_t n)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	unsigned s = pd_series_add(b, pd_intern_z(b, ""));
	struct pd_doc *doc;

	pd_series_value(b, s, &(struct pd_value_type){ .type = pd_intern_z(b, "other"), .unit = pd_intern_z(b, "count") });
	pd_series_value(b, s, &(struct pd_value_type){ .type = pd_intern_z(b, "cpu"), .unit = pd_intern_z(b, "ns") });
	for (size_t i = 0; i < n; i++) {
		int64_t values[] = { 10, rows[i][1] };

		pd_sample_add(b, s, &(struct pd_sample){ .has_time = rows[i][0] != NONE, .time = rows[i][0] }, values);
	}
	doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	assert_non_null(doc);
	return doc;
}

static struct pd_heat *make(const int64_t (*rows)[2], size_t n, struct pd_heat_opts o, struct pd_error *err)
{
	struct pd_doc *doc = document(rows, n);
	struct pd_heat *h;

	o.size = sizeof o;
	h = pd_heat_new(doc, &o, err);
	pd_doc_unref(doc);
	return h;
}

#define MAKE(rows, err, ...) make(rows, PD_ARRAY_LEN(rows), (struct pd_heat_opts){ .sample_type = 1, __VA_ARGS__ }, err)

static void test_borders(void **state)
{
	/* columns of 10 ns, 3 rows: [0,4) [4,7) [7,10) */
	const int64_t rows[][2] = { { 100, 1 }, { 103, 2 }, { 104, 4 }, { 106, 8 }, { 107, 16 }, { 109, 32 }, { 110, 64 }, { 113, 128 }, { 119, 256 } };
	const int64_t want[] = { 3, 12, 48, 192, 0, 256 };
	const uint32_t samples[] = { 2, 2, 2, 2, 0, 1 };
	const uint64_t starts[] = { 0, 4, 7, 10, 14, 17, 20 };
	struct pd_error err = { 0 };
	struct pd_heat *h = MAKE(rows, &err, .column = 10, .rows = 3);
	const struct pd_heat_map *m = pd_heat_map(h);

	(void)state;
	assert_int_equal(m->columns, 2);
	assert_int_equal(m->rows, 3);
	assert_int_equal(m->n_samples, 9);
	assert_int_equal(m->total, 511);
	assert_int_equal(m->max_samples, 2);
	assert_int_equal(m->max_value, 256);
	assert_int_equal(m->min_value, 3);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(m->value[i], want[i]);
		assert_int_equal(m->samples[i], samples[i]);
	}
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(pd_heat_start(m, i), starts[i]);
	pd_heat_free(h);
	pd_heat_free(NULL);
}

/* Every sample lies between the start of its bin and that of the next, for awkward sizes. */
static void test_starts_agree(void **state)
{
	static const struct { uint64_t column; uint32_t rows; } sizes[] = { { 7, 7 }, { 7, 3 }, { 1000, 999 }, { 1000003, 50 }, { S, 48 }, { 1, 1 } };

	(void)state;
	for (size_t k = 0; k < PD_ARRAY_LEN(sizes); k++) {
		for (int64_t t = 0; t < 3000; t += 7) {
			const int64_t rows[][2] = { { -5, 1 }, { t - 5, 1 } };
			struct pd_error err = { 0 };
			struct pd_heat *h = MAKE(rows, &err, .column = sizes[k].column, .rows = sizes[k].rows);
			const struct pd_heat_map *m = pd_heat_map(h);
			uint32_t last = m->columns * m->rows;

			while (last-- && !m->samples[last])
				;
			assert_true(pd_heat_start(m, last) <= (uint64_t)t && (uint64_t)t < pd_heat_start(m, last + 1));
			pd_heat_free(h);
		}
	}
}

static void test_one_sample(void **state)
{
	const int64_t rows[][2] = { { -77, 5 } };
	struct pd_error err = { 0 };
	struct pd_heat *h = MAKE(rows, &err, 0);
	const struct pd_heat_map *m = pd_heat_map(h);

	(void)state;
	assert_int_equal(m->columns, 1);
	assert_true(m->column == (uint64_t)S);
	assert_int_equal(m->rows, 50);
	assert_int_equal(m->samples[0], 1);
	assert_int_equal(m->value[0], 5);
	assert_true(m->origin == -77 && m->from == -77 && m->to == -77);
	pd_heat_free(h);
}

static void test_chosen(void **state)
{
	static const struct { int64_t span; uint64_t column; uint32_t rows, columns; } want[] = {
		{ 1, 1, 1, 2 }, { 39, 1, 1, 40 }, { 40, 2, 2, 21 }, { 100, 5, 5, 21 }, { 1000, 50, 50, 21 }, { S, S / 20, 50, 21 }, { 2 * S, S / 10, 50, 21 },
		{ 5 * S - 1, S / 5, 50, 25 }, { 5 * S, S, 50, 6 }, { 60 * S, S, 50, 61 }, { 600 * S - 1, S, 50, 600 }, { 600 * S, 2 * S, 50, 301 },
		{ 3600 * S, 10 * S, 50, 361 }, { 86400 * S, 300 * S, 60, 289 }, { 365ll * 86400 * S, 86400ull * S, 48, 366 }, { 3650ll * 86400 * S, 864000ull * S, 48, 366 },
	};

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(want); i++) {
		const int64_t rows[][2] = { { 3, 1 }, { 3 + want[i].span, 1 } };
		struct pd_error err = { 0 };
		struct pd_heat *h = MAKE(rows, &err, 0);
		const struct pd_heat_map *m = pd_heat_map(h);

		assert_int_equal(m->column, want[i].column);
		assert_int_equal(m->rows, want[i].rows);
		assert_int_equal(m->columns, want[i].columns);
		pd_heat_free(h);
	}
}

/* The widest span there is makes a map of ordinary size. */
static void test_extreme_times(void **state)
{
	const int64_t rows[][2] = { { INT64_MIN + 1, 1 }, { 0, 2 }, { INT64_MAX, 4 } };
	struct pd_error err = { 0 };
	struct pd_heat *h = MAKE(rows, &err, 0);
	const struct pd_heat_map *m = pd_heat_map(h);

	(void)state;
	assert_true(m->columns <= 600);
	assert_int_equal(m->samples[0], 1);
	assert_int_equal(m->n_samples, 3);
	assert_int_equal(m->total, 7);
	assert_true(pd_heat_start(m, m->columns * m->rows) > (uint64_t)INT64_MAX);
	pd_heat_free(h);

	h = MAKE(rows, &err, .column = UINT64_MAX, .rows = 1000); /* one column; its parts need more than 64 bits */
	m = pd_heat_map(h);
	assert_int_equal(m->columns, 1);
	assert_int_equal(m->samples[0], 1);
	assert_int_equal(m->samples[999], 1);
	assert_true(pd_heat_start(m, 1000) == UINT64_MAX);
	pd_heat_free(h);

	assert_null(MAKE(rows, &err, .column = 1000, .rows = 1));
	assert_int_equal(err.status, PD_ERR_LIMIT);
}

static void test_stretch(void **state)
{
	const int64_t rows[][2] = { { 5 * S, 1 }, { 12 * S, 2 }, { 13 * S, 4 }, { 20 * S, 8 }, { NONE, 16 } };
	struct pd_error err = { 0 };
	struct pd_heat *h = MAKE(rows, &err, .has_stretch = true, .origin = 2 * S, .from = 12 * S, .to = 20 * S - 1);
	const struct pd_heat_map *m = pd_heat_map(h);

	(void)state;
	assert_int_equal(m->first_column, 10);
	assert_int_equal(m->columns, 8);
	assert_int_equal(m->samples[0], 1);
	assert_int_equal(m->samples[50], 1);
	assert_int_equal(m->n_samples, 2);
	assert_int_equal(m->total, 6);
	assert_int_equal(m->outside, 2);
	assert_int_equal(m->untimed, 1);
	assert_true(pd_heat_start(m, 1) == (uint64_t)(10 * S + S / 50));
	pd_heat_free(h);

	assert_null(MAKE(rows, &err, .has_stretch = true, .origin = 2, .from = 1, .to = 3));
	assert_int_equal(err.status, PD_ERR_USAGE);
	err = (struct pd_error){ 0 };
	assert_null(MAKE(rows, &err, .has_stretch = true, .origin = 2, .from = 4, .to = 3));
	assert_int_equal(err.status, PD_ERR_USAGE);
}

static void test_values(void **state)
{
	const int64_t rows[][2] = { { 0, -5 }, { 1, 0 }, { 2, INT64_MAX } };
	const int64_t over[][2] = { { 0, INT64_MAX }, { 0, 1 } };
	struct pd_error err = { 0 };
	struct pd_heat *h = MAKE(rows, &err, .column = 1, .rows = 1);
	const struct pd_heat_map *m = pd_heat_map(h);

	(void)state;
	assert_true(m->min_value == -5 && m->max_value == INT64_MAX);
	assert_int_equal(m->samples[1], 1); /* a sample of value 0 is a sample */
	pd_heat_free(h);
	assert_null(MAKE(over, &err, 0));
	assert_int_equal(err.status, PD_ERR_LIMIT);
}

static void test_refused(void **state)
{
	const int64_t untimed[][2] = { { NONE, 5 } }, one[][2] = { { 1, 1 } };
	struct pd_error err = { 0 };
	struct pd_heat *h;

	(void)state;
	assert_null(MAKE(untimed, &err, 0));
	assert_int_equal(err.status, PD_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "needs samples with times"));
	assert_true(err.hint[0]);
	err = (struct pd_error){ 0 };
	assert_null(MAKE(one, &err, .column = 10, .rows = 11));
	assert_int_equal(err.status, PD_ERR_USAGE);
	err = (struct pd_error){ 0 };
	assert_null(make(one, 1, (struct pd_heat_opts){ .sample_type = 2 }, &err));
	assert_int_equal(err.status, PD_ERR_USAGE);
	err = (struct pd_error){ 0 };
	assert_null(make(one, 0, (struct pd_heat_opts){ .sample_type = 1 }, &err));
	assert_int_equal(err.status, PD_ERR_DATA);
	h = make(one, 0, (struct pd_heat_opts){ .sample_type = 1, .has_stretch = true, .to = 3 * S }, &err); /* a selection may leave nothing */
	assert_non_null(h);
	assert_int_equal(pd_heat_map(h)->n_samples, 0);
	pd_heat_free(h);
}

static void test_lengths(void **state)
{
	static const struct { const char *text; uint64_t ns; } good[] = {
		{ "1", 1000000000 }, { "0.5", 500000000 }, { "500ms", 500000000 }, { "1.5 s", 1500000000 }, { "20us", 20000 }, { "7ns", 7 },
		{ "5min", 300000000000 }, { "2h", 7200000000000 }, { "1d", 86400000000000 }, { "0.000000001", 1 },
	};
	static const char *const bad[] = { "", "0", "-1s", "s", "1x", "0.5ns", "1e3", "99999999999d", "1 s s", "0x1s", "1.0000000001s" };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(good); i++) {
		uint64_t ns = 0;

		assert_true(pd_heat_length(good[i].text, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++)
		assert_false(pd_heat_length(bad[i], &(uint64_t){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_borders), cmocka_unit_test(test_starts_agree), cmocka_unit_test(test_one_sample), cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_extreme_times), cmocka_unit_test(test_stretch), cmocka_unit_test(test_values), cmocka_unit_test(test_lengths), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
