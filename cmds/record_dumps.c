/*
 * record --dump-signal: each dump becomes a text of its own as soon as it is in the stream; who asked for it wants to read it now. The text is
 * made by a process of its own, from what the stream has about the dump and nothing else, while the recording goes on.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profdata/agent_wire.h>

/* ---- the signal ---- */

/* Those a program can live with: their default, where it ends a program or does nothing, is not needed for something else. */
static const struct {
	const char *name;
	int number;
} usable[] = {
	{ "QUIT", SIGQUIT }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "WINCH", SIGWINCH }, { "URG", SIGURG }, { "IO", SIGIO },
	{ "POLL", SIGIO },   { "PWR", SIGPWR },	  { "ALRM", SIGALRM }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },
};

/* "QUIT", "SIGQUIT", "3", "RTMIN+2", "RTMAX"; 0: not usable. */
static int number_of(const char *text)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text, *rest;
	bool min = strncmp(name, "RTMIN", 5) == 0, max = strncmp(name, "RTMAX", 5) == 0;
	char *end = NULL;
	long n;

	for (size_t i = 0; i < sizeof(usable) / sizeof(*usable); i++)
		if (strcmp(name, usable[i].name) == 0)
			return usable[i].number;
	rest = min || max ? name + 5 : text;
	n = *rest || !(min || max) ? strtol(rest, &end, 10) : 0;
	if (end && (end == rest || *end))
		return 0;
	n += min ? SIGRTMIN : max ? SIGRTMAX : 0;
	for (size_t i = 0; i < sizeof(usable) / sizeof(*usable); i++)
		if (n == usable[i].number)
			return usable[i].number;
	return n >= SIGRTMIN && n <= SIGRTMAX ? (int)n : 0;
}

int record_dump_signal(struct cmd_ctx *ctx, struct record_args *a)
{
	a->dump_number = number_of(a->dump_signal);
	if (!a->dump_number)
		return cli_usage(ctx, NULL, "--dump-signal %s: expected QUIT, USR1, USR2, WINCH, URG, IO, PWR, ALRM, VTALRM, PROF, or RTMIN to RTMAX (others end or stop programs, and have to)",
				 a->dump_signal);
	if (a->dump_number == SIGPROF && strcmp(a->engine, "itimer") == 0)
		return cli_usage(ctx, "--dump-signal USR2", "--dump-signal PROF: --engine itimer needs that signal");
	return 0;
}

/* ---- dumps in the stream ---- */

struct record_dump {
	uint32_t pid, number, threads;
	uint64_t image, until; /* bytes of the stream */
};

typedef void on_record(void *arg, const struct pd_wire_block *b, const unsigned char *p, const struct pd_wire_record *r);

static void each_record(const unsigned char *block, const struct pd_wire_block *b, on_record *each, void *arg)
{
	struct pd_wire_record r;

	for (size_t at = sizeof(*b); at + sizeof(r) <= b->size; at += r.size) {
		memcpy(&r, block + at, sizeof(r));
		if (r.size < sizeof(r) || r.size > b->size - at || r.fixed > r.size)
			return;
		each(arg, b, block + at, &r);
	}
}

/* The block at *at, into `block`; *at goes on to the next. What is no block (a disk may have been full) is passed over. False: none that is complete. */
static bool next_block(int fd, uint64_t *at, uint64_t until, unsigned char *block, struct pd_wire_block *b)
{
	for (; *at + sizeof(*b) <= until; ++*at) {
		if (pread(fd, b, sizeof(*b), (off_t)*at) != (ssize_t)sizeof(*b))
			return false;
		if (b->magic != PD_WIRE_BLOCK_MAGIC || b->size < sizeof(*b) || b->size > PD_WIRE_BLOCK_MAX)
			continue;
		if (*at + b->size > until || pread(fd, block, b->size, (off_t)*at) != (ssize_t)b->size)
			return false; /* it is being written */
		*at += b->size;
		return true;
	}
	return false;
}

static void find_dump(void *arg, const struct pd_wire_block *b, const unsigned char *p, const struct pd_wire_record *r)
{
	struct record_dumps *d = arg;
	struct pd_wire_dump_end end;

	if (r->kind != PD_WIRE_DUMP_END || r->fixed < sizeof(end))
		return;
	memcpy(&end, p, sizeof(end));
	if (d->n == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 16;
		struct record_dump *v = realloc(d->due, cap * sizeof(*v));

		if (!v)
			return; /* it is in the profile still */
		d->due = v;
		d->cap = cap;
	}
	d->due[d->n++] = (struct record_dump){ .pid = b->pid, .number = end.number, .threads = end.threads, .image = b->image, .until = d->at };
}

static void look(struct record_dumps *d, const char *stream)
{
	struct pd_wire_block b;
	off_t size;

	if (!d->fd) {
		d->fd = open(stream, O_RDONLY | O_CLOEXEC);
		d->at = sizeof(struct pd_wire_file);
		d->block = malloc(PD_WIRE_BLOCK_MAX);
	}
	size = d->fd > 0 && d->block ? lseek(d->fd, 0, SEEK_END) : 0;
	while (size > 0 && next_block(d->fd, &d->at, (uint64_t)size, d->block, &b))
		each_record(d->block, &b, find_dump, d);
}

/* ---- one dump as a stream of its own ---- */

