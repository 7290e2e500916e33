/*
 * Names, files and lines for frames that have only an address, from the objects and debug files of this machine.
 */
#ifndef PROFDATA_SYMBOLS_H
#define PROFDATA_SYMBOLS_H

#include <profdata/base.h>
#include <profdata/profile.h>

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of one mapping; texts are valid during the call only. */
struct pd_symbolized {
	const char *mapping;  /* as the profile names it; "" for addresses without a mapping */
	const char *build_id; /* "" unknown */
	const char *file;     /* what was read, "" nothing */
	const char *reason;   /* why names or lines are missing, "" when nothing is */
	uint64_t addresses, found;
};

struct pd_symbolize_opts {
	size_t size;
	/* Folders of debug files, beside /usr/lib/debug: searched by build id (.build-id/xx/rest.debug) and by .gnu_debuglink. */
	const char *const *debug_dirs;
	size_t n_debug_dirs;
	/* "NAME=FILE": FILE for mappings called NAME (whole path or last part); "FILE": for those with its last part, or the main one. */
	const char *const *objects;
	size_t n_objects;
	const char *symfs;    /* objects are looked for below this folder, and not outside */
	const char *kallsyms; /* the kernel's symbols, as in /proc/kallsyms */
	const char *perf_map; /* code made at run time: perf-PID.map or a jitdump, for addresses in no object */
	bool force;           /* frames that have names get new ones */
	bool no_inlines;      /* one function per frame */
	bool params;          /* names of C++ keep their parameter lists */
	bool mangled;         /* names stay as the linker has them */
	unsigned jobs;        /* objects read at the same time; 0: 1 */
	const char *program;  /* profdata-symbols, the reader; NULL: beside the running program or where it was installed */
	void (*tell)(void *ctx, const struct pd_symbolized *what); /* once per mapping, or NULL */
	void *ctx;
};

/*
 * The document with functions and lines for its addresses. An object counts only when its build id is the one of the
 * profile (where the profile has one). Objects are read in processes of their own, without network and with limits: what
 * goes wrong there costs names, never the profile. Frames that stay unknown are kept as they are. NULL: out of memory,
 * or the reader cannot be started at all.
 */
PD_API struct pd_doc *pd_symbolize(const struct pd_doc *doc, const struct pd_symbolize_opts *opts, struct pd_error *err);

/* Code that a compiler made at run time: from `time` on (ns of CLOCK_MONOTONIC; 0: unknown) at [address, address + size). */
struct pd_jit_code {
	uint64_t time, address, size;
	const char *name;     /* valid during the call only */
};

/*
 * Tells of all code in a jitdump, in the order of the file: what was made, and what was moved, at its new place. Later code takes the place of older at
 * the same addresses. A file that ends in the middle is read up to there. False: no jitdump, out of memory, or each() said so.
 */
PD_API bool pd_jitdump_read(FILE *f, bool (*each)(void *ctx, const struct pd_jit_code *code), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
