/*
 * Names of call tree nodes. The document's frames are named once, before any
 * sample is looked at; afterwards the tree handles numbers only.
 */
#include "model/calltree.h"

/* ---- map ---- */

static bool map_grow(struct ct_map *m, uint64_t hash_key)
{
	size_t cap = m->slot ? (m->mask + 1) * 2 : 1024;
	struct ct_slot *slot = calloc(cap, sizeof *slot);

	if (!slot)
		return false;
	for (size_t i = 0; m->slot && i <= m->mask; i++) {
		size_t at;

		if (!m->slot[i].key)
			continue;
		for (at = pd_hash_u64(hash_key, m->slot[i].key, 0) & (cap - 1); slot[at].key; at = (at + 1) & (cap - 1))
			;
		slot[at] = m->slot[i];
	}
	free(m->slot);
	m->slot = slot;
	m->mask = cap - 1;
	return true;
}

uint32_t *ct_map_at(struct ct_map *m, uint64_t hash_key, uint64_t key)
{
	size_t at;

	if ((!m->slot || m->used * 3 > m->mask * 2) && !map_grow(m, hash_key))
		return NULL;
	for (at = pd_hash_u64(hash_key, key, 0) & m->mask; m->slot[at].key; at = (at + 1) & m->mask)
		if (m->slot[at].key == key)
			return &m->slot[at].value;
	m->slot[at].key = key;
	m->used++;
	return &m->slot[at].value;
}

uint32_t ct_map_get(const struct ct_map *m, uint64_t hash_key, uint64_t key)
{
	if (!m->slot)
		return 0;
	for (size_t at = pd_hash_u64(hash_key, key, 0) & m->mask; m->slot[at].key; at = (at + 1) & m->mask)
		if (m->slot[at].key == key)
			return m->slot[at].value;
	return 0;
}

void ct_map_release(struct ct_map *m)
{
	free(m->slot);
	*m = (struct ct_map){ 0 };
}

/* ---- names as numbers ---- */

static struct pd_span doc_text(const struct ct_names *n, pd_str s)
{
	return n->doc->t.strings.row.v[s.v];
}

static bool slots_grow(struct ct_names *n)
{
	size_t cap = n->slot.cap ? n->slot.cap * 2 : 1024;
	uint32_t *slot = calloc(cap, sizeof *slot);

	if (!slot)
		return false;
	for (uint32_t i = 1; i < n->row.n; i++) {
		struct pd_span s = n->row.v[i].name;
		size_t at = pd_hash_bytes(n->hash_key, s.p, s.n) & (cap - 1);

		while (slot[at])
			at = (at + 1) & (cap - 1);
		slot[at] = i;
	}
	free(n->slot.v);
	n->slot.v = slot;
	n->slot.cap = cap;
	return true;
}

/* The row of `s`, which stays where it is as long as the tree lives. */
static uint32_t intern(struct ct_names *n, struct pd_span s, bool copy)
{
	size_t at;

	if (n->row.n * 2 > n->slot.cap && !slots_grow(n))
		return 0;
	for (at = pd_hash_bytes(n->hash_key, s.p, s.n) & (n->slot.cap - 1); n->slot.v[at]; at = (at + 1) & (n->slot.cap - 1)) {
		struct pd_span have = n->row.v[n->slot.v[at]].name;

		if (have.n == s.n && !memcmp(have.p, s.p, s.n))
			return n->slot.v[at];
	}
	if (n->row.n > CT_KEY_MASK || (copy && !(s.p = pd_arena_text(&n->text, s.p, s.n))))
		return 0;
	if (!pd_vec_push(&n->row, ((struct pd_calltree_frame){ .name = s })))
		return 0;
	return n->slot.v[at] = (uint32_t)n->row.n - 1;
}

uint32_t ct_name_of_text(struct ct_names *n, const char *p, size_t len)
{
	return intern(n, (struct pd_span){ p, len }, true);
}

uint32_t ct_name_of_string(struct ct_names *n, pd_str s)
{
	if (!n->of_string[s.v])
		n->of_string[s.v] = intern(n, doc_text(n, s), false);
	return n->of_string[s.v];
}

/* ---- frames ---- */

static struct pd_span base_name(struct pd_span path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	size_t skip = slash ? (size_t)(slash + 1 - path.p) : 0;

	return skip < path.n ? (struct pd_span){ path.p + skip, path.n - skip } : path;
}

/* "[libfoo.so]", or "[unknown]" where not even the object is known. Names in brackets (kernel areas) stay as they are. */
static uint32_t name_of_object(struct ct_names *n, struct pd_span file, bool brackets)
{
	struct pd_span b = base_name(file);
	char *text;
	uint32_t id;

	if (!b.n)
		return ct_name_of_text(n, "[unknown]", 9);
	if (!brackets || b.p[0] == '[')
		return ct_name_of_text(n, b.p, b.n);
	text = malloc(b.n + 2);
	if (!text)
		return 0;
	text[0] = '[';
	memcpy(text + 1, b.p, b.n);
	text[b.n + 1] = ']';
	id = ct_name_of_text(n, text, b.n + 2);
	free(text);
	return id;
}

static struct pd_span func_name(const struct ct_names *n, const struct pd_func_desc *f)
{
	struct pd_span s = doc_text(n, f->name);

	return s.n ? s : doc_text(n, f->system_name);
}

