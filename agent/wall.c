/*
 * Wall time: threads are looked at at random times. One whose CPU clock has not moved sleeps where it slept; only those that ran since
 * are interrupted by a signal and show their stack. So a sleeping thread is woken at most once per sleep.
 *
 * The time between two looks belongs to what the second one sees. That is without bias when the times of looks have nothing to do with what
 * the thread does:
 * - looks are half a period to one and a half apart, evenly spread: the next one falls on every place of a program that is in step with the
 *   period with the same probability, and a look at any moment stands for one period on average;
 * - a look counts for the time when it was asked for, not for when the thread had a CPU to answer;
 * - "it sleeps on" has to be right: who went from one short sleep to the next has used next to no CPU time. The kernel counts how often a thread
 *   was given a CPU, and says where it sleeps; its stack says who called;
 * - when more threads run than may be interrupted, all threads are looked at less often, not those that run.
 */
#include "agent.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define STILL 100000u            /* ns of CPU time that our own signal may cost before a thread sleeps on */
#define SHORT 50000u             /* ns off the CPU that are not worth a question */
#define SIGNALS_MOST 16          /* per round, on average */
#define ROUNDS 16                /* after so many the number of signals is looked at */
#define EVERY_MOST 1024
#define TOLD 1000000000ull
#define PATIENCE 1000000000ull   /* a look that has not come by then (the signal is blocked) is asked for again */

static uint64_t due;             /* when the next look is to be */
static unsigned every = 1, turn; /* each thread is looked at in every so many-th round; which round this is */
static unsigned rounds, sent;    /* since the number of signals was looked at */

void wall_begin(void)
{
	due = 0;
	every = 1;
	rounds = sent = 0;
}

/*
 * How long it has waited for a CPU (us), and how often it has had one: "NANOSECONDS-ON NANOSECONDS-WAITED TIMES". The file stays open, for a look is to be
 * cheap; the thread that writes has a table of descriptors of its own.
 */
static bool counts(struct agent_ring *r, uint64_t *waited, uint64_t *switches)
{
	char path[48], text[96], *at = text;
	ssize_t n;

	if (r->wall_file < 0) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", (int)r->tid);
		r->wall_file = open(path, O_RDONLY | O_CLOEXEC);
	}
	n = r->wall_file < 0 ? -1 : pread(r->wall_file, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	strtoull(at, &at, 10);
	*waited = strtoull(at, &at, 10) / 1000;
	*switches = strtoull(at, &at, 10);
	return *switches != 0; /* 0: a kernel that does not count */
}

/* The writer turns a sleep into one record when it ends; at its end it may have waited for a CPU. */
static void settle(struct agent_ring *r, uint64_t waited)
{
	if (r->wall_asleep && r->wall_stack)
		writer_wall(r, r->wall_asleep, r->wall_cpu, r->wall_stack, PD_WIRE_ASLEEP, waited);
	if (r->wall_asleep)
		r->wall_told = r->wall_asleep;
	r->wall_asleep = 0;
}

void wall_settle(struct agent_ring *r) { settle(r, 0); }

void wall_end(struct agent_ring *r)
{
	settle(r, 0);
	if (r->wall_file >= 0)
		close(r->wall_file);
	r->wall_file = -1;
}

/* What it has waited for a CPU since it was looked at last. At the first look that is not known. */
static uint64_t waited_since(struct agent_ring *r)
{
	uint64_t waited, switches, before = r->wall_delay;

	if (!counts(r, &waited, &switches))
		return 0;
	r->wall_delay = waited;
	return r->wall_stack ? waited - before : 0;
}

void wall_look(struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	/* it has not run between the question and the answer: it was there when it was asked, and for as long as it did not run */
	bool there = r->wall_asked && s->cpu - r->wall_asked_cpu < STILL;
	uint64_t time = there ? r->wall_waits : s->time, cpu = there ? r->wall_asked_cpu : s->cpu, waited = 0, here;

	/* who has run all the time has waited for nothing, or next time will be early enough */
	if (r->wall_file < 0 || r->wall_asleep || time - r->wall_told > cpu - r->wall_cpu + SHORT)
		waited = waited_since(r);
	here = waited;
	if (r->wall_asleep && r->wall_asleep < time) {
		here = waited < (time - r->wall_asleep) / 1000 ? waited : (time - r->wall_asleep) / 1000;
		settle(r, waited - here); /* it was no longer asleep: the sleep was over, but it had no CPU to go on */
	}
	r->wall_asleep = 0;
	r->wall_asked = 0;
	r->wall_told_call = r->wall_still = false;
	r->wall_stack = stack;
	r->wall_told = time;
	r->wall_sp = s->value[0];
	r->wall_pc = s->value[1];
	r->wall_switches = s->value[2];
	writer_wall(r, time, cpu, stack, 0, here);
	r->wall_cpu = s->cpu;
}

