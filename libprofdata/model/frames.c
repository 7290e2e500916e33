/* Mappings, functions and frames: rows that are equal exist once. */
#include "model/index.h"

static uint64_t mix(uint64_t h, uint64_t a, uint64_t c)
{
	return pd_hash_mix(h ^ a ^ PD_HASH_C1, c ^ PD_HASH_C2);
}

static uint32_t mapping_desc_hash(const struct pd_builder *b, const struct pd_mapping_desc *m)
{
	uint64_t h = mix(b->key, m->start, m->limit);

	h = mix(h, m->offset, m->flags);
	return pd_fold32(mix(h, m->file.v, m->build_id.v));
}

static uint32_t mapping_hash(const struct pd_builder *b, uint32_t row)
{
	return mapping_desc_hash(b, &b->doc->t.mapping.v[row]);
}

static bool table_full(struct pd_builder *b, size_t rows, const char *what)
{
	if (rows <= PD_MAX_ROWS)
		return false;
	pd_builder_fail(b, PD_ERR_LIMIT, "more than %u %s", PD_MAX_ROWS, what);
	return true;
}

/* The id is that of the input, whose addresses may have to move. */
static pd_mapping take_mapping(struct pd_builder *b, const struct pd_mapping_desc *m)
{
	struct pd_intake *in = b->intake;
	struct pd_moved moved = { .row = in->ops->mapping(in, m, &moved.shift) };

	if (table_full(b, in->mapping.n + 1, "mappings") || !pd_builder_reserve(b, &in->mapping, 1))
		return (pd_mapping){ 0 };
	in->mapping.v[in->mapping.n] = moved;
	return (pd_mapping){ (uint32_t)++in->mapping.n };
}

pd_mapping pd_mapping_add(struct pd_builder *b, const struct pd_mapping_desc *m)
{
	struct pd_tables *t;
	uint32_t hash, at, row;

	if (b->failed)
		return (pd_mapping){ 0 };
	if (b->intake)
		return take_mapping(b, m);
	t = &b->doc->t;
	if (!pd_builder_index(b, &b->mapping, (uint32_t)t->mapping.n, mapping_hash) || table_full(b, t->mapping.n, "mappings") ||
	    !pd_builder_reserve(b, &t->mapping, 1))
		return (pd_mapping){ 0 };
	hash = mapping_desc_hash(b, m);
	for (row = pd_index_first(&b->mapping, hash, &at); row; row = pd_index_next(&b->mapping, hash, &at)) {
		const struct pd_mapping_desc *r = &t->mapping.v[row];

		if (r->start == m->start && r->limit == m->limit && r->offset == m->offset && r->file.v == m->file.v &&
		    r->build_id.v == m->build_id.v && r->flags == m->flags)
			return (pd_mapping){ row };
	}
	row = (uint32_t)t->mapping.n++;
	t->mapping.v[row] = *m;
	pd_index_put(&b->mapping, hash, at, row);
	return (pd_mapping){ row };
}

static uint32_t func_desc_hash(const struct pd_builder *b, const struct pd_func_desc *f)
{
	return pd_fold32(mix(mix(b->key, f->name.v, f->system_name.v), f->file.v, (uint64_t)f->start_line));
}

static uint32_t func_hash(const struct pd_builder *b, uint32_t row)
{
	return func_desc_hash(b, &b->doc->t.func.v[row]);
}

pd_func pd_func_add(struct pd_builder *b, const struct pd_func_desc *f)
{
	struct pd_tables *t;
	uint32_t hash, at, row;

	if (b->failed)
		return (pd_func){ 0 };
	t = &b->doc->t;
	if (!pd_builder_index(b, &b->func, (uint32_t)t->func.n, func_hash) || table_full(b, t->func.n, "functions") ||
	    !pd_builder_reserve(b, &t->func, 1))
		return (pd_func){ 0 };
	hash = func_desc_hash(b, f);
	for (row = pd_index_first(&b->func, hash, &at); row; row = pd_index_next(&b->func, hash, &at)) {
		const struct pd_func_desc *r = &t->func.v[row];

		if (r->name.v == f->name.v && r->system_name.v == f->system_name.v && r->file.v == f->file.v && r->start_line == f->start_line)
			return (pd_func){ row };
	}
	row = (uint32_t)t->func.n++;
	t->func.v[row] = *f;
	pd_index_put(&b->func, hash, at, row);
	return (pd_func){ row };
}

