/* What those who look at other processes need: clocks, and the mappings /proc tells of. */
#ifndef CMDS_PROC_H
#define CMDS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

uint64_t proc_clock(clockid_t clock); /* ns */

struct proc_map {
	uint64_t start, limit, offset, inode;
	bool executable;
	char *path; /* of the file, or what the kernel calls it; "" nothing. May be written to, is gone after the call. */
};
/* Calls `each` for every mapping of a process, by address, until it returns false. False then, or when they cannot be read. */
bool proc_maps(pid_t pid, bool (*each)(void *arg, const struct proc_map *m), void *arg);

uint32_t proc_inner_pid(pid_t pid); /* its number in the innermost namespace it is in */

/* What a process sees as "/". */
struct proc_root {
	uint64_t ns, dev, inode;
	bool ours; /* the same as we do */
};
bool proc_root(pid_t pid, struct proc_root *root); /* false: it has ended, or may not be looked at */

#endif
