/*
 * An ELF object: which file, which of its addresses, its symbols, and what debug files belong to it. The search for
 * debug files (.gnu_debuglink, build ids, dwz's shared file, .gnu_debugdata) is libdwfl's.
 */
#include "symbolizer.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which file ---- */

static void hex_of(const unsigned char *p, ssize_t n, char out[129])
{
	size_t at = 0;

	for (ssize_t i = 0; i < n && at < 128; i++)
		at += (size_t)snprintf(out + at, 129 - at, "%02x", p[i]);
	out[at] = '\0';
}

/* Build ids in profiles may be cut short, but not to nothing. */
static bool same_build_id(Elf *elf, const char *wanted, char found[129])
{
	const void *id;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &id);
	size_t have;

	found[0] = '\0';
	if (n > 0)
		hex_of(id, n, found);
	have = strlen(wanted);
	if (!have)
		return true;
	return have >= 16 && have <= strlen(found) ? strncasecmp(found, wanted, have) == 0 : strcasecmp(found, wanted) == 0;
}

/* The first path that is an ELF object with the build id asked for; says why there is none. */
static int choose(const struct request *r, const char **path)
{
	char other[129] = "", found[129];
	const char *at = NULL;

	for (uint32_t i = 0; i < r->head.n_paths; i++) {
		int fd = open_regular(r->path[i]);
		Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
		bool is_elf = elf && elf_kind(elf) == ELF_K_ELF, same = is_elf && same_build_id(elf, r->build_id, found);

		if (is_elf && !same && !at) {
			at = r->path[i];
			memcpy(other, found, sizeof(other));
		}
		elf_end(elf);
		if (same) {
			*path = r->path[i];
			return fd;
		}
		if (fd >= 0)
			close(fd);
	}
	if (at)
		answer_reason("%s is another build: build id %s, the profile has %s", at, other[0] ? other : "none", r->build_id);
	else
		answer_reason("no such object here");
	return -1;
}

/* ---- which addresses ---- */

/* Where the byte at `offset` of the file lies in memory, counted as the object counts. */
static bool address_of(const GElf_Phdr *load, size_t n, uint64_t offset, uint64_t *out)
{
	for (size_t i = 0; i < n; i++)
		if (offset >= load[i].p_offset && offset - load[i].p_offset < load[i].p_filesz) {
			*out = offset - load[i].p_offset + load[i].p_vaddr;
			return true;
		}
	return false;
}

static int by_address(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	return a->address < b->address ? -1 : a->address > b->address;
}

static size_t segments(Elf *elf, GElf_Phdr **out, const GElf_Phdr **code)
{
	size_t count = 0, n = 0;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &count) != 0)
		count = 0;
	*out = must(calloc(count + 1, sizeof(**out)));
	*code = NULL;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD) {
			(*out)[n] = ph;
			if (ph.p_flags & PF_X && !*code)
				*code = &(*out)[n];
			n++;
		}
	return n;
}

/* Addresses of the profile → places of the object, sorted; those outside of it are left out. */
static uint32_t places(Elf *elf, const struct request *r, struct place *place)
{
	const GElf_Phdr *code;
	GElf_Phdr *load;
	size_t n_load = segments(elf, &load, &code);
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->head.n_addresses; i++) {
		uint64_t a = r->address[i], in = a - r->head.start;
		struct place p = { a, i };

		if (r->head.limit) {
			if (a < r->head.start || a >= r->head.limit)
				continue;
			/* a file of debug information alone has lost the segments' places in the file: a mapping of code begins where they do */
			if (code && !code->p_filesz)
				p.address = in + (code->p_vaddr & ~(uint64_t)0xfff);
			else if (!address_of(load, n_load, in + r->head.offset, &p.address))
				continue;
		}
		place[n++] = p;
	}
	free(load);
	if (n)
		qsort(place, n, sizeof(*place), by_address);
	return n;
}

/* ---- symbols ---- */

static uint32_t rank_of(const GElf_Sym *s, const char *name)
{
	unsigned bind = GELF_ST_BIND(s->st_info);
	uint32_t rank = bind == STB_GLOBAL ? 4 : bind == STB_WEAK ? 3 : 2;

	/* of __libc_write and write the one people know */
	return rank * 8 + 2 - (name[0] == '_') - (name[0] == '_' && name[1] == '_') + (GELF_ST_TYPE(s->st_info) == STT_FUNC ? 3 : 0) + (s->st_size ? 2 : 0);
}

/* "write@@GLIBC_2.2.5" is write. */
static const char *unversioned(const char *name)
{
	const char *at = strchr(name, '@');

	return at && at > name ? must(strndup(name, (size_t)(at - name))) : name;
}

static bool is_code(const GElf_Sym *s, const char *name)
{
	unsigned type = GELF_ST_TYPE(s->st_info);

	if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS || !name || !name[0] || name[0] == '$')
		return false;
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

static void add_symbol(Elf *elf, struct symbols *t, const GElf_Sym *s, const char *name, uint64_t address, uint64_t shift)
{
	struct symbol symbol = { .address = address, .size = s->st_size, .name = name, .rank = rank_of(s, name) };
	Elf_Scn *scn = elf ? elf_getscn(elf, s->st_shndx) : NULL;
	GElf_Shdr sh;

	if (scn && gelf_getshdr(scn, &sh)) {
		if (!(sh.sh_flags & SHF_EXECINSTR))
			return;
		symbol.end = sh.sh_addr + sh.sh_size + shift;
	}
	symbols_add(t, &symbol);
}

