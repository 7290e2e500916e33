/*
 * Shape with replicates: how many ways of dealing the same profiles to two sides
 * give sides at least as different? Exact where there are few enough ways, and
 * right however much the profiles of a side differ among themselves.
 */
#include "xform/diff.h"
#include <math.h>

#define WAYS 20000u       /* enumerated at most */
#define WORK 20000000u    /* ways times functions times profiles */
#define DRAWN 999u        /* otherwise */
#define MOST 60u          /* profiles in the mask of a way */

struct table {
	size_t k, k1, n;      /* profiles, those before, functions */
	double *x;            /* [k][n] samples */
	double *all, *size;   /* [n], [k] */
	double *one;          /* [n] of a side */
	uint8_t row[MOST];    /* [columns]: which of the k it goes to */
	double total;
};

static double x_log_x(double x) { return x > 0 ? x * log(x) : 0; }

/* G of the side in the mask against the rest. */
static double g_of(struct table *t, uint64_t mask)
{
	double n1 = 0, g = 0;

	memset(t->one, 0, t->n * sizeof *t->one);
	for (size_t c = 0; c < t->k; c++) {
		const double *x = t->x + c * t->n;

		if (!(mask >> c & 1))
			continue;
		n1 += t->size[c];
		for (size_t f = 0; f < t->n; f++)
			t->one[f] += x[f];
	}
	for (size_t f = 0; f < t->n; f++)
		g += x_log_x(t->one[f]) + x_log_x(t->all[f] - t->one[f]) - x_log_x(t->all[f]);
	return g - x_log_x(n1) - x_log_x(t->total - n1) + x_log_x(t->total);
}

static double ways(size_t k, size_t k1)
{
	double n = 1;

	for (size_t i = 1; i <= k1; i++)
		n = n * (double)(k - k1 + i) / (double)i;
	return n;
}

/* The next number with as many bits. */
static uint64_t next_mask(uint64_t m)
{
	uint64_t low = m & -m, up = m + low;

	return up | ((m ^ up) >> 2) / low;
}

static double enumerate(struct table *t, double observed)
{
	uint64_t m = (UINT64_C(1) << t->k1) - 1, end = UINT64_C(1) << t->k;
	double extreme = 0, n = 0;

	for (; m < end; m = next_mask(m)) {
		n++;
		extreme += g_of(t, m) >= observed;
	}
	return extreme / n;
}

static double draw(struct table *t, double observed)
{
	struct pd_rng rng = { 42 };
	uint8_t order[MOST];
	unsigned extreme = 1;

	for (size_t i = 0; i < t->k; i++)
		order[i] = (uint8_t)i;
	for (unsigned r = 0; r < DRAWN; r++) {
		uint64_t m = 0;

		for (size_t i = 0; i < t->k1; i++) {
			size_t k = i + pd_rng_below(&rng, t->k - i);
			uint8_t c = order[k];

			order[k] = order[i];
			order[i] = c;
			m |= UINT64_C(1) << c;
		}
		extreme += g_of(t, m) >= observed;
	}
	return (double)extreme / (DRAWN + 1);
}

/* Functions tested, and the rest as one. */
static bool fill(const struct pd_diff *d, struct table *t, const struct diff_column *c, size_t columns)
{
	size_t n = 0;

	for (size_t f = 1; f < d->func.n; f++)
		n += !isnan(d->test[DIFF_SELF][f].p);
	t->n = n + 1;
	t->x = calloc(t->k * t->n, sizeof *t->x);
	t->all = calloc(2 * t->n, sizeof *t->all);
	t->size = calloc(t->k, sizeof *t->size);
	if (!t->x || !t->all || !t->size)
		return false;
	t->one = t->all + t->n;
	for (size_t i = 0; i < columns; i++) {
		double *x = t->x + t->row[i] * t->n, left = c[i].samples, v;
		size_t at = 0;

		for (size_t f = 1; f < d->func.n; f++)
			if (!isnan(d->test[DIFF_SELF][f].p)) {
				v = c[i].cell[DIFF_SELF][f].samples;
				x[at++] += v;
				left -= v;
			}
		x[at] += left > 0 ? left : 0;
	}
	for (size_t i = 0; i < t->k; i++)
		for (size_t at = 0; at < t->n; at++) {
			t->size[i] += t->x[i * t->n + at];
			t->all[at] += t->x[i * t->n + at];
		}
	for (size_t i = 0; i < t->k; i++)
		t->total += t->size[i];
	return true;
}

/* What is dealt: profiles or slices, brief ones two by two, because what is busy for a while is in neighbours. */
static void group(const struct pd_diff *d, struct table *t, const struct diff_column *c, size_t columns)
{
	size_t at[2] = { 0, 0 }, step = d->brief ? 2 : 1;

	for (size_t i = 0; i < columns; i++)
		at[c[i].side]++;
	t->k1 = (at[PD_BEFORE] + step - 1) / step;
	t->k = t->k1 + (at[PD_AFTER] + step - 1) / step;
	for (size_t i = 0; i < columns; i++) /* those before come first */
		t->row[i] = (uint8_t)(c[i].side == PD_BEFORE ? i / step : t->k1 + (i - at[PD_BEFORE]) / step);
}

bool pd_diff_permute(const struct pd_diff *d, double *p)
{
	struct table t = { 0 };
	size_t columns;
	const struct diff_column *c = diff_columns(d, &columns);
	double observed, many;
	bool ok;

	*p = NAN;
	if (columns < 3 || columns > MOST)
		return true;
	group(d, &t, c, columns);
	ok = fill(d, &t, c, columns);
	if (ok && t.total > 0) {
		observed = g_of(&t, (UINT64_C(1) << t.k1) - 1);
		observed -= 1e-9 * (1 + fabs(observed)); /* the same way in another order of summing */
		many = ways(t.k, t.k1);
		*p = many <= WAYS && many * (double)t.n * (double)t.k <= WORK ? enumerate(&t, observed) : draw(&t, observed);
	}
	free(t.x);
	free(t.all);
	free(t.size);
	return ok;
}
