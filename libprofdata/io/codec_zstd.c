/* zstd: any number of frames, one after another. */
#include "base/error.h"
#include "base/limits.h"
#include "io/stage.h"

#include <inttypes.h>
#include <zstd.h>
#include <zstd_errors.h>

#define IN_SIZE ((size_t)128 << 10)

struct zstd_stage {
	struct pd_stage stage;
	struct pd_limits limits;
	ZSTD_DStream *z;
	ZSTD_inBuffer src;
	size_t wants;     /* what the decoder said last: 0 = between frames */
	bool end;
	uint64_t in, out;
	char buf[IN_SIZE];
};

static bool refill(struct zstd_stage *g, struct pd_error *err)
{
	ptrdiff_t got;

	if (g->src.pos < g->src.size || g->end)
		return true;
	got = pd_stage_read(g->stage.below, g->buf, IN_SIZE, err);
	if (got < 0)
		return false;
	g->end = got == 0;
	g->in += (uint64_t)got;
	g->src = (ZSTD_inBuffer){ g->buf, (size_t)got, 0 };
	return true;
}

static uint64_t taken(const struct zstd_stage *g)
{
	return g->in - (g->src.size - g->src.pos);
}

static void say_what(const struct zstd_stage *g, size_t code, struct pd_error *err)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		pd_error_nomem(err);
		break;
	case ZSTD_error_frameParameter_windowTooLarge:
		pd_error_set(err, PD_ERR_LIMIT, "zstd data needs a window above 128 MiB");
		pd_error_hint(err, "decompress it first: zstd -d --long=31");
		break;
	case ZSTD_error_prefix_unknown:
		if (g->out) {
			pd_error_set(err, PD_ERR_DATA, "garbage behind the zstd data, near compressed offset %" PRIu64, taken(g));
			break;
		}
		/* fall through */
	default:
		pd_error_set(err, PD_ERR_DATA, "zstd data is corrupt near compressed offset %" PRIu64 ": %s", taken(g),
			     ZSTD_getErrorName(code));
	}
}

static ptrdiff_t zstd_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err)
{
	struct zstd_stage *g = (struct zstd_stage *)s;
	ZSTD_outBuffer dst = { buf, n < PD_CODEC_STEP ? n : PD_CODEC_STEP, 0 };

	while (dst.pos == 0) {
		size_t before;

		if (!refill(g, err))
			return -1;
		before = g->src.pos;
		if (g->end && !g->wants)
			return 0;
		/* at the end the decoder may still hold output back */
		g->wants = ZSTD_decompressStream(g->z, &dst, &g->src);
		if (ZSTD_isError(g->wants)) {
			say_what(g, g->wants, err);
			return -1;
		}
		if (g->end && dst.pos == 0 && g->wants && g->src.pos == before) {
			pd_error_set(err, PD_ERR_DATA, "zstd data is cut off after %" PRIu64 " compressed bytes", taken(g));
			pd_error_hint(err, "the file is incomplete; copy or record it again");
			return -1;
		}
	}
	g->out += dst.pos;
	return pd_codec_ratio("zstd", taken(g), g->out, &g->limits, err) ? (ptrdiff_t)dst.pos : -1;
}

static void zstd_free(struct pd_stage *s)
{
	struct zstd_stage *g = (struct zstd_stage *)s;

	ZSTD_freeDStream(g->z);
	free(g);
}

struct pd_stage *pd_codec_zstd_open(struct pd_stage *below, const struct pd_limits *limits, struct pd_error *err)
{
	struct zstd_stage *g = pd_codec_stage(sizeof *g, offsetof(struct zstd_stage, buf), zstd_read, zstd_free, below);

	if (!g || !(g->z = ZSTD_createDStream())) {
		free(g);
		pd_error_nomem(err);
		return NULL;
	}
	g->limits = *limits;
	return &g->stage;
}
