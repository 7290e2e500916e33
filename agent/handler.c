/* The signal handler: unwinds into the ring's own memory and leaves a sample there. No call in here allocates, locks or waits. */
#include "agent.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* 4 buckets per octave: the error of a percentile is below 19 %. */
static unsigned bucket_of(uint64_t ns)
{
	unsigned octave, quarter, b;

	if (ns < 4)
		return (unsigned)ns;
	octave = 63 - (unsigned)__builtin_clzll(ns);
	quarter = (unsigned)(ns >> (octave - 2)) & 3;
	b = (octave - 1) * 4 + quarter;
	return b < AGENT_BUCKETS ? b : AGENT_BUCKETS - 1;
}

bool sample_take(struct agent_ring *r, struct agent_sample *s, uint32_t weight, const void *context)
{
	uint64_t took;
	bool room;

	s->labels = atomic_load_explicit(&r->labels, memory_order_relaxed);
	s->n = unwind(r, context, r->frame, AGENT_DEPTH, &s->flags, s->kind || s->count ? NULL : &r->wall_places);
	room = ring_put(r, s, r->frame);
	if (!room)
		atomic_fetch_add_explicit(&r->lost, weight, memory_order_relaxed);
	if (atomic_load_explicit(&r->head, memory_order_relaxed) - atomic_load_explicit(&r->tail, memory_order_relaxed) > RING_DATA / 4)
		writer_hurry();
	if (s->flags & PD_WIRE_TRUNCATED)
		atomic_fetch_add_explicit(&r->truncated, 1, memory_order_relaxed);
	if (s->flags & PD_WIRE_INCOMPLETE)
		atomic_fetch_add_explicit(&r->incomplete, 1, memory_order_relaxed);
	took = now_ns(CLOCK_MONOTONIC) - s->time;
	atomic_fetch_add_explicit(&r->handler_ns, took, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->bucket[bucket_of(took)], 1, memory_order_relaxed);
	return room;
}

/* Is it behind a system call, or about to make one again? Read only where code of a file is, which stays while we are in it. */
static bool in_call(uint64_t pc)
{
	const struct agent_module *m = module_of(modules_now(), pc);
	const uint8_t *code = (const uint8_t *)(uintptr_t)pc;

	return m && pc >= m->start + 2 && pc + 2 <= m->limit && ((code[-2] == 0x0f && code[-1] == 0x05) || (code[0] == 0x0f && code[1] == 0x05));
}

/* By what it can be told later whether the thread sleeps where it slept now, and has done so all the time (wall.c). */
static void look_at(struct agent_sample *s, const void *context)
{
	const ucontext_t *uc = context;
	struct rusage u;

	s->cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	s->value[0] = (uint64_t)uc->uc_mcontext.gregs[REG_RSP];
	s->value[1] = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	s->in_call = in_call(s->value[1]);
	if (syscall(SYS_getrusage, RUSAGE_THREAD, &u) == 0)
		s->value[2] = (uint64_t)u.ru_nvcsw + (uint64_t)u.ru_nivcsw;
}

static void sample(struct agent_ring *r, int look, uint32_t count, void *context)
{
	struct agent_sample s = { .time = now_ns(CLOCK_MONOTONIC), .count = look ? 0 : count };

	if (look)
		look_at(&s, context);
	if (look == AGENT_DUMP) {
		s.kind = PD_WIRE_DUMP;
		sample_take(r, &s, 1, context);
		return;
	}
	sample_take(r, &s, look ? 1 : count, context);
	atomic_fetch_add_explicit(&r->signals, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->periods, s.count, memory_order_relaxed);
	if (s.count >= agent.late)
		atomic_fetch_add_explicit(&r->late, 1, memory_order_relaxed);
}

/* The ring a signal is meant for; NULL when it is not from us. *look: AGENT_LOOK, AGENT_DUMP, 0: a timer. */
static struct agent_ring *addressee(int sig, const siginfo_t *si, int *look)
{
	struct agent_ring *r = si->si_value.sival_ptr;

	*look = 0;
	if (sig == SIGPROF && agent.engine == PD_WIRE_SETITIMER && si->si_code == SI_KERNEL)
		return ring_own();
	if (!ring_is(r))
		return NULL;
	if (si->si_code == SI_TIMER)
		return r;
	if (si->si_code == SI_QUEUE && (si->si_errno == AGENT_LOOK || si->si_errno == AGENT_DUMP) && si->si_pid == agent.pid)
		*look = si->si_errno;
	return *look ? r : NULL;
}

void on_sample(int sig, siginfo_t *si, void *context)
{
	int saved = errno;
	int look;
	struct agent_ring *r = addressee(sig, si, &look);

	if (r && atomic_load_explicit(&agent.mode, memory_order_relaxed) == AGENT_ON && atomic_load_explicit(&r->state, memory_order_relaxed) == RING_LIVE) {
		uint32_t overrun = si->si_code == SI_TIMER && si->si_overrun > 0 ? (uint32_t)si->si_overrun : 0;

		atomic_fetch_add(&r->busy, 1);
		/* a signal of a timer that is gone, after its thread: not ours any more */
		if (r == ring_own() || (pid_t)syscall(SYS_gettid) == r->tid)
			sample(r, look, 1 + overrun, context);
		atomic_fetch_add(&r->busy, 1);
	}
	errno = saved;
}
