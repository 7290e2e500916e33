/* Slices as they came → slices as they nest. */
#include "model/events.h"

#include "base/sort.h"

static uint64_t time_key(int64_t ts)
{
	return (uint64_t)ts ^ (uint64_t)1 << 63; /* negative times first */
}

/* Rows in a new order, in place: order[i].row comes to i. */
static bool permute(struct pd_slice_rows *s, const struct pd_sort_item *order, size_t n)
{
	struct pd_slice_row *copy = malloc(n * sizeof *copy);

	if (!copy)
		return false;
	for (size_t i = 0; i < n; i++)
		copy[i] = s->row.v[order[i].row];
	memcpy(s->row.v, copy, n * sizeof *copy);
	free(copy);
	return true;
}

/* Stable by duration (longest first, if asked), then time, then track: least significant first. */
static bool sort_rows(struct pd_slice_rows *s, bool by_duration)
{
	size_t n = s->row.n;
	struct pd_sort_item *item = n < PD_MAX_ROWS ? malloc(2 * (n + 1) * sizeof *item) : NULL, *tmp = item ? item + n + 1 : NULL;
	bool fine = item != NULL;

	for (size_t i = 0; fine && i < n; i++)
		item[i] = (struct pd_sort_item){ by_duration ? ~(uint64_t)s->row.v[i].dur : 0, (uint32_t)i };
	if (fine && by_duration)
		pd_sort_u64(item, tmp, n);
	for (size_t i = 0; fine && i < n; i++)
		item[i].key = time_key(s->row.v[item[i].row].ts);
	if (fine)
		pd_sort_u64(item, tmp, n);
	for (size_t i = 0; fine && i < n; i++)
		item[i].key = s->row.v[item[i].row].track;
	if (fine)
		pd_sort_u64(item, tmp, n);
	fine = fine && (n == 0 || permute(s, item, n));
	free(item);
	return fine;
}

/* Rows are in order of (track, time): begins get their durations, ends vanish. `open` holds row numbers. */
static bool pair(struct pd_slice_rows *s, int64_t last)
{
	PD_VEC(uint32_t) open = { 0 };
	struct pd_slice_row *r = s->row.v;
	size_t kept = 0;
	bool fine = true;

	for (size_t i = 0; i <= s->row.n && fine; i++) {
		bool other = i == s->row.n || (kept && open.n && r[open.v[0]].track != r[i].track);

		for (; other && open.n; open.n--) {
			struct pd_slice_row *b = &r[open.v[open.n - 1]];

			b->dur = last > b->ts ? last - b->ts : 0;
			s->unclosed++;
		}
		if (i == s->row.n)
			break;
		if (r[i].dur == PD_SLICE_END) {
			if (open.n) {
				uint32_t b = open.v[--open.n];

				r[b].dur = pd_sub_overflow(r[i].ts, r[b].ts, &r[b].dur) ? INT64_MAX : r[i].ts - r[b].ts;
			} else {
				s->stray_ends++;
			}
			continue;
		}
		r[kept] = r[i];
		fine = r[kept].dur != PD_SLICE_BEGIN || pd_vec_push(&open, (uint32_t)kept);
		kept++;
	}
	s->row.n = kept;
	pd_vec_release(&open);
	return fine;
}

bool pd_slice_rows_order(struct pd_slice_rows *s, int64_t last)
{
	return sort_rows(s, false) && pair(s, last) && sort_rows(s, true);
}
