/* Mappings of a process, the unwind tables of the objects in them, and the walk. */
#include "base/compiler.h"
#include "base/vec.h"
#include "unwind/cfi.h"
#include "unwind/gopcln.h"
#include <profdata/unwind.h>

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_MOST (512u << 20) /* bytes of the segment with the tables */
#define VDSO_MOST 8192            /* bytes of ours that are there for sure */
#define LOADS_MOST 64             /* segments of an object */

struct load {
	uint64_t offset, vaddr, size; /* bytes of the file */
	bool code, data;         /* may be run, written to */
};

/* An object's tables: the bytes of the segment that holds them, so that a file that changes under us does no harm. */
struct object {
	char *path;
	uint8_t *copy;           /* of an object that is no file */
	size_t copy_size;
	bool tried;
	uint8_t *bytes;
	struct load segment;     /* where they lie */
	uint64_t hdr;            /* vaddr of .eh_frame_hdr; 0 none */
	uint8_t *lines;          /* of a Go program: its .gopclntab */
	struct gopcln go;
	struct load *load;
	size_t loads;
};

struct map {
	uint64_t start, limit, offset;
	size_t object;
};

struct pd_unwinder {
	struct pd_unwinder *objects; /* whose objects are used: often its own */
	PD_VEC(struct object) object;
	PD_VEC(struct map) map;      /* by start, not overlapping */
	uint32_t generation;
	struct cfi_work work;
	struct cfi_row row[CFI_ROWS];
};

struct pd_unwinder *pd_unwinder_new(struct pd_unwinder *like)
{
	struct pd_unwinder *u = calloc(1, sizeof(*u));

	if (u) {
		u->objects = like ? like->objects : u;
		u->generation = 1;
	}
	return u;
}

void pd_unwinder_free(struct pd_unwinder *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->object.n; i++) {
		struct object *o = &u->object.v[i];

		free(o->path);
		free(o->copy);
		free(o->bytes);
		free(o->lines);
		free(o->load);
	}
	pd_vec_release(&u->object);
	pd_vec_release(&u->map);
	free(u);
}

struct pd_unwinder *pd_unwinder_fork(const struct pd_unwinder *u)
{
	struct pd_unwinder *copy = pd_unwinder_new(u->objects);

	if (copy && !pd_vec_reserve(&copy->map, u->map.n)) {
		pd_unwinder_free(copy);
		return NULL;
	}
	if (copy && u->map.n) {
		memcpy(copy->map.v, u->map.v, u->map.n * sizeof(*u->map.v));
		copy->map.n = u->map.n;
	}
	return copy;
}

/* ---- objects ---- */

struct reading {
	const struct object *o;
	int fd;                  /* -1: its copy is read */
};

static bool read_at(const struct reading *r, void *to, uint64_t at, size_t n)
{
	const struct object *o = r->o;

	if (r->fd >= 0)
		return at <= INT64_MAX && pread(r->fd, to, n, (off_t)at) == (ssize_t)n;
	if (at > o->copy_size || n > o->copy_size - at)
		return false;
	memcpy(to, o->copy + at, n);
	return true;
}

static bool headers(struct object *o, const struct reading *r)
{
	Elf64_Ehdr head;
	Elf64_Phdr ph;

	if (!read_at(r, &head, 0, sizeof(head)) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_ident[EI_DATA] != ELFDATA2LSB || head.e_machine != EM_X86_64 || head.e_phentsize != sizeof(ph))
		return false;
	o->load = calloc(LOADS_MOST, sizeof(*o->load));
	for (unsigned i = 0; o->load && i < head.e_phnum; i++) {
		if (!read_at(r, &ph, head.e_phoff + i * sizeof(ph), sizeof(ph)))
			return false;
		if (ph.p_type == PT_GNU_EH_FRAME)
			o->hdr = ph.p_vaddr;
		if (ph.p_type == PT_LOAD && o->loads < LOADS_MOST)
			o->load[o->loads++] = (struct load){ .offset = ph.p_offset, .vaddr = ph.p_vaddr, .size = ph.p_filesz, .code = ph.p_flags & PF_X, .data = ph.p_flags & PF_W };
	}
	return o->load;
}

/* The whole segment: .eh_frame lies somewhere near .eh_frame_hdr, and only that is said. */
static bool tables_of(struct object *o, const struct reading *r)
{
	for (size_t i = 0; i < o->loads; i++) {
		const struct load *l = &o->load[i];

		if (o->hdr < l->vaddr || o->hdr - l->vaddr >= l->size || l->size > SEGMENT_MOST)
			continue;
		o->segment = *l;
		o->bytes = malloc(l->size);
		return o->bytes && read_at(r, o->bytes, l->offset, l->size);
	}
	return false;
}

/* ---- objects of Go ---- */

