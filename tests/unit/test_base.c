/* Errors, limits, notes, the pool. */
#include "cm.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/notes.h"

#include <pthread.h>

static void test_error_first_one_wins(void **state)
{
	struct pd_error e = { 0 };

	(void)state;
	pd_error_hint(&e, "nothing to hint at");
	assert_string_equal(e.hint, "");
	assert_int_equal(pd_error_set(&e, PD_ERR_DATA, "expected %d", 5), PD_ERR_DATA);
	assert_int_equal(pd_error_set(&e, PD_ERR_IO, "later"), PD_ERR_IO);
	pd_error_hint(&e, "one");
	pd_error_hint(&e, "two");
	pd_error_path(&e, "a");
	pd_error_path(&e, "b");
	assert_int_equal(e.status, PD_ERR_DATA);
	assert_string_equal(e.text, "expected 5");
	assert_string_equal(e.hint, "one");
	assert_string_equal(e.path, "a");
	assert_int_equal(pd_error_set(NULL, PD_ERR_IO, "nobody listens"), PD_ERR_IO);
}

static void test_error_names_are_stable(void **state)
{
	(void)state;
	assert_string_equal(pd_status_name(PD_OK), "ok");
	assert_string_equal(pd_status_name(PD_ERR_DATA), "data");
	assert_string_equal(pd_status_name(PD_ERR_LIMIT), "limit");
	assert_string_equal(pd_status_name((enum pd_status)99), "internal");
}

static void test_limits_fill_zero_fields_only(void **state)
{
	struct pd_limits l = { .max_ratio = 7 };

	(void)state;
	pd_limits_fill(&l);
	assert_int_equal(l.max_ratio, 7);
	assert_int_equal(l.max_input, 4ull << 30);
	assert_int_equal(l.max_layers, 1);
	assert_int_equal(l.max_string, 1 << 20);
	assert_int_equal(l.max_depth, 65536);
	assert_int_equal(l.max_nesting, 1024);
	assert_int_equal(l.max_labels, 256);
	assert_true(l.max_memory > 0 && l.max_memory <= 4ull << 30);
}

static void test_limits_copy_of_an_older_caller(void **state)
{
	struct pd_limits old = { .size = offsetof(struct pd_limits, max_depth), .max_ratio = 9, .max_depth = 1234 };
	struct pd_limits l = pd_limits_copy(&old);

	(void)state;
	assert_int_equal(l.max_ratio, 9);
	assert_int_equal(l.max_depth, 65536);
	assert_int_equal(l.size, sizeof l);
}

static void test_notes_count_and_keep_the_first_place(void **state)
{
	struct pd_notes n = { 0 }, part = { 0 };
	char text[128];

	(void)state;
	assert_true(pd_notes_count(&n, "odd lines"));
	pd_notes_place(&n, 31, 400, (struct pd_span){ "a\tb\x1b[0m", 7 });
	assert_false(pd_notes_count(&n, "odd lines"));
	assert_true(pd_notes_count(&n, "odd records"));
	pd_notes_place(&n, 0, 0x1f, (struct pd_span){ "", 0 });
	assert_true(pd_notes_count(&part, "late"));
	pd_notes_place(&part, 2, 5, (struct pd_span){ "x", 1 });
	assert_true(pd_notes_count(&part, "odd lines"));
	pd_notes_place(&part, 1, 5, (struct pd_span){ "y", 1 });
	pd_notes_join(&n, &part, 100);
	assert_int_equal(n.row.n, 3);
	assert_int_equal(n.row.v[0].count, 3);
	assert_string_equal(pd_note_example(text, sizeof text, &n.row.v[0]), "line 31: a b [0m");
	assert_string_equal(pd_note_example(text, sizeof text, &n.row.v[1]), "@0x1f");
	assert_string_equal(pd_note_example(text, sizeof text, &n.row.v[2]), "line 102: x");
	pd_notes_release(&n);
	pd_notes_release(&part);
}

static void test_notes_do_not_cut_characters(void **state)
{
	struct pd_notes n = { 0 };
	char text[300];

	(void)state;
	for (size_t i = 0; i + 2 <= sizeof text; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	pd_notes_count(&n, "x");
	pd_notes_place(&n, 1, 0, (struct pd_span){ text, sizeof text });
	assert_int_equal(strlen(n.row.v[0].text) % 2, 0);
	assert_true(strlen(n.row.v[0].text) >= 90);
	pd_notes_release(&n);
}

static void test_size_text(void **state)
{
	char b[32];

	(void)state;
	assert_string_equal(pd_size_text(b, sizeof b, 17), "17 bytes");
	assert_string_equal(pd_size_text(b, sizeof b, 4ull << 30), "4 GiB");
	assert_string_equal(pd_size_text(b, sizeof b, 1536), "1.5 KiB");
	assert_string_equal(pd_size_text(b, sizeof b, UINT64_MAX), "15.9 EiB");
}

/* ---- pool ---- */

struct work {
	size_t out[1000], n_out, stop_at, most_ahead;
	uint64_t result[1000];
	pthread_mutex_t lock;
	size_t begun, handed;
};

static void square(void *ctx, size_t i)
{
	struct work *w = ctx;

	pthread_mutex_lock(&w->lock);
	w->begun++;
	if (w->begun - w->handed > w->most_ahead)
		w->most_ahead = w->begun - w->handed;
	pthread_mutex_unlock(&w->lock);
	for (volatile size_t k = 0; k < (i * 7919) % 5000; k++)
		;
	w->result[i] = (uint64_t)i * i;
}

static bool collect(void *ctx, size_t i)
{
	struct work *w = ctx;

	assert_int_equal(w->result[i], (uint64_t)i * i);
	w->out[w->n_out++] = i;
	pthread_mutex_lock(&w->lock);
	w->handed++;
	pthread_mutex_unlock(&w->lock);
	return i != w->stop_at;
}

static void in_order(unsigned jobs)
{
	struct work *w = calloc(1, sizeof *w);

	w->stop_at = SIZE_MAX;
	pthread_mutex_init(&w->lock, NULL);
	assert_true(pd_parallel(jobs, 1000, square, collect, w));
	assert_int_equal(w->n_out, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(w->out[i], i);
	assert_true(w->most_ahead <= (size_t)jobs + 2);
	free(w);
}

static void test_pool_results_come_in_order(void **state)
{
	(void)state;
	in_order(0);
	in_order(1);
	in_order(2);
	in_order(9);
}

static void test_pool_stops_when_told(void **state)
{
	struct work *w = calloc(1, sizeof *w);

	(void)state;
	w->stop_at = 17;
	pthread_mutex_init(&w->lock, NULL);
	assert_false(pd_parallel(3, 1000, square, collect, w));
	assert_int_equal(w->n_out, 18);
	assert_true(w->begun <= 18 + 4);
	assert_true(pd_parallel(3, 0, square, collect, w));
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_first_one_wins),
		cmocka_unit_test(test_error_names_are_stable),
		cmocka_unit_test(test_limits_fill_zero_fields_only),
		cmocka_unit_test(test_limits_copy_of_an_older_caller),
		cmocka_unit_test(test_notes_count_and_keep_the_first_place),
		cmocka_unit_test(test_notes_do_not_cut_characters),
		cmocka_unit_test(test_size_text),
		cmocka_unit_test(test_pool_results_come_in_order),
		cmocka_unit_test(test_pool_stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
