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
#include <profdata/metrics.h>
#include <profdata/profile.h>
#include <stdatomic.h>

#define PD_RUN 16u           /* frames of one stack node */
#define PD_CHUNK_ROWS 65536u /* rows of one column chunk */
#define PD_MAX_ROWS (UINT32_MAX - 1)

/* See model/index.h. */
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
	int64_t *time; /* NULL without times; PD_NO_TIME where a row has none */
	int64_t *value[PD_MAX_VALUES];
	uint32_t cap;
};

struct pd_series_row {
	pd_str name;
	unsigned n_values;
	struct pd_value_type type[PD_MAX_VALUES];
	PD_VEC(struct pd_chunk *) chunk;
	uint64_t rows;
	bool has_time;
};

/* `bin` of m is not set: bins are metric_bin[first ...) of the document. */
struct pd_metric_store {
	struct pd_metric m;
	size_t first;
};

struct pd_doc {
	atomic_uint refs;
	bool canonical; /* in canonical form already, see canon.c */
	struct pd_doc *base; /* document whose string bytes we share, or NULL */
	struct pd_tables t;
	PD_VEC(struct pd_series_row) series;
	struct pd_meta meta;
	PD_VEC(struct pd_metric_store) metric;
	PD_VEC(struct pd_metric_bin) metric_bin;
	PD_VEC(pd_str) comment;
	PD_VEC(struct pd_note_desc) note;
	struct pd_arena note_text;
};

/*
 * One more input on its way into a sum. While a builder has one, ids of mappings
 * and series are the input's own, its header and comments are kept apart, and
 * `ops` decide what becomes of mappings and rows.
 */
struct pd_intake {
	const struct pd_intake_ops {
		/* Id of the object in the sum, 0 on failure; *shift is what to add to addresses. */
		uint32_t (*mapping)(struct pd_intake *, const struct pd_mapping_desc *, uint64_t *shift);
		void (*row)(struct pd_intake *, unsigned series, const struct pd_sample *, const int64_t *values);
		/* Series of the sum that takes the rows of `series`, -1 while that is open. */
		int (*series)(const struct pd_intake *, unsigned series);
	} *ops;
	struct pd_meta meta;
	PD_VEC(pd_str) comment;
	PD_VEC(struct pd_intake_series { pd_str name; unsigned n_values; struct pd_value_type type[PD_MAX_VALUES]; }) series;
	PD_VEC(struct pd_moved { uint64_t shift; uint32_t row; }) mapping; /* by id - 1 */
	size_t first_note; /* of the input, in the sum */
};

struct pd_builder {
	struct pd_doc *doc; /* being filled */
	struct pd_intake *intake; /* or NULL */
	struct pd_limits limits;
	uint64_t before; /* bytes of earlier inputs, which the limits do not count */
	unsigned flags;
	uint64_t key; /* of all hashes */
	struct pd_error err;
	bool failed;
	struct pd_index mapping, func, frame, stack, set, metric;
	PD_VEC(struct pd_index) row; /* (stack, labels) → row + 1, one per series, when aggregating */
	PD_VEC(uint32_t) scratch;    /* a stack turned root first */
};

/* For documents made from documents: what was let in once is not refused later. */
extern const struct pd_limits pd_no_limits;

/* Makes room in a vec of the builder, counting its memory; false and sticky failure when it cannot. */
#define pd_builder_reserve(b, vec, more) \
	(pd_likely((vec)->cap - (vec)->n >= (size_t)(more)) || \
	 pd_builder_grow((b), (void **)&(vec)->v, &(vec)->cap, (vec)->n, (more), sizeof(*(vec)->v)))
