/* Profiles of gperftools and its relatives: stacks of addresses first, what the addresses are last. */
#ifndef GPERFTOOLS_LEGACY_H
#define GPERFTOOLS_LEGACY_H

#include "base/span.h"
#include "base/vec.h"
#include <profdata/builder.h>
#include <profdata/format.h>

/* A stack with its values; addresses are leaf first in legacy.pc. */
struct legacy_record {
	size_t first;
	uint32_t n;
	int64_t v[4];
	int64_t bytes; /* of one object, when the profile is one of objects */
};

struct legacy_map {
	uint64_t start, limit, offset;
	pd_str file, build_id;
	bool program; /* the first one that is no library and nothing of the kernel */
};

/* What an address of a Java profile is. */
struct legacy_place {
	uint64_t id;
	pd_frame frame;
};

struct legacy {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	unsigned series, n_values;
	bool sizes;           /* records have a label bytes */
	bool exact_leaf;      /* the leaf's address is no return address */
	bool exact_callers;
	bool java;            /* addresses are names of places */
	bool nomem;
	PD_VEC(uint64_t) pc;
	PD_VEC(struct legacy_record) record;
	PD_VEC(struct legacy_map) map;
	PD_VEC(struct legacy_place) place;
	PD_VEC(char) text;    /* a path with its variables filled in */
	struct { pd_str name, value; } variable[16];
	unsigned n_variables;
	bool has_program;
};

/* legacy.c */
void legacy_type(struct legacy *g, const char *type, const char *unit);
void legacy_period(struct legacy *g, const char *type, const char *unit, int64_t period);
/* Begins a record; addresses follow. */
struct legacy_record *legacy_record(struct legacy *g);
void legacy_address(struct legacy *g, uint64_t pc);
/* "0x1 0x2 ..." to the end of the line. */
bool legacy_addresses(struct legacy *g, struct pd_span s);
/* Is the second frame of nearly all stacks one and the same (the signal handler)? Then it goes. */
void legacy_drop_signal_frame(struct legacy *g);
/* A leaf that stands there twice, once as address and once as return address, goes. */
void legacy_drop_double_leaf(struct legacy *g);
/* Records become samples. */
enum pd_status legacy_end(struct legacy *g);
void legacy_release(struct legacy *g);

/* maps.c: one line of what follows the records; false when it is nothing of it. */
bool legacy_map_line(struct legacy *g, struct pd_span line);
bool legacy_place_line(struct legacy *g, struct pd_span line);
/* "MAPPED_LIBRARIES:", "--- Memory map: ---" */
bool legacy_maps_begin(struct pd_span line);
/* Puts maps and places in order; adds the mappings. `out` gets the mapping of each map. */
bool legacy_maps_end(struct legacy *g, pd_mapping *out);
/* Index of the map an address belongs to, or -1. */
ptrdiff_t legacy_map_of(const struct legacy *g, uint64_t address);

/* Readers; the first line is still in the source. */
enum pd_status legacy_cpu_read(struct legacy *g);
enum pd_status legacy_heap_read(struct legacy *g);
enum pd_status legacy_contention_read(struct legacy *g);
enum pd_status legacy_threads_read(struct legacy *g);

/* Is this the beginning of a binary CPU profile? Size of a word and byte order into `word` and `big`. */
bool legacy_cpu_header(struct pd_span head, unsigned *word, bool *big);
/* "heap profile: ... @ KIND" other than Go's; `rate` 1: not sampled. */
bool legacy_heap_header(struct pd_span line, int64_t v[4], int64_t *rate);

#endif
