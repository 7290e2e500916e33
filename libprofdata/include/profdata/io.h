/*
 * Inputs and outputs. A source is one decompressed byte stream over a file, a
 * pipe, memory or a callback; gzip (several members) and zstd are removed on
 * the way. An output appears under its name only when it is committed.
 */
#ifndef PROFDATA_IO_H
#define PROFDATA_IO_H

#include <profdata/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pd_source;
struct pd_out;

/* Bytes on demand for pd_source_callback(); read returns bytes put, 0 at the end, -1 with errno on failure. */
struct pd_source_ops {
	size_t size;
	ptrdiff_t (*read)(void *ctx, void *buf, size_t n);
	void (*close)(void *ctx); /* may be NULL; called once, also when the source cannot be made */
};

/* Opens a file; "-" is standard input and is named <stdin>. `limits` may be NULL (defaults); it is copied. NULL on error. */
PD_API struct pd_source *pd_source_path(const char *path, const struct pd_limits *limits, struct pd_error *err);
/* Reads from memory, which must outlive the source. `name` is for messages. */
PD_API struct pd_source *pd_source_memory(const char *name, const void *data, size_t n, const struct pd_limits *limits, struct pd_error *err);
PD_API struct pd_source *pd_source_callback(const char *name, const struct pd_source_ops *ops, void *ctx, const struct pd_limits *limits, struct pd_error *err);
PD_API void pd_source_free(struct pd_source *src);

PD_API const char *pd_source_name(const struct pd_source *src);
/* "none", "gzip", "zstd"; known after the first peek. */
PD_API const char *pd_source_compression(const struct pd_source *src);
/* Offset of the next byte in the decompressed stream, and number of the line last returned by pd_source_line(). */
PD_API uint64_t pd_source_offset(const struct pd_source *src);
PD_API uint64_t pd_source_line_number(const struct pd_source *src);

/*
 * Looks at the next bytes without taking them: at least `min` unless the input
 * ends or fails first, possibly more. Valid until the next call on the source.
 */
PD_API struct pd_span pd_source_peek(struct pd_source *src, size_t min);
/* Takes `n` bytes that were peeked. */
PD_API void pd_source_consume(struct pd_source *src, size_t n);
/* Next line without its line end (LF or CR LF); false at the end or on failure. A last line without LF counts. */
PD_API bool pd_source_line(struct pd_source *src, struct pd_span *line);
/* Everything from here to the end in one piece, taken; memory itself or a buffer that lives as long as the source. */
PD_API enum pd_status pd_source_all(struct pd_source *src, struct pd_span *all);
/* Brings all of it into memory, so that pd_source_all() need not wait; takes nothing. */
PD_API enum pd_status pd_source_fetch(struct pd_source *src);
/* After pd_source_all(): promises not to look before `upto` again, so that its memory can be given back while the rest is read. */
PD_API void pd_source_forget(struct pd_source *src, const char *upto);
/* PD_OK, or the first failure (I/O, limit, corrupt compression). Readers return it when lines run out. */
PD_API enum pd_status pd_source_status(const struct pd_source *src);
/* The failure behind pd_source_status(), with path and offset. */
PD_API const struct pd_error *pd_source_error(const struct pd_source *src);

enum pd_out_flags {
	PD_OUT_GZIP = 1 << 0, /* compress with gzip (no name, no time: reproducible) */
	PD_OUT_ZSTD = 1 << 1,
};

/*
 * Opens an output; "-" is standard output. A regular file is written beside
 * its final name and renamed by pd_out_commit(); devices and FIFOs are written
 * directly. `level` 0 is the codec's default. NULL on error.
 */
PD_API struct pd_out *pd_out_path(const char *path, unsigned flags, int level, struct pd_error *err);
/* Collects into memory, see pd_out_memory_take(). */
PD_API struct pd_out *pd_out_memory(unsigned flags, int level, struct pd_error *err);
/* Writing is sticky: after a failure everything is ignored and pd_out_commit() reports it. */
PD_API void pd_out_write(struct pd_out *out, const void *data, size_t n);
PD_API void pd_out_puts(struct pd_out *out, const char *text);
PD_API void pd_out_printf(struct pd_out *out, const char *fmt, ...) PD_PRINTF(2, 3);
PD_API bool pd_out_failed(const struct pd_out *out);
/* Fails the output for a reason of the caller (something to be written could not be made); the first failure counts. */
PD_API void pd_out_fail(struct pd_out *out, enum pd_status status, const char *fmt, ...) PD_PRINTF(3, 4);
/* Flushes, finishes compression, fsyncs and renames. The output stays to be freed. */
PD_API enum pd_status pd_out_commit(struct pd_out *out, struct pd_error *err);
/* Bytes of a committed memory output; the buffer belongs to `out`. */
PD_API struct pd_span pd_out_memory_span(const struct pd_out *out);
/* Without a commit the temporary file is removed and an existing file stays as it was. */
PD_API void pd_out_free(struct pd_out *out);
/* Removes temporary files of all open outputs; async-signal-safe, for signal handlers. */
PD_API void pd_out_abandon_all(void);

#ifdef __cplusplus
}
#endif
#endif
