/* Multikey quicksort with its own stack, see multikey.h. */
#include "base/multikey.h"

#include "base/hash.h"
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

/* Of three items that whoever wrote the keys cannot foretell, so that no order of theirs makes every split a bad one. */
static uint64_t pivot_of(const struct pd_multikey_item *v, const struct range *r, uint64_t seed)
{
	size_t n = r->hi - r->lo;
	uint64_t at;

	if (n < 64)
		return median(v[r->lo].key, v[r->lo + n / 2].key, v[r->hi - 1].key);
	at = pd_hash_u64(seed, r->lo, n);
	return median(v[r->lo + (uint32_t)at % n].key, v[r->lo + n / 2].key, v[r->lo + (at >> 32) % n].key);
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
	uint64_t seed = pd_hash_key();
	bool ok = pd_vec_push(&todo, ((struct range){ 0, n, 0, true }));

	while (ok && todo.n) {
		struct range r = todo.v[--todo.n];
		size_t less = r.lo, more = r.hi, i = r.lo;
		uint64_t pivot;

		if (r.hi - r.lo < 2 || r.depth >= max_depth)
			continue;
		for (size_t k = r.lo; r.fetch && k < r.hi; k++)
			v[k].key = key(ctx, v[k].id, r.depth);
		pivot = pivot_of(v, &r, seed);
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

struct texts {
	pd_sort_text *text;
	const void *ctx;
	uint32_t last; /* part of the key that holds the length: "a" before "a\0" */
};

static uint64_t text_key(const void *ctx, uint32_t id, uint32_t depth)
{
	const struct texts *t = ctx;
	struct pd_span s = t->text(t->ctx, id);
	size_t at = (size_t)depth * 8;
	unsigned char part[8] = { 0 };

	if (depth == t->last)
		return s.n;
	if (at >= s.n)
		return 0;
	if (s.n - at >= 8)
		return pd_bswap64(pd_load64(s.p + at));
	memcpy(part, s.p + at, s.n - at);
	return pd_bswap64(pd_load64(part));
}

bool pd_multikey_sort_texts(struct pd_multikey_item *items, size_t n, pd_sort_text *text, const void *ctx)
{
	struct texts t = { .text = text, .ctx = ctx };
	size_t longest = 0;

	for (size_t i = 0; i < n; i++) {
		size_t len = text(ctx, items[i].id).n;

		if (len > longest)
			longest = len;
	}
	t.last = (uint32_t)(longest / 8 + 1);
	return pd_multikey_sort(items, n, t.last + 1, text_key, &t);
}
