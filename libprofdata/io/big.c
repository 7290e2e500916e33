#include "io/big.h"

#include <sys/mman.h>

#define HUGE_FROM ((size_t)8 << 20) /* huge pages spare most page faults of large buffers */
#define HEAP_BELOW ((size_t)512 << 10) /* small ones come and go: pages of the heap are touched already */
#define PAGE ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)

static bool heap_reserve(struct pd_big *b, size_t cap)
{
	void *p = realloc(b->p, cap ? cap : 1);

	if (!p)
		return false;
	b->p = p;
	b->cap = cap ? cap : 1;
	return true;
}

/* From the heap into pages of its own. */
static bool move_out(struct pd_big *b, size_t cap)
{
	struct pd_big own = { 0 };

	if (!pd_big_reserve(&own, cap))
		return false;
	memcpy(own.p, b->p, b->cap);
	own.n = b->n;
	free(b->p);
	*b = own;
	return true;
}

bool pd_big_reserve(struct pd_big *b, size_t cap)
{
	void *p;

	if (cap <= b->cap && b->p)
		return true;
	if (cap < HEAP_BELOW)
		return heap_reserve(b, cap);
	if (b->p && b->cap < HEAP_BELOW)
		return move_out(b, cap);
	if (pd_add_overflow(cap, PAGE - 1, &cap))
		return false;
	cap &= ~(PAGE - 1);
	if (!cap)
		cap = PAGE;
	if (b->p)
		p = mremap(b->p, b->cap, cap, MREMAP_MAYMOVE);
	else
		p = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	b->p = p;
	b->cap = cap;
	if (cap >= HUGE_FROM)
		madvise(b->p, b->cap, MADV_HUGEPAGE); /* a wish; refusal does no harm */
	return true;
}

void pd_big_trim(struct pd_big *b)
{
	size_t keep = (b->n + PAGE - 1) & ~(PAGE - 1);

	if (!b->p || keep >= b->cap || b->cap < HEAP_BELOW)
		return;
	if (keep < HEAP_BELOW) /* what its size says where it is must stay true */
		keep = HEAP_BELOW < b->cap ? HEAP_BELOW : b->cap;
	if (keep < b->cap && munmap(b->p + keep, b->cap - keep) == 0)
		b->cap = keep;
}

void pd_big_forget(struct pd_big *b, size_t n)
{
	uintptr_t start = (uintptr_t)b->p, end = (start + n) & ~(uintptr_t)(HUGE_PAGE - 1); /* no huge page is split */

	if (b->p && b->cap >= HEAP_BELOW && end > start)
		madvise(b->p, (size_t)(end - start), MADV_DONTNEED);
}

void pd_big_release(struct pd_big *b)
{
	if (b->p && b->cap < HEAP_BELOW)
		free(b->p);
	else if (b->p)
		munmap(b->p, b->cap);
	*b = (struct pd_big){ 0 };
}