/* "name file:line", "name file", "0xADDRESS name": what the finer granularities show. */
static uint32_t name_of_parts(struct ct_names *n, uint64_t address, struct pd_span name, struct pd_span file, int64_t line)
{
	size_t room = name.n + file.n + 64, len = 0;
	char *text = malloc(room);
	uint32_t id;

	if (!text)
		return 0;
	if (address)
		len += (size_t)snprintf(text, room, "0x%016llx", (unsigned long long)address);
	if (len && name.n)
		text[len++] = ' ';
	memcpy(text + len, name.p, name.n);
	len += name.n;
	if (file.n) {
		if (len)
			text[len++] = ' ';
		memcpy(text + len, file.p, file.n);
		len += file.n;
		if (line > 0)
			len += (size_t)snprintf(text + len, room - len, ":%lld", (long long)line);
	}
	id = len ? ct_name_of_text(n, text, len) : ct_name_of_text(n, "[unknown]", 9);
	free(text);
	return id;
}

static uint32_t name_of_line(struct ct_names *n, const struct pd_frame_row *f, const struct pd_line *l)
{
	const struct pd_func_desc *fn = &n->doc->t.func.v[l->func.v];
	struct pd_span name = func_name(n, fn), file = doc_text(n, fn->file);
	struct pd_span none = { "", 0 }, object = doc_text(n, n->doc->t.mapping.v[f->mapping].file);

	switch (n->granularity) {
	case PD_BY_FUNCTIONS:
		if (!name.n)
			return name_of_object(n, object, true);
		return ct_name_of_string(n, fn->name.v && doc_text(n, fn->name).n ? fn->name : fn->system_name);
	case PD_BY_FILEFUNCTIONS:
		return name_of_parts(n, 0, name, file, 0);
	case PD_BY_FILES:
		return name_of_parts(n, 0, none, file, 0);
	case PD_BY_LINES:
		return name_of_parts(n, 0, name, file, l->line);
	case PD_BY_ADDRESSES:
		return name_of_parts(n, f->address, name, file, l->line);
	case PD_BY_MODULES:
		return name_of_object(n, object, false);
	}
	return 0;
}

/* A frame nobody could symbolise. */
static uint32_t name_of_address(struct ct_names *n, const struct pd_frame_row *f)
{
	struct pd_span object = doc_text(n, n->doc->t.mapping.v[f->mapping].file), b = base_name(object);

	if (n->granularity == PD_BY_ADDRESSES && f->address)
		return name_of_parts(n, f->address, b, (struct pd_span){ "", 0 }, 0);
	return name_of_object(n, object, n->granularity != PD_BY_MODULES);
}

/* Remembers where a name was seen first. */
static void first_place(struct ct_names *n, uint32_t id, const struct pd_frame_row *f, const struct pd_line *l)
{
	struct pd_calltree_frame *row = &n->row.v[id];

	if (!row->module.n && f->mapping)
		row->module = doc_text(n, n->doc->t.mapping.v[f->mapping].file);
	if (!row->system_name.n && l && l->func.v && func_name(n, &n->doc->t.func.v[l->func.v]).p != doc_text(n, n->doc->t.func.v[l->func.v].system_name).p)
		row->system_name = doc_text(n, n->doc->t.func.v[l->func.v].system_name);
	if (!row->file.n && l && l->func.v) {
		row->file = doc_text(n, n->doc->t.func.v[l->func.v].file);
		row->line = n->doc->t.func.v[l->func.v].start_line;
	}
}

static bool add_entry(struct ct_names *n, uint32_t id, uint32_t flags, const struct pd_frame_row *f, const struct pd_line *l)
{
	if (!id)
		return false;
	first_place(n, id, f, l);
	return pd_vec_push(&n->entry, id | flags << CT_KEY_BITS);
}

static uint32_t flags_of(const struct pd_frame_row *f)
{
	return (f->flags & PD_FRAME_KERNEL ? PD_CALLTREE_KERNEL : 0u) | (f->flags & PD_FRAME_JIT ? PD_CALLTREE_JIT : 0u) |
	       (f->flags & PD_FRAME_INLINED ? PD_CALLTREE_INLINED : 0u);
}

static bool name_frame(struct ct_names *n, const struct pd_frame_row *f)
{
	const struct pd_line *line = f->n_lines ? n->doc->t.line.v + f->first_line : NULL;
	uint32_t flags = flags_of(f);

	if (!f->n_lines)
		return add_entry(n, name_of_address(n, f), flags, f, NULL);
	if (n->granularity == PD_BY_MODULES) /* the lines of a frame share its object */
		return add_entry(n, name_of_line(n, f, line), flags, f, line);
	for (uint32_t i = f->n_lines; i-- > 0;)
		if (!add_entry(n, name_of_line(n, f, &line[i]), flags | (i + 1 < f->n_lines ? PD_CALLTREE_INLINED : 0u), f, &line[i]))
			return false;
	return true;
}

bool ct_names_init(struct ct_names *n, const struct pd_doc *doc, enum pd_granularity granularity)
{
	size_t frames = doc->t.frame.n;

	*n = (struct ct_names){ .doc = doc, .granularity = granularity, .hash_key = pd_hash_key() };
	n->of_string = calloc(doc->t.strings.row.n + 1, sizeof *n->of_string);
	n->first = calloc(frames + 2, sizeof *n->first);
	if (!n->of_string || !n->first || !pd_vec_push(&n->row, ((struct pd_calltree_frame){ .name = { "all", 3 } })))
		return false;
	for (size_t i = 1; i < frames; i++) {
		n->first[i] = (uint32_t)n->entry.n;
		if (n->entry.n > UINT32_MAX / 2 || !name_frame(n, &doc->t.frame.v[i]))
			return false;
	}
	n->first[frames] = (uint32_t)n->entry.n;
	return true;
}

void ct_names_release(struct ct_names *n)
{
	pd_arena_release(&n->text);
	pd_vec_release(&n->row);
	pd_vec_release(&n->slot);
	pd_vec_release(&n->entry);
	free(n->of_string);
	free(n->first);
	*n = (struct ct_names){ 0 };
}
