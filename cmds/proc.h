/* What those who look at other processes need: clocks, and the mappings /proc tells of. */
#ifndef CMDS_PROC_H
#define CMDS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

uint64_t proc_clock(clockid_t clock); /* ns */

struct proc_map {
	uint64_t start, limit, offset;
	bool executable;
	char *path; /* of the file, or what the kernel calls it; "" nothing. May be written to, is gone after the call. */
};
/* Calls `each` for every mapping of a process, by address, until it returns false. False then, or when they cannot be read. */
bool proc_maps(pid_t pid, bool (*each)(void *arg, const struct proc_map *m), void *arg);

#endif
