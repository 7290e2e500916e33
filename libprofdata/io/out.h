/* Inside of outputs: a buffer, an optional compressor, and where bytes end up. */
#ifndef IO_OUT_H
#define IO_OUT_H

#include "base/compiler.h"
#include "base/vec.h"
#include "io/big.h"
#include <profdata/io.h>

struct pd_encoder;

struct pd_out {
	char *buf;         /* bytes on their way to the compressor or the file */
	size_t n, cap;
	struct pd_encoder *encoder; /* NULL = plain */
	struct pd_big memory;       /* pd_out_memory() */
	bool to_memory, failed, committed;
	uint64_t total, most; /* bytes that left the buffer; pd_out_limit(), 0 none */
	int fd;            /* -1 for memory */
	bool owns_fd;
	char *temp, *final; /* temporary file and its name to be; NULL when written directly */
	int slot;          /* among the files pd_out_abandon_all() knows, -1 none */
	bool keep_mode;    /* the file is there already: it keeps mode and owner */
	unsigned mode, uid, gid;
	struct pd_error err;
	char name[512];
};

/* ---- for writers with many small pieces ---- */

/* Empties the buffer. */
void pd_out_drain(struct pd_out *out);

static inline void out_bytes(struct pd_out *out, const void *data, size_t n)
{
	if (pd_unlikely(n > out->cap - out->n)) {
		pd_out_write(out, data, n);
		return;
	}
	if (n) /* no bytes may have no address */
		memcpy(out->buf + out->n, data, n);
	out->n += n;
}

static inline void out_byte(struct pd_out *out, char c)
{
	if (pd_unlikely(out->n == out->cap)) {
		pd_out_write(out, &c, 1);
		return;
	}
	out->buf[out->n++] = c;
}

/*
 * Room for n bytes, n at most OUT_ROOM, to be filled at once; out_used() then says how much was.
 * There is always room, whatever has failed.
 */
#define OUT_ROOM ((size_t)32 << 10)
static inline char *out_room(struct pd_out *out, size_t n)
{
	if (pd_unlikely(n > out->cap - out->n))
		pd_out_drain(out);
	return out->buf + out->n;
}
static inline void out_used(struct pd_out *out, size_t n) { out->n += n; }

void pd_out_u64(struct pd_out *out, uint64_t v);
void pd_out_i64(struct pd_out *out, int64_t v);

/* ---- inside ---- */

/* Bytes for the file or memory, past compression. Sticky. */
void pd_out_raw(struct pd_out *out, const void *data, size_t n);

/* ---- encoder.c ---- */

struct pd_encoder {
	void (*write)(struct pd_encoder *, struct pd_out *, const char *data, size_t n);
	void (*finish)(struct pd_encoder *, struct pd_out *);
	void (*free)(struct pd_encoder *);
	size_t whole; /* gzip: up to here it is held and compressed at once; may be lowered before the first byte */
};
/* `level` 0 = default. NULL after recording the error. */
struct pd_encoder *pd_encoder_gzip(int level, struct pd_error *err);
struct pd_encoder *pd_encoder_zstd(int level, struct pd_error *err);

#endif
