/* Addresses of a document sorted by mapping, one question for each, and the frames with what came back. */
#include "base/error.h"
#include "base/sort.h"
#include "model/model.h"
#include "symbols/reader.h"
#include <profdata/builder.h>
#include <profdata/symbols.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Mappings of one object in many processes are asked for together: `mapping` is the first of them, `address` where it would be there. */
struct wanted {
	uint32_t mapping, frame;
	uint64_t address;
};

struct group {
	size_t first, n;   /* of wanted */
	struct sym_question q;
	struct sym_answer a;
	uint64_t *address; /* each once */
	const char *excuse; /* why nobody was asked */
};

struct job {
	const struct pd_doc *doc;
	const struct pd_symbolize_opts *o;
	struct pd_builder *b;
	struct pd_error *err;
	char program[PATH_MAX];
	PD_VEC(struct wanted) wanted;
	PD_VEC(struct group) group;
};

static bool no_memory(struct job *j)
{
	pd_error_set(j->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

/* ---- names of files ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The list that a compiler leaves for code it makes at run time: perf-PID.map, jit-PID.dump. */
static bool is_list(const char *file)
{
	const char *part = last_part(file);
	size_t n = strspn(part, "perfjit-"), digits = n < 4 ? 0 : strspn(part + n, "0123456789");

	return digits && ((n == 5 && strncmp(part, "perf-", 5) == 0 && strcmp(part + n + digits, ".map") == 0) ||
			  (n == 4 && strncmp(part, "jit-", 4) == 0 && strcmp(part + n + digits, ".dump") == 0));
}

/* ---- what is wanted ---- */

static int by_mapping(const void *pa, const void *pb)
{
	const struct wanted *a = pa, *b = pb;

	if (a->mapping != b->mapping)
		return a->mapping < b->mapping ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

/* The upper half of all addresses is the kernel's. */
static bool is_kernel(uint64_t address) { return address >> 47 != 0; }

/* Addresses of one mapping; of those without one, the kernel's and the others. */
static bool same_group(const struct wanted *a, const struct wanted *b)
{
	return a->mapping == b->mapping && (a->mapping || is_kernel(a->address) == is_kernel(b->address));
}

static int by_object(const struct pd_mapping_desc *a, const struct pd_mapping_desc *b)
{
	if (a->file.v != b->file.v)
		return a->file.v < b->file.v ? -1 : 1;
	if (a->build_id.v != b->build_id.v)
		return a->build_id.v < b->build_id.v ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->limit - a->start != b->limit - b->start)
		return a->limit - a->start < b->limit - b->start ? -1 : 1;
	return 0;
}

static int by_object_of(const void *pa, const void *pb, void *ctx)
{
	const struct pd_mapping_desc *m = ctx;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int c = by_object(&m[a], &m[b]);

	return c ? c : a < b ? -1 : a > b;
}

/* May mappings be the same part of the same object? Code of no file is another one each time, and so is that of a list: it says addresses of memory. */
static bool is_object(const char *file) { return file[0] == '/' && !is_list(file); }

/* Per mapping the first one of the same part of the same object; NULL when out of memory. */
static uint32_t *firsts(const struct pd_doc *doc)
{
	const struct pd_mapping_desc *m = doc->t.mapping.v;
	size_t n = doc->t.mapping.n;
	uint32_t *order = malloc((n + 1) * sizeof(*order)), *first = malloc((n + 1) * sizeof(*first));

	for (size_t i = 0; order && first && i < n; i++)
		order[i] = (uint32_t)i;
	if (order && first && n)
		qsort_r(order, n, sizeof(*order), by_object_of, (void *)(uintptr_t)m);
	for (size_t i = 0; order && first && i < n; i++) {
		bool same = i && is_object(pd_doc_string(doc, m[order[i]].file).p) && m[order[i]].limit > m[order[i]].start && !by_object(&m[order[i - 1]], &m[order[i]]);

		first[order[i]] = same ? first[order[i - 1]] : order[i];
	}
	free(order);
	if (order)
		return first;
	free(first);
	return NULL;
}

static bool collect(struct job *j)
{
	const struct pd_tables *t = &j->doc->t;
	uint32_t *first = firsts(j->doc);
	bool ok = first;

	for (uint32_t i = 1; ok && i < t->frame.n; i++) {
		const struct pd_frame_row *f = &t->frame.v[i];
		struct wanted w = { first[f->mapping], i, f->address };

		if (w.mapping != f->mapping)
			w.address += t->mapping.v[w.mapping].start - t->mapping.v[f->mapping].start;
		if (f->address && (!f->n_lines || j->o->force))
			ok = pd_vec_push(&j->wanted, w);
	}
	free(first);
	if (!ok)
		return no_memory(j);
	if (j->wanted.n)
		qsort(j->wanted.v, j->wanted.n, sizeof(*j->wanted.v), by_mapping);
	for (size_t i = 0; i < j->wanted.n; i++) {
		struct group g = { .first = i };

		while (i + 1 < j->wanted.n && same_group(&j->wanted.v[i + 1], &j->wanted.v[g.first]))
			i++;
		g.n = i + 1 - g.first;
		if (!pd_vec_push(&j->group, g))
			return no_memory(j);
	}
	return true;
}

/* ---- questions ---- */

/* Does an entry of opts.objects speak of this mapping? Then the file it names. */
static const char *named_object(const char *entry, const char *file, bool main)
{
	const char *equals = strchr(entry, '=');
	size_t n = equals ? (size_t)(equals - entry) : 0;
	const char *part = last_part(file);

	if (!equals)
		return main || strcmp(last_part(entry), part) == 0 ? entry : NULL;
	if ((strlen(file) == n && memcmp(file, entry, n) == 0) || (strlen(part) == n && memcmp(part, entry, n) == 0))
		return equals + 1;
	return NULL;
}

static bool add_path(struct sym_question *q, const char *folder, const char *rest)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof(path), "%s%s", folder, rest) >= sizeof(path) || sym_text_add(&q->paths, path);
}

