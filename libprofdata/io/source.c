/*
 * Sources: peek and consume over a window, lines without copying.
 *
 * Files are read in blocks that stay in the cache, not mapped: a mapping dies
 * with SIGBUS when somebody truncates the file, keeps the pages of the whole
 * file in our memory figure, and is not faster for one pass over the bytes.
 */
#include "io/source.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)256 << 10)
#define FIRST_READ ((size_t)8 << 10)
#define PIPE_ROOM (1 << 20)
#define LEAST_READ ((size_t)4096)
#define LONGEST_LINE ((size_t)64 << 20)

/* Marks a failure that a stage or helper put into src->err. */
static bool failed(struct pd_source *src)
{
	if (src->err.status == PD_OK)
		pd_error_set(&src->err, PD_ERR_INTERNAL, "input failed without a reason");
	if (!src->err.has_offset && (src->err.status == PD_ERR_DATA || src->err.status == PD_ERR_LIMIT)) {
		src->err.has_offset = true;
		src->err.offset = src->window_at + (uint64_t)(src->end - src->window);
	}
	src->failed = src->ended = true;
	return false;
}

/* ---- opening ---- */

static struct pd_source *source_new(const char *name, const struct pd_limits *limits, struct pd_error *err)
{
	struct pd_source *s = calloc(1, sizeof *s);

	if (!s) {
		pd_error_nomem(err);
		return NULL;
	}
	s->limits = pd_limits_copy(limits);
	s->most = limits && limits->max_input ? s->limits.max_input : UINT64_MAX;
	if (s->most == PD_DEFAULT_MAX_INPUT)
		s->most = UINT64_MAX; /* a filled struct: the default is for compressed input */
	s->pos = s->end = s->window = "";
	s->compression = "none";
	s->fd = s->owned_fd = -1;
	snprintf(s->name, sizeof s->name, "%s", name);
	snprintf(s->err.path, sizeof s->err.path, "%s", name);
	return s;
}

/* `raw` failed or is ready. */
static struct pd_source *with_stage(struct pd_source *s, struct pd_stage *raw, struct pd_error *err)
{
	s->top = raw;
	if (raw)
		return s;
	pd_source_free(s);
	pd_error_nomem(err);
	return NULL;
}

static struct pd_source *open_fd(struct pd_source *s, int fd, bool owned, struct pd_error *err)
{
	struct stat st = { 0 };
	off_t at;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		pd_error_set(err, PD_ERR_IO, "is a directory");
		pd_error_path(err, s->name);
		if (owned)
			close(fd);
		pd_source_free(s);
		return NULL;
	}
	s->fd = fd;
	if (S_ISFIFO(st.st_mode))
		fcntl(fd, F_SETPIPE_SZ, PIPE_ROOM); /* a wish: fewer wake-ups on both sides */
	/* files of /proc and the like have no size and are read as streams */
	if (S_ISREG(st.st_mode) && st.st_size > 0 && (at = lseek(fd, 0, SEEK_CUR)) >= 0) {
		s->raw = PD_RAW_FILE;
		s->raw_at = (uint64_t)at;
		s->raw_end = st.st_size > at ? (uint64_t)st.st_size : (uint64_t)at;
		posix_fadvise(fd, at, 0, POSIX_FADV_SEQUENTIAL);
	}
	s->owned_fd = owned ? fd : -1;
	return with_stage(s, pd_stage_fd(fd, false, s->raw == PD_RAW_FILE, s->raw_at, UINT64_MAX), err);
}

