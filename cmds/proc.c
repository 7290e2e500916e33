/* What those who look at other processes need: clocks, and the mappings /proc tells of. */
#include "proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

uint64_t proc_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool proc_maps(pid_t pid, bool (*each)(void *arg, const struct proc_map *m), void *arg)
{
	char path[64], *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
	f = fopen(path, "re");
	ok = f != NULL;
	while (ok && (n = getline(&line, &cap, f)) > 0) {
		struct proc_map m = { 0 };
		char rights[5] = "";
		int at = 0;

		line[n - (line[n - 1] == '\n')] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 " %n", &m.start, &m.limit, rights, &m.offset, &m.inode, &at) < 5 || !at || m.limit <= m.start)
			continue;
		m.executable = rights[2] == 'x';
		m.path = line + at;
		ok = each(arg, &m);
	}
	free(line);
	if (f)
		fclose(f);
	return ok;
}

uint32_t proc_inner_pid(pid_t pid)
{
	char path[64], *line = NULL, *last;
	uint32_t inner = (uint32_t)pid;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "re");
	while (f && getline(&line, &cap, f) > 0)
		if (strncmp(line, "NSpid:", 6) == 0 && (last = strrchr(line, '\t')))
			inner = (uint32_t)strtoul(last, NULL, 10);
	free(line);
	if (f)
		fclose(f);
	return inner;
}

bool proc_root(pid_t pid, struct proc_root *root)
{
	struct stat own, its, own_root, its_root;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", (long)pid);
	if (stat("/proc/self/ns/mnt", &own) != 0 || stat(path, &its) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/root/", (long)pid);
	if (stat("/", &own_root) != 0 || stat(path, &its_root) != 0)
		return false;
	root->ns = its.st_ino;
	root->dev = its_root.st_dev;
	root->inode = its_root.st_ino;
	root->ours = own.st_ino == its.st_ino && own_root.st_dev == its_root.st_dev && own_root.st_ino == its_root.st_ino;
	return true;
}
