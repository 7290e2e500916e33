/*
 * record from outside: where the files of processes are. A process may see another root than we do (container, chroot), and what it has mapped may have
 * been deleted or replaced since: then the kernel still leads there through the mapping itself.
 */
#include "perf.h"
#include "build_id.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELD_MOST 256 /* files kept open */

/* Its descriptor stays open for the names at the end; -1: no way. */
static int root_of(struct perf *p, uint32_t pid, const struct proc_root *r)
{
	char path[64];
	int fd;

	for (size_t i = 0; i < p->root.n; i++)
		if (p->root.v[i].ns == r->ns && p->root.v[i].dev == r->dev && p->root.v[i].inode == r->inode)
			return p->root.v[i].fd;
	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !perf_grow((void **)&p->root.v, &p->root.cap, p->root.n, sizeof(*p->root.v))) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	p->root.v[p->root.n].ns = r->ns;
	p->root.v[p->root.n].dev = r->dev;
	p->root.v[p->root.n].inode = r->inode;
	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	p->root.v[p->root.n].mounts = open(path, O_RDONLY | O_CLOEXEC); /* else what is mounted there goes with the last process: lists in /tmp */
	p->root.v[p->root.n++].fd = fd;
	return fd;
}

void perf_look_at_root(struct perf *p, struct perf_proc *proc)
{
	struct proc_root r;

	proc->ns_pid = proc_inner_pid((pid_t)proc->pid);
	if (proc_root((pid_t)proc->pid, &r)) /* of one that has ended, what was known before */
		proc->root = r.ours ? -1 : root_of(p, proc->pid, &r);
}

/* Is this the file that is mapped? */
static bool fits(const struct perf_proc *proc, const struct perf_map *m, const char *path)
{
	unsigned char id[20];
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	if (m->inode)
		return st.st_ino == m->inode;
	if (proc->root < 0 || !m->build_id_size) /* the kernel has told its path just now */
		return true;
	return cmd_build_id(path, id) == m->build_id_size && memcmp(id, m->build_id, m->build_id_size) == 0;
}

/* Opens what is mapped (root may) or, where it is that, the program. -1: no way. */
static int hold(struct perf *p, const struct perf_proc *proc, const struct perf_map *m)
{
	char path[96];
	struct stat st;
	int fd;

	for (size_t i = 0; i < p->held.n; i++)
		if (m->inode && p->held.v[i].inode == m->inode)
			return p->held.v[i].fd;
	if (p->held.n == HELD_MOST || !m->limit)
		return -1;
	snprintf(path, sizeof(path), "/proc/%u/map_files/%lx-%lx", proc->pid, (unsigned long)m->start, (unsigned long)m->limit);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%u/exe", proc->pid);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (!m->inode && !m->build_id_size) || !fits(proc, m, path) ||
	    !perf_grow((void **)&p->held.v, &p->held.cap, p->held.n, sizeof(*p->held.v))) {
		close(fd);
		return -1;
	}
	p->held.v[p->held.n].inode = st.st_ino;
	p->held.v[p->held.n++].fd = fd;
	return fd;
}

void perf_place_of(struct perf *p, const struct perf_proc *proc, const struct perf_map *m, char *buf, size_t size)
{
	char below[PATH_MAX] = "";
	int fd;

	snprintf(buf, size, "%s", m->path);
	if (m->path[0] != '/')
		return;
	if (proc->root >= 0 && (size_t)snprintf(below, sizeof(below), "/proc/%ld/fd/%d%s", (long)getpid(), proc->root, m->path) >= sizeof(below)) {
		buf[0] = '\0';
		return;
	}
	/* of what lies outside of a chroot the kernel may tell the path as we see it */
	if (below[0] && fits(proc, m, below))
		snprintf(buf, size, "%s", below);
	else if (fits(proc, m, m->path))
		return;
	else if ((fd = hold(p, proc, m)) >= 0)
		snprintf(buf, size, "/proc/%ld/fd/%d", (long)getpid(), fd);
	else if (below[0])
		snprintf(buf, size, "%s", below);
}

void perf_remember(struct perf *p, const char *name, const char *file)
{
	char *n, *f;

	if (strcmp(name, file) == 0)
		return;
	for (size_t i = 0; i < p->alias.n; i++)
		if (strcmp(p->alias.v[i].name, name) == 0 && strcmp(p->alias.v[i].file, file) == 0)
			return;
	n = strdup(name);
	f = strdup(file);
	if (!n || !f || !perf_grow((void **)&p->alias.v, &p->alias.cap, p->alias.n, sizeof(*p->alias.v))) {
		p->nomem = true;
		free(n);
		free(f);
		return;
	}
	p->alias.v[p->alias.n].name = n;
	p->alias.v[p->alias.n++].file = f;
}

void perf_files_free(struct perf *p)
{
	for (size_t i = 0; i < p->alias.n; i++) {
		free(p->alias.v[i].name);
		free(p->alias.v[i].file);
	}
	free(p->alias.v);
	for (size_t i = 0; i < p->root.n; i++) {
		close(p->root.v[i].fd);
		if (p->root.v[i].mounts >= 0)
			close(p->root.v[i].mounts);
	}
	free(p->root.v);
	for (size_t i = 0; i < p->held.n; i++)
		close(p->held.v[i].fd);
	free(p->held.v);
}
