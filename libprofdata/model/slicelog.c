/*
 * Rows are kept in runs of a few thousand, each sorted and written as varints:
 * distance in time, name with kind, duration. Traces are nearly in order, so few
 * runs overlap, and reading merges only those that do.
 */
#include "model/slicelog.h"

#include "base/sort.h"

#define RUN 2048u
#define ROW_MAX 32u /* bytes of one row */

void pd_slice_log_release(struct pd_slice_log *log)
{
	pd_vec_release(&log->raw);
	pd_vec_release(&log->bytes);
	pd_vec_release(&log->run);
}

/* ---- order ---- */

static uint64_t time_key(int64_t ts)
{
	return (uint64_t)ts ^ UINT64_C(1) << 63; /* negative times first */
}

/* At one time: slices, the longest first, then the others. */
static uint64_t tie_key(const struct pd_log_row *r)
{
	return r->kind == PD_LOG_SLICE ? ~(uint64_t)r->dur - 1 : UINT64_MAX;
}

static bool in_order(const struct pd_log_row *a, const struct pd_log_row *b)
{
	return a->ts < b->ts || (a->ts == b->ts && tie_key(a) <= tie_key(b));
}

/*
 * Traces are nearly in order: slices are written when they end, just behind those inside of them. Puts rows where they
 * belong as long as that is cheap; false when it is not: the rows are in another order then, those alike as they were.
 */
static bool sort_nearly(struct pd_log_row *r, size_t n)
{
	size_t moves = 8 * n;

	for (size_t i = 1; i < n; i++) {
		struct pd_log_row row = r[i];
		size_t at = i;

		if (pd_likely(in_order(&r[i - 1], &row)))
			continue;
		for (; at && !in_order(&r[at - 1], &row); at--)
			r[at] = r[at - 1];
		r[at] = row;
		if (i - at > moves)
			return false;
		moves -= i - at;
	}
	return true;
}

/* Numbers of the rows in order, in `item`; `tmp` is as large. */
static void sort_rows(const struct pd_log_row *r, size_t n, struct pd_sort_item *item, struct pd_sort_item *tmp)
{
	bool ties = false;

	for (size_t i = 0; i < n; i++)
		item[i] = (struct pd_sort_item){ time_key(r[i].ts), (uint32_t)i };
	pd_sort_u64(item, tmp, n);
	for (size_t i = 1; i < n; i++)
		ties |= item[i].key == item[i - 1].key;
	if (!ties)
		return;
	for (size_t i = 0; i < n; i++)
		item[i] = (struct pd_sort_item){ tie_key(&r[i]), (uint32_t)i };
	pd_sort_u64(item, tmp, n);
	for (size_t i = 0; i < n; i++)
		item[i].key = time_key(r[item[i].row].ts);
	pd_sort_u64(item, tmp, n);
}

/* ---- bytes ---- */

static unsigned char *put(unsigned char *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (unsigned char)(v | 0x80);
	*p++ = (unsigned char)v;
	return p;
}

static const unsigned char *get(const unsigned char *p, uint64_t *out)
{
	uint64_t v = *p & 0x7f;

	for (unsigned shift = 7; *p++ & 0x80; shift += 7)
		v |= (uint64_t)(*p & 0x7f) << shift;
	*out = v;
	return p;
}

static unsigned char *put_row(unsigned char *p, const struct pd_log_row *r, int64_t *last)
{
	p = put(p, (uint64_t)r->ts - (uint64_t)*last); /* wraps for the first row of a run, and back when it is read */
	*last = r->ts;
	p = put(p, (uint64_t)r->name << 2 | r->kind);
	return r->kind == PD_LOG_SLICE ? put(p, (uint64_t)r->dur) : p;
}

static bool flush(struct pd_slice_log *log, struct pd_builder *b)
{
	static const struct pd_log_run none;
	struct pd_sort_item item[2 * RUN];
	size_t n = log->raw.n;
	bool sorted = sort_nearly(log->raw.v, n);
	unsigned char *p;
	int64_t last = 0;

	if (n == 0)
		return true;
	if (!pd_builder_reserve(b, &log->bytes, n * ROW_MAX) || !pd_builder_reserve(b, &log->run, 1))
		return false;
	if (!sorted)
		sort_rows(log->raw.v, n, item, item + RUN);
	log->run.v[log->run.n] = none;
	log->run.v[log->run.n].at = log->bytes.n;
	log->run.v[log->run.n].n = (uint32_t)n;
	log->run.v[log->run.n++].first = log->raw.v[sorted ? 0 : item[0].row].ts;
	p = log->bytes.v + log->bytes.n;
	for (size_t i = 0; i < n; i++)
		p = put_row(p, &log->raw.v[sorted ? i : item[i].row], &last);
	log->bytes.n = (size_t)(p - log->bytes.v);
	log->raw.n = 0;
	return true;
}