/* Bytes of the file, NULL when there are none. */
static uint8_t *bytes_at(const struct reading *r, uint64_t at, uint64_t n)
{
	uint8_t *bytes = n && n <= SEGMENT_MOST ? malloc(n) : NULL;

	if (bytes && read_at(r, bytes, at, n))
		return bytes;
	free(bytes);
	return NULL;
}

/* Where Go's code begins, for tables that do not say it; it is in the section, mostly at its beginning. */
static uint64_t go_text(const struct object *o, const struct reading *r, const Elf64_Shdr *text)
{
	uint64_t found = 0;

	for (size_t i = 0; i < o->loads && !found; i++) {
		uint8_t *data = o->load[i].data ? bytes_at(r, o->load[i].offset, o->load[i].size) : NULL;

		if (data)
			found = gopcln_find_text(&o->go, data, o->load[i].size, text->sh_addr, text->sh_addr + text->sh_size);
		free(data);
	}
	return found ? found : text->sh_addr;
}

/* Section headers by name: what strip leaves has them. */
static void tables_of_go(struct object *o, const struct reading *r)
{
	Elf64_Shdr sh, names, text = { 0 }, lines = { 0 };
	Elf64_Ehdr head;
	char name[32];

	if (!read_at(r, &head, 0, sizeof(head)) || head.e_shentsize != sizeof(sh) || head.e_shstrndx >= head.e_shnum ||
	    !read_at(r, &names, head.e_shoff + head.e_shstrndx * sizeof(sh), sizeof(names)))
		return;
	for (unsigned i = 0; i < head.e_shnum; i++) {
		if (!read_at(r, &sh, head.e_shoff + i * sizeof(sh), sizeof(sh)))
			return;
		memset(name, 0, sizeof(name));
		if (!read_at(r, name, names.sh_offset + sh.sh_name, sizeof(name) - 1))
			continue;
		if (strcmp(name, ".text") == 0)
			text = sh;
		else if (strcmp(name, ".gopclntab") == 0 || strcmp(name, ".data.rel.ro.gopclntab") == 0)
			lines = sh;
	}
	o->lines = bytes_at(r, lines.sh_offset, lines.sh_size);
	if (!o->lines || !gopcln_open(&o->go, o->lines, lines.sh_size))
		return;
	if (o->go.version != 16 && !o->go.text)
		o->go.text = go_text(o, r, &text);
}

