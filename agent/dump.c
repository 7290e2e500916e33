/*
 * Dumps: where all threads are at one moment, and what they do there. On the writer's thread.
 *
 * A thread that sleeps in a system call is not disturbed: the kernel tells its stack pointer and pc, and from there its stack is read as it lies
 * in memory. That holds when the thread has not run meanwhile (its CPU clock says), and is enough where no frame needs
 * a register the kernel did not tell. All others get a signal and show their stack themselves, as samples do.
 */
#include "agent.h"
#define PDA_NONE
#include <linux/futex.h>
#include <profdata/agent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS 1000000ull
#define PATIENCE (300 * MS)      /* without any thread that answers */
#define PATIENCE_MOST (1500 * MS) /* in all: less than a program that ends waits for the writer */
#define STEP 500000              /* ns between two looks at the rings */

static _Atomic uint32_t wanted, taken; /* how many were asked for, and how many of these are done */
static uint32_t number, threads, taking;
static size_t due;
static struct agent_walker *walker;

struct look {
	pid_t tid;
	uint32_t state;
	int32_t syscall;
	uint64_t time, cpu, sp, pc;
	char wait[40];
};

/* ---- asking ---- */

void dump_ask(void)
{
	atomic_fetch_add(&wanted, 1);
	writer_hurry();
}

static bool done_until(uint32_t target, uint64_t ns)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + ns, now;
	uint32_t seen;

	while ((int32_t)((seen = atomic_load(&taken)) - target) < 0 && (now = now_ns(CLOCK_MONOTONIC)) < until) {
		struct timespec t = { .tv_sec = (time_t)((until - now) / 1000000000u), .tv_nsec = (long)((until - now) % 1000000000u) };

		if (!agent_on())
			return false;
		syscall(SYS_futex, &taken, FUTEX_WAIT_PRIVATE, seen, &t, NULL, 0);
	}
	return (int32_t)(seen - target) >= 0;
}

void dump_wait(void) { done_until(atomic_load(&wanted), 1600 * MS); }

int dump_here(void)
{
	if (!agent_on() || (pid_t)syscall(SYS_gettid) == writer_thread())
		return PDA_ALREADY;
	dump_ask();
	return done_until(atomic_load(&wanted), 2000 * MS) ? PDA_OK : PDA_FAILED;
}

/* ---- what /proc says ---- */

static bool in_call(pid_t tid, struct look *l)
{
	char text[192];
	long call = -1;

	l->sp = l->pc = 0;
	if (!writer_task_file(tid, "syscall", text, sizeof(text)) || !task_place(text, &l->sp, &l->pc, &call))
		call = -1;
	l->syscall = (int32_t)call;
	return l->pc && l->sp;
}

static void look_at(pid_t tid, struct look *l)
{
	char text[512], *end;

	memset(l, 0, sizeof(*l));
	l->tid = tid;
	l->syscall = -1;
	l->time = now_ns(CLOCK_MONOTONIC);
	l->cpu = thread_cpu(tid);
	if (writer_task_file(tid, "stat", text, sizeof(text)) && (end = strrchr(text, ')')) && end[1])
		l->state = (unsigned char)end[2];
	if (l->state == 'R')
		return;
	if (writer_task_file(tid, "wchan", l->wait, sizeof(l->wait)) && strcmp(l->wait, "0") == 0)
		l->wait[0] = '\0';
	in_call(tid, l);
}

/* ---- stacks ---- */

/* The stack of a thread that sleeps, into walker->frame; 0 when it cannot be had without disturbing it. */
static uint32_t undisturbed(const struct look *l, uint32_t *flags)
{
	uint32_t n;
	struct look again;

	if (!l->sp || !l->pc || !l->cpu)
		return 0;
	n = unwind_asleep(walker, l->sp, l->pc, flags, NULL);
	if (*flags & PD_WIRE_INCOMPLETE)
		return 0;
	return in_call(l->tid, &again) && again.sp == l->sp && again.pc == l->pc && thread_cpu(l->tid) == l->cpu ? n : 0;
}

static void put(const struct look *l, uint32_t stack)
{
	struct pd_wire_dump w = { .time = l->time, .cpu = l->cpu, .tid = (uint32_t)l->tid, .stack = stack, .number = number, .syscall = l->syscall, .state = l->state,
				  .wait_size = (uint32_t)strlen(l->wait) };

	writer_put(PD_WIRE_DUMP, &w, sizeof(w), w.wait_size);
	writer_more(l->wait, w.wait_size);
	writer_done();
	threads++;
}

static struct agent_ring *ring_of(pid_t tid)
{
	for (size_t i = 0; i < atomic_load(&agent.used); i++)
		if (atomic_load_explicit(&agent.tids[i], memory_order_relaxed) == tid && atomic_load(&ring_at(i)->state) == RING_LIVE)
			return ring_at(i);
	return NULL;
}

