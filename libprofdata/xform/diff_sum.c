/*
 * Sums per function: value, number of samples, and for samples that weigh
 * differently the squares of their weights. A document is walked once per kind
 * of sum; most need one, because all their samples weigh the same.
 */
#include "base/error.h"
#include "xform/diff.h"
#include <math.h>

/*
 * Slices of a recording that has times: of a second and more, or of a brief one fewer, which have enough samples each.
 * What is busy for a while is in neighbours then, so these are not cut finer than it takes to compare ranks.
 */
#define SLICES 20
#define MIN_SLICES 5
#define MIN_SLICE_NS INT64_C(1000000000)
#define BRIEF_SLICES 10
#define BRIEF_SLICE_NS INT64_C(100000000)
#define BRIEF_SLICE_SAMPLES 50

enum plane { PLANE_VALUE, PLANE_SAMPLES, PLANE_SQUARES };

/* ---- rows ---- */

/* Samples behind a row, and the sum of their squared weights. */
static void row_counts(const struct diff_unit *u, const struct pd_rows *r, size_t i, double *samples, double *squares)
{
	double v = (double)r->value[u->column][i], c = u->count_column >= 0 ? (double)r->value[u->count_column][i] : v != 0;

	if (u->per_count > 0) {
		*samples = v / u->per_count;
		*squares = v * u->per_count;
		return;
	}
	if (u->heap) { /* scaled up by 1 / (1 - exp(-size / period)) when it was written */
		double objects = (double)r->value[u->count_column][i], space = v, size;
		struct pd_value_type t;

		pd_series_value_type(u->doc, u->series, u->column, &t);
		if (pd_doc_string(u->doc, t.unit).n && strcmp(pd_doc_string(u->doc, t.unit).p, "bytes")) { /* the column itself counts objects */
			space = objects;
			objects = v;
		}
		size = objects > 0 ? space / objects : 0;
		c = objects * -expm1(-size / (double)pd_doc_meta(u->doc)->period);
	} else if (c > 0 && u->count_column < 0) {
		c = 1;
	}
	*samples = c > 0 ? c : 0;
	*squares = c > 0 ? v * v / c : 0;
}

static bool in_unit(const struct diff_unit *u, int64_t v, int64_t *out) { return !pd_mul_overflow(v, u->to_unit, out); }

