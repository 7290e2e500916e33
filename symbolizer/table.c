/* Symbols by address. */
#include "symbolizer.h"

#include <stdlib.h>
#include <string.h>

void symbols_add(struct symbols *t, const struct symbol *s)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 1024;
		t->v = must(reallocarray(t->v, t->cap, sizeof(*t->v)));
	}
	t->v[t->n++] = *s;
}

/* By address; the one to show last of those with the same address. */
static int by_address(const void *pa, const void *pb)
{
	const struct symbol *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(b->name, a->name); /* the first by name: an order that does not depend on the file's */
}

void symbols_sort(struct symbols *t)
{
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_address);
}

/* Hand-written code without a size reaches to the next symbol, but not out of its section. */
static bool covers(const struct symbols *t, size_t i, size_t next, uint64_t address)
{
	const struct symbol *s = &t->v[i];

	if (s->size)
		return address - s->address < s->size;
	return s->address == t->v[next - 1].address && (!s->end || address < s->end);
}

const struct symbol *symbols_find(const struct symbols *t, uint64_t address)
{
	const struct symbol *best = NULL;
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->v[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* symbols nest (parts of assembler routines): a few before it may still reach here */
	for (size_t i = lo, steps = 0; i-- > 0 && steps < 16; steps++) {
		if (!covers(t, i, lo, address) || (best && best->rank > t->v[i].rank))
			continue;
		best = &t->v[i];
		if (!t->later_wins)
			break;
	}
	return best;
}

void symbols_answer(const struct symbols *t, const struct request *r)
{
	for (uint32_t i = 0; i < r->head.n_addresses; i++) {
		const struct symbol *s = symbols_find(t, r->address[i]);
		struct pd_sym_line line = { 0 };

		if (s)
			line.function = answer_function(readable(s->name, r->head.flags), s->name, NULL, 0);
		answer_lines(&line, s != NULL);
	}
}
