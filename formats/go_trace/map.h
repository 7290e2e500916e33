/* Ids of any size → row numbers: open addressing with deletion; row 0 means "not there". */
#ifndef GO_TRACE_MAP_H
#define GO_TRACE_MAP_H

#include "base/compiler.h"
#include "base/hash.h"

struct gt_map {
	struct gt_map_slot { uint64_t key; uint32_t row; } *slot;
	size_t mask, used;
	uint64_t hash_key;
};

static inline size_t gt_map_home(const struct gt_map *m, uint64_t key)
{
	return (size_t)pd_hash_u64(m->hash_key, key, 0) & m->mask;
}

static inline uint32_t gt_map_get(const struct gt_map *m, uint64_t key)
{
	if (pd_unlikely(!m->slot))
		return 0;
	for (size_t i = gt_map_home(m, key);; i = (i + 1) & m->mask)
		if (!m->slot[i].row || m->slot[i].key == key)
			return m->slot[i].row;
}

/* Sets the row (not 0) of a key; false when out of memory. */
bool gt_map_put(struct gt_map *m, uint64_t key, uint32_t row);
void gt_map_remove(struct gt_map *m, uint64_t key);
/* Forgets the keys, keeps the memory. */
void gt_map_clear(struct gt_map *m);
void gt_map_release(struct gt_map *m);
static inline size_t gt_map_bytes(const struct gt_map *m) { return m->slot ? (m->mask + 1) * sizeof *m->slot : 0; }

#endif
