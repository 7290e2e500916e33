/* The threads of this process as /proc has them. On the writer's thread: it has descriptors of its own. */
#include "agent.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void tasks_each(void (*one)(pid_t tid))
{
	struct { uint64_t ino, off; uint16_t len; uint8_t type; char name[]; } *e;
	char list[2048] __attribute__((aligned(8)));
	int dir = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	while (dir >= 0 && (n = syscall(SYS_getdents64, dir, list, sizeof(list))) > 0) {
		for (long at = 0; at < n; at += e->len) {
			pid_t tid;

			e = (void *)(list + at);
			tid = (pid_t)strtol(e->name, NULL, 10);
			if (tid > 0)
				one(tid);
		}
	}
	if (dir >= 0)
		close(dir);
}

bool task_ask(struct agent_ring *r, int what)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = agent.signal;
	si.si_code = SI_QUEUE;
	si.si_errno = what;
	si.si_pid = agent.pid;
	si.si_value.sival_ptr = r;
	return syscall(SYS_rt_tgsigqueueinfo, agent.pid, r->tid, agent.signal, &si) == 0;
}

bool task_place(const char *text, uint64_t *sp, uint64_t *pc, long *call)
{
	const char *second = strrchr(text, ' '), *first = second;

	if (!second || (text[0] != '-' && (text[0] < '0' || text[0] > '9')))
		return false;
	while (first > text && first[-1] != ' ')
		first--;
	*call = strtol(text, NULL, 10);
	*sp = strtoull(first, NULL, 16);
	*pc = strtoull(second, NULL, 16);
	return true;
}
