/*
 * Reading documents. A document is immutable; any number of threads may read
 * it. Tables are reached by id, samples column by column.
 */
#ifndef PROFDATA_PROFILE_H
#define PROFDATA_PROFILE_H

#include <profdata/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pd_doc;

PD_API struct pd_doc *pd_doc_ref(const struct pd_doc *doc);
PD_API void pd_doc_unref(struct pd_doc *doc); /* NULL is fine */

/* ---- tables ---- */

enum pd_mapping_flags {
	PD_MAP_HAS_FUNCTIONS = 1 << 0,
	PD_MAP_HAS_FILENAMES = 1 << 1,
	PD_MAP_HAS_LINES = 1 << 2,
	PD_MAP_HAS_INLINES = 1 << 3,
	PD_MAP_MAIN = 1 << 4, /* the main binary (mapping[0] of a pprof file) */
};

struct pd_mapping_desc {
	uint64_t start, limit, offset; /* addresses [start, limit), file offset of start */
	pd_str file, build_id;
	uint32_t flags; /* enum pd_mapping_flags */
};

struct pd_func_desc {
	pd_str name, system_name, file; /* system_name: mangled; 0 when unknown */
	int64_t start_line;
};

/* One line of a frame: a function, and where in it. */
struct pd_line {
	pd_func func;
	int64_t line, column; /* 1-based, 0 unknown */
};

enum pd_frame_flags {
	PD_FRAME_FOLDED = 1 << 0, /* pprof is_folded: several functions share this address */
	PD_FRAME_KERNEL = 1 << 1,
	PD_FRAME_JIT = 1 << 2,
	PD_FRAME_INLINED = 1 << 3, /* text formats that mark a lone frame as inlined */
};

struct pd_frame_desc {
	pd_mapping mapping;
	uint64_t address;
	uint32_t flags; /* enum pd_frame_flags */
	uint32_t n_lines;
	const struct pd_line *lines; /* innermost inlined function first, physical function last */
};

enum pd_label_kind { PD_LABEL_STR, PD_LABEL_NUM };

struct pd_label {
	pd_str key;
	enum pd_label_kind kind;
	pd_str str;  /* PD_LABEL_STR */
	int64_t num; /* PD_LABEL_NUM */
	pd_str unit; /* PD_LABEL_NUM; 0 none */
};

/* Ids run from 1 to the number returned (0 is none), except strings where 0 is "". */
PD_API uint32_t pd_doc_strings(const struct pd_doc *doc);
PD_API uint32_t pd_doc_mappings(const struct pd_doc *doc);
PD_API uint32_t pd_doc_funcs(const struct pd_doc *doc);
PD_API uint32_t pd_doc_frames(const struct pd_doc *doc);
PD_API uint32_t pd_doc_label_sets(const struct pd_doc *doc);
PD_API uint32_t pd_doc_stack_nodes(const struct pd_doc *doc);

PD_API struct pd_span pd_doc_string(const struct pd_doc *doc, pd_str s); /* also zero-terminated */
PD_API void pd_doc_mapping(const struct pd_doc *doc, pd_mapping m, struct pd_mapping_desc *out);
PD_API void pd_doc_func(const struct pd_doc *doc, pd_func f, struct pd_func_desc *out);
PD_API void pd_doc_frame(const struct pd_doc *doc, pd_frame f, struct pd_frame_desc *out); /* lines point into the document */
PD_API size_t pd_doc_labels(const struct pd_doc *doc, pd_labels l, const struct pd_label **out);
/* Looks a string up without adding it; false when no row of the document uses it. */
PD_API bool pd_doc_find_string(const struct pd_doc *doc, const char *text, size_t n, pd_str *out);

/* ---- stacks ---- */

enum pd_order { PD_ROOT_FIRST, PD_LEAF_FIRST };

PD_API uint32_t pd_doc_stack_depth(const struct pd_doc *doc, pd_stack s);
PD_API uint32_t pd_doc_max_depth(const struct pd_doc *doc);
/* Frames of a stack into `out` (room for pd_doc_stack_depth()); returns the depth. */
PD_API size_t pd_doc_stack(const struct pd_doc *doc, pd_stack s, enum pd_order order, pd_frame *out);
/*
 * Stacks are a prefix tree whose edges carry runs of up to 16 frames: node s is
 * its parent's path plus a run. Parents have smaller ids, so a question about
 * every stack is one forward loop. `run` is root first and points into the document.
 */
PD_API pd_stack pd_doc_stack_parent(const struct pd_doc *doc, pd_stack s);
PD_API uint32_t pd_doc_stack_run(const struct pd_doc *doc, pd_stack s, const pd_frame **run);

/* ---- threads ---- */

