/*
 * Bytes for tests: a callback source that hands them out in pieces of a given
 * size with interruptions in between, and helpers to compress.
 */
#ifndef SUPPORT_FEED_H
#define SUPPORT_FEED_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <profdata/io.h>
#include <zlib.h>
#include <zstd.h>

struct feed {
	const char *p;
	size_t n, at;
	size_t piece;      /* most bytes of one read; 0 = no limit */
	unsigned eintr;    /* every how many reads one is interrupted; 0 = never */
	size_t fail_at;    /* from this offset on reads fail with EIO when fails */
	bool fails;
	unsigned reads, closed;
};

static ptrdiff_t feed_read(void *ctx, void *buf, size_t n)
{
	struct feed *f = ctx;
	size_t left = f->n - f->at;

	if (f->eintr && ++f->reads % f->eintr == 0) {
		errno = EINTR;
		return -1;
	}
	if (f->fails && f->at >= f->fail_at) {
		errno = EIO;
		return -1;
	}
	if (n > left)
		n = left;
	if (f->piece && n > f->piece)
		n = f->piece;
	if (n)
		memcpy(buf, f->p + f->at, n);
	f->at += n;
	return (ptrdiff_t)n;
}

static void feed_close(void *ctx)
{
	((struct feed *)ctx)->closed++;
}

__attribute__((unused)) static struct pd_source *feed_open(struct feed *f, const struct pd_limits *limits, struct pd_error *err)
{
	return pd_source_callback("feed", &(struct pd_source_ops){ sizeof(struct pd_source_ops), feed_read, feed_close }, f, limits, err);
}

/* One gzip member, malloc'ed. */
__attribute__((unused)) static char *gzip_member(const void *data, size_t n, size_t *out_n)
{
	z_stream z = { 0 };
	size_t cap = n + n / 100 + 100;
	char *out = malloc(cap);

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)data;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)cap;
	deflate(&z, Z_FINISH);
	*out_n = cap - z.avail_out;
	deflateEnd(&z);
	return out;
}

__attribute__((unused)) static char *zstd_frame(const void *data, size_t n, size_t *out_n)
{
	size_t cap = ZSTD_compressBound(n);
	char *out = malloc(cap);

	*out_n = ZSTD_compress(out, cap, data, n, 3);
	return out;
}

#endif
