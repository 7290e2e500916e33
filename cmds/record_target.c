/*
 * profdata record: the program behind a command, and what keeps a preloaded library out of it. Looking at the file first turns a
 * profile that would silently be empty into one line that says why.
 */
#include "record.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- finding ---- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int record_find(struct cmd_ctx *ctx, const char *command, char *path, size_t size)
{
	const char *list = getenv("PATH"), *end;
	bool there = false;

	if (strchr(command, '/')) {
		snprintf(path, size, "%s", command);
		if (access(path, F_OK) != 0) {
			cmd_errorf(ctx, "%s: %s", command, strerror(errno));
			return 127;
		}
		there = true;
	}
	for (const char *p = list ? list : "/usr/bin:/bin"; !there && *command; p = end + 1) {
		end = p + strcspn(p, ":");
		if ((size_t)snprintf(path, size, "%.*s%s%s", (int)(end - p), p, end > p ? "/" : "", command) < size && is_program(path))
			there = true;
		if (!*end)
			break;
	}
	if (!there) {
		cmd_errorf(ctx, "%s: command not found", command);
		return 127;
	}
	if (access(path, X_OK) != 0 || !is_program(path)) {
		cmd_errorf(ctx, "%s: %s", path, is_program(path) ? strerror(errno) : "not a program");
		return 126;
	}
	return 0;
}

/* ---- looking ---- */

struct image {
	int fd;
	struct stat st;
	Elf64_Ehdr head;
	char interpreter[PATH_MAX]; /* of scripts and of dynamic programs */
	bool elf, native, dynamic;
};

static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
	return at <= INT64_MAX && pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

/* "#! /usr/bin/env python3": the interpreter; env's operand is not followed, env is as dynamic as anything. */
static void script(struct image *im, const char *line)
{
	size_t n;

	line += strspn(line, " \t");
	n = strcspn(line, " \t\n");
	snprintf(im->interpreter, sizeof(im->interpreter), "%.*s", (int)n, line);
}

static void headers(struct image *im)
{
	Elf64_Phdr ph;

	for (unsigned i = 0; i < im->head.e_phnum; i++) {
		if (im->head.e_phentsize != sizeof(ph) || !read_at(im->fd, &ph, sizeof(ph), im->head.e_phoff + i * sizeof(ph)))
			return;
		if (ph.p_type != PT_INTERP || ph.p_filesz >= sizeof(im->interpreter))
			continue;
		im->dynamic = read_at(im->fd, im->interpreter, ph.p_filesz, ph.p_offset);
		im->interpreter[im->dynamic ? ph.p_filesz : 0] = '\0';
	}
}

static bool look(const char *path, struct image *im)
{
	char line[512] = "";

	memset(im, 0, sizeof(*im));
	im->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0 || fstat(im->fd, &im->st) != 0 || pread(im->fd, line, sizeof(line) - 1, 0) < 4)
		return false;
	memcpy(&im->head, line, sizeof(im->head));
	im->elf = memcmp(line, ELFMAG, SELFMAG) == 0;
	im->native = im->elf && im->head.e_ident[EI_CLASS] == ELFCLASS64 && im->head.e_machine == EM_X86_64;
	if (im->native)
		headers(im);
	else if (line[0] == '#' && line[1] == '!')
		script(im, line + 2);
	return true;
}

static bool gains_rights(const char *path, const struct stat *st)
{
	if ((st->st_mode & S_ISUID && st->st_uid != geteuid()) || (st->st_mode & S_ISGID && st->st_mode & S_IXGRP && st->st_gid != getegid()))
		return true;
	return geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

static int verdict(const char *path, const struct image *im, char *why, size_t size)
{
	const char *what = NULL;
	int way = RECORD_OUTSIDE;

	if (!im->elf)
		return 0; /* what the kernel makes of it is not ours to say */
	if (gains_rights(path, &im->st)) { /* the kernel keeps out who looks on, too */
		what = "runs with more rights than its user: neither the loader nor the kernel lets others look into it; hint: root can record it";
		way = RECORD_FAILED;
	} else if (!im->native) {
		what = "is not a program for x86-64: the sampler cannot be loaded into it";
	} else if (!im->dynamic) {
		what = "is statically linked: no library can be loaded into it";
	} else if (strstr(im->interpreter, "ld-musl")) {
		what = "is linked with musl: the sampler needs glibc";
	}
	if (!what)
		return 0;
	snprintf(why, size, "%s %s", path, what);
	return way;
}

int record_loadable(const char *path, char *why, size_t size)
{
	char now[PATH_MAX];
	struct image im;
	int way = 0;
	bool again = true;

	snprintf(now, sizeof(now), "%s", path);
	for (unsigned depth = 0; depth < 5 && again && !way; depth++) { /* interpreters may be scripts */
		again = look(now, &im) && !im.elf && im.interpreter[0];
		if (im.fd >= 0)
			close(im.fd);
		way = again ? 0 : verdict(now, &im, why, size);
		if (again)
			memcpy(now, im.interpreter, sizeof(now));
	}
	return way;
}

/* ---- our own library ---- */

int record_agent(struct cmd_ctx *ctx, char *path, size_t size)
{
	static const char *const place[] = { "libprofdata-agent.so", PD_AGENT_RELATIVE };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(place) / sizeof(*place); i++) {
		if ((size_t)snprintf(path, size, "%.*s/%s", (int)(slash - self), self, place[i]) >= size || access(path, R_OK) != 0)
			continue;
		if (!strpbrk(path, ": \t"))
			return 0;
		cmd_errorf(ctx, "%s: the loader takes no library from a folder with a blank or colon in its name", path);
		return RECORD_FAILED;
	}
	cmd_errorf(ctx, "libprofdata-agent.so is neither beside profdata nor in %s from there; hint: it is built for x86-64 Linux only", PD_AGENT_RELATIVE);
	return RECORD_FAILED;
}
