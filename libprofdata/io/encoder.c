/*
 * Compressors of outputs. gzip: what fits into one piece is compressed whole
 * by libdeflate (two thirds of zlib's time, and denser); longer output is
 * streamed through zlib. The choice depends on the content's length alone, so equal content
 * gives equal bytes. Headers carry neither name nor time.
 */
#include "base/error.h"
#include "io/out.h"

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#define WHOLE ((size_t)256 << 20) /* compressed in one piece up to here */
#define CHUNK ((size_t)64 << 10)
/* Profiles are written to be read once or twice: a few per cent more bytes for half the time, as the Go runtime chooses too. */
#define DEFAULT_LEVEL 1

/* ---- gzip ---- */

struct gzip_encoder {
	struct pd_encoder encoder;
	int level;
	struct pd_big whole; /* what came so far, while it is short */
	bool streaming;
	z_stream z;
	char out[CHUNK];
};

static void stream(struct gzip_encoder *g, struct pd_out *out, const char *data, size_t n, bool last)
{
	g->z.next_in = (Bytef *)data;
	for (;;) {
		uInt piece = n > (1u << 30) ? 1u << 30 : (uInt)n;
		int r;

		g->z.avail_in = piece;
		do {
			g->z.next_out = (Bytef *)g->out;
			g->z.avail_out = CHUNK;
			r = deflate(&g->z, last && piece == n ? Z_FINISH : Z_NO_FLUSH);
			pd_out_raw(out, g->out, CHUNK - g->z.avail_out);
		} while (g->z.avail_out == 0 && r != Z_STREAM_END);
		n -= piece;
		if (!n)
			return;
	}
}

static bool start_stream(struct gzip_encoder *g, struct pd_out *out)
{
	int level = g->level > 9 ? 9 : g->level;

	if (deflateInit2(&g->z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	g->streaming = true;
	stream(g, out, g->whole.p, g->whole.n, false);
	pd_big_release(&g->whole);
	return true;
}

static void gzip_write(struct pd_encoder *e, struct pd_out *out, const char *data, size_t n)
{
	struct gzip_encoder *g = (struct gzip_encoder *)e;

	if (!g->streaming && g->whole.n <= g->encoder.whole && n <= g->encoder.whole - g->whole.n) {
		size_t cap = g->whole.cap ? g->whole.cap : (size_t)1 << 20;

		while (cap < g->whole.n + n)
			cap *= 2;
		if (!pd_big_reserve(&g->whole, cap)) {
			pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
			return;
		}
		memcpy(g->whole.p + g->whole.n, data, n);
		g->whole.n += n;
		return;
	}
	if (g->streaming || start_stream(g, out))
		stream(g, out, data, n, false);
}

static void gzip_finish(struct pd_encoder *e, struct pd_out *out)
{
	struct gzip_encoder *g = (struct gzip_encoder *)e;
	struct libdeflate_compressor *c;
	struct pd_big made = { 0 };

	if (g->streaming) {
		stream(g, out, NULL, 0, true);
		return;
	}
	c = libdeflate_alloc_compressor(g->level);
	if (c && pd_big_reserve(&made, libdeflate_gzip_compress_bound(c, g->whole.n)))
		made.n = libdeflate_gzip_compress(c, g->whole.p ? g->whole.p : "", g->whole.n, made.p, made.cap);
	if (made.n)
		pd_out_raw(out, made.p, made.n);
	else
		pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
	libdeflate_free_compressor(c);
	pd_big_release(&made);
}

static void gzip_free(struct pd_encoder *e)
{
	struct gzip_encoder *g = (struct gzip_encoder *)e;

	if (g->streaming)
		deflateEnd(&g->z);
	pd_big_release(&g->whole);
	free(g);
}

struct pd_encoder *pd_encoder_gzip(int level, struct pd_error *err)
{
	struct gzip_encoder *g;

	if (level < 0 || level > 12) {
		pd_error_set(err, PD_ERR_USAGE, "gzip has levels 1 to 12, not %d", level);
		return NULL;
	}
	g = calloc(1, sizeof *g);
	if (!g) {
		pd_error_nomem(err);
		return NULL;
	}
	g->encoder = (struct pd_encoder){ gzip_write, gzip_finish, gzip_free, WHOLE };
	g->level = level ? level : DEFAULT_LEVEL;
	return &g->encoder;
}

/* ---- zstd ---- */

struct zstd_encoder {
	struct pd_encoder encoder;
	ZSTD_CCtx *z;
	char out[CHUNK];
};

static void zstd_push(struct zstd_encoder *g, struct pd_out *out, const char *data, size_t n, ZSTD_EndDirective end)
{
	ZSTD_inBuffer src = { data, n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer dst = { g->out, CHUNK, 0 };

		left = ZSTD_compressStream2(g->z, &dst, &src, end);
		if (ZSTD_isError(left)) {
			pd_out_fail(out, PD_ERR_NOMEM, "zstd: %s", ZSTD_getErrorName(left));
			return;
		}
		pd_out_raw(out, g->out, dst.pos);
	} while (end == ZSTD_e_end ? left != 0 : src.pos < src.size);
}

static void zstd_write(struct pd_encoder *e, struct pd_out *out, const char *data, size_t n)
{
	zstd_push((struct zstd_encoder *)e, out, data, n, ZSTD_e_continue);
}

static void zstd_finish(struct pd_encoder *e, struct pd_out *out)
{
	zstd_push((struct zstd_encoder *)e, out, "", 0, ZSTD_e_end);
}

static void zstd_free(struct pd_encoder *e)
{
	struct zstd_encoder *g = (struct zstd_encoder *)e;

	ZSTD_freeCCtx(g->z);
	free(g);
}

struct pd_encoder *pd_encoder_zstd(int level, struct pd_error *err)
{
	struct zstd_encoder *g;

	if (level < 0 || level > ZSTD_maxCLevel()) {
		pd_error_set(err, PD_ERR_USAGE, "zstd has levels 1 to %d, not %d", ZSTD_maxCLevel(), level);
		return NULL;
	}
	g = calloc(1, sizeof *g);
	if (!g || !(g->z = ZSTD_createCCtx()) || ZSTD_isError(ZSTD_CCtx_setParameter(g->z, ZSTD_c_compressionLevel, level ? level : 3)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(g->z, ZSTD_c_checksumFlag, 1))) {
		if (g)
			ZSTD_freeCCtx(g->z);
		free(g);
		pd_error_nomem(err);
		return NULL;
	}
	g->encoder = (struct pd_encoder){ zstd_write, zstd_finish, zstd_free };
	return &g->encoder;
}