static void module_symbols(Dwfl_Module *mod, GElf_Addr bias, struct symbols *t)
{
	int n = dwfl_module_getsymtab(mod);

	for (int i = 1; i < n; i++) {
		GElf_Addr address, symbol_bias = 0;
		GElf_Word section;
		Elf *elf = NULL;
		GElf_Sym s;
		const char *name = dwfl_module_getsym_info(mod, i, &s, &address, &section, &elf, &symbol_bias);

		if (is_code(&s, name))
			add_symbol(elf, t, &s, unversioned(name), address - bias, symbol_bias - bias);
	}
	symbols_sort(t);
}

/* ---- answers ---- */

static void send(const struct request *r, struct result *result)
{
	for (uint32_t i = 0; i < r->head.n_addresses; i++) {
		answer_lines(result[i].v, result[i].n);
		free(result[i].v);
	}
}

static void by_symbols(const struct request *r, const struct place *place, uint32_t n, const struct symbols *t, struct result *result)
{
	for (uint32_t i = 0; i < n; i++) {
		struct result *to = &result[place[i].index];
		const struct symbol *s = to->n ? NULL : symbols_find(t, place[i].address);

		if (!s)
			continue;
		to->v = must(calloc(1, sizeof(*to->v)));
		to->v[0].function = answer_function(readable(s->name, r->head.flags), s->name, NULL, 0);
		to->n = 1;
	}
}

static char *search_path(const struct request *r)
{
	size_t n = 64;
	char *path, *p;

	for (uint32_t i = 0; i < r->head.n_dirs; i++)
		n += strlen(r->dir[i]) + 1;
	p = path = must(malloc(n));
	p = stpcpy(p, "+:.debug:/usr/lib/debug");
	for (uint32_t i = 0; i < r->head.n_dirs; i++)
		if (!strchr(r->dir[i], ':'))
			p = stpcpy(stpcpy(p, ":"), r->dir[i]);
	return path;
}

static void read_object(const struct request *r, const char *path, int fd, struct result *result)
{
	char *dirs = search_path(r);
	Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf, .find_debuginfo = dwfl_standard_find_debuginfo,
				     .section_address = dwfl_offline_section_address, .debuginfo_path = &dirs };
	struct place *place = must(calloc((size_t)r->head.n_addresses + 1, sizeof(*place)));
	Dwfl *dwfl = must(dwfl_begin(&callbacks));
	Dwfl_Module *mod = dwfl_report_offline(dwfl, path, path, fd);
	struct symbols symbols = { 0 };
	GElf_Addr bias = 0, dwarf_bias = 0;
	bool go;
	Dwarf *dw;
	Elf *elf;
	uint32_t n;

	dwfl_report_end(dwfl, NULL, NULL);
	elf = mod ? dwfl_module_getelf(mod, &bias) : NULL;
	if (!elf) {
		answer_reason("%s cannot be read: %s", path, dwfl_errmsg(-1));
		return;
	}
	n = places(elf, r, place);
	dw = dwfl_module_getdwarf(mod, &dwarf_bias);
	module_symbols(mod, bias, &symbols);
	answer_file(path);
	if (dw)
		dwarf_fill(dw, bias - dwarf_bias, place, n, &symbols, r->head.flags, result);
	go = !dw && go_answer(elf, r, place, n, result);
	by_symbols(r, place, n, &symbols, result);
	if (!dw && !go)
		answer_reason(symbols.n ? "no debug information: names without files and lines" : "stripped: neither symbols nor debug information");
	/* names live in the maps of dwfl until the end of the program */
}

/* The kernel's own object has only a table of dynamic symbols. */
static void read_vdso(const struct request *r, struct result *result)
{
	char *image = (char *)getauxval(AT_SYSINFO_EHDR), found[129];
	Elf *elf = image ? elf_memory(image, (size_t)2 * 4096) : NULL;
	struct place *place = must(calloc((size_t)r->head.n_addresses + 1, sizeof(*place)));
	struct symbols symbols = { 0 };
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	if (!elf || !same_build_id(elf, r->build_id, found)) {
		answer_reason(elf ? "the kernel running here has another one" : "there is none here");
		return;
	}
	while ((scn = elf_nextscn(elf, scn)) != NULL) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_DYNSYM || !sh.sh_entsize || !(data = elf_getdata(scn, NULL)))
			continue;
		for (size_t i = 1; i < sh.sh_size / sh.sh_entsize; i++) {
			GElf_Sym s;
			const char *name = gelf_getsym(data, (int)i, &s) ? elf_strptr(elf, sh.sh_link, s.st_name) : NULL;

			if (name && is_code(&s, name))
				add_symbol(elf, &symbols, &s, name, s.st_value, 0);
		}
	}
	symbols_sort(&symbols);
	answer_file("[vdso]");
	by_symbols(r, place, places(elf, r, place), &symbols, result);
}

void object_answer(const struct request *r)
{
	struct result *result = must(calloc((size_t)r->head.n_addresses + 1, sizeof(*result)));
	const char *path = NULL;
	int fd;

	elf_version(EV_CURRENT);
	if (r->head.source == PD_SYM_VDSO)
		read_vdso(r, result);
	else if ((fd = choose(r, &path)) >= 0)
		read_object(r, path, fd, result);
	send(r, result);
}
