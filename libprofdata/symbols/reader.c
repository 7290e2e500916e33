/* One run of profdata-symbols: question out, records in, nothing believed. */
#include "symbols/reader.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_RECORD ((uint32_t)(3 * PD_SYM_MAX_TEXT + 64))

bool sym_text_add(struct sym_text *t, const char *text)
{
	size_t n = strlen(text) + 1;

	if (!pd_vec_reserve(&t->block, n))
		return false;
	memcpy(t->block.v + t->block.n, text, n);
	t->block.n += n;
	t->n++;
	return true;
}

void sym_question_release(struct sym_question *q)
{
	pd_vec_release(&q->build_id.block);
	pd_vec_release(&q->paths.block);
	pd_vec_release(&q->dirs.block);
}

void sym_answer_release(struct sym_answer *a)
{
	pd_vec_release(&a->text);
	pd_vec_release(&a->function);
	pd_vec_release(&a->line);
	pd_vec_release(&a->end);
}

/* ---- where it is ---- */

static bool in_folder(const char *folder, size_t n, const char *rest, char *buf, size_t size)
{
	return (size_t)snprintf(buf, size, "%.*s/%s", (int)n, folder, rest) < size && access(buf, X_OK) == 0;
}

bool sym_find_program(const char *asked, char *buf, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	const char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;

	if (asked)
		return (size_t)snprintf(buf, size, "%s", asked) < size;
	if (slash && (in_folder(self, (size_t)(slash - self), "profdata-symbols", buf, size) ||
		      in_folder(self, (size_t)(slash - self), "../libexec/profdata/profdata-symbols", buf, size)))
		return true;
	return (size_t)snprintf(buf, size, "%s", PD_LIBEXEC "/profdata-symbols") < size && access(buf, X_OK) == 0;
}

/* ---- the process ---- */

