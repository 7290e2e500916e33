/* Raw stages: where bytes enter. */
#include "base/error.h"
#include "io/stage.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

ptrdiff_t pd_stage_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err)
{
	if (s->head_at < s->head_n) {
		size_t have = s->head_n - s->head_at;

		if (have > n)
			have = n;
		memcpy(buf, s->head + s->head_at, have);
		s->head_at += (unsigned)have;
		return (ptrdiff_t)have;
	}
	return s->read(s, buf, n, err);
}

bool pd_stage_peek(struct pd_stage *s, size_t n, struct pd_span *out, struct pd_error *err)
{
	if (s->head_at) {
		memmove(s->head, s->head + s->head_at, s->head_n - s->head_at);
		s->head_n -= s->head_at;
		s->head_at = 0;
	}
	while (s->head_n < n) {
		ptrdiff_t got = s->read(s, s->head + s->head_n, n - s->head_n, err);

		if (got < 0)
			return false;
		if (got == 0)
			break;
		s->head_n += (unsigned)got;
	}
	*out = (struct pd_span){ s->head, s->head_n };
	return true;
}

void pd_stage_free(struct pd_stage *s)
{
	while (s) {
		struct pd_stage *below = s->below;

		s->free(s);
		s = below;
	}
}

ptrdiff_t pd_fd_read(int fd, void *buf, size_t n, int64_t at, bool once)
{
	size_t have = 0;

	while (have < n) {
		size_t want = n - have < ((size_t)1 << 30) ? n - have : (size_t)1 << 30;
		ssize_t got = at < 0 ? read(fd, (char *)buf + have, want) : pread(fd, (char *)buf + have, want, at + (int64_t)have);

		if (got > 0)
			have += (size_t)got;
		else if (got == 0)
			break;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
		else if (errno != EINTR)
			return -1;
		if (once && have)
			break;
	}
	return (ptrdiff_t)have;
}

/* ---- file descriptors ---- */

struct fd_stage {
	struct pd_stage stage;
	int fd;
	bool owned, seekable;
	uint64_t at, limit;
};

static ptrdiff_t fd_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err)
{
	struct fd_stage *f = (struct fd_stage *)s;
	ptrdiff_t got;

	if (f->seekable) {
		if (n > f->limit - f->at)
			n = (size_t)(f->limit - f->at);
		if (!n)
			return 0;
		got = pd_fd_read(f->fd, buf, n, (int64_t)f->at, true);
	} else {
		got = pd_fd_read(f->fd, buf, n, -1, true);
	}
	if (got < 0)
		pd_error_errno(err, errno, "cannot read");
	else
		f->at += (uint64_t)got;
	return got;
}

static void fd_free(struct pd_stage *s)
{
	struct fd_stage *f = (struct fd_stage *)s;

	if (f->owned)
		close(f->fd);
	free(f);
}

struct pd_stage *pd_stage_fd(int fd, bool owned, bool seekable, uint64_t at, uint64_t limit)
{
	struct fd_stage *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->stage.read = fd_read;
	f->stage.free = fd_free;
	f->fd = fd;
	f->owned = owned;
	f->seekable = seekable;
	f->at = at;
	f->limit = limit;
	return &f->stage;
}

/* ---- memory ---- */

struct memory_stage {
	struct pd_stage stage;
	const char *p;
	size_t n;
};

static ptrdiff_t memory_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err PD_UNUSED)
{
	struct memory_stage *m = (struct memory_stage *)s;

	if (n > m->n)
		n = m->n;
	if (n)
		memcpy(buf, m->p, n);
	m->p += n;
	m->n -= n;
	return (ptrdiff_t)n;
}

static void plain_free(struct pd_stage *s)
{
	free(s);
}

struct pd_stage *pd_stage_memory(const void *data, size_t n)
{
	struct memory_stage *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->stage.read = memory_read;
	m->stage.free = plain_free;
	m->p = n ? data : "";
	m->n = n;
	return &m->stage;
}

/* ---- callbacks ---- */

struct callback_stage {
	struct pd_stage stage;
	struct pd_source_ops ops;
	void *ctx;
};

static ptrdiff_t callback_read(struct pd_stage *s, char *buf, size_t n, struct pd_error *err)
{
	struct callback_stage *c = (struct callback_stage *)s;
	ptrdiff_t got;

	do {
		errno = 0;
		got = c->ops.read(c->ctx, buf, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		pd_error_errno(err, errno ? errno : EIO, "cannot read");
	else if ((size_t)got > n) {
		pd_error_set(err, PD_ERR_INTERNAL, "read callback returned more bytes than asked for");
		got = -1;
	}
	return got;
}

static void callback_free(struct pd_stage *s)
{
	struct callback_stage *c = (struct callback_stage *)s;

	if (c->ops.close)
		c->ops.close(c->ctx);
	free(c);
}

struct pd_stage *pd_stage_callback(const struct pd_source_ops *ops, void *ctx)
{
	struct callback_stage *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->stage.read = callback_read;
	c->stage.free = callback_free;
	memcpy(&c->ops, ops, ops->size && ops->size < sizeof c->ops ? ops->size : sizeof c->ops);
	c->ctx = ctx;
	return &c->stage;
}