/* FOLDER/.build-id/ab/cdef, with what may stand behind it */
static bool add_build_id(struct sym_question *q, const char *folder, const char *id, const char *ending)
{
	char rest[256];

	if (strlen(id) < 8 || strlen(id) > 128 || strspn(id, "0123456789abcdefABCDEF") != strlen(id))
		return true;
	snprintf(rest, sizeof(rest), "/.build-id/%.2s/%s%s", id, id + 2, ending);
	return add_path(q, folder, rest);
}

static bool add_places(const struct pd_symbolize_opts *o, struct sym_question *q, const char *file, const char *id, bool main)
{
	const char *home = getenv("HOME");
	char name[PATH_MAX];
	bool ok = true;
	size_t n;

	for (size_t i = 0; ok && i < o->n_objects; i++) {
		const char *object = named_object(o->objects[i], file, main);

		ok = !object || sym_text_add(&q->paths, object);
	}
	n = (size_t)snprintf(name, sizeof(name), "%s", file);
	if (n < sizeof(name) && n > 10 && strcmp(name + n - 10, " (deleted)") == 0)
		name[n - 10] = '\0';
	/* a path that is not whole would be read from wherever we happen to be */
	if (ok && name[0] == '/')
		ok = add_path(q, o->symfs ? o->symfs : "", name);
	for (size_t i = 0; ok && i < o->n_debug_dirs; i++) {
		/* libdw leaves out what is not a whole path */
		const char *dir = realpath(o->debug_dirs[i], name) ? name : o->debug_dirs[i];

		ok = add_build_id(q, dir, id, "") && add_build_id(q, dir, id, ".debug") && sym_text_add(&q->dirs, dir);
	}
	if (ok && home && !o->symfs && (size_t)snprintf(name, sizeof(name), "%s/.debug", home) < sizeof(name))
		ok = add_build_id(q, name, id, "/elf"); /* where perf keeps copies of what it recorded */
	return ok && add_build_id(q, "/usr/lib/debug", id, ".debug");
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* What to ask for this mapping; 0 and an excuse: nothing. */
static uint32_t source_of(const struct pd_symbolize_opts *o, const char *file, uint64_t address, const char **excuse)
{
	if (starts(file, "[kernel") || starts(file, "[guest.kernel") || (!file[0] && is_kernel(address))) {
		*excuse = o->kallsyms ? NULL : "the kernel's symbols are in no file: --kallsyms names a list of them";
		return o->kallsyms ? PD_SYM_KALLSYMS : 0;
	}
	if (strcmp(file, "[vdso]") == 0 || starts(file, "linux-vdso"))
		return PD_SYM_VDSO;
	if (is_list(file))
		return PD_SYM_PERF_MAP;
	if (!file[0] || file[0] == '[' || starts(file, "//anon") || starts(file, "/memfd:") || starts(file, "/dev/") || starts(file, "anon_inode:")) {
		*excuse = o->perf_map ? NULL : "code of no file: --perf-map names a list of what a compiler made at run time";
		return o->perf_map ? PD_SYM_PERF_MAP : 0;
	}
	return PD_SYM_OBJECT;
}

/* Most programs that make code leave no list: nobody need be asked then. */
static bool add_list(const struct pd_symbolize_opts *o, struct group *g, const char *file)
{
	const char *list = o->perf_map ? o->perf_map : file;
	char path[PATH_MAX];

	for (size_t i = 0; !o->perf_map && i < o->n_objects; i++)
		if (strchr(o->objects[i], '=') && named_object(o->objects[i], file, false))
			list = named_object(o->objects[i], file, false);
	if (list == file && o->symfs && (size_t)snprintf(path, sizeof(path), "%s%s", o->symfs, file) < sizeof(path))
		list = path;
	if (access(list, R_OK) != 0)
		g->excuse = "code made at run time, and its compiler left no list of names";
	return sym_text_add(&g->q.paths, list);
}

static bool question(struct job *j, struct group *g)
{
	const struct pd_symbolize_opts *o = j->o;
	const struct wanted *w = &j->wanted.v[g->first];
	struct pd_mapping_desc m = { 0 };
	const char *file, *id;
	struct sym_question *q = &g->q;
	size_t n = 0;
	bool ok;

	if (w->mapping)
		m = j->doc->t.mapping.v[w->mapping];
	file = pd_doc_string(j->doc, m.file).p;
	id = pd_doc_string(j->doc, m.build_id).p;
	q->head.source = source_of(o, file, w->address, &g->excuse);
	if (!q->head.source)
		return true;
	q->head.flags = (o->no_inlines ? PD_SYM_NO_INLINES : 0u) | (o->params ? PD_SYM_PARAMS : 0u) | (o->mangled ? PD_SYM_MANGLED : 0u);
	q->head.start = m.start;
	q->head.limit = m.limit > m.start ? m.limit : 0;
	q->head.offset = m.offset;
	g->address = malloc(g->n * sizeof(*g->address));
	if (!g->address)
		return no_memory(j);
	for (size_t i = 0; i < g->n; i++)
		if (!n || w[i].address != g->address[n - 1])
			g->address[n++] = w[i].address;
	q->address = g->address;
	q->head.n_addresses = (uint32_t)n;
	ok = sym_text_add(&q->build_id, id);
	if (ok && q->head.source == PD_SYM_OBJECT)
		ok = add_places(o, q, file, id, w->mapping == 1 || m.flags & PD_MAP_MAIN);
	else if (ok && q->head.source == PD_SYM_KALLSYMS)
		ok = sym_text_add(&q->paths, o->kallsyms);
	else if (ok && q->head.source == PD_SYM_PERF_MAP)
		ok = add_list(o, g, file);
	return ok || no_memory(j);
}

/* ---- answers ---- */

static void work(void *ctx, size_t i)
{
	struct job *j = ctx;
	struct group *g = &j->group.v[i];

	if (!g->excuse)
		sym_ask(j->program, &g->q, &g->a);
}

/* The answer's functions in the document. */
static pd_func *functions(struct job *j, const struct sym_answer *a)
{
	pd_func *func = malloc((a->function.n + 1) * sizeof(*func));

	for (size_t i = 0; func && i < a->function.n; i++) {
		const struct sym_function *f = &a->function.v[i];
		const char *text = a->text.v;

		func[i] = pd_func_add(j->b, &(struct pd_func_desc){ .name = pd_intern_z(j->b, text + f->name), .system_name = pd_intern_z(j->b, text + f->system_name),
								    .file = pd_intern_z(j->b, text + f->file), .start_line = f->start_line });
	}
	return func;
}

static uint32_t put_lines(struct job *j, struct pd_frame_row *frame, const struct pd_sym_line *line, size_t n, const pd_func *func)
{
	struct pd_tables *t = &j->b->doc->t;
	uint32_t flags = PD_MAP_HAS_FUNCTIONS;

	if (t->line.n + n > PD_MAX_ROWS || !pd_builder_reserve(j->b, &t->line, n)) {
		pd_builder_fail(j->b, PD_ERR_LIMIT, "more than %u lines", PD_MAX_ROWS);
		return 0;
	}
	frame->first_line = (uint32_t)t->line.n;
	frame->n_lines = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		t->line.v[t->line.n++] = (struct pd_line){ func[line[i].function], line[i].line, line[i].column };
		flags |= line[i].line ? PD_MAP_HAS_LINES | PD_MAP_HAS_FILENAMES : 0u;
	}
	return n > 1 ? flags | PD_MAP_HAS_INLINES : flags;
}

