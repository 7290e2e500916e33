/*
 * Rows are told apart by y. Row after row from the root, every box is given to
 * the one it stands on. Coordinates of a picture are rounded (flamegraph.pl: to
 * a tenth of a pixel), so narrow boxes can seem to stand on several; but counts
 * are exact, and what stands on a box fills it from its right edge, because a
 * stack sorts before the stacks it begins. So boxes are placed from right to left
 * and the place each would have by the counts decides; where it fits none, the
 * one that sticks out least.
 */
#include "common/flame_boxes.h"

#include "base/compiler.h"

#include <math.h>

#define NONE UINT32_MAX
#define NEIGHBOURS 256u /* boxes looked at below one */

static int by_row(const void *pa, const void *pb)
{
	const struct flame_box *a = pa, *b = pb;

	if (a->y != b->y)
		return a->y < b->y ? -1 : 1;
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	return a->width < b->width ? -1 : a->width > b->width;
}

/* ---- rows ---- */

struct rows {
	struct flame_box *box;
	size_t n;
	struct pd_sink *sink;
	bool headless; /* no box holds all the others */
	double x0;     /* left edge of the picture */
	double per_count;
	double step;
};

static bool is_all(const struct rows *r, const struct flame_box *b)
{
	struct pd_span s = pd_builder_string(r->sink->prof, b->name);

	return s.n == 3 && !memcmp(s.p, "all", 3);
}

/* Is the root on top? The root is alone in its row and the widest of all; a tower of one stack has two such rows. */
static bool root_on_top(const struct rows *r)
{
	const struct flame_box *first = &r->box[0], *last = &r->box[r->n - 1];
	bool first_alone = r->n == 1 || r->box[1].y != first->y, last_alone = r->n == 1 || r->box[r->n - 2].y != last->y;
	double widest = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->box[i].width > widest)
			widest = r->box[i].width;
	first_alone = first_alone && first->width >= widest - r->step;
	last_alone = last_alone && last->width >= widest - r->step;
	if (first_alone && last_alone)
		return is_all(r, first) && !is_all(r, last);
	return first_alone;
}

/* Sorts by depth, then from left to right. */
static void number_rows(struct rows *r)
{
	uint32_t depth = 0;

	qsort(r->box, r->n, sizeof *r->box, by_row);
	if (!root_on_top(r)) {
		for (size_t i = 0; i < r->n; i++)
			r->box[i].y = -r->box[i].y;
		qsort(r->box, r->n, sizeof *r->box, by_row);
	}
	for (size_t i = 0; i < r->n; i++) {
		depth += i && r->box[i].y != r->box[i - 1].y;
		r->box[i].depth = depth;
		r->box[i].parent = NONE;
	}
	r->headless = r->n > 1 && r->box[1].depth == 0;
}

static bool estimate_counts(struct rows *r, struct pd_source *src)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->box[i].no_title)
			continue;
		r->box[i].count = (int64_t)(r->box[i].width / r->per_count / 1000 + 0.5) * 1000;
		if (pd_note(r->sink, src, "boxes without a count in their title weighed by their width") != PD_OK)
			return false;
	}
	return true;
}

/* ---- who stands on whom ---- */

/* By how much a box sticks out of the one below. */
static double overhang(const struct flame_box *b, const struct flame_box *below)
{
	double left = below->x - b->x, right = b->x + b->width - below->x - below->width;

	return (left > 0 ? left : 0) + (right > 0 ? right : 0);
}

/* Would the next box from the right on `below` stand where `b` does? */
static bool fits_exactly(const struct rows *r, const struct flame_box *b, const struct flame_box *below)
{
	double end = below->start + (double)(below->count - below->cursor), start = end - (double)b->count;

	return fabs(r->x0 + start * r->per_count - b->x) <= r->step * 0.51 + 1e-9 * fabs(b->x) &&
	       fabs(r->x0 + end * r->per_count - b->x - b->width) <= r->step * 1.02 + 1e-9 * fabs(b->x);
}

