/*
 * A very small HTTP/1.1 client for pprof endpoints: GET over plain TCP, length,
 * chunked or close-delimited bodies, a few redirects, limits on everything.
 */
#include "cli.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 65536
#define REDIRECTS_MAX 5
#define URL_MAX 2048
#define CONNECT_MS 10000
#define IDLE_MS 60000 /* on top of --seconds */

struct url {
	char host[256], port[8];
	char path[URL_MAX]; /* with query */
};

struct http {
	int fd;
	int idle_ms;
	char buf[HEAD_MAX];
	size_t at, n;      /* unread bytes of buf: [at, n) */
	uint64_t left;     /* bytes left of the body or of the chunk */
	bool sized, chunked, first_chunk, ended;
	char url[URL_MAX];
	struct pd_error *err; /* the first error wins: what is wrong with the transfer, not "cannot read" */
};

bool cli_is_url(const char *path)
{
	return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
}

/* ---- addresses ---- */

static bool fail(struct pd_error *err, const char *url, enum pd_status status, const char *text)
{
	pd_error_set(err, status, "%s", text);
	if (!err->path[0])
		snprintf(err->path, sizeof(err->path), "%.500s", url);
	return false;
}

/* Splits http://HOST[:PORT][/PATH]; [::1] is a host too. User names are refused: they would be sent in the clear. */
static bool split(const char *text, struct url *u, struct pd_error *err)
{
	const char *host = text + 7, *end = host + strcspn(host, "/?#"), *colon, *host_end = end;
	size_t path_n = strcspn(end, "#");

	if (strncmp(text, "https://", 8) == 0) {
		fail(err, text, PD_ERR_UNSUPPORTED, "https is not supported in this build");
		pd_error_hint(err, "curl -sS '%.180s' | profdata COMMAND -", text);
		return false;
	}
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			return fail(err, text, PD_ERR_USAGE, "the URL has a blank, control or non-ASCII character (expected it percent-encoded)");
	}
	if (memchr(host, '@', (size_t)(end - host)))
		return fail(err, text, PD_ERR_UNSUPPORTED, "a user name in the URL is not supported");
	snprintf(u->port, sizeof(u->port), "80");
	if (*host == '[') {
		host++;
		host_end = memchr(host, ']', (size_t)(end - host));
		if (!host_end)
			return fail(err, text, PD_ERR_USAGE, "the URL has '[' without ']'");
		colon = host_end[1] == ':' ? host_end + 1 : NULL;
	} else {
		colon = memchr(host, ':', (size_t)(end - host));
		host_end = colon ? colon : end;
	}
	if (colon && (end - colon < 2 || end - colon > 6))
		return fail(err, text, PD_ERR_USAGE, "the URL has an odd port");
	if (colon)
		snprintf(u->port, sizeof(u->port), "%.*s", (int)(end - colon - 1), colon + 1);
	if (host_end == host || (size_t)(host_end - host) >= sizeof(u->host) || path_n + 2 > sizeof(u->path))
		return fail(err, text, PD_ERR_USAGE, "the URL has no host, or is too long");
	snprintf(u->host, sizeof(u->host), "%.*s", (int)(host_end - host), host);
	snprintf(u->path, sizeof(u->path), "%s%.*s", *end == '/' ? "" : "/", (int)path_n, end);
	return true;
}

/* A bare host means its CPU profile; --seconds becomes a query. */
static bool complete_path(struct url *u, int64_t seconds, const char *url, struct pd_error *err)
{
	size_t n;

	if (strcmp(u->path, "/") == 0)
		snprintf(u->path, sizeof(u->path), "/debug/pprof/profile");
	if (seconds <= 0)
		return true;
	n = strlen(u->path);
	if ((size_t)snprintf(u->path + n, sizeof(u->path) - n, "%cseconds=%lld", strchr(u->path, '?') ? '&' : '?', (long long)seconds) >= sizeof(u->path) - n)
		return fail(err, url, PD_ERR_USAGE, "the URL is too long");
	return true;
}

/* ---- the connection ---- */

/* Waits for an event; errno on failure, ETIMEDOUT when nothing came. */
static bool wait_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

static int connect_one(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol), code = 0;
	socklen_t n = sizeof(code);

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT, CONNECT_MS) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &n) == 0) {
		if (code == 0)
			return fd;
		errno = code;
	}
	code = errno;
	close(fd);
	errno = code;
	return -1;
}

