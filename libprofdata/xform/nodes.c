#include "xform/nodes.h"
#include "base/hash.h"
#include "model/model.h"
#include <inttypes.h>

/* Texts are compared by pointer, so there is one empty one. */
static const char none[] = "";

/* Rows found by hash: slots hold row + 1 numbers, 0 is free. */
struct slots {
	uint32_t *at;
	size_t mask;
};

struct maker {
	struct pd_nodes *n;
	const struct pd_doc *doc;
	enum pd_granularity by;
	unsigned flags;
	uint64_t key;
	struct slots nodes, files;
	PD_VEC(struct pd_span) file; /* distinct cleaned file names */
	const char **clean;          /* by string id: cleaned text, NULL unknown yet */
	char *scratch;
	size_t scratch_room;
};

/* ---- paths ---- */

/* Drops the last part of the path in out[base..n); false when there is none to drop. */
static bool drop_part(const char *out, size_t base, size_t *n)
{
	size_t at = *n;

	if (at == base || (at - base >= 2 && memcmp(out + at - 2, "..", 2) == 0 && (at - base == 2 || out[at - 3] == '/')))
		return false;
	while (at > base && out[at - 1] != '/')
		at--;
	*n = at > base ? at - 1 : at;
	return true;
}

size_t pd_clean_path(const char *path, size_t n, char *out)
{
	bool rooted = n && path[0] == '/';
	size_t base = rooted, len = rooted;

	if (rooted)
		out[0] = '/';
	for (size_t i = 0; i < n;) {
		size_t end = i, part;

		while (end < n && path[end] != '/')
			end++;
		part = end - i;
		if (part == 0 || (part == 1 && path[i] == '.')) {
			; /* nothing to add */
		} else if (part == 2 && memcmp(path + i, "..", 2) == 0 && (drop_part(out, base, &len) || rooted)) {
			; /* taken back, or there is nothing above the root */
		} else {
			if (len > base)
				out[len++] = '/';
			memmove(out + len, path + i, part);
			len += part;
		}
		i = end + 1;
	}
	if (len == 0)
		out[len++] = '.';
	return len;
}

/* Sandboxed builds record paths below this link; it means nothing to anybody else. */
static struct pd_span without_cwd_link(struct pd_span path)
{
	static const char *const prefix[] = { "/proc/self/cwd/./", "/proc/self/cwd/" };

	for (size_t i = 0; i < PD_ARRAY_LEN(prefix); i++) {
		size_t n = strlen(prefix[i]);

		if (path.n >= n && memcmp(path.p, prefix[i], n) == 0)
			return (struct pd_span){ path.p + n, path.n - n };
	}
	return path;
}

/* ---- hashed tables ---- */

static bool slots_init(struct slots *s, size_t rows)
{
	size_t n = 64;

	while (n < rows * 2)
		n *= 2;
	s->mask = n - 1;
	s->at = calloc(n, sizeof(*s->at));
	return s->at != NULL;
}

static uint64_t key_hash(uint64_t seed, const struct pd_node_key *k)
{
	uint64_t h = pd_hash_u64(seed, (uintptr_t)k->name, (uintptr_t)k->file);

	h = pd_hash_u64(h, (uintptr_t)k->object, k->address);
	h = pd_hash_u64(h, (uint64_t)k->line, (uint64_t)k->column);
	return pd_hash_u64(h, (uint64_t)k->start_line, 0);
}

static bool same_key(const struct pd_node_key *a, const struct pd_node_key *b)
{
	return a->name == b->name && a->file == b->file && a->object == b->object && a->address == b->address &&
	       a->line == b->line && a->column == b->column && a->start_line == b->start_line;
}

static bool grow_nodes(struct maker *m)
{
	struct slots more;

	if (!slots_init(&more, m->n->key.n * 2))
		return false;
	for (size_t row = 1; row < m->n->key.n; row++) {
		size_t i = (size_t)key_hash(m->key, &m->n->key.v[row]) & more.mask;

		while (more.at[i])
			i = (i + 1) & more.mask;
		more.at[i] = (uint32_t)row;
	}
	free(m->nodes.at);
	m->nodes = more;
	return true;
}