struct excerpt {
	const struct record_dump *of;
	unsigned char *block;
	size_t used;
	uint32_t records;
};

static void keep(void *arg, const struct pd_wire_block *b, const unsigned char *p, const struct pd_wire_record *r)
{
	struct excerpt *e = arg;
	struct pd_wire_dump dump;

	(void)b;
	switch (r->kind) {
	case PD_WIRE_DUMP:
		if (r->fixed < sizeof(dump))
			return;
		memcpy(&dump, p, sizeof(dump));
		if (dump.number != e->of->number)
			return;
		break;
	case PD_WIRE_PROCESS:
	case PD_WIRE_MAPPING:
	case PD_WIRE_UNMAPPING:
	case PD_WIRE_NAME:
	case PD_WIRE_STACK:
	case PD_WIRE_LABELS:
	case PD_WIRE_LABELED:
	case PD_WIRE_DUMP_BEGIN: break;
	default: return;
	}
	memcpy(e->block + e->used, p, r->size);
	e->used += r->size;
	e->records++;
}

static bool write_block(int fd, struct excerpt *e, struct pd_wire_block b, uint64_t sequence)
{
	b.size = (uint32_t)e->used;
	b.records = e->records;
	b.sequence = sequence;
	memcpy(e->block, &b, sizeof(b));
	return write(fd, e->block, e->used) == (ssize_t)e->used;
}

/* A file in memory; -1. */
static int excerpt(const char *stream, const struct record_dump *of)
{
	unsigned char *from = malloc(PD_WIRE_BLOCK_MAX), *to = malloc(PD_WIRE_BLOCK_MAX);
	int in = open(stream, O_RDONLY | O_CLOEXEC), out = memfd_create("dump", MFD_CLOEXEC);
	struct pd_wire_file head;
	uint64_t at = sizeof(head), sequence = 0;
	struct pd_wire_block b;
	bool ok = from && to && in >= 0 && out >= 0 && read(in, &head, sizeof(head)) == (ssize_t)sizeof(head) && write(out, &head, sizeof(head)) == (ssize_t)sizeof(head);

	while (ok && next_block(in, &at, of->until, from, &b)) {
		struct excerpt e = { .of = of, .block = to, .used = sizeof(b) };

		if (b.pid != of->pid || b.image != of->image)
			continue;
		each_record(from, &b, keep, &e);
		ok = !e.records || write_block(out, &e, b, sequence++);
	}
	if (in >= 0)
		close(in);
	if (!ok && out >= 0)
		close(out);
	free(from);
	free(to);
	return ok ? out : -1;
}

/* ---- its text ---- */

/* FILE.pb.gz → FILE.dump-N.txt */
static void name_it(char *path, size_t size, const char *output, unsigned n)
{
	const char *slash = strrchr(output, '/'), *base = slash ? slash + 1 : output, *dot;
	size_t stem = strlen(output);

	if (record_ends_in(output, ".gz"))
		stem -= 3;
	else if (record_ends_in(output, ".zst"))
		stem -= 4;
	dot = memrchr(base, '.', (size_t)(output + stem - base));
	if (dot && dot > base)
		stem = (size_t)(dot - output);
	snprintf(path, size, "%.*s.dump-%u.txt", (int)stem, output, n);
}

/* In a process of its own. */
static _Noreturn void make(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, const struct record_dump *one, unsigned n)
{
	char path[4096], from[40], *operand = from;
	struct cmd_input in = { 0 };
	struct cmd_output out = { .output = path };
	struct pd_doc *doc;
	bool quiet = ctx->common.quiet;
	int fd = excerpt(stream, one);

	if (fd < 0)
		_exit(1);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	name_it(path, sizeof(path), a->out.output, n);
	ctx->common.quiet = true; /* that the process has not ended is no news */
	doc = cmd_load(ctx, &in, &operand, 1, 0);
	if (doc && !a->no_symbols)
		doc = record_named(ctx, NULL, doc);
	if (!doc || cmd_save(ctx, &out, &in, doc, NULL, pd_format_named("threads")))
		_exit(1);
	ctx->common.quiet = quiet;
	cmd_notef(ctx, "dump of process %u, %u thread%s: %s", one->pid, one->threads, one->threads == 1 ? "" : "s", path);
	_exit(0);
}

static bool busy(struct record_dumps *d, int how)
{
	int status = 0;

	while (d->pid > 0) {
		pid_t got = waitpid((pid_t)d->pid, &status, how);

		if (got == 0)
			return true;
		if (got > 0 || errno != EINTR)
			d->pid = 0;
	}
	return false;
}

static void begin(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_dumps *d)
{
	struct record_dump one = d->due[0];

	memmove(d->due, d->due + 1, --d->n * sizeof(*d->due));
	fflush(NULL);
	d->made++;
	d->pid = fork();
	if (d->pid == 0)
		make(ctx, a, stream, &one, d->made);
}

void record_dumps(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_dumps *d)
{
	if (!a->dump_number)
		return;
	look(d, stream);
	if (d->n && !busy(d, WNOHANG))
		begin(ctx, a, stream, d);
}

void record_dumps_end(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_dumps *d)
{
	if (!a->dump_number)
		return;
	look(d, stream);
	while (busy(d, 0) || d->n)
		begin(ctx, a, stream, d);
	busy(d, 0);
	if (d->fd > 0)
		close(d->fd);
	free(d->due);
	free(d->block);
}