/* A thread that has no ring: made by clone() itself, or there are too many. */
static void tell_stranger(const struct look *l)
{
	struct pd_wire_thread begin = { .tid = (uint32_t)l->tid, .time = l->time, .cpu = l->cpu };
	struct pd_wire_name name = { .tid = (uint32_t)l->tid };
	char text[24] = "";
	size_t n;

	writer_task_file(l->tid, "comm", text, sizeof(text));
	n = strlen(text);
	name.name_size = (uint32_t)n;
	writer_record(PD_WIRE_THREAD, &begin, sizeof(begin));
	writer_put(PD_WIRE_NAME, &name, sizeof(name), n);
	writer_more(text, n);
	writer_done();
}

static void ask(struct agent_ring *r, const struct look *l)
{
	r->dump.state = l->state;
	r->dump.syscall = l->syscall;
	r->dump.cpu = l->cpu;
	memcpy(r->dump.wait, l->wait, sizeof(r->dump.wait));
	r->dump.due = task_ask(r, AGENT_DUMP);
	due += r->dump.due;
	if (!r->dump.due)
		put(l, 0);
}

static void one(pid_t tid)
{
	struct agent_ring *r = ring_of(tid);
	struct look l;
	uint32_t n, flags = 0;

	if (tid == writer_thread() || (r && r->dump.number == number))
		return;
	look_at(tid, &l);
	if (!l.state || l.state == 'Z' || l.state == 'X')
		return; /* it has gone */
	if (r) {
		r->dump.number = number;
		writer_drain(r); /* labels, and its name of before */
		writer_thread_known(r);
		writer_labels(r, atomic_load(&r->labels));
	} else {
		tell_stranger(&l);
	}
	n = undisturbed(&l, &flags);
	if (n)
		put(&l, writer_stack(walker->frame, n, flags));
	else if (r)
		ask(r, &l);
	else
		put(&l, 0);
}

static void asked_for(struct agent_ring *r, uint64_t time, uint32_t stack)
{
	struct look l = { .tid = r->tid, .state = r->dump.state, .syscall = r->dump.syscall, .time = time, .cpu = r->dump.cpu };

	memcpy(l.wait, r->dump.wait, sizeof(l.wait));
	put(&l, stack);
	r->dump.due = false;
	due--;
}

void dump_seen(struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	if (r->dump.due) /* else it comes too late */
		asked_for(r, s->time, stack);
}

/* Stacks that were asked for; those that do not come (the signal is blocked) are left without. */
static void await(void)
{
	uint64_t from = now_ns(CLOCK_MONOTONIC), last = from, now = from;
	struct timespec step = { .tv_nsec = STEP };

	while (due && now - last < PATIENCE && now - from < PATIENCE_MOST && atomic_load(&agent.mode) == AGENT_ON) {
		size_t before = due;

		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &step, NULL);
		for (size_t i = 0; i < atomic_load(&agent.used); i++)
			if (ring_at(i)->dump.due)
				writer_drain(ring_at(i));
		now = now_ns(CLOCK_MONOTONIC);
		last = due < before ? now : last;
	}
	for (size_t i = 0; due && i < atomic_load(&agent.used); i++)
		if (ring_at(i)->dump.due)
			asked_for(ring_at(i), now, 0);
}

/* Who took the signal is given a moment to get back to what it was doing. */
static void settle(pid_t tid)
{
	struct timespec step = { .tv_nsec = STEP };
	char text[512] = "", *end;

	for (unsigned i = 0; tid && tid != writer_thread() && i < 10; i++) {
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &step, NULL);
		if (!writer_task_file(tid, "stat", text, sizeof(text)) || !(end = strrchr(text, ')')) || end[1] != ' ' || end[2] != 'R')
			return;
	}
}

struct agent_walker *writer_walker(void)
{
	if (!walker) {
		void *p = mmap(NULL, sizeof(*walker), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		walker = p == MAP_FAILED ? NULL : p;
	}
	return walker;
}

void dump_begin(void)
{
	struct pd_wire_dump_begin w = { .signal = agent.dump_signal };

	number = 0;
	atomic_store(&wanted, 0);
	atomic_store(&taken, 0);
	if (agent.dump_signal)
		writer_record(PD_WIRE_DUMP_BEGIN, &w, sizeof(w));
}

bool dump_round(void)
{
	struct pd_wire_dump_end end = { .number = number + 1 };
	uint32_t now = atomic_load(&wanted);

	if (now == atomic_load(&taken) || atomic_load(&agent.mode) != AGENT_ON || !writer_walker())
		return false;
	number = end.number;
	due = threads = 0;
	settle(dump_signal_got());
	tasks_each(one);
	await();
	end.time = now_ns(CLOCK_MONOTONIC);
	end.threads = threads;
	writer_record(PD_WIRE_DUMP_END, &end, sizeof(end));
	taking = now;
	return true;
}

void dump_done(void)
{
	atomic_store(&taken, taking);
	syscall(SYS_futex, &taken, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}
