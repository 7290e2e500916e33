/*
 * What follows the stacks: the memory map of the process as /proc/PID/maps has
 * it or in a short form, or, of Java, names for the addresses.
 *
 *   40000000-40010000 r-xp 00000000 00:01 1234    /usr/bin/server
 *   40000000-40010000: $build/server (@1000) 4d5e6f
 *   build=/usr/src/out
 *   0x7f01 com.example.Shop.sell (Shop.java:33)
 */
#include "gperftools/legacy.h"
#include "base/compiler.h"

bool legacy_maps_begin(struct pd_span line)
{
	return span_search(line, SPAN("MAPPED_LIBRARIES:")) != NULL || span_is(span_trim(line), "--- Memory map: ---");
}

/* ---- maps ---- */

/* "$NAME" at the front of a path becomes the variable's value. */
static pd_str path(struct legacy *g, struct pd_span s)
{
	for (unsigned i = 0; i < g->n_variables && span_starts(s, "$"); i++) {
		struct pd_span name = pd_builder_string(g->b, g->variable[i].name), value = pd_builder_string(g->b, g->variable[i].value);
		struct pd_span rest = span_skip(s, 1);

		if (rest.n < name.n || memcmp(rest.p, name.p, name.n))
			continue;
		rest = span_skip(rest, name.n);
		g->text.n = 0;
		if (!pd_vec_reserve(&g->text, value.n + rest.n + 1)) {
			g->nomem = true;
			break;
		}
		memcpy(g->text.v, value.p, value.n);
		memcpy(g->text.v + value.n, rest.p, rest.n);
		return pd_intern(g->b, g->text.v, value.n + rest.n);
	}
	return pd_intern(g->b, s.p, s.n);
}

static bool variable(struct legacy *g, struct pd_span line)
{
	struct pd_span name;

	if (!span_cut(&line, '=', &name) || !name.n || span_find(name, '/') || span_find(name, ' '))
		return false;
	if (g->n_variables < sizeof g->variable / sizeof *g->variable) {
		g->variable[g->n_variables].name = pd_intern(g->b, name.p, name.n);
		g->variable[g->n_variables++].value = path(g, line);
	}
	return true;
}

/* "START-END", "START END:" with or without 0x; what follows into `rest`. */
static bool range(struct pd_span line, struct legacy_map *m, struct pd_span *rest)
{
	span_eat(&line, "0x");
	if (!span_eat_hex(&line, &m->start) || !(span_eat(&line, "-") || span_eat(&line, " ")))
		return false;
	span_eat(&line, "0x");
	if (!span_eat_hex(&line, &m->limit) || m->limit < m->start)
		return false;
	span_eat(&line, ":");
	*rest = span_ltrim(line);
	return !line.n || span_is_blank(line.p[0]);
}

static bool is_permissions(struct pd_span word)
{
	if (word.n < 3 || word.n > 5)
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!word.p[i] || !strchr("rwxsp-", word.p[i]))
			return false;
	return true;
}

/* "OFFSET DEV INODE" of /proc/PID/maps. */
static bool kernel_columns(struct pd_span *s, uint64_t *offset)
{
	struct pd_span t = *s, a, b, c;
	uint64_t inode;

	if (!span_word(&t, &a) || !span_word(&t, &b) || !span_word(&t, &c))
		return false;
	if (!span_hex(a, offset) || !span_find(b, ':') || !span_u64(c, &inode))
		return false;
	*s = span_ltrim(t);
	return true;
}

static bool is_shared(struct pd_span file)
{
	return !file.n || file.p[0] == '[' || span_ends(file, ".so") || span_search(file, SPAN(".so.")) || span_search(file, SPAN(".so "));
}

/* " (@OFFSET) BUILDID", or a build id alone, behind the file. */
static void cut_identity(struct legacy *g, struct pd_span *file, struct legacy_map *m)
{
	const char *offset = span_search(*file, SPAN(" (@"));
	struct pd_span id = { "", 0 }, front = *file;
	uint64_t n;

	if (offset) {
		struct pd_span rest = span_between(offset + 3, file->p + file->n);

		if (!span_eat_hex(&rest, &m->offset) || !span_eat(&rest, ")"))
			return;
		id = span_trim(rest);
		file->n = (size_t)(offset - file->p);
	} else if (span_rcut(&front, ' ', &id) && id.n >= 8 && id.n <= 16 && span_hex(id, &n)) {
		*file = front;
	} else {
		return;
	}
	m->build_id = pd_intern(g->b, id.p, id.n);
}

