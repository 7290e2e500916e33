/* Sorting numbers with a payload: stable, linear, no comparisons. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include "base/compiler.h"

struct pd_sort_item {
	uint64_t key;
	uint32_t row;
	uint32_t more; /* travels along, where there would be a hole */
};

/* Least significant digit first; digits that are equal everywhere cost one look. `tmp` has room for n. The result is in `items`. */
void pd_sort_u64(struct pd_sort_item *items, struct pd_sort_item *tmp, size_t n);

#endif