struct pd_source *pd_source_path(const char *path, const struct pd_limits *limits, struct pd_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	struct pd_source *s = source_new(standard ? "<stdin>" : path, limits, err);
	int fd = STDIN_FILENO;

	if (!s)
		return NULL;
	while (!standard && (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0) {
		if (errno == EINTR)
			continue;
		pd_error_errno(err, errno, "cannot open");
		pd_error_path(err, path);
		pd_source_free(s);
		return NULL;
	}
	return open_fd(s, fd, !standard, err);
}

struct pd_source *pd_source_memory(const char *name, const void *data, size_t n, const struct pd_limits *limits, struct pd_error *err)
{
	struct pd_source *s = source_new(name, limits, err);

	if (!s)
		return NULL;
	s->raw = PD_RAW_MEMORY;
	s->memory = n ? data : "";
	s->raw_end = n;
	return with_stage(s, pd_stage_memory(data, n), err);
}

struct pd_source *pd_source_callback(const char *name, const struct pd_source_ops *ops, void *ctx, const struct pd_limits *limits, struct pd_error *err)
{
	struct pd_stage *stage = pd_stage_callback(ops, ctx);
	struct pd_source *s = stage ? source_new(name, limits, err) : NULL;

	if (s)
		return with_stage(s, stage, err);
	if (!stage && ops->close)
		ops->close(ctx);
	pd_stage_free(stage);
	pd_error_nomem(err);
	return NULL;
}

void pd_source_free(struct pd_source *s)
{
	if (!s)
		return;
	pd_stage_free(s->top);
	pd_big_release(&s->buf);
	if (s->owned_fd >= 0)
		close(s->owned_fd);
	free(s);
}

/* ---- what is around the bytes ---- */

static void first_layer(struct pd_source *s, const char *name)
{
	s->compression = name;
	if (s->most > s->limits.max_input)
		s->most = s->limits.max_input;
}

/* The window holds all of a small file; a byte order mark of its text is no part of it. */
static void small_file(struct pd_source *s, const char *compression)
{
	first_layer(s, compression);
	s->layers = 1;
	if (span_starts(span_between(s->pos, s->end), "\xef\xbb\xbf"))
		s->pos += 3;
}

static bool add_codec(struct pd_source *s, const struct pd_codec *c)
{
	struct pd_stage *stage;

	if (!c->open) {
		pd_error_set(&s->err, PD_ERR_UNSUPPORTED, "%s compression is not supported (gzip and zstd are)", c->name);
		pd_error_hint(&s->err, "decompress it first");
		return false;
	}
	if (s->layers == s->limits.max_layers) {
		pd_error_set(&s->err, PD_ERR_LIMIT, "compressed data inside compressed data (limit: %u layer%s)", s->limits.max_layers,
			     s->limits.max_layers == 1 ? "" : "s");
		pd_error_hint(&s->err, "decompress it first if you trust it");
		return false;
	}
	stage = c->open(s->top, &s->limits, &s->err);
	if (!stage)
		return false;
	s->top = stage;
	if (!s->layers)
		first_layer(s, c->name);
	s->layers++;
	return true;
}

static bool add_encoding(struct pd_source *s, struct pd_span head, size_t *mark)
{
	bool big_endian;

	*mark = 0;
	if (span_starts(head, "\xef\xbb\xbf")) {
		s->top->head_at += 3;
		*mark = 3;
	} else if (pd_looks_utf16(head, &big_endian)) {
		struct pd_stage *u = pd_stage_utf16(s->top, big_endian);

		if (!u) {
			pd_error_nomem(&s->err);
			return false;
		}
		s->top->head_at += 2;
		s->top = u;
		s->converted = true;
	}
	return true;
}

/* The memory behind the source becomes the window. */
static void borrow(struct pd_source *s, uint64_t lo, uint64_t hi)
{
	s->window = s->pos = s->memory + lo;
	s->end = s->memory + hi;
	s->window_at = lo;
	s->opened = s->ended = true;
	pd_stage_free(s->top);
	s->top = NULL;
}

/* Looks at the first bytes, once, and puts the stages in place. */
static bool open_stages(struct pd_source *s)
{
	struct pd_span head;
	const struct pd_codec *c;
	size_t mark;

	s->opened = true;
	do {
		if (!pd_stage_peek(s->top, 16, &head, &s->err))
			return failed(s);
		c = pd_codec_of(head);
		if (c && c->open == pd_codec_gzip_open && pd_source_small(s)) {
			small_file(s, c->name);
			return true;
		}
		if (c && !add_codec(s, c))
			return failed(s);
	} while (c);
	if (!add_encoding(s, head, &mark))
		return failed(s);
	if (s->raw == PD_RAW_MEMORY && !s->layers && !s->converted && s->raw_end <= s->most) {
		borrow(s, 0, s->raw_end);
		s->pos += mark;
	} else {
		s->window_at = mark;
	}
	return true;
}

/* ---- the window ---- */

/* Room for `want` bytes in all, what is not taken yet moved to the front. */
static bool make_room(struct pd_source *s, size_t want)
{
	size_t have = (size_t)(s->end - s->pos), cap = s->buf.cap ? s->buf.cap : BLOCK;

	if (s->buf.p && s->pos != s->buf.p) {
		memmove(s->buf.p, s->pos, have);
		s->window_at += (uint64_t)(s->pos - s->window);
		s->window = s->pos = s->buf.p;
		s->end = s->pos + have;
	}
	while (cap < want)
		if (pd_mul_overflow(cap, (size_t)2, &cap))
			cap = want;
	if (cap > BLOCK && cap > s->limits.max_memory) {
		char size[32];

		pd_error_set(&s->err, PD_ERR_LIMIT, "a piece of input needs more than %s at once", pd_size_text(size, sizeof size, s->limits.max_memory));
		pd_error_hint(&s->err, "allow more with --max-memory SIZE");
		return failed(s);
	}
	if (!pd_big_reserve(&s->buf, cap)) {
		pd_error_nomem(&s->err);
		return failed(s);
	}
	s->window = s->pos = s->buf.p;
	s->end = s->pos + have;
	return true;
}

enum pd_status pd_source_over_limit(struct pd_source *s)
{
	char size[32];

	pd_error_set(&s->err, PD_ERR_LIMIT, s->layers ? "input expands beyond %s" : "input is larger than %s",
		     pd_size_text(size, sizeof size, s->most));
	pd_error_hint(&s->err, "allow more with --max-input SIZE");
	failed(s);
	return PD_ERR_LIMIT;
}

/* Brings more bytes behind the window; `want` = how many should be there in all. False at the end and on failure. */
static bool fill(struct pd_source *s, size_t want)
{
	size_t room;
	ptrdiff_t got;

	if (!s->opened && !open_stages(s))
		return false;
	if (s->ended)
		return false;
	room = s->buf.p ? s->buf.cap - (size_t)(s->end - s->buf.p) : 0;
	if (want < (size_t)(s->end - s->pos) + LEAST_READ)
		want = (size_t)(s->end - s->pos) + LEAST_READ;
	if (room < want - (size_t)(s->end - s->pos) && !make_room(s, want))
		return false;
	room = s->buf.cap - (size_t)(s->end - s->buf.p);
	/* only as much as detection looks at: who then wants everything at once inflates it from the start, in a faster way */
	if (s->layers && !s->window_at && (size_t)(s->end - s->window) < FIRST_READ && room > FIRST_READ)
		room = want > FIRST_READ ? want : FIRST_READ;
	got = pd_stage_read(s->top, s->buf.p + (s->end - s->buf.p), room, &s->err);
	if (got < 0)
		return failed(s);
	if (got == 0) {
		s->ended = true;
		return false;
	}
	if (s->window_at + (uint64_t)(s->end - s->window) + (uint64_t)got > s->most)
		return pd_source_over_limit(s) == PD_OK;
	s->end += got;
	return true;
}

struct pd_span pd_source_peek(struct pd_source *s, size_t min)
{
	while ((size_t)(s->end - s->pos) < min || !s->opened)
		if (!fill(s, min))
			break;
	return (struct pd_span){ s->pos, (size_t)(s->end - s->pos) };
}

void pd_source_consume(struct pd_source *s, size_t n)
{
	size_t have = (size_t)(s->end - s->pos);

	s->pos += n < have ? n : have;
}

bool pd_source_line_slow(struct pd_source *s, struct pd_span *line)
{
	size_t n;

	if (!s->opened && open_stages(s) && s->pos != s->end)
		return source_line(s, line);
	n = (size_t)(s->end - s->pos); /* without a line feed so far */
	while (!s->failed && fill(s, n + 1)) {
		if (memchr(s->pos + n, '\n', (size_t)(s->end - s->pos) - n))
			return source_line(s, line);
		n = (size_t)(s->end - s->pos);
		if (n > LONGEST_LINE) {
			pd_error_set(&s->err, PD_ERR_LIMIT, "line %" PRIu64 " is longer than 64 MiB", s->line + 1);
			return failed(s);
		}
	}
	if (s->failed || s->pos == s->end)
		return false;
	s->line++;
	*line = (struct pd_span){ s->pos, n };
	if (line->p[line->n - 1] == '\r')
		line->n--;
	s->pos = s->end;
	return true;
}

bool pd_source_line(struct pd_source *s, struct pd_span *line)
{
	return source_line(s, line);
}

/* ---- parts ---- */

bool pd_source_divisible(struct pd_source *s, uint64_t *lo, uint64_t *hi)
{
	pd_source_peek(s, 1);
	if (s->failed || s->layers || s->converted || s->raw == PD_RAW_STREAM || s->raw_end - s->raw_at > s->most)
		return false;
	*lo = pd_source_offset(s);
	*hi = s->raw_end - s->raw_at;
	return *lo <= *hi;
}

struct pd_source *pd_source_part(const struct pd_source *src, uint64_t lo, uint64_t hi, struct pd_error *err)
{
	struct pd_source *s = source_new(src->name, &src->limits, err);

	if (!s)
		return NULL;
	s->opened = true;
	s->raw = src->raw;
	s->raw_at = src->raw_at + lo;
	s->raw_end = src->raw_at + hi;
	s->window_at = lo;
	s->fd = src->fd;
	if (s->raw == PD_RAW_MEMORY) {
		s->memory = src->memory;
		borrow(s, s->raw_at, s->raw_end);
		return s;
	}
	return with_stage(s, pd_stage_fd(s->fd, false, true, s->raw_at, s->raw_end), err);
}

/* ---- questions ---- */

const char *pd_source_name(const struct pd_source *s) { return s->name; }
const char *pd_source_compression(const struct pd_source *s) { return s->compression; }
uint64_t pd_source_offset(const struct pd_source *s) { return s->window_at + (uint64_t)(s->pos - s->window); }
uint64_t pd_source_line_number(const struct pd_source *s) { return s->line; }
enum pd_status pd_source_status(const struct pd_source *s) { return s->failed ? s->err.status : PD_OK; }
const struct pd_error *pd_source_error(const struct pd_source *s) { return &s->err; }
