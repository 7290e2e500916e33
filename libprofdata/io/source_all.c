/*
 * The rest of an input in one piece. Memory is handed out as it is; a plain
 * file is one read of its size; a gzip file is inflated whole by libdeflate;
 * everything else is collected.
 */
#include "base/error.h"
#include "base/limits.h"
#include "io/source.h"

#include <errno.h>

#define FIRST_ROOM ((size_t)1 << 20)
#define SMALL ((uint64_t)256 << 10)
#define EXTRA_ROOM ((size_t)64) /* so that a file that keeps its size needs no growing to see its end */

/* What the caller of pd_source_all() may be given at most. */
static uint64_t ceiling(const struct pd_source *s)
{
	return s->most < s->limits.max_memory ? s->most : s->limits.max_memory;
}

static enum pd_status give_up(struct pd_source *s, enum pd_status status, const char *what)
{
	pd_error_set(&s->err, status, "%s", what);
	s->failed = s->ended = true;
	return s->err.status;
}

static enum pd_status too_big(struct pd_source *s)
{
	char size[32];

	pd_error_set(&s->err, PD_ERR_LIMIT, "input needs more than %s of memory", pd_size_text(size, sizeof size, ceiling(s)));
	pd_error_hint(&s->err, "allow more with --max-memory SIZE");
	s->failed = s->ended = true;
	return s->err.status;
}

/* The window becomes `b` from `at` on; nothing more comes. */
static void settle(struct pd_source *s, struct pd_big *b, size_t at, uint64_t window_at)
{
	pd_big_release(&s->buf);
	s->buf = *b;
	*b = (struct pd_big){ 0 };
	pd_big_trim(&s->buf);
	s->window = s->buf.p ? s->buf.p : "";
	s->pos = s->window + at;
	s->end = s->window + s->buf.n;
	s->window_at = window_at;
	s->ended = true;
	pd_stage_free(s->top);
	s->top = NULL;
}

/* Room for at least EXTRA_ROOM more bytes (a stage may need a few to put one character), doubling. */
static enum pd_status grow(struct pd_source *s, struct pd_big *b, uint64_t hint)
{
	uint64_t most = ceiling(s), cap = b->cap ? (uint64_t)b->cap * 2 : hint;

	if (b->cap - b->n >= EXTRA_ROOM)
		return PD_OK;
	if (b->n > most)
		return too_big(s);
	if (cap < FIRST_ROOM)
		cap = FIRST_ROOM;
	if (cap > most + EXTRA_ROOM)
		cap = most + EXTRA_ROOM;
	if (!pd_big_reserve(b, (size_t)cap))
		return give_up(s, PD_ERR_NOMEM, "out of memory");
	return PD_OK;
}

static enum pd_status collect(struct pd_source *s)
{
	size_t have = (size_t)(s->end - s->pos);
	uint64_t hint = (uint64_t)have * 2, at = pd_source_offset(s);
	struct pd_big b = { 0 };
	enum pd_status status;

	if (s->raw == PD_RAW_FILE && !s->layers && s->raw_end - s->raw_at > at)
		hint = s->raw_end - s->raw_at - at;
	if (hint < have)
		hint = have;
	status = have > ceiling(s) ? too_big(s) : grow(s, &b, hint + EXTRA_ROOM);
	if (status == PD_OK) {
		memcpy(b.p, s->pos, have);
		b.n = have;
	}
	while (status == PD_OK && (status = grow(s, &b, 0)) == PD_OK) {
		ptrdiff_t got = pd_stage_read(s->top, b.p + b.n, b.cap - b.n, &s->err);

		if (got == 0)
			break;
		if (got < 0) {
			status = give_up(s, PD_ERR_INTERNAL, "input failed without a reason");
			break;
		}
		b.n += (size_t)got;
		if (b.n > ceiling(s) || at + b.n > s->most)
			status = at + b.n > s->most ? pd_source_over_limit(s) : too_big(s);
	}
	if (status == PD_OK)
		settle(s, &b, 0, at);
	if (status != PD_OK && !s->err.has_offset && (status == PD_ERR_DATA || status == PD_ERR_LIMIT)) {
		s->err.has_offset = true;
		s->err.offset = at + b.n;
	}
	pd_big_release(&b);
	return status;
}

/* The compressed bytes of a file, read around the stages. */
static bool slurp(const struct pd_source *s, struct pd_big *b)
{
	uint64_t size = s->raw_end - s->raw_at;
	ptrdiff_t got;

	if (size > s->limits.max_memory || !pd_big_reserve(b, (size_t)size))
		return false;
	got = pd_fd_read(s->fd, b->p, (size_t)size, (int64_t)s->raw_at, false);
	b->n = got > 0 ? (size_t)got : 0;
	return got > 0 && (uint64_t)got == size;
}

/* All of the compressed input, inflated. */
static bool inflate_raw(const struct pd_source *s, struct pd_big *out)
{
	struct pd_big raw = { 0 };
	bool ok;

	if (s->raw == PD_RAW_MEMORY)
		return pd_gzip_whole(s->memory + s->raw_at, (size_t)(s->raw_end - s->raw_at), ceiling(s), &s->limits, out);
	ok = slurp(s, &raw) && pd_gzip_whole(raw.p, raw.n, ceiling(s), &s->limits, out);
	pd_big_release(&raw);
	return ok;
}

/* True when the window now holds everything. Nothing is touched otherwise. */
static bool inflate_whole(struct pd_source *s)
{
	struct pd_big out = { 0 };
	uint64_t at = pd_source_offset(s);
	bool ok;

	if (s->layers != 1 || s->converted || strcmp(s->compression, "gzip") != 0 || s->raw == PD_RAW_STREAM)
		return false;
	ok = inflate_raw(s, &out) && out.n >= at;
	if (ok)
		settle(s, &out, (size_t)at, 0);
	pd_big_release(&out);
	return ok;
}

bool pd_source_small(struct pd_source *s)
{
	struct pd_big out = { 0 };
	struct pd_span head;
	bool big_endian, ok;

	if (s->raw == PD_RAW_STREAM || s->layers || !s->limits.max_layers || s->raw_end - s->raw_at > SMALL)
		return false;
	ok = inflate_raw(s, &out) && out.n <= s->limits.max_input;
	head = (struct pd_span){ out.p, ok ? out.n : 0 };
	/* what needs another stage takes the long way */
	ok = ok && !pd_codec_of(head) && !pd_looks_utf16(head, &big_endian);
	if (ok)
		settle(s, &out, 0, 0);
	pd_big_release(&out);
	return ok;
}

enum pd_status pd_source_fetch(struct pd_source *s)
{
	enum pd_status status;

	pd_source_peek(s, 1);
	status = s->failed ? s->err.status : PD_OK;
	if (status == PD_OK && !s->ended && !inflate_whole(s))
		status = collect(s);
	return status;
}

enum pd_status pd_source_all(struct pd_source *s, struct pd_span *all)
{
	enum pd_status status = pd_source_fetch(s);

	if (status == PD_OK)
		*all = (struct pd_span){ s->pos, (size_t)(s->end - s->pos) };
	s->pos = s->end;
	return status;
}

void pd_source_forget(struct pd_source *s, const char *upto)
{
	if (s->buf.p && upto > s->buf.p && upto <= s->buf.p + s->buf.cap)
		pd_big_forget(&s->buf, (size_t)(upto - s->buf.p));
}
