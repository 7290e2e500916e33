/* Sorting by long keys: order of texts, and time that no arrangement can blow up. */
#include "cm.h"

#include "base/multikey.h"

#include <stdlib.h>
#include <string.h>

static struct pd_span text_at(const void *ctx, uint32_t id) { return ((const struct pd_span *)ctx)[id]; }

static void test_texts_by_bytes(void **state)
{
	static const char bytes[] = "ab\0\0cdefgh";
	const struct pd_span text[] = { { "b", 1 }, { bytes, 10 }, { bytes, 4 }, { bytes, 2 }, { bytes, 3 }, { "", 0 }, { bytes, 8 }, { "\xff", 1 },
					{ "abcdefghi", 9 }, { "abcdefgh", 8 }, { "abcdefgh\0", 9 }, { bytes, 9 } };
	const uint32_t want[] = { 5, 3, 4, 2, 6, 11, 1, 9, 10, 8, 0, 7 };
	struct pd_multikey_item item[12];

	(void)state;
	for (uint32_t i = 0; i < 12; i++)
		item[i].id = i;
	assert_true(pd_multikey_sort_texts(item, 12, text_at, text));
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(item[i].id, want[i]);
}

static uint64_t number_at(const void *ctx, uint32_t id, uint32_t depth)
{
	(void)depth;
	return ((const uint64_t *)ctx)[id];
}

/* Ascending, descending, up and down, all but equal, and what a median of the first, the middle and the last always splits badly. */
static void test_no_arrangement_is_slow(void **state)
{
	enum { N = 1 << 18 };
	uint64_t *key = malloc(N * sizeof *key);
	struct pd_multikey_item *item = malloc(N * sizeof *item);

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		for (uint32_t i = 0; i < N; i++) {
			uint32_t half = N / 2;

			key[i] = kind == 0 ? i : kind == 1 ? N - i : kind == 2 ? (i < half ? i : N - i) : kind == 3 ? i % 3 : i < half ? (i % 2 ? half + i : i + 1) : 2 * (i - half + 1);
			item[i] = (struct pd_multikey_item){ .id = i };
		}
		assert_true(pd_multikey_sort(item, N, 1, number_at, key));
		for (uint32_t i = 1; i < N; i++)
			assert_true(key[item[i - 1].id] <= key[item[i].id]);
	}
	free(key);
	free(item);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_by_bytes),
		cmocka_unit_test(test_no_arrangement_is_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
