/*
 * profdata-symbols: names, files and lines of addresses, for one object per run.
 *
 * Reads one request (symbols/protocol.h) from standard input, answers on standard output, and ends. A program of its
 * own because it feeds files nobody vouches for to libdw and to a demangler: it runs with limits, without network and
 * without the right to start anything.
 */
#ifndef SYMBOLIZER_H
#define SYMBOLIZER_H

#include "symbols/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request {
	struct pd_sym_request head;
	const char *build_id;
	const char **path, **dir; /* n_paths, n_dirs */
	uint64_t *address;        /* sorted, as the profile has them */
};

/* ---- answers (answer.c) ---- */

void answer_file(const char *path);
void answer_reason(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Number of the function with these texts, which are written when they are new. NULL counts as "". */
uint32_t answer_function(const char *name, const char *system_name, const char *file, int64_t start_line);
void answer_lines(const struct pd_sym_line *lines, uint32_t n);
void answer_end(void);
/* Ends the program: nobody is listening, or memory ran out. */
void give_up(void) __attribute__((noreturn));
void *must(void *memory);
int open_regular(const char *path); /* -1: not there, or no file */

/* ---- names (names.c) ---- */

/* The readable form of a linker's name, by the request's flags; the linker's own where it is not mangled. Kept for good. */
const char *readable(const char *name, uint32_t flags);

/* ---- symbols sorted by address (table.c) ---- */

struct symbol {
	uint64_t address, size; /* size 0: up to the next one */
	uint64_t end;           /* of its section, 0 unknown */
	const char *name;
	uint32_t rank;          /* of several at one address the highest is shown */
};
struct symbols {
	struct symbol *v;
	size_t n, cap;
	bool later_wins;        /* of those that cover an address the one with the highest rank: later code has taken the place of older */
};
void symbols_add(struct symbols *t, const struct symbol *s);
void symbols_sort(struct symbols *t);
/* The one that covers the address, or NULL. */
const struct symbol *symbols_find(const struct symbols *t, uint64_t address);
/* One line per address by symbols alone. */
void symbols_answer(const struct symbols *t, const struct request *r);

/* ---- sources ---- */

void object_answer(const struct request *r); /* object.c */
void text_answer(const struct request *r);   /* maps.c */

/* ---- debug information (dwarf.c) ---- */

struct Dwarf;

struct place {
	uint64_t address; /* as the object's own tables count */
	uint32_t index;   /* of the request */
};
struct result {
	struct pd_sym_line *v;
	uint32_t n;
};
/*
 * Lines of places (sorted, n of them) into `result`, by index of the request. `shift` is what DWARF's addresses are
 * more than the object's. A place that debug information does not know keeps what it has.
 */
void dwarf_fill(struct Dwarf *dw, uint64_t shift, const struct place *place, uint32_t n, const struct symbols *symbols, uint32_t flags, struct result *result);

/* ---- Go's own tables (go.c) ---- */

struct Elf;

/* Lines of places that have none. False: no Go program. */
bool go_answer(struct Elf *elf, const struct request *r, const struct place *place, uint32_t n, struct result *result);

#endif