/* Last of the boxes [lo, hi) that begins at x or left of it; lo when none does. */
static size_t last_at(const struct flame_box *box, size_t lo, size_t hi, double x)
{
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (box[mid].x <= x)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* The box of the row [lo, hi) that `b` stands on, NONE when there is nothing below. */
static uint32_t below(const struct rows *r, const struct flame_box *b, size_t lo, size_t hi, bool *guessed)
{
	double middle = b->x + b->width / 2, best = INFINITY;
	size_t i = last_at(r->box, lo, hi, middle + r->step) + 1;
	uint32_t found = NONE;
	bool found_room = false;

	*guessed = false;
	for (unsigned looked = 0; i-- > lo && looked < NEIGHBOURS; looked++) {
		const struct flame_box *p = &r->box[i];
		double over = overhang(b, p);
		bool room = p->count - p->cursor >= b->count;

		if (p->parent == NONE && p->depth)
			continue; /* left out itself */
		if (p->x > middle + r->step || p->x + p->width + r->step < middle) {
			if (p->x + p->width + 2 * r->step < b->x)
				break;
			continue;
		}
		if (room && fits_exactly(r, b, p)) {
			*guessed = false;
			return (uint32_t)i;
		}
		if (found != NONE && room == found_room && over == best)
			*guessed = true;
		if (found == NONE || (room && !found_room) || (room == found_room && over < best)) {
			*guessed = false;
			found = (uint32_t)i;
			found_room = room;
			best = over;
		}
	}
	return found;
}

static bool place_row(struct rows *r, struct pd_source *src, size_t lo, size_t mid, size_t hi)
{
	for (size_t i = hi; i-- > mid;) {
		struct flame_box *b = &r->box[i], *p;
		bool guessed;

		b->parent = below(r, b, lo, mid, &guessed);
		if (b->parent == NONE) {
			if (pd_note(r->sink, src, "boxes that stand on no other box left out") != PD_OK)
				return false;
			continue;
		}
		if (guessed && pd_note(r->sink, src, "boxes that are too narrow to tell what they stand on placed by their counts") != PD_OK)
			return false;
		p = &r->box[b->parent];
		b->start = fits_exactly(r, b, p) ? p->start + (double)(p->count - p->cursor) - (double)b->count : (b->x - r->x0) / r->per_count;
		p->cursor += b->count;
		if (pd_add_overflow(p->above, b->count, &p->above)) {
			pd_error_set(r->sink->err, PD_ERR_LIMIT, "a sum of counts does not fit 64 bits");
			return false;
		}
	}
	return true;
}

static bool place_all(struct rows *r, struct pd_source *src)
{
	size_t lo = 0, mid = 0, hi;

	for (; lo < r->n; lo = mid, mid = hi) {
		for (hi = mid; hi < r->n && r->box[hi].depth == r->box[mid].depth; hi++)
			;
		if (mid == hi)
			return true;
		for (size_t i = mid; mid == 0 && i < hi; i++)
			r->box[i].start = (r->box[i].x - r->x0) / r->per_count;
		if (mid && !place_row(r, src, lo, mid, hi))
			return false;
	}
	return true;
}

/* ---- stacks ---- */

static int by_start(const void *pa, const void *pb)
{
	const struct flame_box *const *a = pa, *const *b = pb;

	if ((*a)->start != (*b)->start)
		return (*a)->start < (*b)->start ? -1 : 1;
	return (*a)->depth < (*b)->depth ? -1 : (*a)->depth > (*b)->depth;
}

/* Parents come first, so one pass is enough. */
static bool make_stacks(struct rows *r)
{
	struct pd_builder *b = r->sink->prof;
	bool drop_root = !r->headless && is_all(r, &r->box[0]);

	for (size_t i = 0; i < r->n; i++) {
		struct flame_box *box = &r->box[i];
		struct pd_span name = pd_builder_string(b, box->name);
		pd_stack under = box->parent == NONE ? (pd_stack){ 0 } : r->box[box->parent].stack;

		if (box->depth && box->parent == NONE)
			continue;
		box->stack = box->depth == 0 && drop_root ? (pd_stack){ 0 } : pd_stack_push(b, under, pd_frame_named(b, name.p, name.n));
		if (pd_builder_failed(b))
			return false;
	}
	return true;
}

/* Digits after the point that the counts need, 0 to 3. */
static unsigned decimals_of(const struct rows *r)
{
	unsigned decimals = 0;

	for (size_t i = 0; i < r->n; i++)
		while (decimals < 3 && r->box[i].count % (decimals == 0 ? 1000 : decimals == 1 ? 100 : 10))
			decimals++;
	return decimals;
}

/* The stack with its leaf at the root, for pictures of reversed stacks. */
static bool turned(struct rows *r, const struct flame_box *box, pd_stack *out)
{
	struct pd_builder *b = r->sink->prof;
	PD_VEC(pd_frame) path = { 0 };
	bool ok = true;

	for (; ok && box->stack.v; box = &r->box[box->parent]) {
		struct pd_span name = pd_builder_string(b, box->name);

		ok = pd_vec_push(&path, pd_frame_named(b, name.p, name.n));
		if (box->parent == NONE)
			break;
	}
	if (ok)
		*out = pd_stack_of(b, path.v, path.n, PD_ROOT_FIRST);
	else
		pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	pd_vec_release(&path);
	return ok && !pd_builder_failed(b);
}

/* What the boxes above leave of a box is its own. From left to right, as flame charts have it. */
static bool add_samples(struct rows *r, const struct flame_boxes *f, struct pd_source *src, struct flame_box **order)
{
	static const int64_t scale[] = { 1000, 100, 10, 1 };
	struct pd_builder *b = r->sink->prof;
	struct pd_value_type type = { .type = f->type, .unit = f->unit, .decimals = (uint8_t)decimals_of(r) };
	unsigned series = pd_series_add(b, pd_intern_z(b, ""));

	pd_series_value(b, series, &type);
	for (size_t i = 0; i < r->n; i++)
		order[i] = &r->box[i];
	qsort(order, r->n, sizeof(struct flame_box *), by_start);
	for (size_t i = 0; i < r->n; i++) {
		struct flame_box *box = order[i];
		int64_t own = (box->count - box->above) / scale[type.decimals];
		pd_stack stack = box->stack;

		if (box->depth && box->parent == NONE)
			continue;
		if (own < 0 && pd_note(r->sink, src, "boxes lighter than what stands on them (counts are rounded)") != PD_OK)
			return false;
		if (own <= 0)
			continue;
		if (f->reverse && !turned(r, box, &stack))
			return false;
		pd_sample_add(b, series, &(struct pd_sample){ .stack = stack }, &own);
	}
	return !pd_builder_failed(b);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Counts are whole numbers of samples, of one sample each or of its period. Where a box of one sample is drawn,
 * nothing can have been too narrow. Otherwise boxes may be missing, and what they weigh counts as their callers' own.
 */
static bool note_missing(struct rows *r, struct pd_source *src)
{
	int64_t least = INT64_MAX, sample = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->box[i].count && r->box[i].count < least)
			least = r->box[i].count;
		sample = common_divisor(r->box[i].count, sample);
	}
	return least <= sample ||
	       pd_note(r->sink, src, "picture without a box of one sample: narrower ones may be left out, what they weigh is their callers' own") == PD_OK;
}

enum pd_status flame_boxes_read(struct flame_boxes *f, struct pd_source *src, struct pd_sink *sink)
{
	struct rows r = { .box = f->box.v, .n = f->box.n, .sink = sink, .step = f->step };
	struct flame_box **order;
	double width = 0;
	int64_t count = 0;
	bool ok;

	number_rows(&r);
	r.x0 = r.box[0].x;
	for (size_t i = 0; i < r.n && r.box[i].depth == 0; i++) {
		width += r.box[i].width;
		if (pd_add_overflow(count, r.box[i].count, &count))
			return pd_error_set(sink->err, PD_ERR_LIMIT, "a sum of counts does not fit 64 bits");
	}
	if (!(width > 0) || count <= 0)
		return pd_fail(sink, src, "the boxes of the lowest row have no width or no count");
	r.per_count = width / (double)count;
	order = malloc(r.n * sizeof *order);
	if (!order)
		return pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	ok = estimate_counts(&r, src) && place_all(&r, src) && make_stacks(&r) && add_samples(&r, f, src, order) && note_missing(&r, src);
	free(order);
	if (ok)
		return PD_OK;
	return sink->err->status != PD_OK ? sink->err->status : pd_builder_status(sink->prof);
}
