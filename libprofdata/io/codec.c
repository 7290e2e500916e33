/* Magic numbers of compressed data, and the rule against bombs. */
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "io/stage.h"

/* What is recognised but has no decoder is named in the error instead of looking like an unknown format. */
static const struct pd_codec codecs[] = {
	{ "gzip", "\x1f\x8b", 2, pd_codec_gzip_open },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, pd_codec_zstd_open },
	{ "xz", "\xfd" "7zXZ\0", 6, NULL },
	{ "lz4", "\x04\x22\x4d\x18", 4, NULL },
	{ "bzip2", "BZh91AY&SY", 10, NULL },
	{ "compress", "\x1f\x9d\x90", 3, NULL },
	{ "zip", "PK\x03\x04", 4, NULL },
};

const struct pd_codec *pd_codec_of(struct pd_span head)
{
	for (size_t i = 0; i < PD_ARRAY_LEN(codecs); i++)
		if (head.n >= codecs[i].magic_n && memcmp(head.p, codecs[i].magic, codecs[i].magic_n) == 0)
			return &codecs[i];
	/* a skippable zstd frame may come first */
	if (head.n >= 4 && ((unsigned char)head.p[0] & 0xf0) == 0x50 && memcmp(head.p + 1, "\x2a\x4d\x18", 3) == 0)
		return &codecs[1];
	return NULL;
}

bool pd_codec_ratio(const char *name, uint64_t in, uint64_t out, const struct pd_limits *limits, struct pd_error *err)
{
	uint64_t most;
	char size[32];

	if (pd_likely(out <= PD_RATIO_FREE))
		return true;
	if (pd_mul_overflow(in, (uint64_t)limits->max_ratio, &most) || out <= most)
		return true;
	pd_error_set(err, PD_ERR_LIMIT, "%s data expands more than %u times (limit; %s so far)", name, limits->max_ratio,
		     pd_size_text(size, sizeof size, out));
	pd_error_hint(err, "decompress it first if you trust it");
	return false;
}

void *pd_codec_stage(size_t size, size_t zeroed, ptrdiff_t (*read)(struct pd_stage *, char *, size_t, struct pd_error *),
		     void (*release)(struct pd_stage *), struct pd_stage *below)
{
	struct pd_stage *s = malloc(size);

	if (!s)
		return NULL;
	memset(s, 0, zeroed);
	s->read = read;
	s->free = release;
	s->below = below;
	return s;
}