/* Frames of the group with what the answer knows; returns how many addresses it knows. */
static uint64_t apply(struct job *j, const struct group *g)
{
	struct pd_tables *t = &j->b->doc->t;
	const struct wanted *w = &j->wanted.v[g->first];
	pd_func *func = functions(j, &g->a);
	uint32_t flags = 0;
	uint64_t found = 0;
	size_t at = 0;

	if (!func) {
		no_memory(j);
		return 0;
	}
	for (size_t i = 0; i < g->n && !pd_builder_failed(j->b); i++) {
		size_t from, n;

		at += i && w[i].address != w[i - 1].address;
		if (at >= g->a.end.n)
			break;
		from = at ? g->a.end.v[at - 1] : 0;
		n = g->a.end.v[at] - from;
		if (n)
			flags |= put_lines(j, &t->frame.v[w[i].frame], g->a.line.v + from, n, func);
		found += n && (!i || w[i].address != w[i - 1].address);
	}
	for (size_t i = 0; i < g->n; i++)
		if (t->frame.v[w[i].frame].mapping)
			t->mapping.v[t->frame.v[w[i].frame].mapping].flags |= flags;
	free(func);
	return found;
}

static bool done(void *ctx, size_t i)
{
	struct job *j = ctx;
	struct group *g = &j->group.v[i];
	const struct wanted *w = &j->wanted.v[g->first];
	struct pd_symbolized told = { .mapping = "", .build_id = "", .file = g->a.file, .reason = g->excuse ? g->excuse : g->a.reason };

	if (g->a.status == PD_ERR_NOMEM)
		return no_memory(j);
	if (!g->excuse && !g->a.started) {
		pd_error_set(j->err, PD_ERR_IO, "%s", g->a.reason);
		return false;
	}
	told.found = apply(j, g);
	for (size_t k = 0; k < g->n; k++)
		told.addresses += !k || w[k].address != w[k - 1].address;
	if (w->mapping) {
		told.mapping = pd_doc_string(j->doc, j->doc->t.mapping.v[w->mapping].file).p;
		told.build_id = pd_doc_string(j->doc, j->doc->t.mapping.v[w->mapping].build_id).p;
	}
	if (j->o->tell)
		j->o->tell(j->o->ctx, &told);
	sym_answer_release(&g->a);
	sym_question_release(&g->q);
	free(g->address);
	g->address = NULL;
	return !pd_builder_failed(j->b);
}

