/*
 * Functions, inlined functions and lines of addresses, from DWARF.
 *
 * All addresses of an object are asked for at once and sorted, so a compilation unit is walked once, and only where it
 * has some: for each function and inlined function that covers addresses the links of those get one more.
 */
#include "symbolizer.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NESTING 512 /* of scopes */
#define NONE UINT32_MAX

struct named {
	const char *name, *linkage; /* either may be NULL */
	int64_t start_line;
};

/* A function that an address is in, and where it is called from (inlined functions only). */
struct link {
	uint32_t named, outer; /* outer: link of the caller, NONE for the physical function */
	const char *call_file;
	int call_line, call_column;
};

struct fill {
	const struct place *place;
	uint32_t n, flags;
	uint64_t shift;
	const struct symbols *symbols;
	struct result *result;
	uint32_t *innermost;  /* per place: a link */
	const char *directory; /* of the unit's compilation, or NULL */
	struct { struct named *v; uint32_t n, cap; } named;
	struct { struct link *v; uint32_t n, cap; } link;
};

#define push(vec, item) \
	((vec).n == (vec).cap ? (void)((vec).cap = (vec).cap ? (vec).cap * 2 : 256, (vec).v = must(reallocarray((vec).v, (vec).cap, sizeof(*(vec).v)))) : (void)0, \
	 (vec).v[(vec).n++] = (item))

/* First place at or after the address. */
static uint32_t lower(const struct fill *f, uint64_t address)
{
	uint32_t lo = 0, hi = f->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (f->place[mid].address + f->shift < address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Calls `take` for the places in the ranges of a DIE; how many there are, -1 when it has no ranges. */
static int64_t in_ranges(struct fill *f, Dwarf_Die *die, void (*take)(struct fill *, uint32_t first, uint32_t end, void *ctx), void *ctx)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	int64_t count = -1;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		uint32_t first = lower(f, start), after = start < end ? lower(f, end) : first;

		count = (count < 0 ? 0 : count) + (after - first);
		if (after > first && take)
			take(f, first, after, ctx);
	}
	return count;
}

/* ---- names ---- */

static const char *text_attribute(Dwarf_Die *die, unsigned what)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, what, &attr) ? dwarf_formstring(&attr) : NULL;
}

static uint32_t name_die(struct fill *f, Dwarf_Die *die)
{
	struct named n = { .name = text_attribute(die, DW_AT_name), .linkage = text_attribute(die, DW_AT_linkage_name) };
	Dwarf_Attribute attr;
	Dwarf_Word line;

	if (!n.linkage)
		n.linkage = text_attribute(die, DW_AT_MIPS_linkage_name);
	if (dwarf_attr_integrate(die, DW_AT_decl_line, &attr) && dwarf_formudata(&attr, &line) == 0 && line <= INT32_MAX)
		n.start_line = (int64_t)line;
	push(f->named, n);
	return f->named.n - 1;
}

/* ---- scopes ---- */

struct scope {
	struct link link;
	bool physical;
};

static void add_links(struct fill *f, uint32_t first, uint32_t end, void *ctx)
{
	const struct scope *s = ctx;

	for (uint32_t i = first; i < end; i++) {
		struct link link = s->link;

		link.outer = s->physical ? NONE : f->innermost[i];
		push(f->link, link);
		f->innermost[i] = f->link.n - 1;
	}
}

static int number(Dwarf_Die *die, unsigned what)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	return dwarf_attr(die, what, &attr) && dwarf_formudata(&attr, &value) == 0 && value <= INT32_MAX ? (int)value : 0;
}

/* Enters a function or inlined function; false when no address is in it. */
static bool enter(struct fill *f, Dwarf_Die *die, Dwarf_Files *files, size_t n_files)
{
	struct scope s = { .physical = dwarf_tag(die) == DW_TAG_subprogram };

	if (in_ranges(f, die, NULL, NULL) <= 0)
		return false;
	s.link.named = name_die(f, die);
	if (!s.physical) {
		size_t file = (size_t)number(die, DW_AT_call_file);

		s.link.call_file = dwarf_hasattr(die, DW_AT_call_file) && file < n_files ? dwarf_filesrc(files, file, NULL, NULL) : NULL;
		s.link.call_line = number(die, DW_AT_call_line);
		s.link.call_column = number(die, DW_AT_call_column);
	}
	in_ranges(f, die, add_links, &s);
	return true;
}

static bool descend(struct fill *f, Dwarf_Die *die, Dwarf_Files *files, size_t n_files)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return in_ranges(f, die, NULL, NULL) != 0;
	case DW_TAG_inlined_subroutine:
		return !(f->flags & PD_SYM_NO_INLINES) && enter(f, die, files, n_files);
	case DW_TAG_subprogram:
		return enter(f, die, files, n_files);
	default:
		return false;
	}
}

