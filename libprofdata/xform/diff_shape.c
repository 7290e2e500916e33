/*
 * The profiles as distributions over stacks. Stacks of different documents meet
 * by a keyed hash of their functions: nothing but one number for the whole
 * comparison depends on it, and nobody can aim at the key.
 */
#include "base/error.h"
#include "base/sort.h"
#include "xform/diff.h"

/* Stacks in the order they were met, found by slots of half a hash and a number + 1. */
struct shapes {
	uint64_t *slot;
	size_t mask;
	PD_VEC(struct place { double samples[2]; }) place;
};

static bool make_room(struct shapes *s, size_t n)
{
	size_t cap = 1024;

	while (cap < n * 2)
		cap *= 2;
	s->mask = cap - 1;
	s->slot = calloc(cap, sizeof *s->slot);
	return s->slot && pd_vec_reserve(&s->place, n);
}

static void add_unit(const struct diff_unit *u, struct shapes *s)
{
	const size_t n = u->doc->t.stack.n, ahead = 12;
	/* samples that weigh differently: as many as carry the same information */
	double value = (double)u->value / (double)u->to_unit, each = u->samples > 0 ? value / u->samples : 1;

	if (!(u->per_count > 0) && u->squares > 0)
		each = u->squares / ((double)u->to_unit * (double)u->to_unit) / value;
	for (size_t i = 1; i < n; i++) {
		uint64_t h = u->hash[i];
		size_t at = h & s->mask;

		if (i + ahead < n && u->own[i + ahead])
			pd_prefetch(&s->slot[u->hash[i + ahead] & s->mask]);
		if (!u->own[i])
			continue;
		while (s->slot[at] && s->slot[at] >> 32 != h >> 32)
			at = (at + 1) & s->mask;
		if (!s->slot[at]) {
			s->place.v[s->place.n] = (struct place){ { 0, 0 } };
			s->slot[at] = h >> 32 << 32 | ++s->place.n;
		}
		s->place.v[(uint32_t)s->slot[at] - 1].samples[u->side] += (double)u->own[i] / each;
	}
}

static uint32_t float_bits(double v)
{
	float f = (float)v;
	uint32_t bits;

	memcpy(&bits, &f, sizeof bits);
	return bits; /* ordered as the numbers are, which are not negative */
}

/* Brings the places into an order of their numbers: the hash differs from run to run, sums of floating point must not. */
static bool settle(struct place *p, size_t n)
{
	struct pd_sort_item *item = malloc((2 * n + 1) * sizeof *item);
	struct place *copy = malloc((n + 1) * sizeof *copy);
	bool ok;

	for (size_t i = 0; item && copy && i < n; i++)
		item[i] = (struct pd_sort_item){ (uint64_t)float_bits(p[i].samples[0]) << 32 | float_bits(p[i].samples[1]), (uint32_t)i };
	if (item && copy) {
		pd_sort_u64(item, item + n, n);
		memcpy(copy, p, n * sizeof *copy);
		for (size_t i = 0; i < n; i++)
			p[i] = copy[item[i].row];
	} else {
		free(copy);
		copy = NULL;
	}
	free(item);
	ok = copy != NULL;
	free(copy);
	return ok;
}

bool pd_diff_shapes(struct pd_diff *d, double **a, double **b, size_t *n, struct pd_error *err)
{
	struct shapes s = { 0 };
	size_t stacks = 1;
	bool ok;

	for (size_t i = 0; i < d->unit.n; i++)
		stacks += d->unit.v[i].doc->t.stack.n;
	ok = make_room(&s, stacks);
	for (size_t i = 0; i < d->unit.n; i++) {
		if (ok)
			add_unit(&d->unit.v[i], &s);
		free(d->unit.v[i].hash);
		d->unit.v[i].hash = NULL;
	}
	free(s.slot);
	/* sums of floating point must not depend on the order of replicates */
	ok = ok && (d->unit.n == 2 || settle(s.place.v, s.place.n));
	*n = ok ? s.place.n : 0;
	*a = ok ? malloc((*n + 1) * sizeof **a) : NULL;
	*b = ok ? malloc((*n + 1) * sizeof **b) : NULL;
	ok = ok && *a && *b;
	for (size_t i = 0; ok && i < *n; i++) {
		(*a)[i] = s.place.v[i].samples[PD_BEFORE];
		(*b)[i] = s.place.v[i].samples[PD_AFTER];
	}
	pd_vec_release(&s.place);
	if (!ok) {
		free(*a);
		free(*b);
		*a = *b = NULL;
		pd_error_nomem(err);
	}
	return ok;
}
