/* What those who look at other processes need: clocks, and the mappings /proc tells of. */
#include "proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m.start, &m.limit, rights, &m.offset, &at) < 4 || !at || m.limit <= m.start)
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
