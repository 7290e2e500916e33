#include "base/vec.h"

#include <sys/mman.h>

#define HUGE_FROM ((size_t)8 << 20)
#define PAGE ((uintptr_t)4096)

void pd_mem_huge(void *p, size_t bytes)
{
	/* whole pages and no less: a mapping of two kinds can no longer be grown by moving it */
	uintptr_t from = (uintptr_t)p & ~(PAGE - 1), to = ((uintptr_t)p + bytes + PAGE - 1) & ~(PAGE - 1);

	if (bytes >= HUGE_FROM)
		madvise((void *)from, to - from, MADV_HUGEPAGE); /* a wish; refusal does no harm */
}

bool pd_vec_grow(void **v, size_t *cap, size_t n, size_t more, size_t size)
{
	size_t want, bytes;
	void *p;

	if (pd_add_overflow(n, more, &want))
		return false;
	if (want < *cap + *cap / 2)
		want = *cap + *cap / 2;
	if (want < 8)
		want = 8;
	if (pd_mul_overflow(want, size, &bytes))
		return false;
	p = realloc(*v, bytes);
	if (!p)
		return false;
	pd_mem_huge(p, bytes);
	*v = p;
	*cap = want;
	return true;
}
