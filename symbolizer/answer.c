/* Records on standard output, and what readers of files need. */
#include "symbolizer.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void give_up(void)
{
	_Exit(3);
}

void *must(void *memory)
{
	if (!memory)
		give_up();
	return memory;
}

/* A regular file only: opening a device or a FIFO could do or wait for something. */
int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void put(const void *p, size_t n)
{
	if (n && fwrite(p, 1, n, stdout) != n)
		give_up();
}

static void head(enum pd_sym_kind kind, size_t size)
{
	struct pd_sym_record r = { kind, (uint32_t)size };

	put(&r, sizeof(r));
}

static void text_record(enum pd_sym_kind kind, const char *text)
{
	size_t n = strlen(text) + 1;

	head(kind, n);
	put(text, n);
}

void answer_file(const char *path)
{
	text_record(PD_SYM_FILE, path);
}

void answer_reason(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_record(PD_SYM_REASON, text);
}

/* ---- functions, each once ---- */

struct function {
	char *name, *system_name, *file;
	int64_t start_line;
};

static struct {
	struct function *v;
	uint32_t n, cap;
	uint32_t *slot; /* number + 1 by hash, 0 free; a power of two of them */
	uint32_t slots;
} functions;

static uint64_t hash_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t hash_of(const struct function *f)
{
	uint64_t h = hash_text(hash_text(hash_text(0xcbf29ce484222325u, f->name), f->system_name), f->file);

	h = (h ^ (uint64_t)f->start_line) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static bool same(const struct function *a, const struct function *b)
{
	return a->start_line == b->start_line && !strcmp(a->name, b->name) && !strcmp(a->system_name, b->system_name) && !strcmp(a->file, b->file);
}

static void grow(void)
{
	if (functions.n == functions.cap) {
		functions.cap = functions.cap ? functions.cap * 2 : 256;
		functions.v = must(realloc(functions.v, functions.cap * sizeof(*functions.v)));
	}
	if (functions.n * 2 < functions.slots)
		return;
	functions.slots = functions.slots ? functions.slots * 2 : 1024;
	free(functions.slot);
	functions.slot = must(calloc(functions.slots, sizeof(*functions.slot)));
	for (uint32_t i = 0; i < functions.n; i++) {
		uint64_t at = hash_of(&functions.v[i]);

		while (functions.slot[at & (functions.slots - 1)])
			at++;
		functions.slot[at & (functions.slots - 1)] = i + 1;
	}
}

static char *copy(const char *text)
{
	size_t n = strnlen(text, PD_SYM_MAX_TEXT - 1);
	char *p = must(malloc(n + 1));

	memcpy(p, text, n);
	p[n] = '\0';
	return p;
}

uint32_t answer_function(const char *name, const char *system_name, const char *file, int64_t start_line)
{
	struct function f = { (char *)(name ? name : ""), (char *)(system_name ? system_name : ""), (char *)(file ? file : ""), start_line };
	size_t n[3];
	uint64_t at;

	grow();
	for (at = hash_of(&f); functions.slot[at & (functions.slots - 1)]; at++)
		if (same(&f, &functions.v[functions.slot[at & (functions.slots - 1)] - 1]))
			return functions.slot[at & (functions.slots - 1)] - 1;
	f.name = copy(f.name);
	f.system_name = copy(f.system_name);
	f.file = copy(f.file);
	functions.v[functions.n] = f;
	functions.slot[at & (functions.slots - 1)] = functions.n + 1;
	n[0] = strlen(f.name) + 1;
	n[1] = strlen(f.system_name) + 1;
	n[2] = strlen(f.file) + 1;
	head(PD_SYM_FUNCTION, sizeof(start_line) + n[0] + n[1] + n[2]);
	put(&start_line, sizeof(start_line));
	put(f.name, n[0]);
	put(f.system_name, n[1]);
	put(f.file, n[2]);
	return functions.n++;
}

void answer_lines(const struct pd_sym_line *lines, uint32_t n)
{
	head(PD_SYM_ADDRESS, n * sizeof(*lines));
	put(lines, n * sizeof(*lines));
}

void answer_end(void)
{
	head(PD_SYM_END, 0);
	if (fflush(stdout) != 0)
		give_up();
}