/* 0 when out of memory. */
static uint32_t intern_node(struct maker *m, const struct pd_node_key *k)
{
	size_t i = (size_t)key_hash(m->key, k) & m->nodes.mask;

	for (; m->nodes.at[i]; i = (i + 1) & m->nodes.mask) {
		if (same_key(&m->n->key.v[m->nodes.at[i]], k))
			return m->nodes.at[i];
	}
	if (!pd_vec_push(&m->n->key, *k))
		return 0;
	m->nodes.at[i] = (uint32_t)(m->n->key.n - 1);
	if (m->n->key.n * 2 > m->nodes.mask && !grow_nodes(m))
		return 0;
	return (uint32_t)(m->n->key.n - 1);
}

/* One pointer per distinct text. NULL when out of memory. */
static const char *intern_file(struct maker *m, const char *text, size_t n)
{
	size_t i = (size_t)pd_hash_bytes(m->key, text, n) & m->files.mask;
	const char *copy;

	for (; m->files.at[i]; i = (i + 1) & m->files.mask) {
		const struct pd_span *f = &m->file.v[m->files.at[i] - 1];

		if (f->n == n && memcmp(f->p, text, n) == 0)
			return f->p;
	}
	copy = pd_arena_text(&m->n->text, text, n);
	if (!copy || !pd_vec_push(&m->file, ((struct pd_span){ copy, n })))
		return NULL;
	m->files.at[i] = (uint32_t)m->file.n;
	return copy;
}

static const char *clean_file(struct maker *m, pd_str file)
{
	struct pd_span text = pd_doc_string(m->doc, file);

	if (m->clean[file.v])
		return m->clean[file.v];
	if (m->flags & PD_NODES_TRIM)
		text = without_cwd_link(text);
	if (text.n == 0)
		return m->clean[file.v] = none;
	if (text.n + 2 > m->scratch_room) {
		char *more = realloc(m->scratch, text.n + 2);

		if (!more)
			return NULL;
		m->scratch = more;
		m->scratch_room = text.n + 2;
	}
	return m->clean[file.v] = intern_file(m, m->scratch, pd_clean_path(text.p, text.n, m->scratch));
}

/* ---- frames to nodes ---- */

static const char *object_of(struct maker *m, uint32_t mapping)
{
	pd_str file = m->doc->t.mapping.v[mapping].file;

	return mapping && file.v ? m->doc->t.strings.row.v[file.v].p : none;
}

/* NULL `line` for a frame of which only the address is known. False when out of memory. */
static bool key_of(struct maker *m, const struct pd_frame_row *f, const struct pd_line *line, struct pd_node_key *out)
{
	const struct pd_func_desc *func;
	bool names = m->by != PD_BY_FILES, files = m->by != PD_BY_FUNCTIONS;
	bool lines = m->by == PD_BY_LINES || m->by == PD_BY_ADDRESSES;

	*out = (struct pd_node_key){ .name = none, .file = none, .object = none };
	if (m->by == PD_BY_ADDRESSES)
		out->address = f->address;
	if (m->by == PD_BY_MODULES) {
		out->name = object_of(m, f->mapping);
		return true;
	}
	if (!line || line->func.v == 0) {
		out->object = object_of(m, f->mapping);
		return true;
	}
	func = &m->doc->t.func.v[line->func.v];
	out->func = line->func.v;
	if (names && func->name.v)
		out->name = m->doc->t.strings.row.v[func->name.v].p;
	if (files)
		out->file = clean_file(m, func->file);
	if (lines)
		out->line = line->line;
	if (m->by == PD_BY_ADDRESSES && (m->flags & PD_NODES_COLUMNS))
		out->column = line->column;
	if (!*out->name) {
		out->object = object_of(m, f->mapping);
		out->start_line = func->start_line;
	}
	return out->file != NULL;
}

static bool map_frame(struct maker *m, uint32_t frame, size_t *at)
{
	const struct pd_frame_row *f = &m->doc->t.frame.v[frame];
	uint32_t lines = m->by == PD_BY_MODULES ? 0 : f->n_lines;
	struct pd_node_key k;

	m->n->first[frame] = (uint32_t)*at;
	if (lines == 0) {
		if (!key_of(m, f, NULL, &k) || !(m->n->line[(*at)++] = intern_node(m, &k)))
			return false;
	}
	for (uint32_t i = lines; i-- > 0;) {
		if (!key_of(m, f, &m->doc->t.line.v[f->first_line + i], &k) || !(m->n->line[(*at)++] = intern_node(m, &k)))
			return false;
	}
	if (*at - m->n->first[frame] == 1)
		m->n->only[frame] = m->n->line[m->n->first[frame]];
	return true;
}

