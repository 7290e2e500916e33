/*
 * gzip: zlib member by member for streams, libdeflate for data that is there
 * as a whole. Zero padding after the last member is fine (tapes, block
 * devices), anything else behind it is an error.
 */
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "io/big.h"
#include "io/stage.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <zlib.h>

#define IN_SIZE ((size_t)128 << 10)

struct gzip_stage {
	struct pd_stage stage;
	struct pd_limits limits;
	z_stream z;
	bool begun;    /* inside a member */
	bool padding;  /* only zeros may follow */
	bool end;      /* nothing below any more */
	uint64_t in, out; /* bytes taken from below; bytes made */
	char buf[IN_SIZE];
};

static bool refill(struct gzip_stage *g, struct pd_error *err)
{
	ptrdiff_t got;

	if (g->z.avail_in || g->end)
		return true;
	got = pd_stage_read(g->stage.below, g->buf, IN_SIZE, err);
	if (got < 0)
		return false;
	g->end = got == 0;
	g->in += (uint64_t)got;
	g->z.next_in = (Bytef *)g->buf;
	g->z.avail_in = (uInt)got;
	return true;
}

static uint64_t taken(const struct gzip_stage *g)
{
	return g->in - g->z.avail_in;
}

/* Between members: -1 failure, 0 the end, 1 another member. */
static int next_member(struct gzip_stage *g, struct pd_error *err)
{
	for (;;) {
		if (!refill(g, err))
			return -1;
		if (g->end && !g->z.avail_in)
			return 0;
		if (*g->z.next_in == 0x1f && !g->padding)
			return inflateReset(&g->z) == Z_OK ? 1 : -1;
		while (g->z.avail_in && *g->z.next_in == 0) {
			g->padding = true;
			g->z.next_in++;
			g->z.avail_in--;
		}
		if (g->z.avail_in && !(*g->z.next_in == 0x1f && !g->padding)) {
			pd_error_set(err, PD_ERR_DATA, "garbage behind the gzip data, at compressed offset %" PRIu64, taken(g));
			return -1;
		}
	}
}

static ptrdiff_t cut_off(struct gzip_stage *g, struct pd_error *err)
{
	pd_error_set(err, PD_ERR_DATA, "gzip data is cut off after %" PRIu64 " compressed bytes", taken(g));
	pd_error_hint(err, "the file is incomplete; copy or record it again");
	return -1;
}

static ptrdiff_t gzip_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err)
{
	struct gzip_stage *g = (struct gzip_stage *)s;
	size_t made;

	if (n > PD_CODEC_STEP)
		n = PD_CODEC_STEP;
	g->z.next_out = (Bytef *)buf;
	g->z.avail_out = (uInt)n;
	while (g->z.avail_out == n) {
		int r;

		if (!g->begun) {
			int more = next_member(g, err);

			if (more <= 0)
				return more;
			g->begun = true;
		}
		if (!refill(g, err))
			return -1;
		if (g->end && !g->z.avail_in)
			return cut_off(g, err);
		r = inflate(&g->z, Z_NO_FLUSH);
		if (r == Z_STREAM_END) {
			g->begun = false;
		} else if (r == Z_MEM_ERROR) {
			pd_error_nomem(err);
			return -1;
		} else if (r != Z_OK && r != Z_BUF_ERROR) {
			pd_error_set(err, PD_ERR_DATA, "gzip data is corrupt near compressed offset %" PRIu64 ": %s", taken(g),
				     g->z.msg ? g->z.msg : "bad stream");
			return -1;
		}
	}
	made = n - g->z.avail_out;
	g->out += made;
	return pd_codec_ratio("gzip", taken(g), g->out, &g->limits, err) ? (ptrdiff_t)made : -1;
}

static void gzip_free(struct pd_stage *s)
{
	struct gzip_stage *g = (struct gzip_stage *)s;

	inflateEnd(&g->z);
	free(g);
}

struct pd_stage *pd_codec_gzip_open(struct pd_stage *below, const struct pd_limits *limits, struct pd_error *err)
{
	struct gzip_stage *g = pd_codec_stage(sizeof *g, offsetof(struct gzip_stage, buf), gzip_read, gzip_free, below);

	if (!g || inflateInit2(&g->z, 15 + 16) != Z_OK) {
		free(g);
		pd_error_nomem(err);
		return NULL;
	}
	g->limits = *limits;
	return &g->stage;
}

/* ---- whole data ---- */

/* Length field at the end of the last member: right in the ordinary case, a guess always. */
static uint64_t guess(const char *data, size_t n)
{
	uint32_t v;

	if (n < 18)
		return 0;
	memcpy(&v, data + n - 4, 4); /* little-endian hosts only need this to be fast, not right */
	return v;
}

static bool all_zero(const char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

bool pd_gzip_whole(const char *data, size_t n, uint64_t most, const struct pd_limits *limits, struct pd_big *out)
{
	const uint64_t honest = (uint64_t)n * 20 + PD_RATIO_FREE; /* beyond this let the stream with its ratio check work */
	uint64_t ceiling, hint = guess(data, n);
	struct libdeflate_decompressor *d;
	size_t at = 0;
	bool ok = true;

	if (pd_mul_overflow((uint64_t)n, (uint64_t)limits->max_ratio, &ceiling) || ceiling > honest)
		ceiling = honest;
	if (ceiling < PD_RATIO_FREE)
		ceiling = PD_RATIO_FREE;
	if (ceiling > most)
		ceiling = most;
	if (hint < (uint64_t)n / 2 || hint > ceiling)
		hint = (uint64_t)n * 4 < ceiling ? (uint64_t)n * 4 : ceiling;
	d = libdeflate_alloc_decompressor();
	ok = d && pd_big_reserve(out, (size_t)hint + 64);
	out->n = 0;
	while (ok && at < n) {
		size_t in, made, cap = out->cap < ceiling ? out->cap : (size_t)ceiling;
		enum libdeflate_result r;

		r = libdeflate_gzip_decompress_ex(d, data + at, n - at, out->p + out->n, cap - out->n, &in, &made);
		if (r == LIBDEFLATE_SUCCESS) {
			at += in;
			out->n += made;
		} else if (r == LIBDEFLATE_INSUFFICIENT_SPACE && cap < ceiling) {
			ok = pd_big_reserve(out, cap * 2 < ceiling ? cap * 2 : (size_t)ceiling);
		} else {
			ok = false;
		}
		if (ok && at < n && data[at] == 0) { /* zero padding, or something the stream has words for */
			ok = all_zero(data + at, n - at);
			at = n;
		}
	}
	libdeflate_free_decompressor(d);
	if (!ok)
		pd_big_release(out);
	return ok;
}