/* Total, samples and squares of a document as a whole. */
static bool total(struct diff_unit *u, const struct pd_doc *doc, struct pd_error *err)
{
	struct diff_unit all = *u;
	struct pd_rows r;
	int64_t sum = 0;

	all.doc = (struct pd_doc *)doc;
	u->samples = u->squares = 0;
	for (uint64_t at = 0; pd_series_rows(doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			double c, q;

			if (r.value[u->column][i] < 0) {
				pd_error_set(err, PD_ERR_DATA, "the profile %s has negative values: it is a difference already", u->side == PD_BEFORE ? "before" : "after");
				return false;
			}
			if (pd_add_overflow(sum, r.value[u->column][i], &sum))
				return pd_error_set(err, PD_ERR_LIMIT, "the values of one profile add up to more than 64 bits") == PD_OK;
			if (u->per_count > 0 || !u->counted)
				continue;
			row_counts(&all, &r, i, &c, &q);
			u->samples += c;
			u->squares += q;
		}
	if (u->per_count > 0) {
		u->samples = (double)sum / u->per_count;
		u->squares = (double)sum * u->per_count;
	}
	u->squares *= (double)u->to_unit * (double)u->to_unit;
	return in_unit(u, sum, &u->value) || pd_error_set(err, PD_ERR_LIMIT, "the values of one profile add up to more than 64 bits") == PD_OK;
}

/* ---- stacks ---- */

uint32_t pd_diff_leaf(const struct diff_unit *u, uint32_t stack)
{
	const struct pd_tables *t = &u->doc->t;

	for (; stack; stack = t->stack.v[stack].parent) {
		const uint32_t *run = &t->run.v[t->stack.v[stack].first];

		for (uint32_t i = pd_run_length(&t->stack.v[stack]); i-- > 0;)
			if (u->first[run[i]] < u->first[run[i] + 1]) /* inlined frames that were folded have no function */
				return u->func[u->first[run[i] + 1] - 1];
	}
	return 0;
}

/* Sums of a plane per stack. Planes other than the values are in thousandths, weights relative to the average one. */
static void fill_plane(const struct diff_unit *u, enum plane plane, double average, int64_t *own)
{
	struct pd_rows r;

	memset(own, 0, u->doc->t.stack.n * sizeof *own);
	for (uint64_t at = 0; pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			double c, q;

			if (plane == PLANE_VALUE) { /* their sum is known to fit */
				own[r.stack[i].v] += r.value[u->column][i];
				continue;
			}
			row_counts(u, &r, i, &c, &q);
			if (plane == PLANE_SQUARES)
				c = average > 0 ? q / average / average : 0;
			c = c * PD_DIFF_MILLI;
			own[r.stack[i].v] += c < 0x1p62 / 1e6 ? llround(c) : 0;
		}
}

static void add_below(const struct diff_unit *u, const int64_t *own)
{
	size_t n = u->doc->t.stack.n, ahead = 24;
	const struct pd_stack_row *row = u->doc->t.stack.v;

	memcpy(u->below, own, n * sizeof *own);
	for (size_t s = n; s-- > 1;) {
		if (s > ahead)
			pd_prefetch(&u->below[row[s - ahead].parent]);
		u->below[row[s].parent] += u->below[s];
	}
}

void pd_diff_below(const struct diff_unit *u) { add_below(u, u->own); }

/* Own and cumulative sums of the functions from sums per stack. */
static bool sum_funcs(const struct pd_diff *d, const struct diff_unit *u, const int64_t *own, struct diff_sums *out)
{
	add_below(u, own);
	return pd_diff_scan(d, u, own, out);
}

static bool sums_init(const struct pd_diff *d, struct diff_sums *s)
{
	s->v[DIFF_SELF] = calloc(d->func.n, sizeof **s->v);
	s->v[DIFF_TOTAL] = calloc(d->func.n, sizeof **s->v);
	s->recursive = calloc(d->func.n, 1);
	return s->v[DIFF_SELF] && s->v[DIFF_TOTAL] && s->recursive;
}

static void sums_release(struct diff_sums *s)
{
	free(s->v[DIFF_SELF]);
	free(s->v[DIFF_TOTAL]);
	free(s->recursive);
}

static bool new_column(const struct pd_diff *d, struct diff_column *c, const struct diff_unit *u)
{
	*c = (struct diff_column){ .side = u->side, .exposure = u->exposure };
	for (int k = 0; k < DIFF_KINDS; k++)
		c->cell[k] = calloc(d->func.n, sizeof *c->cell[k]);
	return c->cell[DIFF_SELF] && c->cell[DIFF_TOTAL];
}

static void put_plane(const struct pd_diff *d, const struct diff_unit *u, enum plane plane, double average, const int64_t *v, struct diff_cell *cell)
{
	double unit = (double)u->to_unit;

	for (size_t f = 1; f < d->func.n; f++)
		switch (plane) {
		case PLANE_VALUE:
			cell[f].value = (double)v[f] * unit;
			if (u->per_count > 0)
				cell[f].samples = (double)v[f] / u->per_count;
			break;
		case PLANE_SAMPLES: cell[f].samples = (double)v[f] / PD_DIFF_MILLI; break;
		case PLANE_SQUARES: cell[f].squares = (double)v[f] / PD_DIFF_MILLI * average * average * unit * unit; break;
		}
}

/* ---- profiles ---- */

/* What one profile adds up to. Profiles are summed up on several threads and put together in their order. */
struct unit_sums {
	struct diff_column column;
	struct diff_sums value;  /* exact */
	struct pd_error err;
	bool ok;
};

/* One plane of a whole profile into its column. `own` has room for all stacks. */
static bool sum_plane(const struct pd_diff *d, struct diff_unit *u, enum plane plane, struct diff_column *c, int64_t *own, struct diff_sums *sums)
{
	double average = u->samples > 0 ? (double)u->value / (double)u->to_unit / u->samples : 0;

	fill_plane(u, plane, average, own);
	if (!sum_funcs(d, u, own, sums))
		return false;
	for (int k = 0; k < DIFF_KINDS; k++)
		put_plane(d, u, plane, average, sums->v[k], c->cell[k]);
	return true;
}

/* What samples of different weight need besides their values. */
static bool sum_weights(const struct pd_diff *d, struct diff_unit *u, struct diff_column *c)
{
	int64_t *own = malloc((u->doc->t.stack.n + 1) * sizeof *own);
	struct diff_sums s = { 0 };
	bool ok = sums_init(d, &s) && own && sum_plane(d, u, PLANE_SAMPLES, c, own, &s) && sum_plane(d, u, PLANE_SQUARES, c, own, &s);

	sums_release(&s);
	free(own);
	return ok;
}

static bool sum_unit(const struct pd_diff *d, struct diff_unit *u, struct unit_sums *s)
{
	size_t n = u->doc->t.stack.n + 1;

	u->own = malloc(n * sizeof *u->own);
	u->below = malloc(n * sizeof *u->below);
	pd_mem_huge(u->own, n * sizeof *u->own);
	pd_mem_huge(u->below, n * sizeof *u->below);
	/* values last: they leave their hashes behind */
	if (!u->own || !u->below || !new_column(d, &s->column, u) || !sums_init(d, &s->value) || (u->counted && !(u->per_count > 0) && !sum_weights(d, u, &s->column)) ||
	    !sum_plane(d, u, PLANE_VALUE, &s->column, u->own, &s->value))
		return pd_error_nomem(&s->err) == PD_OK;
	s->column.value = (double)u->value;
	s->column.samples = u->samples;
	s->column.squares = u->per_count > 0 ? 0 : u->squares;
	return true;
}

/* ---- slices ---- */

/* The rows of one slice, summed up per stack. */
static bool sum_slice(struct pd_diff *d, const struct diff_unit *u, const uint8_t *slice_of, unsigned slice, struct diff_sums *sums, struct pd_error *err)
{
	struct diff_column c;
	struct pd_rows r;
	int64_t *own;
	bool ok = new_column(d, &c, u);

	if (!ok || !pd_vec_push(&d->slice, c)) {
		free(c.cell[0]);
		free(c.cell[1]);
		return pd_error_nomem(err) == PD_OK;
	}
	own = calloc(u->doc->t.stack.n + 1, sizeof *own);
	for (uint64_t at = 0; own && pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++)
			if (slice_of[at + i] == slice + 1) {
				own[r.stack[i].v] += r.value[u->column][i];
				c.value += (double)r.value[u->column][i] * (double)u->to_unit;
			}
	ok = own && sum_funcs(d, u, own, sums);
	free(own);
	for (int k = 0; ok && k < DIFF_KINDS; k++)
		put_plane(d, u, PLANE_VALUE, 0, sums->v[k], c.cell[k]);
	c.samples = c.value / (double)u->to_unit / u->per_count;
	d->slice.v[d->slice.n - 1] = c;
	return ok || pd_error_nomem(err) == PD_OK;
}

/* Number of slices a profile can be cut into; 0 when it has no times for all its samples, or is too short. */
static unsigned slices_of(const struct diff_unit *u, const struct pd_times *t, int64_t *first, int64_t *last)
{
	struct pd_rows r;
	int64_t n, brief;

	*first = INT64_MAX;
	*last = INT64_MIN;
	if (!(u->per_count > 0) || u->doc != u->whole || !pd_times_known(t, u->series))
		return 0;
	for (uint64_t at = 0; pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			int64_t time = pd_times_row(t, u->series, &r, i);

			if (time == PD_NO_TIME)
				return 0;
			*first = time < *first ? time : *first;
			*last = time > *last ? time : *last;
		}
	if (*first > *last || pd_sub_overflow(*last, *first, &n))
		return 0;
	brief = n / BRIEF_SLICE_NS < BRIEF_SLICES ? n / BRIEF_SLICE_NS : BRIEF_SLICES;
	brief = u->samples / BRIEF_SLICE_SAMPLES < (double)brief ? (int64_t)(u->samples / BRIEF_SLICE_SAMPLES) : brief;
	n /= MIN_SLICE_NS;
	n = brief > n ? brief : n;
	return n < MIN_SLICES ? 0 : n > SLICES ? SLICES : (unsigned)n;
}

static bool cut(struct pd_diff *d, const struct diff_unit *u, const struct pd_times *t, unsigned n, int64_t first, int64_t last, struct diff_sums *sums, struct pd_error *err)
{
	uint8_t *slice_of = malloc(pd_series_count(u->doc, u->series) + 1);
	double width = ((double)last - (double)first + 1) / n;
	struct pd_rows r;
	bool ok = slice_of;

	for (uint64_t at = 0; ok && pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			unsigned k = (unsigned)(((double)pd_times_row(t, u->series, &r, i) - (double)first) / width);

			slice_of[at + i] = (uint8_t)((k < n ? k : n - 1) + 1);
		}
	for (unsigned k = 0; ok && k < n; k++) {
		ok = sum_slice(d, u, slice_of, k, sums, err);
		if (ok)
			d->slice.v[d->slice.n - 1].exposure = u->exposure / n;
	}
	free(slice_of);
	return ok;
}

/* The sums of slices need room of their own: in that of the whole stand its hashes. */
static bool cut_aside(struct pd_diff *d, struct diff_unit *u, const struct pd_times *t, unsigned n, int64_t first, int64_t last, struct diff_sums *sums, struct pd_error *err)
{
	int64_t *hashes = u->below;
	bool ok;

	u->below = malloc((u->doc->t.stack.n + 1) * sizeof *u->below);
	ok = u->below ? cut(d, u, t, n, first, last, sums, err) : pd_error_nomem(err) == PD_OK;
	free(u->below);
	u->below = hashes;
	return ok;
}

/* One profile per side with times: slices stand for replicates. */
static bool sum_slices(struct pd_diff *d, struct pd_error *err)
{
	struct diff_sums sums = { 0 };
	struct pd_times *t[2] = { NULL, NULL };
	unsigned n[2] = { 0, 0 };
	int64_t first[2], last[2];
	bool ok = true;

	if (d->unit.n != 2 || d->o.no_slices || !d->s.testable)
		return true;
	for (int i = 0; i < 2 && ok; i++) {
		t[i] = pd_times_new(d->unit.v[i].doc, err);
		ok = t[i] != NULL;
		if (ok)
			n[i] = slices_of(&d->unit.v[i], t[i], &first[i], &last[i]);
	}
	if (ok && n[0] && n[1]) {
		d->s.slices = true;
		d->s.n_slices = n[0] + n[1];
		for (int i = 0; i < 2; i++)
			d->brief |= (last[i] - first[i]) / n[i] < MIN_SLICE_NS;
		ok = sums_init(d, &sums) || pd_error_nomem(err) == PD_OK;
		for (int i = 0; i < 2 && ok; i++)
			ok = cut_aside(d, &d->unit.v[i], t[i], n[i], first[i], last[i], &sums, err);
		sums_release(&sums);
	}
	pd_times_free(t[0]);
	pd_times_free(t[1]);
	return ok;
}

/* ---- sides ---- */

static void add_to_side(struct pd_diff *d, const struct diff_column *c)
{
	for (int k = 0; k < DIFF_KINDS; k++)
		for (size_t f = 1; f < d->func.n; f++) {
			struct diff_cell *to = &d->side_sum[c->side][k][f];

			to->value += c->cell[k][f].value;
			to->samples += c->cell[k][f].samples;
			to->squares += c->cell[k][f].squares;
		}
}

static bool side_tables(struct pd_diff *d)
{
	bool ok = true;

	for (int side = 0; side < 2; side++)
		for (int k = 0; k < DIFF_KINDS; k++) {
			d->side_sum[side][k] = calloc(d->func.n, sizeof(struct diff_cell));
			d->exact[side][k] = calloc(d->func.n, sizeof(int64_t));
			ok &= d->side_sum[side][k] && d->exact[side][k];
		}
	return ok;
}

/* ---- all of it ---- */

struct summing {
	struct pd_diff *d;
	struct unit_sums *v;
	struct pd_error *err;
};

static void sum_one(void *ctx, size_t i)
{
	struct summing *s = ctx;
	struct diff_unit *u = &s->d->unit.v[i];

	s->v[i].ok = total(u, u->whole, &s->v[i].err) && sum_unit(s->d, u, &s->v[i]);
}

static bool add_exact(struct pd_diff *d, const struct diff_unit *u, const struct diff_sums *s)
{
	bool ok = true;

	for (int k = 0; k < DIFF_KINDS; k++)
		for (size_t f = 1; f < d->func.n && ok; f++) {
			int64_t *to = &d->exact[u->side][k][f], v;

			ok = in_unit(u, s->v[k][f], &v) && !pd_add_overflow(*to, v, to);
		}
	for (size_t f = 1; f < d->func.n; f++)
		d->recursive[f] |= s->recursive[f];
	return ok;
}

/* One profile into its side. */
static bool add_one(void *ctx, size_t i)
{
	struct summing *all = ctx;
	struct pd_diff *d = all->d;
	const struct diff_unit *u = &d->unit.v[i];
	struct pd_diff_side *s = &d->s.side[u->side];
	struct unit_sums *sums = &all->v[i];

	d->unit_sum.v[d->unit_sum.n++] = sums->column;
	if (!sums->ok) {
		if (all->err)
			*all->err = sums->err;
		return false;
	}
	if (!add_exact(d, u, &sums->value))
		return pd_error_set(all->err, PD_ERR_LIMIT, "a sum of values does not fit 64 bits") == PD_OK;
	if (pd_add_overflow(s->total, u->value, &s->total))
		return pd_error_set(all->err, PD_ERR_LIMIT, "the values of one side add up to more than 64 bits") == PD_OK;
	s->profiles++;
	s->samples += u->samples;
	s->duration = i && s->profiles > 1 && s->duration <= 0 ? 0 : s->duration + u->duration;
	s->exposure = s->profiles == 1 ? u->exposure : s->exposure + u->exposure;
	add_to_side(d, &sums->column);
	sums_release(&sums->value);
	sums->value = (struct diff_sums){ 0 };
	return true;
}

bool pd_diff_sums(struct pd_diff *d, struct pd_error *err)
{
	struct summing s = { .d = d, .v = calloc(d->unit.n, sizeof *s.v), .err = err };
	bool ok;

	d->recursive = calloc(d->func.n, 1);
	ok = (s.v && d->recursive && side_tables(d) && pd_vec_reserve(&d->unit_sum, d->unit.n)) || pd_error_nomem(err) == PD_OK;
	ok = ok && pd_parallel(d->o.jobs, d->unit.n, sum_one, add_one, &s);
	for (size_t i = 0; s.v && i < d->unit.n; i++) {
		if (i >= d->unit_sum.n) { /* begun, and dropped after an error */
			free(s.v[i].column.cell[DIFF_SELF]);
			free(s.v[i].column.cell[DIFF_TOTAL]);
		}
		sums_release(&s.v[i].value);
	}
	free(s.v);
	return ok && sum_slices(d, err);
}
