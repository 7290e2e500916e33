/*
 * record --dump: one thread after the other is held, copied and let go. PTRACE_SEIZE stops nobody by itself, and PTRACE_INTERRUPT leaves no trace in
 * signals or job control: a thread that was stopped stays so, a signal that was just arriving arrives. The stack is unwound from the copy,
 * when the thread is running again. Nothing is done that would outlive us: when we die the kernel lets go of everything.
 */
#include "dump.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define PATIENCE 200000000u /* ns for a thread that cannot be interrupted just now */

/* ---- memory ---- */

static size_t read_memory(const struct dump *d, uint64_t from, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)from, n };
	ssize_t got = process_vm_readv(d->pid, &here, 1, &there, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* From the stack pointer to the end of what is mapped there, as much as there is room for. */
static void copy_stack(struct dump *d, uint64_t sp)
{
	size_t lo = 0, hi = d->area.n, n;

	d->stack_n = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (d->area.v[mid].limit <= sp)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == d->area.n || d->area.v[lo].start > sp)
		return;
	n = d->area.v[lo].limit - sp < DUMP_STACK ? (size_t)(d->area.v[lo].limit - sp) : DUMP_STACK;
	d->stack_at = sp;
	d->stack_n = read_memory(d, sp, d->stack, n);
}

static bool load(void *ctx, uint64_t address, uint64_t *out)
{
	struct dump *d = ctx;

	if (address >= d->stack_at && address - d->stack_at < d->stack_n && d->stack_n - (address - d->stack_at) >= 8) {
		memcpy(out, d->stack + (address - d->stack_at), 8);
		return true;
	}
	if (d->page_at != (address & ~4095ull)) {
		d->page_at = 0;
		if (read_memory(d, address & ~4095ull, d->page, sizeof(d->page)) != sizeof(d->page))
			return false;
		d->page_at = address & ~4095ull;
	}
	*out = d->page[address % 4096 / 8];
	return true;
}

/* ---- holding ---- */

/* Until the thread stops. False: it has gone, or would not within our patience. */
static bool await(pid_t tid, uint64_t patience, int *status)
{
	struct timespec step = { .tv_nsec = 20000 };
	uint64_t until = proc_clock(CLOCK_MONOTONIC) + patience;

	for (unsigned i = 0;; i++) {
		pid_t got = waitpid(tid, status, __WALL | WNOHANG);

		if (got == tid)
			return WIFSTOPPED(*status);
		if (got < 0 || proc_clock(CLOCK_MONOTONIC) > until)
			return false;
		if (i < 50)
			sched_yield();
		else
			nanosleep(&step, NULL);
	}
}

static void registers(const struct user_regs_struct *u, uint64_t *reg)
{
	const uint64_t v[PD_UNWIND_REGISTERS] = { u->rax, u->rdx, u->rcx, u->rbx, u->rsi, u->rdi, u->rbp, u->rsp, u->r8, u->r9, u->r10, u->r11, u->r12, u->r13, u->r14, u->r15, u->rip };

	memcpy(reg, v, sizeof(v));
}

/* A thread that has stopped: its registers, and on it goes. An arriving signal is passed on. */
static bool copy_and_go(struct dump *d, pid_t tid, int status, uint64_t *reg)
{
	struct user_regs_struct u;
	bool event = status >> 16 != 0, ok = ptrace(PTRACE_GETREGS, tid, NULL, &u) == 0 && u.cs == 0x33;

	if (ok) {
		registers(&u, reg);
		copy_stack(d, reg[PD_UNWIND_RSP]);
	}
	ptrace(PTRACE_DETACH, tid, NULL, (void *)(uintptr_t)(event ? 0 : WSTOPSIG(status)));
	return ok;
}

static void remember(struct dump *d, uint64_t ns)
{
	if (d->held.n == d->held.cap) {
		size_t cap = d->held.cap ? 2 * d->held.cap : 64;
		void *v = realloc(d->held.v, cap * sizeof(*d->held.v));

		if (!v)
			return; /* one figure less */
		d->held.v = v;
		d->held.cap = cap;
	}
	d->held.v[d->held.n++] = ns;
}

/* Registers of a thread and a copy of its stack. 0 or errno. */
static int hold(struct dump *d, pid_t tid, uint64_t *reg)
{
	uint64_t from;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return errno;
	from = proc_clock(CLOCK_MONOTONIC);
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0 || !await(tid, PATIENCE, &status))
		return EAGAIN; /* it stays ours until this process, which lives for the dump only, ends: a thread that is not stopped cannot be let go */
	if (!copy_and_go(d, tid, status, reg))
		return EIO;
	remember(d, proc_clock(CLOCK_MONOTONIC) - from);
	return 0;
}

static int one(struct dump *d, struct dump_thread *t)
{
	uint64_t reg[PD_UNWIND_REGISTERS] = { 0 };
	unsigned flags = 0;
	size_t depth = 0;
	int error = 0;

	dump_look(d, t);
	if (t->state == 'D') { /* it cannot be interrupted, and by what /proc says of it the way is often found */
		reg[PD_UNWIND_RSP] = t->sp;
		reg[PD_UNWIND_RIP] = t->pc;
		copy_stack(d, t->sp);
	} else if (t->state != 'Z' && t->state != 'X') {
		error = hold(d, t->tid, reg);
	}
	if (error == ESRCH)
		return error;
	if (!error && reg[PD_UNWIND_RIP])
		depth = pd_unwind(d->unwinder, reg, load, d, d->address, DUMP_DEPTH, &flags);
	d->page_at = 0; /* the next thread's pages may have changed */
	t->stack = depth > 0;
	dump_thread(d, t, depth, flags);
	return error;
}

int dump_trace(struct dump *d)
{
	size_t done = 0;
	int first = 0;
	bool any = false;

	d->stack = malloc(DUMP_STACK);
	if (!d->stack)
		return ENOMEM;
	/* threads may begin while others are looked at: twice more is enough for all but a program that does nothing else */
	for (unsigned round = 0; round < 3 && !d->failed; round++) {
		if (!dump_threads(d))
			break;
		for (; done < d->thread.n && !d->failed; done++) {
			int error = one(d, &d->thread.v[done]);

			any |= error == 0;
			if (error && !first)
				first = error;
			if (error == EPERM && !any)
				return error;
		}
	}
	return any ? 0 : first ? first : ESRCH;
}