static bool map_frames(struct maker *m)
{
	size_t frames = m->doc->t.frame.n, at = 0;
	size_t most = frames + m->doc->t.line.n;

	if (most > UINT32_MAX - 2)
		return false;
	m->n->first = calloc(frames + 2, sizeof(*m->n->first));
	m->n->line = malloc((most + 1) * sizeof(*m->n->line));
	m->n->only = calloc(frames + 1, sizeof(*m->n->only));
	m->clean = calloc(m->doc->t.strings.row.n + 1, sizeof(*m->clean));
	if (!m->n->first || !m->n->line || !m->n->only || !m->clean || !slots_init(&m->nodes, 0) || !slots_init(&m->files, m->doc->t.func.n) ||
	    !pd_vec_push(&m->n->key, ((struct pd_node_key){ .name = none, .file = none, .object = none })))
		return false;
	for (size_t f = 1; f < frames; f++) {
		if (!map_frame(m, (uint32_t)f, &at))
			return false;
	}
	m->n->first[frames ? frames : 1] = (uint32_t)at;
	return true;
}

enum pd_status pd_nodes_init(struct pd_nodes *n, const struct pd_doc *doc, enum pd_granularity by, unsigned flags, struct pd_error *err)
{
	struct maker m = { .n = n, .doc = doc, .by = by, .flags = flags, .key = pd_hash_key() };
	bool ok;

	*n = (struct pd_nodes){ 0 };
	ok = map_frames(&m);
	free(m.nodes.at);
	free(m.files.at);
	free(m.clean);
	free(m.scratch);
	pd_vec_release(&m.file);
	if (ok)
		return PD_OK;
	pd_nodes_release(n);
	return pd_error_set(err, PD_ERR_NOMEM, "out of memory for a report of %zu frames", doc->t.frame.n);
}

void pd_nodes_release(struct pd_nodes *n)
{
	free(n->first);
	free(n->line);
	free(n->only);
	pd_vec_release(&n->key);
	pd_arena_release(&n->text);
	*n = (struct pd_nodes){ 0 };
}

/* ---- names ---- */

static const char *base_name(const char *path, size_t *len)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (end == 1 && path[0] == '/')
		start = 0;
	*len = end - start;
	return path + start;
}

static size_t put(char *buf, size_t room, size_t at, const char *text, size_t n)
{
	if (at < room)
		memcpy(buf + at, text, n < room - at ? n : room - at);
	return at + n;
}

size_t pd_node_name(const struct pd_node_key *k, char *buf, size_t room, const char **out)
{
	char number[64];
	size_t at = 0, n;

	*out = k->name;
	if (!k->address && !k->line && !*k->file && *k->name)
		return strlen(k->name);
	*out = buf;
	if (k->address)
		at = put(buf, room, at, number, (size_t)snprintf(number, sizeof(number), "%016" PRIx64 "%s", k->address, " "));
	if (*k->name) {
		at = put(buf, room, at, k->name, strlen(k->name));
		at = put(buf, room, at, " ", 1);
	}
	if (*k->file)
		at = put(buf, room, at, k->file, strlen(k->file));
	if (k->line) {
		at = put(buf, room, at, number, (size_t)snprintf(number, sizeof(number), ":%" PRId64, k->line));
		if (k->column)
			at = put(buf, room, at, number, (size_t)snprintf(number, sizeof(number), ":%" PRId64, k->column));
	} else if (!*k->file && *k->name) {
		at--; /* no place follows, so no blank */
	} else if (!*k->file && *k->object) {
		const char *base = base_name(k->object, &n);

		at = put(buf, room, at, "[", 1);
		at = put(buf, room, at, base, n);
		at = put(buf, room, at, "]", 1);
	} else if (!*k->file) {
		at = put(buf, room, at, "<unknown>", 9);
	}
	return at;
}
