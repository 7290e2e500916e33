/*
 * Outputs. A regular file is written under a temporary name in its own
 * directory and renamed when everything is on disk; until then an old file
 * under that name stays as it was.
 */
#include "io/out.h"

#include "base/error.h"
#include "base/span.h"
#include <profdata/out_limit.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER ((size_t)64 << 10)
#define SLOTS 64

/* Temporary files that exist now, for signal handlers. Who exchanges an entry for NULL owns the string. */
static _Atomic(char *) temporary[SLOTS];

static int slot_take(char *path)
{
	for (int i = 0; i < SLOTS; i++) {
		char *none = NULL;

		if (atomic_compare_exchange_strong(&temporary[i], &none, path))
			return i;
	}
	return -1; /* too many at once: an interrupt leaves this one behind */
}

/* The string is ours again, unless a signal handler has it. */
static bool slot_give_back(int i)
{
	return i < 0 || atomic_exchange(&temporary[i], NULL) != NULL;
}

void pd_out_abandon_all(void)
{
	for (int i = 0; i < SLOTS; i++) {
		char *path = atomic_exchange(&temporary[i], NULL);

		if (path)
			unlink(path);
	}
}

void pd_out_fail(struct pd_out *out, enum pd_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pd_error_vset(&out->err, status, fmt, ap);
	va_end(ap);
	pd_error_path(&out->err, out->name);
	out->failed = true;
}

static void fail_errno(struct pd_out *out, int errnum, const char *what)
{
	pd_error_errno(&out->err, errnum, what);
	pd_error_path(&out->err, out->name);
	out->failed = true;
}

/* ---- opening ---- */

static struct pd_out *out_new(const char *name, unsigned flags, int level, struct pd_error *err)
{
	struct pd_out *o = calloc(1, sizeof *o);

	if (!o || !(o->buf = malloc(BUFFER))) {
		free(o);
		pd_error_nomem(err);
		return NULL;
	}
	o->cap = BUFFER;
	o->fd = o->slot = -1;
	snprintf(o->name, sizeof o->name, "%s", name);
	if ((flags & PD_OUT_GZIP) && (flags & PD_OUT_ZSTD))
		pd_error_set(err, PD_ERR_USAGE, "an output is compressed with gzip or zstd, not both");
	else if (flags & PD_OUT_GZIP)
		o->encoder = pd_encoder_gzip(level, err);
	else if (flags & PD_OUT_ZSTD)
		o->encoder = pd_encoder_zstd(level, err);
	if ((flags & (PD_OUT_GZIP | PD_OUT_ZSTD)) && !o->encoder) {
		pd_error_path(err, name);
		pd_out_free(o);
		return NULL;
	}
	return o;
}

static struct pd_out *refuse(struct pd_out *o, int errnum, const char *what, struct pd_error *err)
{
	pd_error_errno(err, errnum, what);
	pd_error_path(err, o->name);
	pd_out_free(o);
	return NULL;
}

