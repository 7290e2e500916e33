#include "base/arena.h"

#define FIRST_BLOCK ((size_t)16 << 10)
#define BIGGEST_BLOCK ((size_t)1 << 20)

struct pd_arena_block {
	struct pd_arena_block *next;
	size_t size;
};

void pd_arena_release(struct pd_arena *a)
{
	while (a->head) {
		struct pd_arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	*a = (struct pd_arena){ 0 };
}

void *pd_arena_alloc_slow(struct pd_arena *a, size_t n, size_t align)
{
	size_t block = a->head ? a->head->size * 2 : FIRST_BLOCK, need;
	struct pd_arena_block *b;
	char *at;

	if (block > BIGGEST_BLOCK)
		block = BIGGEST_BLOCK;
	if (pd_add_overflow(n, sizeof *b + align, &need))
		return NULL;
	bool apart = need > block / 4; /* a big piece gets its own block, the current one stays open */
	b = malloc(apart ? need : block);
	if (!b)
		return NULL;
	b->size = apart ? need : block;
	a->used += b->size;
	at = (char *)(((uintptr_t)(b + 1) + align - 1) & ~(uintptr_t)(align - 1));
	if (apart && a->head) {
		b->size = a->head->size; /* keep the growth of ordinary blocks */
		b->next = a->head->next;
		a->head->next = b;
		return at;
	}
	b->next = a->head;
	a->head = b;
	a->p = at + n;
	a->end = (char *)b + (apart ? need : block);
	return at;
}

char *pd_arena_text(struct pd_arena *a, const char *p, size_t n)
{
	char *copy = n < SIZE_MAX ? pd_arena_alloc(a, n + 1, 1) : NULL;

	if (copy) {
		if (n) /* no bytes may have no address */
			memcpy(copy, p, n);
		copy[n] = '\0';
	}
	return copy;
}
