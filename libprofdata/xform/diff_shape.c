/*
 * The profiles as distributions over stacks. Stacks of different documents meet
 * by a keyed hash of their functions: nothing but one number for the whole
 * comparison depends on it, and nobody can aim at the key.
 */
#include "base/error.h"
#include "base/sort.h"
#include "xform/diff.h"

/* Stacks in the order they were met, found by slots of half a hash and a number + 1. The other half says where to look. */
struct shapes {
	uint64_t *slot;
	size_t cap, n;
	double *samples[2];
};

/* No power of two: pages that are not there need no clearing. */
static inline size_t place(const struct shapes *s, uint64_t hash) { return (size_t)((uint64_t)(uint32_t)hash * s->cap >> 32); }

static bool make_room(struct shapes *s, size_t n)
{
	s->cap = n + n / 2 + 1024;
	s->slot = calloc(s->cap, sizeof *s->slot);
	s->samples[0] = calloc(n + 1, sizeof **s->samples);
	s->samples[1] = calloc(n + 1, sizeof **s->samples);
	pd_mem_huge(s->slot, s->cap * sizeof *s->slot);
	pd_mem_huge(s->samples[0], n * sizeof **s->samples);
	pd_mem_huge(s->samples[1], n * sizeof **s->samples);
	return s->slot && s->samples[0] && s->samples[1];
}

static size_t count_stacks(const struct pd_diff *d)
{
	size_t n = 1;

	for (size_t i = 0; i < d->unit.n; i++)
		for (size_t s = 1; s < d->unit.v[i].doc->t.stack.n; s++)
			n += d->unit.v[i].own[s] != 0;
	return n;
}

static void add_unit(const struct diff_unit *u, struct shapes *s)
{
	const size_t n = u->doc->t.stack.n, ahead = 12;
	/* samples that weigh differently: as many as carry the same information */
	double value = (double)u->value / (double)u->to_unit, each = u->samples > 0 ? value / u->samples : 1;

	if (!(u->per_count > 0) && u->squares > 0)
		each = u->squares / ((double)u->to_unit * (double)u->to_unit) / value;
	for (size_t i = 1; i < n; i++) {
		uint64_t h = (uint64_t)u->below[i];
		size_t at;

		if (i + ahead < n && u->own[i + ahead])
			pd_prefetch(&s->slot[place(s, (uint64_t)u->below[i + ahead])]);
		if (!u->own[i])
			continue;
		for (at = place(s, h); s->slot[at] && s->slot[at] >> 32 != h >> 32;)
			at = at + 1 < s->cap ? at + 1 : 0;
		if (!s->slot[at])
			s->slot[at] = h >> 32 << 32 | ++s->n;
		s->samples[u->side][(uint32_t)s->slot[at] - 1] += (double)u->own[i] / each;
	}
}

static uint32_t float_bits(double v)
{
	float f = (float)v;
	uint32_t bits;

	memcpy(&bits, &f, sizeof bits);
	return bits; /* ordered as the numbers are, which are not negative */
}

/* Brings the stacks into an order of their numbers: sums of floating point must not depend on that of replicates. */
static bool settle(double *a, double *b, size_t n)
{
	struct pd_sort_item *item = malloc((2 * n + 1) * sizeof *item);
	double *copy = malloc((n + 1) * sizeof *copy), *column[2] = { a, b };
	bool ok = item && copy;

	for (size_t i = 0; ok && i < n; i++)
		item[i] = (struct pd_sort_item){ (uint64_t)float_bits(a[i]) << 32 | float_bits(b[i]), (uint32_t)i };
	if (ok)
		pd_sort_u64(item, item + n, n);
	for (int c = 0; ok && c < 2; c++) {
		memcpy(copy, column[c], n * sizeof *copy);
		for (size_t i = 0; i < n; i++)
			column[c][i] = copy[item[i].row];
	}
	free(item);
	free(copy);
	return ok;
}

bool pd_diff_shapes(struct pd_diff *d, double **a, double **b, size_t *n, struct pd_error *err)
{
	struct shapes s = { 0 };
	bool ok = make_room(&s, count_stacks(d));

	for (size_t i = 0; ok && i < d->unit.n; i++)
		add_unit(&d->unit.v[i], &s);
	free(s.slot);
	ok = ok && (d->unit.n == 2 || settle(s.samples[0], s.samples[1], s.n));
	if (!ok) {
		free(s.samples[0]);
		free(s.samples[1]);
		pd_error_nomem(err);
		return false;
	}
	*a = s.samples[0];
	*b = s.samples[1];
	*n = s.n;
	return true;
}