struct pd_thread_desc {
	bool has_pid, has_tid;
	int64_t pid, tid;
	pd_str comm; /* label comm, else thread */
};
PD_API uint32_t pd_doc_threads(const struct pd_doc *doc);
PD_API void pd_doc_thread(const struct pd_doc *doc, pd_thread t, struct pd_thread_desc *out);
/* Thread of a label set; 0 when the set names none. */
PD_API pd_thread pd_doc_labels_thread(const struct pd_doc *doc, pd_labels l);

/* ---- series and samples ---- */

struct pd_value_type {
	pd_str type, unit;
	uint8_t decimals; /* a stored value v means v / 10^decimals units; 0 nearly always */
};

PD_API unsigned pd_doc_series(const struct pd_doc *doc);
PD_API pd_str pd_series_name(const struct pd_doc *doc, unsigned series);
PD_API unsigned pd_series_values(const struct pd_doc *doc, unsigned series); /* number of value types */
PD_API void pd_series_value_type(const struct pd_doc *doc, unsigned series, unsigned column, struct pd_value_type *out);
PD_API uint64_t pd_series_count(const struct pd_doc *doc, unsigned series);
PD_API bool pd_series_has_time(const struct pd_doc *doc, unsigned series);

#define PD_MAX_VALUES 64       /* value types of one series */
#define PD_NO_TIME INT64_MIN   /* a row without time in a series that has times */

/* A run of rows: column pointers into one chunk. `time` is NULL when the series has none. */
struct pd_rows {
	size_t n;
	const pd_stack *stack;
	const pd_labels *labels;
	const int64_t *time;
	const int64_t *value[PD_MAX_VALUES];
};
/* Rows from `first` to the end of its chunk; returns their number, 0 past the end. */
PD_API size_t pd_series_rows(const struct pd_doc *doc, unsigned series, uint64_t first, struct pd_rows *out);

/*
 * When the samples of a series were taken, in ns on one clock: the times of its rows or, where no row has one, numeric
 * labels timestamp, timestamp_ns or end_timestamp_ns of any unit of time (none: ns), as pprof files have them.
 */
struct pd_times;
PD_API struct pd_times *pd_times_new(const struct pd_doc *doc, struct pd_error *err); /* keeps a reference to `doc`; NULL: out of memory */
PD_API void pd_times_free(struct pd_times *t); /* NULL is fine */
PD_API bool pd_times_known(const struct pd_times *t, unsigned series); /* has any sample of the series a time? */
/* First and last time of all samples; false and untouched when there is none. */
PD_API bool pd_times_span(const struct pd_times *t, int64_t *first, int64_t *last);
/* Time of row i of a run of rows of a series, or PD_NO_TIME. */
PD_API int64_t pd_times_row(const struct pd_times *t, unsigned series, const struct pd_rows *rows, size_t i);

/*
 * Sample types of the whole document: the value types of all series one after
 * another. Most documents have one series, so the index is the column.
 */
struct pd_sample_type {
	unsigned series, column;
	struct pd_value_type type;
};
PD_API unsigned pd_doc_sample_types(const struct pd_doc *doc);
PD_API void pd_doc_sample_type(const struct pd_doc *doc, unsigned index, struct pd_sample_type *out);
/* By name ("cpu"), with pprof's "inuse_" fallback, or index ("1"); NULL or "" = the default (header's default type, else last). -1 unknown. */
PD_API int pd_doc_find_sample_type(const struct pd_doc *doc, const char *name);
/* Sum of the column, and of absolute values; false on overflow. */
PD_API bool pd_doc_total(const struct pd_doc *doc, unsigned sample_type, int64_t *sum, int64_t *abs_sum);

/* ---- header ---- */

struct pd_meta {
	int64_t time_nanos;     /* start, Unix ns; 0 unknown */
	int64_t duration_nanos; /* 0 unknown */
	int64_t end_nanos;      /* end of the window; 0 = time + duration */
	int64_t period;
	pd_str period_type, period_unit;
	pd_str default_sample_type; /* a type name */
	pd_str doc_url, drop_frames, keep_frames; /* drop/keep: regular expressions as written */
	pd_str root_label; /* label whose value is the root frame of folded output and flame graphs ("comm" for perf) */
	pd_str producer; /* tool that wrote the input, when it says so */
};
PD_API const struct pd_meta *pd_doc_meta(const struct pd_doc *doc);
PD_API size_t pd_doc_comments(const struct pd_doc *doc, const pd_str **out);

/* Counted remarks of the reader: what was odd, how often, first example. */
struct pd_note_desc {
	const char *what;    /* "line without a count" */
	uint64_t count;
	char example[128];   /* "line 31" or "@0x1f" and what stood there */
};
PD_API size_t pd_doc_notes(const struct pd_doc *doc, const struct pd_note_desc **out);

/* Checks every invariant (ids in range, parents before children, equal column lengths). For tests and fuzzing. */
PD_API bool pd_doc_check(const struct pd_doc *doc, struct pd_error *err);

#ifdef __cplusplus
}
#endif
#endif