/* The system call a thread sleeps in, once per sleep. */
static void tell_call(struct agent_ring *r, uint64_t now, long call)
{
	struct pd_wire_sleep w = { .time = now, .tid = (uint32_t)r->tid, .syscall = (int32_t)call };

	if (!r->wall_told_call && call != SYS_restart_syscall) /* of that one nobody knows any more what it was */
		writer_record(PD_WIRE_SLEEP, &w, sizeof(w));
	r->wall_told_call = true;
}

/* Where it sleeps: "CALL ARGUMENT... STACK-POINTER INSTRUCTION", or "running". The instruction is behind that of the call, which may be made again. */
static bool same_place(struct agent_ring *r, const char *text, long *call)
{
	const char *pc = strrchr(text, ' '), *sp = pc;
	uint64_t at;

	if (text[0] < '0' || text[0] > '9' || !pc)
		return false;
	while (sp > text && sp[-1] != ' ')
		sp--;
	*call = strtol(text, NULL, 10);
	at = strtoull(pc, NULL, 16);
	return strtoull(sp, NULL, 16) == r->wall_sp && (at == r->wall_pc || at == r->wall_pc + 2);
}

/*
 * Are all return addresses where they were? Who sleeps again after returning from a sleep that was nearly over when we looked need not have
 * given back the CPU in between, and libc calls the kernel from the same place.
 */
static bool same_callers(const struct agent_places *p)
{
	uint64_t value[AGENT_PLACES];
	struct iovec here = { value, p->n * sizeof(value[0]) }, there[AGENT_PLACES];
	long n;

	for (uint32_t i = 0; i < p->n; i++)
		there[i] = (struct iovec){ (void *)(uintptr_t)p->at[i], sizeof(value[0]) };
	n = p->n ? syscall(SYS_process_vm_readv, agent.pid, &here, 1ul, there, (unsigned long)p->n, 0ul) : 0;
	if (n < 0 && errno != EFAULT)
		return true; /* may not be asked */
	return n == (long)here.iov_len && memcmp(value, p->value, here.iov_len) == 0;
}

/* Has it been given a CPU since it was looked at? It has been once more often than it has given one back, while it runs. */
static bool not_switched(struct agent_ring *r)
{
	uint64_t waited, switches;

	return !counts(r, &waited, &switches) || switches == r->wall_switches + 1;
}

/* Does it sleep where it slept at the last look, and has done nothing else since? */
static bool sleeps_on(struct agent_ring *r, uint64_t now, uint64_t cpu)
{
	bool twice = r->wall_twice;
	char text[256];
	long call;

	if (!r->wall_stack)
		return false;
	if (r->wall_still)
		return cpu == r->wall_cpu;
	r->wall_twice = false;
	if (cpu - r->wall_cpu >= STILL || !not_switched(r))
		return false;
	if (!writer_task_file(r->tid, "syscall", text, sizeof(text)))
		return true; /* the kernel does not tell us */
	if (same_place(r, text, &call) && same_callers(&r->wall_places)) {
		tell_call(r, now, call);
		return true;
	}
	/* It ran when it was looked at, and went to sleep right after. The second look was at a sleep, whatever this looks like: no third. */
	r->wall_twice = !twice;
	return twice;
}

static void ask(struct agent_ring *r, uint64_t now, uint64_t cpu)
{
	r->wall_asked = r->wall_waits = now;
	r->wall_asked_cpu = cpu;
	if (!task_ask(r, AGENT_LOOK))
		r->wall_asked = 0;
}

static void look(struct agent_ring *r)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), cpu = thread_cpu(r->tid);

	if (r->wall_asked && now - r->wall_asked < PATIENCE) {
		if (cpu == r->wall_asked_cpu)
			r->wall_waits = now;
		return;
	}
	if (sleeps_on(r, now, cpu)) {
		r->wall_still = true;
		r->wall_cpu = cpu;
		r->wall_asleep = now;
		if (now - r->wall_told > TOLD) /* so that a kill loses little of a long sleep */
			wall_settle(r);
		return;
	}
	ask(r, now, cpu);
	sent++;
}

/* As many signals as were sent in the last rounds, in so many rounds that it is the number that may be. */
static void pace(void)
{
	unsigned want;

	if (++rounds < ROUNDS)
		return;
	want = (sent * every + ROUNDS * SIGNALS_MOST - 1) / (ROUNDS * SIGNALS_MOST);
	every = want < 1 ? 1 : want > EVERY_MOST ? EVERY_MOST : want;
	rounds = sent = 0;
}

uint64_t wall_round(uint64_t now)
{
	uint64_t period = agent.wall_period, half = period / 2;
	size_t n = atomic_load(&agent.used);

	if (now < due)
		return due;
	due = due + half + random_below(period);
	if (due <= now)
		due = now + half + random_below(period);
	if (atomic_load(&agent.mode) != AGENT_ON)
		return due;
	turn++;
	for (size_t k = 0; k < n; k++) {
		struct agent_ring *r = ring_at(k);

		if ((k + turn) % every == 0 && atomic_load(&r->state) == RING_LIVE)
			look(r);
	}
	pace();
	return due;
}