static bool run(struct job *j)
{
	if (!collect(j))
		return false;
	if (j->wanted.n && !sym_find_program(j->o->program, j->program, sizeof(j->program))) {
		pd_error_set(j->err, PD_ERR_UNSUPPORTED, "profdata-symbols, which reads symbols, is neither beside this program nor installed");
		return false;
	}
	for (size_t i = 0; i < j->group.n; i++)
		if (!question(j, &j->group.v[i]))
			return false;
	if (pd_parallel(j->o->jobs, j->group.n, work, done, j))
		return true;
	pd_builder_error(j->b, j->err);
	return false;
}

struct pd_doc *pd_symbolize(const struct pd_doc *doc, const struct pd_symbolize_opts *opts, struct pd_error *err)
{
	struct pd_symbolize_opts o = { 0 };
	struct job j = { .doc = doc, .o = &o, .err = err };
	struct pd_doc *out = NULL;

	memcpy(&o, opts, opts->size < sizeof(o) ? opts->size : sizeof(o));
	j.b = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, 0, err);
	if (j.b && run(&j)) {
		for (unsigned s = 0; s < pd_doc_series(doc); s++)
			pd_rows_copy(j.b, doc, s);
		out = pd_builder_finish(j.b, err);
	}
	for (size_t i = 0; i < j.group.n; i++) {
		sym_question_release(&j.group.v[i].q);
		sym_answer_release(&j.group.v[i].a);
		free(j.group.v[i].address);
	}
	pd_vec_release(&j.group);
	pd_vec_release(&j.wanted);
	pd_builder_free(j.b);
	return out;
}
