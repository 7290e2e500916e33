/*
 * Index-only hash table: open addressing, 8 bytes a slot. A slot holds the
 * 32-bit hash beside the row number, so a probe touches no row that differs
 * and growing touches no row at all. Row 0 means empty.
 *
 *	for (row = pd_index_first(ix, hash, &at); row; row = pd_index_next(ix, hash, &at))
 *		if (same(row, key))
 *			return row;
 *	pd_index_put(ix, hash, at, new_row);
 */
#ifndef MODEL_INDEX_H
#define MODEL_INDEX_H

#include "model/model.h"

static inline uint32_t pd_index_seek(const struct pd_index *ix, uint32_t hash, uint32_t *at)
{
	for (;; *at = (*at + 1) & ix->mask) {
		uint64_t slot = ix->slot[*at];

		if (!slot || (uint32_t)(slot >> 32) == hash)
			return (uint32_t)slot;
	}
}

/* Room must have been made (pd_builder_index), so that an empty slot exists and `at` stays valid. */
static inline uint32_t pd_index_first(const struct pd_index *ix, uint32_t hash, uint32_t *at)
{
	*at = hash & ix->mask;
	return pd_index_seek(ix, hash, at);
}

static inline uint32_t pd_index_next(const struct pd_index *ix, uint32_t hash, uint32_t *at)
{
	*at = (*at + 1) & ix->mask;
	return pd_index_seek(ix, hash, at);
}

static inline void pd_index_put(struct pd_index *ix, uint32_t hash, uint32_t at, uint32_t row)
{
	ix->slot[at] = (uint64_t)hash << 32 | row;
	ix->used++;
}

static inline uint32_t pd_fold32(uint64_t h)
{
	return (uint32_t)(h ^ h >> 32);
}

/* Doubles the table when it is 3/4 full. Starts at 64 slots. */
bool pd_index_grow(struct pd_index *ix);
void pd_index_release(struct pd_index *ix);

#endif