bool pd_slice_log_add(struct pd_slice_log *log, struct pd_builder *b, const struct pd_log_row *row)
{
	if (log->raw.n == RUN && !flush(log, b))
		return false;
	if (!pd_builder_reserve(b, &log->raw, 1))
		return false;
	log->raw.v[log->raw.n++] = *row;
	log->has[row->kind] = true;
	return true;
}

/* ---- reading ---- */

struct cursor {
	const unsigned char *p;
	uint32_t left, run; /* left: rows behind the one in `row` */
	struct pd_log_row row;
};

/* Runs that have begun, as a heap: the earliest row on top. */
struct merging {
	PD_VEC(struct cursor) heap;
};

static void next_row(struct cursor *c)
{
	uint64_t v;

	c->p = get(c->p, &v);
	c->row.ts = (int64_t)((uint64_t)c->row.ts + v);
	c->p = get(c->p, &v);
	c->row.name = (uint32_t)(v >> 2);
	c->row.kind = v & 3;
	c->row.dur = 0;
	if (c->row.kind == PD_LOG_SLICE) {
		c->p = get(c->p, &v);
		c->row.dur = (int64_t)v;
	}
}

/* Rows alike stay as they came: the earlier run first. */
static bool before(const struct cursor *a, const struct cursor *b)
{
	uint64_t x, y;

	if (a->row.ts != b->row.ts)
		return a->row.ts < b->row.ts;
	x = tie_key(&a->row);
	y = tie_key(&b->row);
	return x != y ? x < y : a->run < b->run;
}

static void sift_down(struct merging *m)
{
	size_t at = 0, n = m->heap.n;
	struct cursor moving = m->heap.v[0];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && before(&m->heap.v[child + 1], &m->heap.v[child]))
			child++;
		if (!before(&m->heap.v[child], &moving))
			break;
		m->heap.v[at] = m->heap.v[child];
		at = child;
	}
	m->heap.v[at] = moving;
}

static bool begin_run(struct merging *m, const struct pd_slice_log *log, uint32_t run, struct pd_builder *b)
{
	struct cursor c = { .p = log->bytes.v + log->run.v[run].at, .left = log->run.v[run].n - 1, .run = run };
	size_t at;

	if (!pd_builder_reserve(b, &m->heap, 1))
		return false;
	next_row(&c);
	for (at = m->heap.n++; at && before(&c, &m->heap.v[(at - 1) / 2]); at = (at - 1) / 2)
		m->heap.v[at] = m->heap.v[(at - 1) / 2];
	m->heap.v[at] = c;
	return true;
}

static bool merge(struct merging *m, const struct pd_slice_log *log, const struct pd_sort_item *order, struct pd_builder *b,
		  bool (*row)(void *arg, const struct pd_log_row *), void *arg)
{
	size_t next = 0;

	for (;;) {
		struct cursor *top;

		while (next < log->run.n && (!m->heap.n || log->run.v[order[next].row].first <= m->heap.v[0].row.ts))
			if (!begin_run(m, log, order[next++].row, b))
				return false;
		if (!m->heap.n)
			return true;
		top = &m->heap.v[0];
		if (!row(arg, &top->row))
			return false;
		if (top->left) {
			top->left--;
			next_row(top);
		} else {
			*top = m->heap.v[--m->heap.n];
		}
		if (m->heap.n > 1)
			sift_down(m);
	}
}

bool pd_slice_log_read(struct pd_slice_log *log, struct pd_builder *b, bool (*row)(void *arg, const struct pd_log_row *), void *arg)
{
	struct merging m = { 0 };
	struct pd_sort_item *item;
	bool fine;

	if (!flush(log, b))
		return false;
	item = malloc((2 * log->run.n + 1) * sizeof *item);
	if (!item) {
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	for (size_t i = 0; i < log->run.n; i++)
		item[i] = (struct pd_sort_item){ time_key(log->run.v[i].first), (uint32_t)i };
	pd_sort_u64(item, item + log->run.n, log->run.n);
	fine = merge(&m, log, item, b, row, arg);
	pd_vec_release(&m.heap);
	free(item);
	return fine;
}
