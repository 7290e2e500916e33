#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "common/palette.h"

struct map_row {
	struct pd_span name;
	struct pd_rgb color;
};

struct palette_map {
	struct pd_arena text;
	PD_VEC(struct map_row) row;
	uint32_t *slot; /* open addressing over row, row number + 1 */
	size_t cap;
	bool changed;
};

struct palette_map *palette_map_new(void) { return calloc(1, sizeof(struct palette_map)); }

void palette_map_free(struct palette_map *m)
{
	if (!m)
		return;
	pd_arena_release(&m->text);
	pd_vec_release(&m->row);
	free(m->slot);
	free(m);
}

static size_t place(const struct palette_map *m, struct pd_span name)
{
	size_t at = pd_hash_bytes(pd_hash_key(), name.p, name.n) & (m->cap - 1);

	for (; m->slot[at]; at = (at + 1) & (m->cap - 1)) {
		struct pd_span have = m->row.v[m->slot[at] - 1].name;

		if (have.n == name.n && !memcmp(have.p, name.p, name.n))
			break;
	}
	return at;
}

static bool grow(struct palette_map *m)
{
	size_t cap = m->cap ? m->cap * 2 : 256;
	uint32_t *slot = calloc(cap, sizeof *slot);

	if (!slot)
		return false;
	free(m->slot);
	m->slot = slot;
	m->cap = cap;
	for (size_t i = 0; i < m->row.n; i++)
		m->slot[place(m, m->row.v[i].name)] = (uint32_t)i + 1;
	return true;
}

bool palette_map_get(const struct palette_map *m, struct pd_span name, struct pd_rgb *out)
{
	size_t at = m->cap ? place(m, name) : 0;

	if (!m->cap || !m->slot[at])
		return false;
	*out = m->row.v[m->slot[at] - 1].color;
	return true;
}

bool palette_map_add(struct palette_map *m, struct pd_span name, struct pd_rgb c)
{
	size_t at;

	if ((m->row.n + 1) * 2 > m->cap && !grow(m))
		return false;
	at = place(m, name);
	if (m->slot[at]) {
		m->row.v[m->slot[at] - 1].color = c;
		return true;
	}
	name.p = pd_arena_text(&m->text, name.p, name.n);
	if (!name.p || m->row.n >= UINT32_MAX - 1 || !pd_vec_push(&m->row, ((struct map_row){ name, c })))
		return false;
	m->slot[at] = (uint32_t)m->row.n;
	m->changed = true;
	return true;
}

bool palette_map_changed(const struct palette_map *m) { return m->changed; }

/* ---- file ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Undoes the escapes into `out` (room for n bytes). What is no escape of ours stays: other tools write none. */
static size_t unescape(struct pd_span s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n) {
			char c = s.p[i + 1];

			if (c == '\\' || c == 'n' || c == 'r') {
				out[n++] = c == 'n' ? '\n' : c == 'r' ? '\r' : '\\';
				i++;
				continue;
			}
			if (c == 'x' && i + 3 < s.n && hex_value(s.p[i + 2]) >= 0 && hex_value(s.p[i + 3]) >= 0) {
				out[n++] = (char)(hex_value(s.p[i + 2]) * 16 + hex_value(s.p[i + 3]));
				i += 3;
				continue;
			}
		}
		out[n++] = s.p[i];
	}
	return n;
}

static enum pd_status bad_line(struct pd_source *src, struct pd_error *err, const char *text)
{
	enum pd_status status = pd_error_set(err, PD_ERR_DATA, "%s", text);

	err->line = pd_source_line_number(src);
	snprintf(err->path, sizeof err->path, "%s", pd_source_name(src));
	return status;
}

enum pd_status palette_map_read(struct palette_map *m, struct pd_source *src, struct pd_error *err)
{
	struct pd_span line;

	while (pd_source_line(src, &line)) {
		struct pd_span color = { line.p, 0 };
		struct pd_rgb c;
		size_t cut = line.n;
		char *name;
		bool ok;

		if (!line.n)
			continue;
		while (cut >= 2 && memcmp(line.p + cut - 2, "->", 2))
			cut--;
		if (cut >= 2)
			color = (struct pd_span){ line.p + cut, line.n - cut };
		if (!pd_rgb_parse(color, &c))
			return bad_line(src, err, "expected 'name->rgb(r,g,b)' in a palette file");
		if (!(name = malloc(cut)))
			return pd_error_set(err, PD_ERR_NOMEM, "out of memory while reading a palette file");
		ok = palette_map_add(m, (struct pd_span){ name, unescape((struct pd_span){ line.p, cut - 2 }, name) }, c);
		free(name);
		if (!ok)
			return pd_error_set(err, PD_ERR_NOMEM, "out of memory while reading a palette file");
	}
	m->changed = false;
	if (pd_source_status(src) > PD_WARN && pd_source_error(src))
		*err = *pd_source_error(src);
	return pd_source_status(src);
}

static int by_name(const void *pa, const void *pb)
{
	const struct map_row *a = *(const struct map_row *const *)pa, *b = *(const struct map_row *const *)pb;
	int c = memcmp(a->name.p, b->name.p, a->name.n < b->name.n ? a->name.n : b->name.n);

	return c ? c : a->name.n < b->name.n ? -1 : a->name.n > b->name.n;
}

static void write_name(struct pd_out *out, struct pd_span s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c >= 0x20 && c != 0x7f && c != '\\')
			continue;
		pd_out_write(out, s.p + from, i - from);
		if (c == '\\' || c == '\n' || c == '\r')
			pd_out_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : '\\');
		else
			pd_out_printf(out, "\\x%02x", c);
		from = i + 1;
	}
	pd_out_write(out, s.p + from, s.n - from);
}

void palette_map_write(const struct palette_map *m, struct pd_out *out)
{
	const struct map_row **row = malloc((m->row.n + 1) * sizeof *row);

	for (size_t i = 0; row && i < m->row.n; i++)
		row[i] = &m->row.v[i];
	if (row && m->row.n)
		qsort(row, m->row.n, sizeof *row, by_name);
	for (size_t i = 0; i < m->row.n; i++) { /* without memory for sorting: as they came */
		const struct map_row *r = row ? row[i] : &m->row.v[i];

		write_name(out, r->name);
		pd_out_printf(out, "->rgb(%u,%u,%u)\n", r->color.r, r->color.g, r->color.b);
	}
	free(row);
}