static uint32_t frame_desc_hash(const struct pd_builder *b, uint64_t address, uint32_t mapping, uint32_t flags,
				const struct pd_line *lines, uint32_t n)
{
	uint64_t h = mix(b->key, address, (uint64_t)mapping << 32 | flags);

	for (uint32_t i = 0; i < n; i++)
		h = mix(h, (uint64_t)lines[i].func.v << 32 ^ (uint64_t)lines[i].line, (uint64_t)lines[i].column);
	return pd_fold32(h + n);
}

static uint32_t frame_hash(const struct pd_builder *b, uint32_t row)
{
	const struct pd_frame_row *f = &b->doc->t.frame.v[row];

	return frame_desc_hash(b, f->address, f->mapping, f->flags, f->n_lines ? b->doc->t.line.v + f->first_line : NULL, f->n_lines);
}

static bool same_lines(const struct pd_line *a, const struct pd_line *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].func.v != c[i].func.v || a[i].line != c[i].line || a[i].column != c[i].column)
			return false;
	return true;
}

pd_frame pd_frame_add(struct pd_builder *b, const struct pd_frame_desc *f)
{
	struct pd_frame_desc moved;
	struct pd_tables *t;
	uint32_t hash, at, row;

	if (b->failed)
		return (pd_frame){ 0 };
	if (b->intake && f->mapping.v) {
		moved = *f;
		moved.address += b->intake->mapping.v[f->mapping.v - 1].shift;
		moved.mapping.v = b->intake->mapping.v[f->mapping.v - 1].row;
		f = &moved;
	}
	t = &b->doc->t;
	if (!pd_builder_index(b, &b->frame, (uint32_t)t->frame.n, frame_hash) || table_full(b, t->frame.n, "frames") ||
	    table_full(b, t->line.n + f->n_lines, "lines") || !pd_builder_reserve(b, &t->frame, 1) ||
	    !pd_builder_reserve(b, &t->line, f->n_lines))
		return (pd_frame){ 0 };
	hash = frame_desc_hash(b, f->address, f->mapping.v, f->flags, f->lines, f->n_lines);
	for (row = pd_index_first(&b->frame, hash, &at); row; row = pd_index_next(&b->frame, hash, &at)) {
		const struct pd_frame_row *r = &t->frame.v[row];

		if (r->address == f->address && r->mapping == f->mapping.v && r->flags == f->flags && r->n_lines == f->n_lines &&
		    (!f->n_lines || same_lines(t->line.v + r->first_line, f->lines, f->n_lines)))
			return (pd_frame){ row };
	}
	row = (uint32_t)t->frame.n++;
	t->frame.v[row] = (struct pd_frame_row){ .address = f->address, .mapping = f->mapping.v, .flags = f->flags,
						 .first_line = (uint32_t)t->line.n, .n_lines = f->n_lines };
	for (uint32_t i = 0; i < f->n_lines; i++)
		t->line.v[t->line.n++] = (struct pd_line){ f->lines[i].func, f->lines[i].line, f->lines[i].column };
	pd_index_put(&b->frame, hash, at, row);
	return (pd_frame){ row };
}

pd_frame pd_frame_named(struct pd_builder *b, const char *name, size_t n)
{
	struct pd_func_desc func = { .name = pd_intern(b, name, n) };
	struct pd_line line = { .func = pd_func_add(b, &func) };

	return pd_frame_add(b, &(struct pd_frame_desc){ .n_lines = 1, .lines = &line });
}