bool legacy_map_line(struct legacy *g, struct pd_span line)
{
	struct legacy_map m = { 0 };
	struct pd_span rest, columns, word;
	const char *log;

	line = span_trim(line);
	log = span_search(line, SPAN("] ")); /* "I0102 03:04:05.678901 1234 file.cc:12] " */
	if (log && !range(line, &m, &rest))
		line = span_ltrim(span_between(log + 2, line.p + line.n));
	if (!range(line, &m, &rest))
		return variable(g, line);
	columns = rest;
	if (span_word(&columns, &word) && is_permissions(word)) {
		if (!span_find(word, 'x'))
			return true; /* data */
		rest = span_ltrim(columns);
	}
	if (!kernel_columns(&rest, &m.offset))
		cut_identity(g, &rest, &m);
	rest = span_trim(rest);
	if (m.limit <= m.start)
		return true;
	m.program = !g->has_program && !is_shared(rest);
	g->has_program |= m.program;
	m.file = path(g, rest);
	if (!pd_vec_push(&g->map, m))
		g->nomem = true;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct legacy_map *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int by_id(const void *a, const void *b)
{
	const struct legacy_place *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Pieces of one file that touch become one. */
static void join_maps(struct legacy *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->map.n; i++) {
		struct legacy_map *last = n ? &g->map.v[n - 1] : NULL, *m = &g->map.v[i];

		if (last && last->limit == m->start && last->file.v == m->file.v && last->build_id.v == m->build_id.v && m->file.v &&
		    last->offset + (m->start - last->start) == m->offset)
			last->limit = m->limit, last->program |= m->program;
		else
			g->map.v[n++] = *m;
	}
	g->map.n = n;
}

/* Index of the first map that begins above an address. */
static size_t first_above(const struct legacy *g, uint64_t address)
{
	size_t lo = 0, hi = g->map.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->map.v[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

ptrdiff_t legacy_map_of(const struct legacy *g, uint64_t address)
{
	size_t next = first_above(g, address);

	return next && address < g->map.v[next - 1].limit ? (ptrdiff_t)next - 1 : -1;
}

/* Addresses below a map by no more than its offset belong to it: the map was cut off in front. */
static void extend_maps(struct legacy *g)
{
	for (size_t i = 0; i < g->pc.n; i++) {
		size_t next = first_above(g, g->pc.v[i]);
		struct legacy_map *m = next < g->map.n ? &g->map.v[next] : NULL;

		if (legacy_map_of(g, g->pc.v[i]) < 0 && m && m->offset && m->offset <= m->start && g->pc.v[i] >= m->start - m->offset) {
			m->start -= m->offset;
			m->offset = 0;
		}
	}
}

static pd_mapping add_map(struct legacy *g, const struct legacy_map *m, uint32_t flags)
{
	return pd_mapping_add(g->b, &(struct pd_mapping_desc){ .start = m->start, .limit = m->limit, .offset = m->offset, .file = m->file,
							       .build_id = m->build_id, .flags = flags });
}

bool legacy_maps_end(struct legacy *g, pd_mapping *out)
{
	size_t program = 0;

	if (g->place.n)
		qsort(g->place.v, g->place.n, sizeof *g->place.v, by_id);
	if (g->map.n)
		qsort(g->map.v, g->map.n, sizeof *g->map.v, by_start);
	join_maps(g);
	extend_maps(g);
	while (program < g->map.n && !g->map.v[program].program)
		program++;
	if (program < g->map.n) /* first of all */
		out[program] = add_map(g, &g->map.v[program], PD_MAP_MAIN);
	for (size_t i = 0; i < g->map.n; i++)
		if (i != program)
			out[i] = add_map(g, &g->map.v[i], 0);
	return !g->nomem;
}

/* ---- places of Java ---- */

/* "NAME (FILE:LINE)" or "NAME (LIBRARY)": what stands in the parentheses, taken off. */
static void cut_file(struct pd_span *name, struct pd_span *file, int64_t *line)
{
	struct pd_span inside = { "", 0 }, rest = *name, number;
	const char *slash;
	uint64_t n;

	if (!span_reat(&rest, ")") || !span_rcut(&rest, '(', &inside))
		return;
	*name = span_trim(rest);
	*file = inside;
	if (span_rcut(&inside, ':', &number) && span_u64(number, &n) && n <= INT64_MAX) {
		*file = inside;
		*line = (int64_t)n;
		return;
	}
	slash = span_rfind(*file, '/'); /* a library: its base name */
	if (slash)
		*file = span_between(slash + 1, file->p + file->n);
}

bool legacy_place_line(struct legacy *g, struct pd_span line)
{
	struct pd_span id, name = span_trim(line), file = { "", 0 };
	struct pd_func_desc f = { 0 };
	struct pd_line l = { 0 };
	struct legacy_place p;

	if (!span_word(&name, &id) || !span_starts(id, "0x") || !span_hex(id, &p.id))
		return false;
	name = span_trim(name);
	cut_file(&name, &file, &l.line);
	if (span_is(name, "generated stub/JIT"))
		name = SPAN("STUB");
	f.name = f.system_name = pd_intern(g->b, name.p, name.n);
	f.file = pd_intern(g->b, file.p, file.n);
	l.func = pd_func_add(g->b, &f);
	p.frame = pd_frame_add(g->b, &(struct pd_frame_desc){ .n_lines = 1, .lines = &l });
	if (!pd_vec_push(&g->place, p))
		g->nomem = true;
	return true;
}
