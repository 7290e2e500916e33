/* Blocks of memory that live and die together. Addresses never move. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/compiler.h"

struct pd_arena_block;
struct pd_arena {
	struct pd_arena_block *head;
	char *p, *end;
	size_t used; /* bytes taken from the system */
};

void pd_arena_release(struct pd_arena *a);
void *pd_arena_alloc_slow(struct pd_arena *a, size_t n, size_t align);

/* `align` is a power of two. NULL when out of memory. */
static inline void *pd_arena_alloc(struct pd_arena *a, size_t n, size_t align)
{
	uintptr_t at = ((uintptr_t)a->p + align - 1) & ~(uintptr_t)(align - 1);

	if (pd_likely(a->p && at <= (uintptr_t)a->end && n <= (uintptr_t)a->end - at)) {
		a->p = (char *)at + n;
		return (void *)at;
	}
	return pd_arena_alloc_slow(a, n, align);
}
/* A zero-terminated copy. */
char *pd_arena_text(struct pd_arena *a, const char *p, size_t n);

#endif
