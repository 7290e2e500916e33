/* Code made at run time: compilers use addresses again, so what they are called depends on when they were seen. */
#include "record/record.h"

enum pd_status record_code(struct record *r, const struct record_item *item)
{
	struct pd_wire_code w;
	struct record_code c = { .file = { 0 } };
	struct pd_span path, name;
	size_t at = 0;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !record_tail(item, &at, w.path_size, &path) || !record_tail(item, &at, w.name_size, &name))
		return record_note(r, "names of addresses that make no sense skipped");
	c.file = pd_intern(r->b, path.p, path.n);
	c.address = w.address;
	c.time = w.time;
	c.func = pd_func_add(r->b, &(struct pd_func_desc){ .name = pd_intern(r->b, name.p, name.n) });
	if (!pd_vec_push(&r->code, c))
		r->nomem = true;
	r->code_sorted = false;
	return PD_OK;
}

static int by_place(const struct record_code *c, pd_str file, uint64_t address)
{
	if (c->file.v != file.v)
		return c->file.v < file.v ? -1 : 1;
	return c->address < address ? -1 : c->address > address;
}

static int by_place_and_time(const void *pa, const void *pb)
{
	const struct record_code *a = pa, *b = pb;
	int order = by_place(a, b->file, b->address);

	if (order)
		return order;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->func.v < b->func.v ? -1 : a->func.v > b->func.v;
}

/* The first row of this place that is younger than `time`, or the one behind the place. */
static size_t younger(const struct record *r, pd_str file, uint64_t address, uint64_t time)
{
	size_t lo = 0, hi = r->code.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = by_place(&r->code.v[mid], file, address);

		if (order < 0 || (order == 0 && r->code.v[mid].time <= time))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct record_code *record_code_at(struct record *r, pd_str file, uint64_t address, uint64_t time, uint64_t *from, uint64_t *until)
{
	const struct record_code *v = r->code.v;
	size_t at;

	if (!r->code.n)
		return NULL;
	if (!r->code_sorted)
		qsort(r->code.v, r->code.n, sizeof(*r->code.v), by_place_and_time);
	r->code_sorted = true;
	at = younger(r, file, address, time);
	if (at < r->code.n && by_place(&v[at], file, address) == 0)
		*until = v[at].time;
	if (at > 0 && by_place(&v[at - 1], file, address) == 0) {
		/* the first one counts from the beginning: nothing else was there */
		*from = at > 1 && by_place(&v[at - 2], file, address) == 0 ? v[at - 1].time : 0;
		return &v[at - 1];
	}
	if (*until == UINT64_MAX)
		return NULL;
	/* seen before it was there, by the clocks: what came first */
	*until = at + 1 < r->code.n && by_place(&v[at + 1], file, address) == 0 ? v[at + 1].time : UINT64_MAX;
	return &v[at];
}
