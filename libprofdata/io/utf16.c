/* Text in UTF-16 becomes UTF-8 on the way in. Unpaired surrogates and a lone last byte become U+FFFD. */
#include "base/error.h"
#include "io/stage.h"

#define IN_SIZE ((size_t)32 << 10)

struct utf16_stage {
	struct pd_stage stage;
	bool big_endian, end;
	size_t at, n;
	unsigned char buf[IN_SIZE];
};

bool pd_looks_utf16(struct pd_span head, bool *big_endian)
{
	const unsigned char *p = (const unsigned char *)head.p;

	/* the first character of every text format is ASCII; this keeps binary data that starts with FF FE out */
	if (head.n < 4)
		return false;
	*big_endian = p[0] == 0xfe && p[1] == 0xff;
	if (*big_endian)
		return p[2] == 0 && p[3] != 0 && p[3] < 0x80;
	return p[0] == 0xff && p[1] == 0xfe && p[3] == 0 && p[2] != 0 && p[2] < 0x80;
}

static unsigned unit(const struct utf16_stage *u, size_t at)
{
	unsigned a = u->buf[at], b = u->buf[at + 1];

	return u->big_endian ? a << 8 | b : b << 8 | a;
}

static size_t put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* One character off the buffer; false when more bytes are needed. */
static bool next_char(struct utf16_stage *u, unsigned *c)
{
	size_t left = u->n - u->at;
	unsigned low;

	if (left < 2) {
		u->at = u->n;
		*c = 0xfffd;
		return left && u->end;
	}
	*c = unit(u, u->at);
	if ((*c & 0xfc00) == 0xd800 && left < 4 && !u->end)
		return false;
	u->at += 2;
	if ((*c & 0xf800) != 0xd800)
		return true;
	if ((*c & 0xfc00) != 0xd800 || left < 4 || ((low = unit(u, u->at)) & 0xfc00) != 0xdc00) {
		*c = 0xfffd;
		return true;
	}
	u->at += 2;
	*c = 0x10000 + ((*c & 0x3ff) << 10 | (low & 0x3ff));
	return true;
}

static bool refill(struct utf16_stage *u, struct pd_error *err)
{
	ptrdiff_t got;

	memmove(u->buf, u->buf + u->at, u->n - u->at);
	u->n -= u->at;
	u->at = 0;
	got = pd_stage_read(u->stage.below, (char *)u->buf + u->n, IN_SIZE - u->n, err);
	if (got < 0)
		return false;
	u->end = got == 0;
	u->n += (size_t)got;
	return true;
}

static ptrdiff_t utf16_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err)
{
	struct utf16_stage *u = (struct utf16_stage *)s;
	size_t made = 0;

	while (n - made >= 4) {
		unsigned c;

		if (!u->end && u->n - u->at < 4) {
			if (made)
				break; /* hand out what there is before waiting for more */
			if (!refill(u, err))
				return -1;
			continue;
		}
		if (u->at == u->n || !next_char(u, &c))
			break;
		made += put_utf8(buf + made, c);
	}
	return (ptrdiff_t)made;
}

static void utf16_free(struct pd_stage *s)
{
	free(s);
}

struct pd_stage *pd_stage_utf16(struct pd_stage *below, bool big_endian)
{
	struct utf16_stage *u = malloc(sizeof *u);

	if (!u)
		return NULL;
	memset(u, 0, offsetof(struct utf16_stage, buf));
	u->stage.read = utf16_read;
	u->stage.free = utf16_free;
	u->stage.below = below;
	u->big_endian = big_endian;
	return &u->stage;
}
