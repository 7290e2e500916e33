#include "base/vec.h"

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
	*v = p;
	*cap = want;
	return true;
}
