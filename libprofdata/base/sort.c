#include "base/sort.h"

#define DIGITS 8u

static void insertion(struct pd_sort_item *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct pd_sort_item one = v[i];
		size_t at = i;

		for (; at && v[at - 1].key > one.key; at--)
			v[at] = v[at - 1];
		v[at] = one;
	}
}

static PD_NOINLINE void radix(struct pd_sort_item *items, struct pd_sort_item *tmp, size_t n)
{
	size_t count[DIGITS][256] = { { 0 } };
	struct pd_sort_item *from = items, *to = tmp;

	for (size_t i = 0; i < n; i++)
		for (unsigned d = 0; d < DIGITS; d++)
			count[d][items[i].key >> (8 * d) & 255]++;
	for (unsigned d = 0; d < DIGITS; d++) {
		size_t at = 0, *c = count[d];

		if (c[items[0].key >> (8 * d) & 255] == n)
			continue;
		for (unsigned i = 0; i < 256; i++) {
			size_t here = c[i];

			c[i] = at;
			at += here;
		}
		for (size_t i = 0; i < n; i++)
			to[c[from[i].key >> (8 * d) & 255]++] = from[i];
		struct pd_sort_item *swap = from;
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, n * sizeof *items);
}

void pd_sort_u64(struct pd_sort_item *items, struct pd_sort_item *tmp, size_t n)
{
	if (n < 64)
		insertion(items, n);
	else
		radix(items, tmp, n); /* its counters are 16 KiB to clear */
}
