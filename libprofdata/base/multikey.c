/* Multikey quicksort with its own stack, see multikey.h. */
#include "base/multikey.h"

#include "base/vec.h"

struct range {
	size_t lo, hi; /* [lo, hi) */
	uint32_t depth;
	bool fetch;    /* keys of this depth are not in the items yet */
};

static uint64_t median(uint64_t a, uint64_t b, uint64_t c)
{
	if (a < b)
		return b < c ? b : a < c ? c : a;
	return a < c ? a : b < c ? c : b;
}

static void swap(struct pd_multikey_item *a, struct pd_multikey_item *b)
{
	struct pd_multikey_item t = *a;

	*a = *b;
	*b = t;
}

bool pd_multikey_sort(struct pd_multikey_item *v, size_t n, uint32_t max_depth, pd_sort_key *key, const void *ctx)
{
	PD_VEC(struct range) todo = { 0 };
	bool ok = pd_vec_push(&todo, ((struct range){ 0, n, 0, true }));

	while (ok && todo.n) {
		struct range r = todo.v[--todo.n];
		size_t less = r.lo, more = r.hi, i = r.lo;
		uint64_t pivot;

		if (r.hi - r.lo < 2 || r.depth >= max_depth)
			continue;
		for (size_t k = r.lo; r.fetch && k < r.hi; k++)
			v[k].key = key(ctx, v[k].id, r.depth);
		pivot = median(v[r.lo].key, v[r.lo + (r.hi - r.lo) / 2].key, v[r.hi - 1].key);
		while (i < more) {
			if (v[i].key < pivot)
				swap(&v[less++], &v[i++]);
			else if (v[i].key > pivot)
				swap(&v[i], &v[--more]);
			else
				i++;
		}
		ok = pd_vec_reserve(&todo, 3);
		if (!ok)
			break;
		todo.v[todo.n++] = (struct range){ r.lo, less, r.depth, false };
		todo.v[todo.n++] = (struct range){ more, r.hi, r.depth, false };
		todo.v[todo.n++] = (struct range){ less, more, r.depth + 1, true };
	}
	pd_vec_release(&todo);
	return ok;
}