static void open_object(struct object *o)
{
	struct reading r = { .o = o, .fd = -1 };
	struct stat st;

	o->tried = true;
	if (o->path && !o->copy)
		r.fd = open(o->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if ((o->copy || (r.fd >= 0 && fstat(r.fd, &st) == 0 && S_ISREG(st.st_mode))) && headers(o, &r)) {
		if (!o->hdr || !tables_of(o, &r)) {
			free(o->bytes);
			o->bytes = NULL;
		}
		tables_of_go(o, &r);
	}
	if (r.fd >= 0)
		close(r.fd);
}

/* Number of the object, SIZE_MAX when out of memory. */
static size_t object_of(struct pd_unwinder *u, const struct pd_unwind_map *m)
{
	struct object fresh = { 0 };
	struct pd_unwind_map vdso;

	for (size_t i = 0; i < u->object.n && m->path && !m->bytes; i++)
		if (u->object.v[i].path && strcmp(u->object.v[i].path, m->path) == 0)
			return i;
	if (!m->bytes && strcmp(m->path, "[vdso]") == 0 && getauxval(AT_SYSINFO_EHDR)) {
		vdso = *m;
		vdso.bytes = (const void *)getauxval(AT_SYSINFO_EHDR);
		vdso.n_bytes = m->limit - m->start < VDSO_MOST ? m->limit - m->start : VDSO_MOST;
		m = &vdso;
	}
	if (m->path)
		fresh.path = strdup(m->path);
	if (m->bytes && m->n_bytes)
		fresh.copy = malloc(m->n_bytes);
	if (fresh.copy) {
		memcpy(fresh.copy, m->bytes, m->n_bytes);
		fresh.copy_size = m->n_bytes;
	}
	if ((m->path ? !fresh.path : !fresh.copy) || !pd_vec_push(&u->object, fresh)) {
		free(fresh.path);
		free(fresh.copy);
		return SIZE_MAX;
	}
	return u->object.n - 1;
}

/* ---- mappings ---- */

static size_t first_ending_above(const struct pd_unwinder *u, uint64_t address)
{
	size_t lo = 0, hi = u->map.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->map.v[mid].limit <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void pd_unwinder_unmap(struct pd_unwinder *u, uint64_t start, uint64_t limit)
{
	size_t at = first_ending_above(u, start), end = at;

	while (end < u->map.n && u->map.v[end].start < limit)
		end++;
	if (end == at)
		return;
	memmove(u->map.v + at, u->map.v + end, (u->map.n - end) * sizeof(*u->map.v));
	u->map.n -= end - at;
	u->generation++;
}

bool pd_unwinder_map(struct pd_unwinder *u, const struct pd_unwind_map *m)
{
	struct map fresh = { .start = m->start, .limit = m->limit, .offset = m->offset };
	size_t at;

	if (m->limit <= m->start || (!m->path && !m->n_bytes))
		return true;
	fresh.object = object_of(u->objects, m);
	if (fresh.object == SIZE_MAX || !pd_vec_reserve(&u->map, 1))
		return false;
	pd_unwinder_unmap(u, m->start, m->limit);
	at = first_ending_above(u, m->start);
	memmove(u->map.v + at + 1, u->map.v + at, (u->map.n - at) * sizeof(*u->map.v));
	u->map.v[at] = fresh;
	u->map.n++;
	u->generation++;
	return true;
}

/* ---- the walk ---- */

struct walk {
	struct cfi cfi;          /* first */
	struct pd_unwinder *u;
	bool (*load)(void *ctx, uint64_t address, uint64_t *out);
	void *ctx;
	bool unreadable;         /* the last word asked for */
	uint8_t before[16];
};

static bool load_word(struct cfi *c, uint64_t address, uint64_t *out)
{
	struct walk *w = (struct walk *)c;

	w->unreadable = address % 8 == 0 && !w->load(w->ctx, address, out);
	return address % 8 == 0 && !w->unreadable;
}

/* What was added to the object's addresses when it was mapped. Segments may share a page of the file: of those the one with code is meant. */
static bool bias_of(const struct object *o, const struct map *m, uint64_t *bias)
{
	bool found = false;

	for (size_t i = 0; i < o->loads; i++) {
		const struct load *l = &o->load[i];
		uint64_t page = l->offset & ~4095ull;

		if (m->offset < page || m->offset - page >= l->size + (l->offset - page) || (found && !l->code))
			continue;
		*bias = m->start - (l->vaddr + (m->offset - l->offset));
		found = true;
	}
	return found;
}

static bool by_lines(const struct cfi_module *m, uint64_t pc, struct cfi_frame *out)
{
	struct gopcln_frame f;

	if (!gopcln_frame(m->arg, pc - m->bias, &f))
		return false;
	*out = (struct cfi_frame){ .depth = f.depth, .top = f.top, .lost = f.switches };
	return true;
}

static bool find(struct cfi *c, uint64_t pc, struct cfi_module *out)
{
	struct walk *w = (struct walk *)c;
	size_t i = first_ending_above(w->u, pc);
	const struct map *m;
	uint64_t bias = 0, from = (pc - 6) & ~7ull, word[2] = { 0, 0 };
	struct object *o;

	if (i == w->u->map.n || w->u->map.v[i].start > pc)
		return false;
	m = &w->u->map.v[i];
	o = &w->u->objects->object.v[m->object];
	if (!o->tried)
		open_object(o);
	if ((!o->bytes && !o->go.functions) || !bias_of(o, m, &bias))
		return false;
	*out = (struct cfi_module){ .bias = bias, .arg = &o->go, .frame = o->go.functions ? by_lines : NULL };
	if (o->bytes) {
		out->hdr = o->hdr + bias;
		out->lo = o->segment.vaddr + bias;
		out->hi = out->lo + o->segment.size;
		out->view = o->bytes;
	}
	if (pc >= m->start + 6 && w->load(w->ctx, from, &word[0]) && (pc < from + 8 || w->load(w->ctx, from + 8, &word[1]))) {
		memcpy(w->before, word, sizeof(word));
		out->before = w->before + (pc - 6 - from);
	}
	return true;
}

size_t pd_unwind(struct pd_unwinder *u, const uint64_t reg[PD_UNWIND_REGISTERS], bool (*load)(void *ctx, uint64_t address, uint64_t *out), void *ctx,
		 uint64_t *address, size_t max, unsigned *flags)
{
	struct walk w = { .cfi = { .exact = true, .generation = u->generation, .rows = u->row, .work = &u->work, .load = load_word, .module = find },
			  .u = u, .load = load, .ctx = ctx };
	enum cfi_step how = CFI_ON;
	size_t n = 0;

	memcpy(w.cfi.reg, reg, sizeof(w.cfi.reg));
	while (how == CFI_ON && n < max) {
		address[n++] = cfi_pc(&w.cfi);
		how = cfi_step(&w.cfi);
	}
	*flags = how == CFI_ON ? PD_UNWIND_TRUNCATED : how == CFI_STUCK ? PD_UNWIND_INCOMPLETE | (w.unreadable ? PD_UNWIND_UNREADABLE : 0u) | (w.cfi.moved ? PD_UNWIND_MOVED : 0u) : 0;
	return n;
}
