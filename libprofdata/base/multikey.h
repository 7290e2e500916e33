/*
 * Sorting by long keys that share long beginnings (texts, sequences of ids):
 * three-way quicksort that looks at eight bytes of the key at a time and never
 * at the same ones twice.
 */
#ifndef BASE_MULTIKEY_H
#define BASE_MULTIKEY_H

#include "base/span.h"

struct pd_multikey_item {
	uint64_t key; /* work space */
	uint32_t id;
};

/* Part `depth` of the key of `id`; 0 past its end, so that shorter keys come first. */
typedef uint64_t pd_sort_key(const void *ctx, uint32_t id, uint32_t depth);

/*
 * Sorts by ids' keys. Items whose keys are equal stay side by side in no
 * particular order; parts from `max_depth` on are not looked at. False when out of memory.
 */
bool pd_multikey_sort(struct pd_multikey_item *items, size_t n, uint32_t max_depth, pd_sort_key *key, const void *ctx);

/* The text of `id`. */
typedef struct pd_span pd_sort_text(const void *ctx, uint32_t id);

/* Sorts by the bytes of ids' texts, shorter ones before those they begin. False when out of memory. */
bool pd_multikey_sort_texts(struct pd_multikey_item *items, size_t n, pd_sort_text *text, const void *ctx);

#endif
