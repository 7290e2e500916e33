/*
 * Stages of an input: bytes come from a raw stage (file, callback, memory) and
 * pass through stages that take off compression or another text encoding. Each
 * pulls from the one below; a few bytes can be looked at before they are read.
 */
#ifndef IO_STAGE_H
#define IO_STAGE_H

#include "base/compiler.h"
#include <profdata/io.h>

#define PD_STAGE_HEAD 32u

struct pd_stage {
	/* Bytes put into buf (1..n), 0 at the end, -1 after recording the failure. */
	ptrdiff_t (*read)(struct pd_stage *, char *buf, size_t n, struct pd_error *err);
	void (*free)(struct pd_stage *);
	struct pd_stage *below; /* owned */
	unsigned head_at, head_n;
	char head[PD_STAGE_HEAD]; /* looked at, not read yet */
};

/* Looks at up to `n` ≤ PD_STAGE_HEAD first bytes; fewer at the end. False after a failure. */
bool pd_stage_peek(struct pd_stage *s, size_t n, struct pd_span *out, struct pd_error *err);
ptrdiff_t pd_stage_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err);
/* Frees the stage and everything below it; NULL is fine. */
void pd_stage_free(struct pd_stage *s);

/* ---- raw.c ---- */

/* A file descriptor. `seekable`: bytes [at, limit) by pread, the descriptor's own position stays; else plain read. */
struct pd_stage *pd_stage_fd(int fd, bool owned, bool seekable, uint64_t at, uint64_t limit);
struct pd_stage *pd_stage_memory(const void *data, size_t n);
struct pd_stage *pd_stage_callback(const struct pd_source_ops *ops, void *ctx);
/* read() or pread() (at >= 0) until n bytes, the end, or a failure (-1, errno); retries EINTR and EAGAIN. `once`: return after the first bytes. */
ptrdiff_t pd_fd_read(int fd, void *buf, size_t n, int64_t at, bool once);

/* ---- codec.c ---- */

struct pd_codec {
	const char *name; /* "gzip" */
	const char *magic;
	size_t magic_n;
	struct pd_stage *(*open)(struct pd_stage *below, const struct pd_limits *limits, struct pd_error *err); /* NULL: recognised, not supported */
};
/* The codec whose magic starts `head`, or NULL. */
const struct pd_codec *pd_codec_of(struct pd_span head);
#define PD_CODEC_STEP ((size_t)1 << 20) /* output of one read at most, so that the ratio is looked at often */
/* Shared by the codecs: is `out` bytes made of `in` within the ratio? Records the error. */
bool pd_codec_ratio(const char *name, uint64_t in, uint64_t out, const struct pd_limits *limits, struct pd_error *err);

/* A stage of `size` bytes that begins with a struct pd_stage; the first `zeroed` are 0, its buffer behind them is not touched. NULL: out of memory. */
void *pd_codec_stage(size_t size, size_t zeroed, ptrdiff_t (*read)(struct pd_stage *, char *, size_t, struct pd_error *),
		     void (*release)(struct pd_stage *), struct pd_stage *below);
struct pd_stage *pd_codec_gzip_open(struct pd_stage *below, const struct pd_limits *limits, struct pd_error *err);
struct pd_stage *pd_codec_zstd_open(struct pd_stage *below, const struct pd_limits *limits, struct pd_error *err);

struct pd_big;
/*
 * Whole gzip data (all members) into `out`, the fast way. False when anything is
 * unusual: the caller then takes the streaming way, which also finds the words for what is wrong.
 */
bool pd_gzip_whole(const char *data, size_t n, uint64_t most, const struct pd_limits *limits, struct pd_big *out);

/* ---- utf16.c ---- */

/* Does `head` start with a byte order mark and text in UTF-16? */
bool pd_looks_utf16(struct pd_span head, bool *big_endian);
struct pd_stage *pd_stage_utf16(struct pd_stage *below, bool big_endian);

#endif
