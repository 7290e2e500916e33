/*
 * Layout of documents and builders, for the library and the formats. Every
 * table is columns plus an index-only hash (slots hold row numbers); the hash
 * is dropped when the builder finishes. Row 0 of each table is "none".
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include <profdata/builder.h>
#include <profdata/profile.h>
#include <stdatomic.h>

#define PD_RUN 16u           /* frames of one stack node */
#define PD_CHUNK_ROWS 65536u /* rows of one column chunk */

/* Open addressing, 8 bytes a slot: upper half of the hash beside the row number, so that a probe touches no row that differs. */
struct pd_index {
	uint64_t *slot;
	uint32_t mask, used;
};

struct pd_strings {
	PD_VEC(struct pd_span) row; /* zero-terminated in the arena */
	struct pd_arena text;
	struct pd_index index;
};

struct pd_frame_row {
	uint64_t address;
	uint32_t mapping, flags;
	uint32_t first_line, n_lines; /* into lines */
};

/* parent's path plus frames[first .. first + n) */
struct pd_stack_row {
	uint32_t parent, first;
	uint32_t depth; /* of the whole path; the run has (depth - 1) % PD_RUN + 1 frames */
};

struct pd_label_set_row {
	uint32_t first, n; /* into label */
	uint32_t thread;
};

struct pd_tables {
	struct pd_strings strings;
	PD_VEC(struct pd_mapping_desc) mapping;
	PD_VEC(struct pd_func_desc) func;
	PD_VEC(struct pd_frame_row) frame;
	PD_VEC(struct pd_line) line;
	PD_VEC(struct pd_stack_row) stack;
	PD_VEC(uint32_t) run; /* frames of stack nodes */
	PD_VEC(struct pd_label_set_row) set;
	PD_VEC(struct pd_label) label;
	PD_VEC(struct pd_thread_desc) thread;
	uint32_t max_depth;
};

static inline uint32_t pd_run_length(const struct pd_stack_row *s)
{
	return s->depth ? (s->depth - 1) % PD_RUN + 1 : 0;
}

struct pd_chunk {
	uint32_t n;
	pd_stack *stack;
	pd_labels *labels;
	int64_t *time;    /* NULL without times */
	int64_t *value[]; /* one per value type */
};

struct pd_series_row {
	pd_str name;
	unsigned n_values;
	struct pd_value_type type[PD_MAX_VALUES];
	PD_VEC(struct pd_chunk *) chunk;
	uint64_t rows;
	bool has_time;
};

struct pd_doc {
	atomic_uint refs;
	struct pd_doc *base; /* document whose string bytes we share, or NULL */
	struct pd_tables t;
	PD_VEC(struct pd_series_row) series;
	struct pd_meta meta;
	PD_VEC(pd_str) comment;
	PD_VEC(struct pd_note_desc) note;
	struct pd_arena note_text;
};

struct pd_builder {
	struct pd_doc *doc; /* being filled */
	struct pd_limits limits;
	unsigned flags;
	uint64_t key; /* of all hashes */
	struct pd_error err;
	bool failed;
	struct pd_index mapping, func, frame, stack, set, thread;
	struct pd_index row[8]; /* (stack, labels) → row, per series; series beyond use the last with the series mixed in */
	uint64_t mem_charged;   /* bytes counted against max_memory */
};

/* Attaches notes collected by a reader; called by the loader before finish. */
bool pd_builder_take_note(struct pd_builder *b, const char *what, uint64_t count, const char *example);

#endif
