/*
 * Wall time: every thread is looked at in every round. A thread whose CPU clock has not moved sleeps where it slept; only
 * those that ran since are interrupted by a signal and show their stack. So a sleeping thread is woken at most once per sleep.
 * In the round behind a signal the clock may have moved by what the end of the handler costs; from then on, not at all: a thread that
 * only went from one sleep to the next uses very little.
 */
#include "agent.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STILL 50000u             /* ns of CPU time that our own signal may cost before a thread sleeps on */
#define SIGNALS_MOST 16          /* per round; with more running threads the rounds share them */
#define TOLD 1000000000ull
#define PATIENCE 1000000000ull   /* a look that has not come by then (the signal is blocked) is asked for again */

/* The writer turns a sleep into one record when it ends. */
void wall_settle(struct agent_ring *r)
{
	if (r->wall_asleep && r->wall_stack)
		writer_wall(r, r->wall_asleep, r->wall_cpu, r->wall_stack, PD_WIRE_ASLEEP);
	if (r->wall_asleep)
		r->wall_told = r->wall_asleep;
	r->wall_asleep = 0;
}

void wall_look(struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	if (r->wall_asleep && r->wall_asleep < s->time)
		wall_settle(r);
	r->wall_asleep = 0;
	r->wall_asked = 0;
	r->wall_told_call = r->wall_still = false;
	r->wall_stack = stack;
	r->wall_told = s->time;
	writer_wall(r, s->time, s->cpu, stack, 0);
	r->wall_cpu = s->cpu;
}

/* The system call a thread sleeps in, once per sleep: a thread that runs (again) is in none. */
static void tell_call(struct agent_ring *r, uint64_t now)
{
	struct pd_wire_sleep w = { .time = now, .tid = (uint32_t)r->tid, .syscall = -1 };
	char path[40], text[32];
	ssize_t n = -1;
	int fd;

	if (r->wall_told_call)
		return;
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)r->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0 || text[0] < '0' || text[0] > '9')
		return;
	r->wall_told_call = true;
	text[n] = '\0';
	w.syscall = (int32_t)strtol(text, NULL, 10);
	if (w.syscall == SYS_restart_syscall) /* which one is not known any more */
		return;
	writer_record(PD_WIRE_SLEEP, &w, sizeof(w));
}

static void ask(struct agent_ring *r, uint64_t now)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = agent.signal;
	si.si_code = SI_QUEUE;
	si.si_errno = AGENT_LOOK;
	si.si_pid = agent.pid;
	si.si_value.sival_ptr = r;
	if (syscall(SYS_rt_tgsigqueueinfo, agent.pid, r->tid, agent.signal, &si) == 0)
		r->wall_asked = now;
}

void wall_tick(void)
{
	static size_t first;
	size_t n = atomic_load(&agent.used);
	unsigned sent = 0;
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (atomic_load(&agent.mode) != AGENT_ON)
		return;
	first = n ? (first + 1) % n : 0;
	for (size_t k = 0; k < n; k++) {
		struct agent_ring *r = ring_at((first + k) % n);
		uint64_t cpu;

		if (atomic_load(&r->state) != RING_LIVE)
			continue;
		if (r->wall_asked && now - r->wall_asked < PATIENCE)
			continue;
		cpu = thread_cpu(r->tid);
		if (r->wall_stack && (r->wall_still ? cpu == r->wall_cpu : cpu - r->wall_cpu < STILL)) {
			r->wall_still = true;
			r->wall_cpu = cpu;
			tell_call(r, now);
			r->wall_asleep = now;
			if (now - r->wall_told > TOLD) /* so that a kill loses little of a long sleep */
				wall_settle(r);
			continue;
		}
		if (sent < SIGNALS_MOST) {
			ask(r, now);
			sent++;
		}
	}
}