bool pd_builder_grow(struct pd_builder *b, void **v, size_t *cap, size_t n, size_t more, size_t size);
/* Makes room for one more row in an index whose rows hash to `hash_of`; false and sticky failure when it cannot. */
bool pd_builder_index_slow(struct pd_builder *b, struct pd_index *ix, uint32_t rows, uint32_t (*hash_of)(const struct pd_builder *, uint32_t row));
static inline bool pd_builder_index(struct pd_builder *b, struct pd_index *ix, uint32_t rows, uint32_t (*hash_of)(const struct pd_builder *, uint32_t row))
{
	return pd_likely(ix->slot && ix->used < ix->mask - ix->mask / 4) || pd_builder_index_slow(b, ix, rows, hash_of);
}
/* Sticky failure. */
void pd_builder_fail(struct pd_builder *b, enum pd_status status, const char *fmt, ...) PD_PRINTF(3, 4);
/* `parent` plus frames towards the leaf, without limit on depth: for transformations, whose input was limited. */
pd_stack pd_stack_extend(struct pd_builder *b, pd_stack parent, const pd_frame *frames, size_t n);
/* Column pointers of a fresh or half-filled chunk with room for at least one row; NULL on failure. */
struct pd_chunk *pd_series_chunk(struct pd_builder *b, struct pd_series_row *s);
/* The node that continues `parent` (of full runs) by n frames; `depth` is that of the whole path. */
uint32_t pd_stack_node(struct pd_builder *b, uint32_t parent, uint32_t depth, const uint32_t *run, uint32_t n);
/* The same for a node known to be new. Only before the first lookup: the index does not learn of it. */
uint32_t pd_stack_append(struct pd_builder *b, uint32_t parent, uint32_t depth, const uint32_t *run, uint32_t n);
/* Many nodes whose parents are known, at most PD_STACK_WANTS: as pd_stack_node() one by one, but cache misses overlap. */
#define PD_STACK_WANTS 32u
struct pd_stack_want {
	uint32_t parent, depth, n, id; /* id is the answer */
	uint32_t run[PD_RUN];
};
void pd_stack_nodes(struct pd_builder *b, struct pd_stack_want *want, uint32_t n);
/* One row, past the intake. */
void pd_sample_put(struct pd_builder *b, unsigned series, const struct pd_sample *p, const int64_t *values);
/* A row with this key is about to be added. */
void pd_sample_prefetch(const struct pd_builder *b, unsigned series, pd_stack stack, pd_labels labels);
/* The rows of a series of `doc` into the same series of the builder, whose stacks and label sets have the same ids. */
void pd_rows_copy(struct pd_builder *b, const struct pd_doc *doc, unsigned series);
void pd_threads_derive(struct pd_builder *b);
void pd_series_release(struct pd_series_row *s);
void pd_chunk_free(struct pd_chunk *c);

/* Bytes held by the tables, indexes and rows. */
uint64_t pd_builder_bytes(const struct pd_builder *b);

/* ---- documents into builders (append.c) ---- */

/* Id in the builder by id in the document. */
struct pd_remap {
	uint32_t *str, *map, *func, *frame, *stack, *set;
	uint8_t *used; /* PD_APPEND_USED: by stack node */
};
enum pd_append {
	PD_APPEND_IN_ORDER,  /* stack nodes by id, as one pass would give them */
	PD_APPEND_BY_LEVELS, /* faster for many new ones: parents first, then all their children */
	PD_APPEND_USED,      /* the same, but only what samples use, frames in the order in which they do */
};
/* Fills `r`, which is to be released in any case; false and a failed builder when that does not work. */
bool pd_append_tables(struct pd_builder *b, const struct pd_doc *doc, enum pd_append how, struct pd_remap *r);
/* A new series like `s`, without its rows. */
unsigned pd_append_series(struct pd_builder *b, const struct pd_series_row *s, const struct pd_remap *r);
void pd_append_rows(struct pd_builder *b, const struct pd_series_row *s, unsigned to, const struct pd_remap *r);
void pd_remap_meta(const struct pd_remap *r, struct pd_meta *m);
struct pd_value_type pd_remap_type(const struct pd_remap *r, const struct pd_value_type *type);
void pd_remap_release(struct pd_remap *r);

/* pd_canonical() of a document nobody else has, which is used up: less memory. */
struct pd_doc *pd_canonical_own(struct pd_doc *doc, struct pd_error *err);

/* Attaches notes collected by a reader; called by the loader before finish. */
bool pd_builder_take_note(struct pd_builder *b, const char *what, uint64_t count, const char *example);

#endif