static int connect_to(const struct url *u, const char *url, struct pd_error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int code = getaddrinfo(u->host, u->port, &hints, &list), fd = -1;

	if (code != 0) {
		fail(err, url, PD_ERR_IO, code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
		return -1;
	}
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = connect_one(a);
	if (fd < 0)
		fail(err, url, PD_ERR_IO, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

static bool send_all(struct http *h, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(h->fd, p, n, MSG_NOSIGNAL);

		if (w < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && wait_for(h->fd, POLLOUT, CONNECT_MS))
			continue;
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* Bytes received, 0 at the end, -1 with errno. */
static ssize_t receive(struct http *h, char *p, size_t n)
{
	for (;;) {
		ssize_t got = recv(h->fd, p, n, 0);

		if (got >= 0)
			return got;
		if (errno == EINTR)
			continue;
		if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait_for(h->fd, POLLIN, h->idle_ms))
			return -1;
	}
}

/* ---- the head of the answer ---- */

/* Reads until the blank line; *head_n gets the length of the head. */
static bool read_head(struct http *h, size_t *head_n, const char *url, struct pd_error *err)
{
	for (;;) {
		char *end = h->n ? memmem(h->buf, h->n, "\r\n\r\n", 4) : NULL;
		ssize_t got;

		if (end) {
			*head_n = (size_t)(end - h->buf) + 2;
			h->at = *head_n + 2;
			return true;
		}
		if (h->n == sizeof(h->buf))
			return fail(err, url, PD_ERR_LIMIT, "the HTTP header is longer than 64 KiB");
		got = receive(h, h->buf + h->n, sizeof(h->buf) - h->n);
		if (got < 0)
			return fail(err, url, PD_ERR_IO, strerror(errno));
		if (got == 0)
			return fail(err, url, PD_ERR_DATA, "the server closed the connection before the HTTP header ended");
		h->n += (size_t)got;
	}
}

/* Value of a header field into `out`; false when absent or too long. */
static bool field(const char *head, size_t n, const char *name, char *out, size_t out_n)
{
	size_t name_n = strlen(name);

	for (const char *line = head, *end = head + n; line < end;) {
		const char *eol = memmem(line, (size_t)(end - line), "\r\n", 2), *v;

		if (!eol)
			return false;
		if ((size_t)(eol - line) > name_n && line[name_n] == ':' && strncasecmp(line, name, name_n) == 0) {
			v = line + name_n + 1;
			while (v < eol && (*v == ' ' || *v == '\t'))
				v++;
			return (size_t)snprintf(out, out_n, "%.*s", (int)(eol - v), v) < out_n;
		}
		line = eol + 2;
	}
	return false;
}

/* A number of 1 to 18 digits. */
static bool digits(const char *text, uint64_t *out)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 18 || text[n])
		return false;
	*out = strtoull(text, NULL, 10);
	return true;
}

static bool body_shape(struct http *h, size_t head_n, const char *url, struct pd_error *err)
{
	char value[128];

	if (field(h->buf, head_n, "transfer-encoding", value, sizeof(value))) {
		if (strcasecmp(value, "chunked") != 0 && strcasecmp(value, "identity") != 0)
			return fail(err, url, PD_ERR_UNSUPPORTED, "the server sent a transfer encoding other than chunked");
		h->chunked = h->first_chunk = strcasecmp(value, "chunked") == 0;
	}
	if (!h->chunked && field(h->buf, head_n, "content-length", value, sizeof(value))) {
		if (!digits(value, &h->left))
			return fail(err, url, PD_ERR_DATA, "the server sent an odd content-length");
		h->sized = true;
		h->ended = h->left == 0;
	}
	return true;
}

/* 200 → true. A redirect → false with `next` filled. Else false with the error. */
static bool read_answer(struct http *h, const char *url, char *next, size_t next_n, struct pd_error *err)
{
	size_t head_n;
	char text[96];
	unsigned code;

	next[0] = 0;
	if (!read_head(h, &head_n, url, err))
		return false;
	if (head_n < 14 || memcmp(h->buf, "HTTP/1.", 7) != 0 || strspn(h->buf + 9, "0123456789") < 3)
		return fail(err, url, PD_ERR_DATA, "the server does not speak HTTP/1.1");
	code = (unsigned)strtoul(h->buf + 9, NULL, 10);
	if (code == 200)
		return body_shape(h, head_n, url, err);
	if (code >= 301 && code <= 308 && code != 304 && field(h->buf, head_n, "location", next, next_n))
		return false;
	next[0] = 0;
	snprintf(text, sizeof(text), "the server answered %.*s", (int)strcspn(h->buf + 9, "\r\n") > 60 ? 60 : (int)strcspn(h->buf + 9, "\r\n"), h->buf + 9);
	return fail(err, url, PD_ERR_IO, text);
}

/* ---- the body ---- */

/* Bytes from the buffer, then from the socket. */
static ssize_t raw(struct http *h, char *p, size_t n)
{
	size_t have = h->n - h->at;

	if (!have)
		return receive(h, p, n);
	have = have < n ? have : n;
	memcpy(p, h->buf + h->at, have);
	h->at += have;
	return (ssize_t)have;
}

/* The size line of the next chunk; false with errno when it is not one. */
static bool next_chunk(struct http *h)
{
	char line[64];
	size_t n = 0, hex;
	bool skip = !h->first_chunk; /* the line end behind the last chunk */

	for (;;) {
		char c;
		ssize_t got = raw(h, &c, 1);

		if (got <= 0)
			break;
		if (skip && (c == '\r' || c == '\n')) {
			skip = c != '\n';
			continue;
		}
		if (c == '\n') {
			line[n] = 0;
			hex = strspn(line, "0123456789abcdefABCDEF");
			if (hex == 0 || hex > 15)
				break;
			h->left = strtoull(line, NULL, 16);
			h->first_chunk = false;
			h->ended = h->left == 0;
			return true;
		}
		if (skip)
			break;
		if (n + 1 < sizeof(line)) /* the rest is an extension */
			line[n++] = c;
	}
	fail(h->err, h->url, PD_ERR_DATA, "the server sent an odd chunk, or closed the connection before the last one");
	return false;
}

static ptrdiff_t http_read(void *ctx, void *buf, size_t n)
{
	struct http *h = ctx;
	ssize_t got;

	if (h->chunked && !h->ended && h->left == 0 && !next_chunk(h)) {
		errno = EPROTO;
		return -1;
	}
	if (h->ended)
		return 0;
	if ((h->chunked || h->sized) && n > h->left)
		n = (size_t)h->left;
	got = raw(h, buf, n);
	if (got == 0 && (h->chunked || h->sized)) {
		fail(h->err, h->url, PD_ERR_DATA, "the server closed the connection before the end of its answer");
		errno = EPROTO;
		return -1;
	}
	if (got > 0 && (h->chunked || h->sized)) {
		h->left -= (uint64_t)got;
		h->ended = h->sized && h->left == 0;
	}
	return got;
}

static void http_close(void *ctx)
{
	struct http *h = ctx;

	if (h->fd >= 0)
		close(h->fd);
	free(h);
}

/* ---- one request ---- */

static bool request(struct http *h, const struct url *u, const char *url, struct pd_error *err)
{
	char text[URL_MAX + 512];
	bool v6 = strchr(u->host, ':') != NULL;
	int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nUser-Agent: profdata/%s\r\nAccept: */*\r\nConnection: close\r\n\r\n", u->path,
			 v6 ? "[" : "", u->host, v6 ? "]" : "", u->port, pd_version());

	h->fd = connect_to(u, url, err);
	if (h->fd < 0)
		return false;
	return send_all(h, text, (size_t)n) || fail(err, url, PD_ERR_IO, strerror(errno));
}

/* A Location may be absolute or a path on the same host. */
static bool follow(char *url, size_t n, const struct url *u, const char *next, struct pd_error *err)
{
	char old[URL_MAX];

	snprintf(old, sizeof(old), "%s", url);
	if (next[0] == '/' && next[1] != '/') {
		bool v6 = strchr(u->host, ':') != NULL;

		if ((size_t)snprintf(url, n, "http://%s%s%s:%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "", u->port, next) < n)
			return true;
	} else if (cli_is_url(next) && (size_t)snprintf(url, n, "%s", next) < n) {
		return true;
	}
	return fail(err, old, PD_ERR_UNSUPPORTED, "the server redirects to an address this client cannot follow");
}

static struct http *http_open(const char *first, int64_t seconds, struct pd_error *err)
{
	char url[URL_MAX], next[URL_MAX];
	struct url u = { 0 };

	if ((size_t)snprintf(url, sizeof(url), "%s", first) >= sizeof(url)) {
		fail(err, first, PD_ERR_USAGE, "the URL is too long");
		return NULL;
	}
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		struct http *h = calloc(1, sizeof(*h));

		if (!h) {
			fail(err, url, PD_ERR_NOMEM, "out of memory");
			return NULL;
		}
		h->fd = -1;
		h->err = err;
		snprintf(h->url, sizeof(h->url), "%s", url);
		h->idle_ms = seconds > 0 && seconds < 1000000 ? IDLE_MS + (int)seconds * 1000 : IDLE_MS;
		next[0] = 0;
		if (split(url, &u, err) && (i || complete_path(&u, seconds, url, err)) && request(h, &u, url, err) && read_answer(h, url, next, sizeof(next), err))
			return h;
		http_close(h);
		if (!next[0] || !follow(url, sizeof(url), &u, next, err))
			return NULL;
	}
	fail(err, first, PD_ERR_LIMIT, "more than 5 redirects");
	return NULL;
}

/* `err` must outlive the source. */
struct pd_source *cli_url_open(const char *url, int64_t seconds, const struct pd_limits *limits, struct pd_error *err)
{
	static const struct pd_source_ops ops = { .size = sizeof(ops), .read = http_read, .close = http_close };
	struct http *h = http_open(url, seconds, err);

	return h ? pd_source_callback(url, &ops, h, limits, err) : NULL;
}
