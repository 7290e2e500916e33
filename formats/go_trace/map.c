#include "go_trace/map.h"

static void place(struct gt_map *m, uint64_t key, uint32_t row)
{
	size_t i = gt_map_home(m, key);

	while (m->slot[i].row)
		i = (i + 1) & m->mask;
	m->slot[i] = (struct gt_map_slot){ key, row };
}

static bool grow(struct gt_map *m)
{
	struct gt_map old = *m;
	size_t n = old.slot ? (old.mask + 1) * 2 : 64;

	m->slot = n < SIZE_MAX / sizeof *m->slot ? calloc(n, sizeof *m->slot) : NULL;
	if (!m->slot) {
		*m = old;
		return false;
	}
	m->mask = n - 1;
	m->hash_key = pd_hash_key();
	for (size_t i = 0; old.slot && i <= old.mask; i++)
		if (old.slot[i].row)
			place(m, old.slot[i].key, old.slot[i].row);
	free(old.slot);
	return true;
}

bool gt_map_put(struct gt_map *m, uint64_t key, uint32_t row)
{
	if ((!m->slot || m->used >= m->mask / 4 * 3) && !grow(m))
		return false;
	for (size_t i = gt_map_home(m, key);; i = (i + 1) & m->mask) {
		if (m->slot[i].row && m->slot[i].key != key)
			continue;
		m->used += !m->slot[i].row;
		m->slot[i] = (struct gt_map_slot){ key, row };
		return true;
	}
}

void gt_map_remove(struct gt_map *m, uint64_t key)
{
	size_t i, hole;

	if (!m->slot)
		return;
	for (i = gt_map_home(m, key); m->slot[i].row && m->slot[i].key != key;)
		i = (i + 1) & m->mask;
	if (!m->slot[i].row)
		return;
	m->used--;
	/* what follows moves back as far as its home allows */
	for (hole = i, i = (i + 1) & m->mask; m->slot[i].row; i = (i + 1) & m->mask) {
		if (((i - gt_map_home(m, m->slot[i].key)) & m->mask) < ((i - hole) & m->mask))
			continue;
		m->slot[hole] = m->slot[i];
		hole = i;
	}
	m->slot[hole].row = 0;
}

void gt_map_clear(struct gt_map *m)
{
	if (m->slot && m->used)
		memset(m->slot, 0, (m->mask + 1) * sizeof *m->slot);
	m->used = 0;
}

void gt_map_release(struct gt_map *m)
{
	free(m->slot);
	*m = (struct gt_map){ 0 };
}
