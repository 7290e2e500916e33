/*
 * What the library and its symbol reader, the program profdata-symbols, say to each other: one request on the reader's
 * standard input, records on its standard output. Both ends are the same build on the same machine: numbers are native.
 *
 * Debug information is hostile input to big parsers, so they live in a process of their own: a crash or a limit there
 * costs the names of one object and nothing else. The library believes nothing that it reads back.
 */
#ifndef SYMBOLS_PROTOCOL_H
#define SYMBOLS_PROTOCOL_H

#include <stdint.h>

#define PD_SYM_MAGIC 0x6c6d7973u /* "syml" */
#define PD_SYM_VERSION 1

enum pd_sym_source {
	PD_SYM_OBJECT = 1, /* an ELF file and what debug files belong to it */
	PD_SYM_VDSO,       /* the object that the kernel maps into every process, as mapped into the reader */
	PD_SYM_KALLSYMS,   /* text as /proc/kallsyms */
	PD_SYM_PERF_MAP,   /* text as perf-PID.map, or a jitdump */
};

enum pd_sym_flag {
	PD_SYM_NO_INLINES = 1 << 0,
	PD_SYM_PARAMS = 1 << 1,  /* names keep their parameter lists */
	PD_SYM_MANGLED = 1 << 2, /* names stay as the linker sees them */
};

struct pd_sym_request {
	uint32_t magic, version;
	uint32_t source, flags;
	uint64_t start, limit, offset; /* of the mapping; limit 0: addresses are those of the file */
	/*
	 * Then `texts` bytes of zero-terminated texts: the build id in hex ("" unknown), n_paths paths to try in turn, n_dirs
	 * folders of debug files; then n_addresses numbers, sorted.
	 */
	uint32_t texts, n_paths, n_dirs, n_addresses;
};
_Static_assert(sizeof(struct pd_sym_request) == 56, "no padding");

enum pd_sym_kind {
	PD_SYM_FILE = 1,  /* text: the file that was used */
	PD_SYM_REASON,    /* text: why there is nothing, or less than asked for */
	PD_SYM_FUNCTION,  /* int64 first line, then name, system name, file as zero-terminated texts; numbered from 0 */
	PD_SYM_ADDRESS,   /* struct pd_sym_line each, innermost first; one record per address, in order; none: unknown */
	PD_SYM_END,
};

/* Every record starts so; `size` bytes follow. */
struct pd_sym_record {
	uint32_t kind, size;
};

struct pd_sym_line {
	uint32_t function, column;
	int64_t line;
};
_Static_assert(sizeof(struct pd_sym_line) == 16, "no padding");

#define PD_SYM_MAX_TEXT (1u << 20)  /* of one name */
#define PD_SYM_MAX_INLINES 256u     /* lines of one address */

#endif
