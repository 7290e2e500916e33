/*
 * Making documents. Failures (memory, limits, overflow of a sum) are sticky:
 * after the first one everything is accepted and ignored; test
 * pd_builder_failed() once per record. Not thread-safe: one builder per thread.
 */
#ifndef PROFDATA_BUILDER_H
#define PROFDATA_BUILDER_H

#include <profdata/base.h>
#include <profdata/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pd_builder;

enum pd_builder_flags {
	PD_BUILD_AGGREGATE = 1 << 0, /* rows with equal (stack, labels) add up in the first one's place; times are dropped */
	PD_BUILD_AGGREGATE_UNTIMED = 1 << 1, /* only rows without a time add up, the others stay single */
};

PD_API struct pd_builder *pd_builder_new(const struct pd_limits *limits, unsigned flags, struct pd_error *err);
PD_API void pd_builder_free(struct pd_builder *b);

enum pd_derive {
	PD_DERIVE_STACKS = 1 << 0, /* keep the stacks (same ids) */
	PD_DERIVE_LABELS = 1 << 1, /* keep the label sets (same ids) */
	PD_DERIVE_SERIES = 1 << 2, /* same series and value types, without rows */
};
/*
 * A builder that starts with the tables of `doc`: strings, mappings, functions
 * and frames always (same ids), stacks, label sets and empty series as asked;
 * the header (struct pd_meta) too. Keeps a reference to `doc`.
 */
PD_API struct pd_builder *pd_builder_derive(const struct pd_doc *doc, unsigned derive, unsigned flags, struct pd_error *err);

PD_API pd_str pd_intern(struct pd_builder *b, const char *text, size_t n);
PD_API pd_str pd_intern_z(struct pd_builder *b, const char *text); /* NULL counts as "" */
PD_API struct pd_span pd_builder_string(const struct pd_builder *b, pd_str s);

/* Equal rows get the same id (mappings, functions, frames, stacks, label sets). */
PD_API pd_mapping pd_mapping_add(struct pd_builder *b, const struct pd_mapping_desc *m);
PD_API pd_func pd_func_add(struct pd_builder *b, const struct pd_func_desc *f);
/* A frame has its innermost inlined line first, the physical function last; 0 lines = address only. Lines are copied. */
PD_API pd_frame pd_frame_add(struct pd_builder *b, const struct pd_frame_desc *f);
/* Shorthand for text formats: function `name` without file, line, mapping or address. */
PD_API pd_frame pd_frame_named(struct pd_builder *b, const char *name, size_t n);

/* Interns a stack. Deeper than limits.max_depth: the leaf-most frames stay under a frame "[truncated N frames]". */
PD_API pd_stack pd_stack_of(struct pd_builder *b, const pd_frame *frames, size_t n, enum pd_order order);
/* `parent` plus one callee. */
PD_API pd_stack pd_stack_push(struct pd_builder *b, pd_stack parent, pd_frame frame);
/* `count` stacks at once: frames of stack i are frames[ends[i-1]..ends[i]), root first. Faster than one by one: hides cache misses. */
PD_API void pd_stacks_of(struct pd_builder *b, const pd_frame *frames, const size_t *ends, size_t count, pd_stack *out);

/* Interns a label set; sorted by key (stable), text before numbers of one key. `labels` is reordered in place. */
PD_API pd_labels pd_labels_of(struct pd_builder *b, struct pd_label *labels, size_t n);

/* Series and columns: a series has 1..n value types, measured together. Returns its index. */
PD_API unsigned pd_series_add(struct pd_builder *b, pd_str name);
PD_API unsigned pd_series_value(struct pd_builder *b, unsigned series, const struct pd_value_type *type);
/* Changes a value type already there (name, unit, decimals); existing values are multiplied by `times` (checked). */
PD_API void pd_series_retype(struct pd_builder *b, unsigned series, unsigned column, const struct pd_value_type *type, int64_t times);

/* One sample; `values` has one entry per value type of the series. */
struct pd_sample {
	pd_stack stack;
	pd_labels labels;
	bool has_time;
	int64_t time; /* ns, on the clock of the document */
};
PD_API void pd_sample_add(struct pd_builder *b, unsigned series, const struct pd_sample *s, const int64_t *values);

/* The header; change it freely until the builder finishes. */
PD_API struct pd_meta *pd_builder_meta(struct pd_builder *b);
PD_API void pd_builder_comment(struct pd_builder *b, pd_str comment);

/* Remarks attached so far (those of the input at hand while a merger takes one in); valid until the next one. */
PD_API size_t pd_builder_notes(const struct pd_builder *b, const struct pd_note_desc **out);

PD_API bool pd_builder_failed(const struct pd_builder *b);
PD_API enum pd_status pd_builder_status(const struct pd_builder *b);
/* Copies the sticky failure; untouched when there is none. */
PD_API void pd_builder_error(const struct pd_builder *b, struct pd_error *err);

/* Freezes. NULL and *err on failure. The builder is empty afterwards and must still be freed. */
PD_API struct pd_doc *pd_builder_finish(struct pd_builder *b, struct pd_error *err);

#ifdef __cplusplus
}
#endif
#endif
