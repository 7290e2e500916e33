/*
 * Ground floor of the public interface: ids, statuses, errors, spans.
 *
 * Nothing in this library prints, exits or keeps global state. Documents are
 * immutable and reference-counted; one builder belongs to one thread.
 */
#ifndef PROFDATA_BASE_H
#define PROFDATA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PD_API __attribute__((visibility("default")))
#define PD_MUST_CHECK __attribute__((warn_unused_result))
#define PD_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Row numbers of the tables of a document, each its own type. 0 is "none" or "empty" everywhere. */
#define PD_ID(name) typedef struct { uint32_t v; } name
PD_ID(pd_str);     /* interned string; 0 is "" */
PD_ID(pd_mapping); /* mapped object (binary, library, kernel) */
PD_ID(pd_func);    /* function */
PD_ID(pd_frame);   /* frame: one call site with its inlined lines (what pprof calls a location) */
PD_ID(pd_stack);   /* stack: a path of frames from the root */
PD_ID(pd_labels);  /* set of labels */
PD_ID(pd_thread);  /* thread, derived from the labels pid, tid, comm and thread */

enum pd_status {
	PD_OK = 0,
	PD_WARN,            /* usable; something was skipped and noted */
	PD_ERR_IO,          /* the operating system said no */
	PD_ERR_NOMEM,       /* out of memory */
	PD_ERR_DATA,        /* malformed input */
	PD_ERR_LIMIT,       /* a limit was reached, see struct pd_limits */
	PD_ERR_UNKNOWN,     /* no format recognises the input */
	PD_ERR_AMBIGUOUS,   /* several formats claim the input equally */
	PD_ERR_UNSUPPORTED, /* recognised, but cannot be done */
	PD_ERR_USAGE,       /* the caller asked for something that makes no sense */
	PD_ERR_CANCELLED,
	PD_ERR_INTERNAL,    /* a broken promise inside the library */
};

/*
 * What went wrong and where. Lives on the caller's stack, never allocated;
 * untouched on success, so one struct serves a chain of calls. The first error
 * wins. Zero it before the first use.
 */
struct pd_error {
	enum pd_status status;
	uint64_t line;   /* 1-based line of a text input, 0 when unknown or binary */
	uint64_t offset; /* byte offset in the decompressed input when has_offset */
	bool has_offset;
	char path[512];  /* input or output name; "<stdin>", "" when none applies */
	char text[512];  /* what is wrong and what was expected: lower case, no full stop */
	char hint[256];  /* what to do about it, or "" */
};

/* A piece of text or bytes somebody else owns; no terminating zero is promised. */
struct pd_span {
	const char *p;
	size_t n;
};

/* Ceilings that keep hostile input harmless. Zero fields mean the default. */
struct pd_limits {
	size_t size;           /* sizeof(struct pd_limits) */
	uint64_t max_input;    /* decompressed bytes of one input (4 GiB for compressed input, unlimited for plain) */
	uint64_t max_memory;   /* bytes held by one builder (min(4 GiB, half of physical memory)) */
	uint32_t max_ratio;    /* expansion ratio after the first 64 MiB (200) */
	uint32_t max_layers;   /* nested compression layers (1) */
	uint32_t max_string;   /* bytes of one string (1 MiB) */
	uint32_t max_depth;    /* frames of one stack; the rest becomes "[truncated N frames]" (65536) */
	uint32_t max_nesting;  /* JSON and XML nesting (1024) */
	uint32_t max_labels;   /* labels of one sample (256) */
};

/* Fills every zero field with its default (see struct pd_limits). */
PD_API void pd_limits_fill(struct pd_limits *limits);

/* Name of a status for machine output: "ok", "data", "limit", ... Never NULL. */
PD_API const char *pd_status_name(enum pd_status status);

/* Records an error unless one is recorded already; returns `status`. */
PD_API enum pd_status pd_error_set(struct pd_error *err, enum pd_status status, const char *fmt, ...) PD_PRINTF(3, 4);

/* Adds a hint ("what to do") to a recorded error; a hint already there stays. */
PD_API void pd_error_hint(struct pd_error *err, const char *fmt, ...) PD_PRINTF(2, 3);

/* "0.1.0" */
PD_API const char *pd_version(void);

/*
 * Calls work(ctx, i) for every i < n on up to `jobs` threads and done(ctx, i)
 * on the calling thread in the order of i; at most jobs + 1 pieces are begun and
 * not done. `done` may be NULL; when it returns false the pieces not yet begun are
 * dropped and the result is false. jobs 0 or 1 (or no threads to be had): no threads.
 */
PD_API bool pd_parallel(unsigned jobs, size_t n, void (*work)(void *ctx, size_t i), bool (*done)(void *ctx, size_t i), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
