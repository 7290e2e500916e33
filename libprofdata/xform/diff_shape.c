/*
 * The profiles as distributions over stacks. Stacks of different documents meet
 * by a keyed 64-bit hash of their functions: nothing but one number for the
 * whole comparison depends on it, and nobody can aim at the key.
 */
#include "base/error.h"
#include "base/hash.h"
#include "base/sort.h"
#include "xform/diff.h"
#include <math.h>

struct place {
	uint64_t hash;
	double samples[2];
};

struct shapes {
	struct place *place;
	size_t mask, used;
};

static bool grow(struct shapes *s, size_t need)
{
	size_t cap = 1024;
	struct place *p;

	while (cap < need * 3 / 2)
		cap *= 2;
	if (s->place && cap <= s->mask + 1)
		return true;
	p = calloc(cap, sizeof *p);
	if (!p)
		return false;
	for (size_t i = 0; s->place && i <= s->mask; i++) {
		size_t at = s->place[i].hash & (cap - 1);

		if (!s->place[i].hash)
			continue;
		while (p[at].hash)
			at = (at + 1) & (cap - 1);
		p[at] = s->place[i];
	}
	free(s->place);
	s->place = p;
	s->mask = cap - 1;
	return true;
}

/* Hash of every stack: its parent's and the functions of its run. */
static void hash_stacks(const struct pd_diff *d, const struct diff_unit *u, uint64_t *hash)
{
	const struct pd_tables *t = &u->doc->t;

	hash[0] = d->hash_key;
	for (size_t s = 1; s < t->stack.n; s++) {
		const uint32_t *run = &t->run.v[t->stack.v[s].first];
		uint64_t h = hash[t->stack.v[s].parent];

		for (uint32_t i = 0, n = pd_run_length(&t->stack.v[s]); i < n; i++) {
			uint32_t only = u->only[run[i]];

			if (pd_likely(only)) {
				h = pd_hash_u64(h, only, 1);
				continue;
			}
			for (uint32_t k = u->first[run[i]]; k < u->first[run[i] + 1]; k++)
				h = pd_hash_u64(h, u->func[k], 1);
		}
		hash[s] = h;
	}
}

static bool add_unit(const struct pd_diff *d, const struct diff_unit *u, struct shapes *s, struct pd_error *err)
{
	const size_t n = u->doc->t.stack.n, ahead = 8;
	uint64_t *hash = malloc((n ? n : 1) * sizeof *hash);
	struct pd_stackwalk w;
	double each;
	bool ok;

	if (!hash || !pd_diff_walk(u, &w, err)) {
		free(hash);
		return pd_error_nomem(err) == PD_OK;
	}
	hash_stacks(d, u, hash);
	ok = grow(s, s->used + n);
	/* samples that weigh differently: as many as carry the same information */
	each = u->samples > 0 ? (double)u->value / (double)u->to_unit / (u->per_count > 0 ? u->samples : (double)u->value * (double)u->value / u->squares) : 1;
	for (size_t i = 1; ok && i < n; i++) {
		uint64_t h = hash[i] ? hash[i] : 1;
		size_t at = h & s->mask;

		if (i + ahead < n)
			pd_prefetch(&s->place[hash[i + ahead] & s->mask]);
		if (!w.value[i])
			continue;
		while (s->place[at].hash && s->place[at].hash != h)
			at = (at + 1) & s->mask;
		s->used += !s->place[at].hash;
		s->place[at].hash = h;
		s->place[at].samples[u->side] += (double)w.value[i] / each;
	}
	pd_stackwalk_release(&w);
	free(hash);
	return ok || pd_error_nomem(err) == PD_OK;
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

bool pd_diff_shapes(const struct pd_diff *d, double **a, double **b, size_t *n, struct pd_error *err)
{
	struct shapes s = { 0 };
	bool ok = true;
	size_t to = 0;

	for (size_t i = 0; ok && i < d->unit.n; i++)
		ok = add_unit(d, &d->unit.v[i], &s, err);
	for (size_t i = 0; ok && s.place && i <= s.mask; i++)
		if (s.place[i].hash)
			s.place[to++] = s.place[i];
	ok = ok && (settle(s.place, to) || pd_error_nomem(err) == PD_OK);
	*a = ok ? malloc((to + 1) * sizeof **a) : NULL;
	*b = ok ? malloc((to + 1) * sizeof **b) : NULL;
	ok = ok && ((*a && *b) || pd_error_nomem(err) == PD_OK);
	for (size_t i = 0; ok && i < to; i++) {
		(*a)[i] = s.place[i].samples[PD_BEFORE];
		(*b)[i] = s.place[i].samples[PD_AFTER];
	}
	*n = to;
	free(s.place);
	if (!ok) {
		free(*a);
		free(*b);
		*a = *b = NULL;
	}
	return ok;
}
