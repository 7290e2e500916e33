#include "model/index.h"

bool pd_index_grow(struct pd_index *ix)
{
	uint32_t size = ix->slot ? (ix->mask + 1) * 2 : 64;
	uint64_t *slot;

	if (!size)
		return false; /* 2^32 slots: rows run out before that */
	slot = calloc(size, sizeof *slot);
	if (!slot)
		return false;
	pd_mem_huge(slot, size * sizeof *slot);
	if (ix->slot) {
		for (uint64_t i = 0; i <= ix->mask; i++) {
			uint32_t at = (uint32_t)(ix->slot[i] >> 32) & (size - 1);

			if (!ix->slot[i])
				continue;
			while (slot[at])
				at = (at + 1) & (size - 1);
			slot[at] = ix->slot[i];
		}
		free(ix->slot);
	}
	ix->slot = slot;
	ix->mask = size - 1;
	return true;
}

void pd_index_release(struct pd_index *ix)
{
	free(ix->slot);
	*ix = (struct pd_index){ 0 };
}