static void walk(struct fill *f, Dwarf_Die *unit)
{
	Dwarf_Die *path = must(malloc(MAX_NESTING * sizeof(*path)));
	Dwarf_Files *files = NULL;
	size_t n_files = 0, depth = 0;

	if (dwarf_getsrcfiles(unit, &files, &n_files) != 0)
		n_files = 0;
	if (dwarf_child(unit, &path[0]) == 0)
		depth = 1;
	while (depth) {
		Dwarf_Die *die = &path[depth - 1];

		if (depth < MAX_NESTING && descend(f, die, files, n_files) && dwarf_child(die, &path[depth]) == 0) {
			depth++;
			continue;
		}
		while (depth && dwarf_siblingof(&path[depth - 1], &path[depth - 1]) != 0)
			depth--;
	}
	free(path);
}

/* ---- lines ---- */

/* Paths are relative to where the compiler ran. */
static const char *whole_path(const struct fill *f, const char *file, char *buf, size_t size)
{
	if (!file || file[0] == '/' || !f->directory || !f->directory[0])
		return file;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	return (size_t)snprintf(buf, size, "%s/%s", f->directory, file) < size ? buf : file;
}

/* The physical function goes by the name that the linker sees, where there is one: static functions of C++ have it nowhere else. */
static uint32_t function_of(const struct fill *f, const struct named *n, bool physical, const struct symbol *symbol, const char *file)
{
	const char *system = n && n->linkage ? n->linkage : physical && symbol ? symbol->name : n ? n->name : NULL;
	const char *name = system ? readable(system, f->flags) : NULL;
	char path[PATH_MAX];

	/* a C function's symbol may carry what the compiler added (.isra.0, .part.1); its own name is the better one to show */
	if (name == system && n && n->name && !n->linkage && !(f->flags & PD_SYM_MANGLED))
		name = n->name;
	return answer_function(name, system, whole_path(f, file, path, sizeof(path)), n ? n->start_line : 0);
}

static void resolve(struct fill *f, uint32_t i, Dwarf_Die *unit)
{
	struct pd_sym_line line[PD_SYM_MAX_INLINES] = { 0 };
	uint64_t address = f->place[i].address;
	const struct symbol *symbol = symbols_find(f->symbols, address);
	Dwarf_Line *at = dwarf_getsrc_die(unit, address + f->shift);
	const char *file = at ? dwarf_linesrc(at, NULL, NULL) : NULL;
	struct result *to = &f->result[f->place[i].index];
	int number = 0, column = 0;
	uint32_t n = 0, l = f->innermost[i];

	if (at) {
		dwarf_lineno(at, &number);
		dwarf_linecol(at, &column);
	}
	if (to->n || (l == NONE && !symbol))
		return;
	do {
		const struct link *link = l == NONE ? NULL : &f->link.v[l];
		bool physical = !link || link->outer == NONE;

		line[n].function = function_of(f, link ? &f->named.v[link->named] : NULL, physical, symbol, file);
		line[n].line = number > 0 ? number : 0;
		line[n].column = column > 0 ? (uint32_t)column : 0;
		n++;
		l = link ? link->outer : NONE;
		if (link && !physical) {
			file = link->call_file;
			number = link->call_line;
			column = link->call_column;
		}
	} while (l != NONE && n < PD_SYM_MAX_INLINES);
	to->v = must(malloc(n * sizeof(*line)));
	memcpy(to->v, line, n * sizeof(*line));
	to->n = n;
}

static void forget(struct fill *f, uint32_t first, uint32_t end, void *unit)
{
	(void)unit;
	for (uint32_t i = first; i < end; i++)
		f->innermost[i] = NONE;
}

static void resolve_range(struct fill *f, uint32_t first, uint32_t end, void *unit)
{
	for (uint32_t i = first; i < end; i++)
		resolve(f, i, unit);
}

void dwarf_fill(struct Dwarf *dw, uint64_t shift, const struct place *place, uint32_t n, const struct symbols *symbols, uint32_t flags, struct result *result)
{
	struct fill f = { .place = place, .n = n, .flags = flags, .shift = shift, .symbols = symbols, .result = result };
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit, split;
	uint8_t type;

	f.innermost = must(malloc(((size_t)n + 1) * sizeof(*f.innermost)));
	memset(f.innermost, 0xff, ((size_t)n + 1) * sizeof(*f.innermost));
	while (n && dwarf_get_units(dw, cu, &cu, NULL, &type, &unit, &split) == 0) {
		if (type == DW_UT_type || type == DW_UT_split_type || in_ranges(&f, &unit, NULL, NULL) <= 0)
			continue;
		in_ranges(&f, &unit, forget, NULL); /* units may overlap */
		f.directory = text_attribute(&unit, DW_AT_comp_dir);
		walk(&f, type == DW_UT_skeleton && dwarf_tag(&split) ? &split : &unit);
		in_ranges(&f, &unit, resolve_range, &unit);
	}
	free(f.innermost);
	free(f.named.v);
	free(f.link.v);
}
