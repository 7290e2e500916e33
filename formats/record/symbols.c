/* Names that came with the stream: for addresses in files, whatever process has them mapped. */
#include "base/hash.h"
#include "record/record.h"

#define ANY UINT64_MAX /* as an offset: the file has symbols */

static uint32_t find(struct record *r, pd_str file, pd_str build_id, uint64_t offset, uint32_t *hash, uint32_t *at)
{
	uint32_t row;

	*hash = pd_fold32(pd_hash_u64(pd_hash_key(), (uint64_t)file.v << 32 | build_id.v, offset));
	for (row = pd_index_first(&r->symbols, *hash, at); row; row = pd_index_next(&r->symbols, *hash, at)) {
		const struct record_symbol *s = &r->symbol.v[row - 1];

		if (s->file.v == file.v && s->build_id.v == build_id.v && s->offset == offset)
			return row;
	}
	return 0;
}

/* The first word about an address counts. */
static void put(struct record *r, struct record_symbol s)
{
	uint32_t hash, at;

	if (!record_index_room(&r->symbols) || !pd_vec_reserve(&r->symbol, 1)) {
		r->nomem = true;
		return;
	}
	if (find(r, s.file, s.build_id, s.offset, &hash, &at))
		return;
	r->symbol.v[r->symbol.n++] = s;
	pd_index_put(&r->symbols, hash, at, (uint32_t)r->symbol.n);
}

static bool line(struct record *r, const struct record_item *item, const struct pd_wire_line *w, size_t *at)
{
	struct pd_span name, system_name, file;
	struct pd_func_desc f = { 0 };
	struct pd_line l = { .line = w->line };

	if (!record_tail(item, at, w->name_size, &name) || !record_tail(item, at, w->system_name_size, &system_name) || !record_tail(item, at, w->file_size, &file))
		return false;
	f.name = pd_intern(r->b, name.p, name.n);
	f.system_name = pd_intern(r->b, system_name.p, system_name.n);
	f.file = pd_intern(r->b, file.p, file.n);
	l.func = pd_func_add(r->b, &f);
	if (!pd_vec_push(&r->line, l))
		r->nomem = true;
	return true;
}

enum pd_status record_symbol(struct record *r, const struct record_item *item)
{
	struct record_symbol s = { .first = r->line.n };
	struct pd_wire_symbol w;
	struct pd_span path, id, lines;
	size_t at = 0;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !record_tail(item, &at, w.path_size, &path) || !record_tail(item, &at, w.build_id_size, &id) ||
	    !record_tail(item, &at, (size_t)w.lines * sizeof(struct pd_wire_line), &lines) || w.offset == ANY)
		return record_note(r, "names of addresses that make no sense skipped");
	s.file = pd_intern(r->b, path.p, path.n);
	s.build_id = record_build_id(r, id);
	s.offset = w.offset;
	for (; s.n < w.lines; s.n++) {
		struct pd_wire_line l;

		memcpy(&l, lines.p + s.n * sizeof(l), sizeof(l));
		if (!line(r, item, &l, &at))
			return record_note(r, "names of addresses that make no sense skipped");
	}
	if (pd_builder_failed(r->b) || r->nomem)
		return PD_OK;
	put(r, s);
	put(r, (struct record_symbol){ .file = s.file, .build_id = s.build_id, .offset = ANY });
	return PD_OK;
}

bool record_has_symbols(struct record *r, pd_str file, pd_str build_id)
{
	uint32_t hash, at;

	return r->symbol.n && find(r, file, build_id, ANY, &hash, &at);
}

uint32_t record_lines(struct record *r, const struct record_map *m, uint64_t address, const struct pd_line **lines)
{
	uint32_t hash, at, row = r->symbol.n ? find(r, m->file, m->build_id, address - m->start + m->offset, &hash, &at) : 0;

	if (!row)
		return 0;
	*lines = r->line.v + r->symbol.v[row - 1].first;
	return r->symbol.v[row - 1].n;
}
