/* Mappings as they come and go, and stacks of addresses that mean what is mapped when they stand in the stream. */
#include "base/hash.h"
#include "record/record.h"

#define AGAIN_MOST 1024 /* frames of a stack that is made again for each of its samples: what samplers write has half as many */

static size_t first_ending_above(const struct record_image *im, uint64_t address)
{
	size_t lo = 0, hi = im->map.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (im->map.v[mid].limit <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Whatever lies in [start, limit) is gone. */
static size_t unmap(struct record_image *im, uint64_t start, uint64_t limit)
{
	size_t at = first_ending_above(im, start), end = at;

	while (end < im->map.n && im->map.v[end].start < limit)
		end++;
	if (end > at)
		memmove(im->map.v + at, im->map.v + end, (im->map.n - end) * sizeof(*im->map.v));
	im->map.n -= end - at;
	return at;
}

pd_str record_build_id(struct record *r, struct pd_span bytes)
{
	char hex[129];
	size_t n = bytes.n < 64 ? bytes.n : 64;

	for (size_t i = 0; i < n; i++) {
		unsigned c = (unsigned char)bytes.p[i];

		hex[2 * i] = "0123456789abcdef"[c >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[c & 15];
	}
	return pd_intern(r->b, hex, 2 * n);
}

enum pd_status record_mapping(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct pd_mapping_desc d = { 0 };
	struct pd_wire_mapping m;
	struct pd_span path, id;
	size_t at = 0, row;

	if (!record_fixed(item, &m, sizeof(m), sizeof(m)) || !record_tail(item, &at, m.path_size, &path) || !record_tail(item, &at, m.build_id_size, &id) ||
	    m.limit <= m.start)
		return record_note(r, "mappings that make no sense skipped");
	d.start = m.start;
	d.limit = m.limit;
	d.offset = m.offset;
	d.file = pd_intern(r->b, path.p, path.n);
	d.build_id = record_build_id(r, id);
	d.flags = m.flags & PD_WIRE_MAIN ? PD_MAP_MAIN : 0;
	if (record_has_symbols(r, d.file, d.build_id))
		d.flags |= PD_MAP_HAS_FUNCTIONS | PD_MAP_HAS_FILENAMES | PD_MAP_HAS_LINES | PD_MAP_HAS_INLINES;
	row = unmap(im, m.start, m.limit);
	if (!pd_vec_reserve(&im->map, 1)) {
		r->nomem = true;
		return PD_OK;
	}
	memmove(im->map.v + row + 1, im->map.v + row, (im->map.n - row) * sizeof(*im->map.v));
	im->map.v[row] = (struct record_map){ .start = m.start, .limit = m.limit, .offset = m.offset, .file = d.file, .build_id = d.build_id, .mapping = pd_mapping_add(r->b, &d) };
	im->map.n++;
	return PD_OK;
}

enum pd_status record_unmapping(struct record *r, const struct record_item *item)
{
	struct pd_wire_unmapping u;

	if (!record_fixed(item, &u, sizeof(u), sizeof(u)) || u.limit <= u.start)
		return record_note(r, "mappings that make no sense skipped");
	unmap(r->now, u.start, u.limit);
	return PD_OK;
}

/* ---- stacks ---- */

/* `again` (may be NULL) is narrowed to when the address has this name. */
static pd_frame frame_at(struct record *r, uint64_t address, uint64_t time, struct record_again *again)
{
	struct pd_frame_desc d = { .address = address };
	/* the kernel is the same for all: its mappings stand in the first block, which is of no process */
	const struct record_image *im = address >> 63 && r->outside.r.kind ? &r->image.v[0] : r->now;
	size_t i = first_ending_above(im, address);
	uint64_t from = 0, until = UINT64_MAX;
	const struct record_code *code = NULL;
	struct pd_line line = { 0 };

	if (i < im->map.n && im->map.v[i].start <= address)
		d.mapping = im->map.v[i].mapping;
	if (d.mapping.v)
		code = record_code_at(r, im->map.v[i].file, address, time, &from, &until);
	if (code) {
		line.func = code->func;
		d.n_lines = 1;
		d.lines = &line;
	} else if (d.mapping.v) {
		d.n_lines = record_lines(r, &im->map.v[i], address, &d.lines);
	}
	if (again) {
		again->from = from > again->from ? from : again->from;
		again->until = until < again->until ? until : again->until;
	}
	return pd_frame_add(r->b, &d);
}

pd_frame record_frame(struct record *r, uint64_t address) { return frame_at(r, address, UINT64_MAX, NULL); }

static pd_frame mark(struct record *r, uint32_t flags)
{
	const char *name = flags & PD_WIRE_UNSEEN ? "[not seen]" : flags & PD_WIRE_TRUNCATED ? "[truncated stack]" : "[incomplete stack]";

	return pd_frame_named(r->b, name, strlen(name));
}

/* Of `bytes`, 8 per frame; at->from and until: when it is the way it is made for `time`. There is room for it. */
static pd_stack make(struct record *r, const char *bytes, uint64_t time, struct record_again *at)
{
	size_t n = 0;

	at->from = 0;
	at->until = UINT64_MAX;
	if (at->flags & PD_WIRE_UNSEEN)
		r->frames.v[n++] = mark(r, PD_WIRE_UNSEEN);
	for (size_t i = 0; i < at->n; i++)
		r->frames.v[n++] = frame_at(r, pd_load64(bytes + 8 * i), time, at);
	if (at->flags & (PD_WIRE_TRUNCATED | PD_WIRE_INCOMPLETE))
		r->frames.v[n++] = mark(r, at->flags & ~(uint32_t)PD_WIRE_UNSEEN);
	return pd_stack_of(r->b, r->frames.v, n, PD_LEAF_FIRST);
}

/* It will have other names at other times: its addresses are kept. */
static void keep(struct record *r, struct record_stack *row, struct record_again *at, const char *bytes)
{
	struct record_image *im = r->now;

	at->first = im->address.n;
	if (!pd_vec_reserve(&im->address, at->n) || !pd_vec_push(&im->again, *at)) {
		r->nomem = true;
		return;
	}
	memcpy(im->address.v + at->first, bytes, (size_t)at->n * 8);
	im->address.n += at->n;
	row->again = (uint32_t)im->again.n;
}

enum pd_status record_stack(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct pd_wire_stack s;
	struct record_stack row = { 0 };
	struct record_again how = { 0 };
	struct pd_span bytes;
	size_t at = 0;

	if (!record_fixed(item, &s, sizeof(s), sizeof(s)) || !record_tail(item, &at, (size_t)s.n * 8, &bytes))
		return record_note(r, "stacks that make no sense skipped");
	if (im->stack.n && im->stack.v[im->stack.n - 1].id >= s.id)
		return record_note(r, "stacks that make no sense skipped");
	if (!pd_vec_reserve(&im->stack, 1) || !pd_vec_reserve(&r->frames, (size_t)s.n + 2)) {
		r->nomem = true;
		return PD_OK;
	}
	row.id = s.id;
	how.n = s.n;
	how.flags = s.flags;
	row.stack = make(r, bytes.p, UINT64_MAX, &how);
	if ((how.from || how.until != UINT64_MAX) && how.n <= AGAIN_MOST)
		keep(r, &row, &how, bytes.p);
	im->stack.v[im->stack.n++] = row;
	return PD_OK;
}

bool record_stack_of(struct record *r, uint32_t id, uint64_t time, pd_stack *out)
{
	struct record_image *im = r->now;
	struct record_again *at;
	size_t row;

	if (!record_row(&im->stack, id, &row))
		return false;
	at = im->stack.v[row].again ? &im->again.v[im->stack.v[row].again - 1] : NULL;
	if (at && (time < at->from || time >= at->until)) {
		if (!pd_vec_reserve(&r->frames, (size_t)at->n + 2))
			r->nomem = true;
		else
			im->stack.v[row].stack = make(r, (const char *)(im->address.v + at->first), time, at);
	}
	*out = im->stack.v[row].stack;
	return true;
}