/* Its end of the socket is both its input and its output; of the environment it gets nothing (DEBUGINFOD_URLS would mean network). */
static int start(const char *program, int theirs, pid_t *pid)
{
	static char *const env[] = { (char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C", NULL };
	char *const argv[] = { (char *)"profdata-symbols", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&files, theirs, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, theirs, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(pid, program, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

static bool send_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool receive(int fd, void *data, size_t n)
{
	char *p = data;

	while (n) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool ask(int fd, struct sym_question *q)
{
	q->head.magic = PD_SYM_MAGIC;
	q->head.version = PD_SYM_VERSION;
	q->head.n_paths = q->paths.n;
	q->head.n_dirs = q->dirs.n;
	q->head.texts = (uint32_t)(q->build_id.block.n + q->paths.block.n + q->dirs.block.n);
	return send_all(fd, &q->head, sizeof(q->head)) && send_all(fd, q->build_id.block.v, q->build_id.block.n) &&
	       send_all(fd, q->paths.block.v, q->paths.block.n) && send_all(fd, q->dirs.block.v, q->dirs.block.n) &&
	       send_all(fd, q->address, q->head.n_addresses * sizeof(*q->address)) && shutdown(fd, SHUT_WR) == 0;
}

/* ---- records ---- */

enum next { MORE, COMPLETE, BROKEN, NO_MEMORY };

static size_t keep_text(struct sym_answer *a, const char **p, const char *end, bool *ok)
{
	const char *zero = *ok && *p < end ? memchr(*p, '\0', (size_t)(end - *p)) : NULL;
	size_t at = a->text.n, n;

	if (!zero) {
		*ok = false;
		return 0;
	}
	n = (size_t)(zero - *p) + 1;
	if (!pd_vec_reserve(&a->text, n)) {
		a->status = PD_ERR_NOMEM;
		*ok = false;
		return 0;
	}
	memcpy(a->text.v + at, *p, n);
	a->text.n += n;
	*p = zero + 1;
	return at;
}

static enum next take_function(struct sym_answer *a, const char *p, uint32_t size)
{
	const char *end = p + size;
	struct sym_function f;
	bool ok = size > sizeof(f.start_line);

	if (!ok)
		return BROKEN;
	memcpy(&f.start_line, p, sizeof(f.start_line));
	p += sizeof(f.start_line);
	f.name = keep_text(a, &p, end, &ok);
	f.system_name = keep_text(a, &p, end, &ok);
	f.file = keep_text(a, &p, end, &ok);
	if (!ok)
		return a->status ? NO_MEMORY : BROKEN;
	return pd_vec_push(&a->function, f) ? MORE : NO_MEMORY;
}

static enum next take_address(struct sym_answer *a, const char *p, uint32_t size, uint32_t n_addresses)
{
	uint32_t n = size / (uint32_t)sizeof(struct pd_sym_line);
	struct pd_sym_line line;

	if (size % sizeof(line) || n > PD_SYM_MAX_INLINES || a->end.n >= n_addresses)
		return BROKEN;
	for (uint32_t i = 0; i < n; i++, p += sizeof(line)) {
		memcpy(&line, p, sizeof(line));
		if (line.function >= a->function.n || line.line < 0)
			return BROKEN;
		if (!pd_vec_push(&a->line, line))
			return NO_MEMORY;
	}
	return pd_vec_push(&a->end, a->line.n) ? MORE : NO_MEMORY;
}

static enum next take(struct sym_answer *a, const struct pd_sym_record *r, const char *p, uint32_t n_addresses)
{
	switch ((enum pd_sym_kind)r->kind) {
	case PD_SYM_FILE:
		snprintf(a->file, sizeof(a->file), "%.*s", (int)r->size, p);
		return MORE;
	case PD_SYM_REASON:
		snprintf(a->reason, sizeof(a->reason), "%.*s", (int)r->size, p);
		return MORE;
	case PD_SYM_FUNCTION:
		return take_function(a, p, r->size);
	case PD_SYM_ADDRESS:
		return take_address(a, p, r->size, n_addresses);
	case PD_SYM_END:
		return a->end.n == n_addresses ? COMPLETE : BROKEN;
	}
	return BROKEN;
}

static enum next listen_to(int fd, struct sym_answer *a, uint32_t n_addresses)
{
	PD_VEC(char) body = { 0 };
	enum next next = MORE;
	struct pd_sym_record r;

	while (next == MORE) {
		if (!receive(fd, &r, sizeof(r)) || r.size > MAX_RECORD) {
			next = BROKEN;
			break;
		}
		body.n = 0;
		if (!pd_vec_reserve(&body, r.size + 1u))
			next = NO_MEMORY;
		else if (!receive(fd, body.v, r.size))
			next = BROKEN;
		else
			next = take(a, &r, body.v, n_addresses);
	}
	pd_vec_release(&body);
	return next;
}

static void explain_death(struct sym_answer *a, bool known, int status)
{
	if (known && WIFSIGNALED(status))
		snprintf(a->reason, sizeof(a->reason), "reading it failed: %s", WTERMSIG(status) == SIGXCPU ? "it takes too long" : strsignal(WTERMSIG(status)));
	else if (known && WIFEXITED(status) && WEXITSTATUS(status) == 3)
		snprintf(a->reason, sizeof(a->reason), "reading it failed: it takes too much memory");
	else
		snprintf(a->reason, sizeof(a->reason), "reading it failed: no complete answer");
}

void sym_ask(const char *program, struct sym_question *q, struct sym_answer *out)
{
	enum next next = BROKEN;
	int pair[2], status = 0, rc;
	pid_t pid, got;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		snprintf(out->reason, sizeof(out->reason), "cannot talk to %s: %s", program, strerror(errno));
		return;
	}
	rc = start(program, pair[1], &pid);
	close(pair[1]);
	if (rc) {
		snprintf(out->reason, sizeof(out->reason), "cannot run %s: %s", program, strerror(rc));
		close(pair[0]);
		return;
	}
	out->started = true;
	if (ask(pair[0], q))
		next = listen_to(pair[0], out, q->head.n_addresses);
	close(pair[0]);
	if (next != COMPLETE)
		kill(pid, SIGTERM);
	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (next == NO_MEMORY)
		out->status = PD_ERR_NOMEM;
	if (next == BROKEN)
		explain_death(out, got == pid, status);
}