static int open_retrying(const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* Beside `final`: .NAME.RANDOM, mode by the umask. */
static int open_temporary(struct pd_out *o, struct pd_error *err)
{
	const char *slash = strrchr(o->final, '/'), *base = slash ? slash + 1 : o->final;
	int dir = slash ? (int)(base - o->final) : 0, fd = -1;

	for (int tries = 0; tries < 100; tries++) {
		uint64_t r;

		if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
			r = (uint64_t)getpid() * 0x9e3779b97f4a7c15ULL + (uint64_t)tries;
		free(o->temp);
		o->temp = NULL;
		/* a long name must not become too long through our addition */
		if (asprintf(&o->temp, "%.*s.%.200s.%08x", dir, o->final, base, (unsigned)(r ^ r >> 32)) < 0) {
			o->temp = NULL;
			pd_error_nomem(err);
			return -1;
		}
		fd = open_retrying(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	if (fd < 0) {
		pd_error_errno(err, errno, "cannot create");
		free(o->temp);
		o->temp = NULL;
		return -1;
	}
	o->slot = slot_take(o->temp);
	return fd;
}

/* Names of what is no ordinary file, even when a link there leads to one. */
static bool names_device(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

/* An open descriptor behind a name, or -1: opening a file again would truncate it and lose the position. */
static int named_descriptor(const char *path)
{
	static const char *const dirs[] = { "/dev/fd/", "/proc/self/fd/" };
	uint64_t fd;

	if (strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	if (strcmp(path, "/dev/stderr") == 0)
		return STDERR_FILENO;
	for (size_t i = 0; i < PD_ARRAY_LEN(dirs); i++) {
		struct pd_span s = span_of(path);

		if (span_eat(&s, dirs[i]) && span_u64(s, &fd) && fd < INT_MAX)
			return (int)fd;
	}
	return -1;
}

static struct pd_out *open_directly(struct pd_out *o, const char *path, struct pd_error *err)
{
	int fd = named_descriptor(path);

	o->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : open_retrying(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (o->fd < 0)
		return refuse(o, errno, "cannot open", err);
	o->owns_fd = true;
	return o;
}

struct pd_out *pd_out_path(const char *path, unsigned flags, int level, struct pd_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	struct pd_out *o = out_new(standard ? "<stdout>" : path, flags, level, err);
	struct stat st;
	bool there;

	if (!o)
		return NULL;
	if (standard) {
		o->fd = STDOUT_FILENO;
		return o;
	}
	if (!*path)
		return refuse(o, ENOENT, "cannot create", err);
	there = stat(path, &st) == 0;
	if (!there && errno != ENOENT)
		return refuse(o, errno, "cannot create", err);
	if (there && S_ISDIR(st.st_mode))
		return refuse(o, EISDIR, "cannot create", err);
	if (names_device(path) || (there && !S_ISREG(st.st_mode)))
		return open_directly(o, path, err);
	if (there && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
		return refuse(o, errno, "cannot write", err);
	o->final = there ? realpath(path, NULL) : strdup(path); /* a symbolic link stays, its target is replaced */
	if (!o->final)
		return refuse(o, errno, "cannot create", err);
	o->keep_mode = there;
	o->mode = there ? st.st_mode & 0777 : 0;
	o->uid = there ? st.st_uid : 0;
	o->gid = there ? st.st_gid : 0;
	o->fd = open_temporary(o, err);
	if (o->fd < 0) {
		pd_error_path(err, o->name);
		pd_out_free(o);
		return NULL;
	}
	o->owns_fd = true;
	return o;
}

struct pd_out *pd_out_memory(unsigned flags, int level, struct pd_error *err)
{
	struct pd_out *o = out_new("<memory>", flags, level, err);

	if (o)
		o->to_memory = true;
	return o;
}

/* ---- writing ---- */

static void to_memory(struct pd_out *o, const void *data, size_t n)
{
	size_t want, cap = o->memory.cap ? o->memory.cap : BUFFER;

	if (pd_add_overflow(o->memory.n, n, &want)) {
		pd_out_fail(o, PD_ERR_NOMEM, "out of memory");
		return;
	}
	while (cap < want)
		if (pd_mul_overflow(cap, (size_t)2, &cap))
			cap = want;
	if (!pd_big_reserve(&o->memory, cap)) {
		pd_out_fail(o, PD_ERR_NOMEM, "out of memory");
		return;
	}
	memcpy(o->memory.p + o->memory.n, data, n);
	o->memory.n = want;
}

void pd_out_raw(struct pd_out *o, const void *data, size_t n)
{
	const char *p = data;

	if (o->failed || !n)
		return;
	if (o->to_memory) {
		to_memory(o, data, n);
		return;
	}
	while (n) {
		ssize_t put = write(o->fd, p, n < ((size_t)1 << 30) ? n : (size_t)1 << 30);

		if (put >= 0) {
			p += put;
			n -= (size_t)put;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			poll(&(struct pollfd){ .fd = o->fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			fail_errno(o, errno, "write error");
			return;
		}
	}
}

void pd_out_limit(struct pd_out *o, uint64_t most)
{
	o->most = most;
}

static void push(struct pd_out *o, const char *data, size_t n)
{
	char size[32];

	if (o->failed || !n)
		return;
	o->total += n;
	if (o->most && o->total > o->most) {
		pd_out_fail(o, PD_ERR_LIMIT, "the output would have more than %s", pd_size_text(size, sizeof size, o->most));
		return;
	}
	if (o->encoder)
		o->encoder->write(o->encoder, o, data, n);
	else
		pd_out_raw(o, data, n);
}

void pd_out_drain(struct pd_out *o)
{
	push(o, o->buf, o->n);
	o->n = 0;
}

void pd_out_write(struct pd_out *o, const void *data, size_t n)
{
	if (pd_likely(n <= o->cap - o->n)) {
		if (n)
			memcpy(o->buf + o->n, data, n);
		o->n += n;
		return;
	}
	pd_out_drain(o);
	if (n >= o->cap) {
		push(o, data, n);
		return;
	}
	memcpy(o->buf, data, n);
	o->n = n;
}

void pd_out_puts(struct pd_out *o, const char *text)
{
	pd_out_write(o, text, strlen(text));
}

void pd_out_printf(struct pd_out *o, const char *fmt, ...)
{
	char small[512], *big = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof small) {
		pd_out_write(o, small, (size_t)n);
		return;
	}
	va_start(ap, fmt);
	n = n < 0 ? -1 : vasprintf(&big, fmt, ap);
	va_end(ap);
	if (n < 0) {
		pd_out_fail(o, PD_ERR_NOMEM, "out of memory");
		return;
	}
	pd_out_write(o, big, (size_t)n);
	free(big);
}

/* Decimal digits to the left of `end`. */
static char *digits(char *end, uint64_t v)
{
	do
		*--end = (char)('0' + v % 10);
	while (v /= 10);
	return end;
}

void pd_out_u64(struct pd_out *o, uint64_t v)
{
	char buf[24], *p = digits(buf + sizeof buf, v);

	out_bytes(o, p, (size_t)(buf + sizeof buf - p));
}

void pd_out_i64(struct pd_out *o, int64_t v)
{
	char buf[24], *p = digits(buf + sizeof buf, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);

	if (v < 0)
		*--p = '-';
	out_bytes(o, p, (size_t)(buf + sizeof buf - p));
}

bool pd_out_failed(const struct pd_out *o)
{
	return o->failed;
}

/* ---- the end ---- */

static void sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = dir ? open_retrying(dir, O_RDONLY | O_DIRECTORY, 0) : -1;

	if (fd >= 0) {
		fsync(fd); /* best effort: not every file system can */
		close(fd);
	}
	free(dir);
}

static void publish(struct pd_out *o)
{
	if (o->keep_mode) {
		/* best effort: who may not give the file back to its owner keeps it */
		if ((o->uid != geteuid() || o->gid != getegid()) && fchown(o->fd, o->uid, o->gid) != 0)
			o->mode &= 0755;
		if (fchmod(o->fd, o->mode) != 0)
			fail_errno(o, errno, "cannot keep the file's mode");
	}
	if (fsync(o->fd) != 0 && errno != EINVAL && errno != ENOTSUP)
		fail_errno(o, errno, "write error");
	if (close(o->fd) != 0 && errno != EINTR && !o->failed)
		fail_errno(o, errno, "write error");
	o->fd = -1;
	if (o->failed)
		return;
	if (rename(o->temp, o->final) != 0) {
		fail_errno(o, errno, "cannot rename the finished file");
		return;
	}
	if (slot_give_back(o->slot))
		free(o->temp);
	o->temp = NULL;
	o->slot = -1;
	sync_directory(o->final);
}

enum pd_status pd_out_commit(struct pd_out *o, struct pd_error *err)
{
	if (!o->committed) {
		pd_out_drain(o);
		if (o->encoder && !o->failed)
			o->encoder->finish(o->encoder, o);
		if (o->temp && !o->failed)
			publish(o);
		else if (o->owns_fd && !o->failed) {
			if (close(o->fd) != 0 && errno != EINTR)
				fail_errno(o, errno, "write error");
			o->fd = -1;
		}
		o->committed = true;
	}
	if (!o->failed)
		return PD_OK;
	if (err && err->status == PD_OK)
		*err = o->err;
	return o->err.status;
}

struct pd_span pd_out_memory_span(const struct pd_out *o)
{
	return (struct pd_span){ o->memory.p ? o->memory.p : "", o->memory.n };
}

void pd_out_free(struct pd_out *o)
{
	if (!o)
		return;
	if (o->owns_fd && o->fd >= 0)
		close(o->fd);
	if (o->temp) {
		unlink(o->temp);
		if (slot_give_back(o->slot))
			free(o->temp);
	}
	if (o->encoder)
		o->encoder->free(o->encoder);
	pd_big_release(&o->memory);
	free(o->final);
	free(o->buf);
	free(o);
}
