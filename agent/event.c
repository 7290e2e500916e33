/*
 * Samples that hooks take of their own thread, of things the program does (it waits for a lock, say) instead of times that are up. All
 * signals stay out meanwhile: the handler puts into the same ring, and the program's own handlers may come by a hook again.
 */
#include "agent.h"
#include <errno.h>
#include <string.h>
#include <ucontext.h>

/* The registers the way to the callers depends on, as they are here; the frames from here to the hook are ours and left out. */
__attribute__((noinline)) static bool take(struct agent_ring *r, struct agent_sample *s)
{
	ucontext_t here;
	greg_t *g = here.uc_mcontext.gregs;

	memset(g, 0, sizeof(here.uc_mcontext.gregs));
	__asm__ volatile("mov %%rbx, %c[rbx](%[g])\n\t"
			 "mov %%rbp, %c[rbp](%[g])\n\t"
			 "mov %%rsp, %c[rsp](%[g])\n\t"
			 "mov %%r12, %c[r12](%[g])\n\t"
			 "mov %%r13, %c[r13](%[g])\n\t"
			 "mov %%r14, %c[r14](%[g])\n\t"
			 "mov %%r15, %c[r15](%[g])\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "mov %%rax, %c[rip](%[g])\n"
			 "1:"
			 :
			 : [g] "r"(g), [rbx] "i"(8 * REG_RBX), [rbp] "i"(8 * REG_RBP), [rsp] "i"(8 * REG_RSP), [r12] "i"(8 * REG_R12), [r13] "i"(8 * REG_R13),
			   [r14] "i"(8 * REG_R14), [r15] "i"(8 * REG_R15), [rip] "i"(8 * REG_RIP)
			 : "rax", "memory");
	return sample_take(r, s, 1, &here);
}

bool event_put(enum pd_wire_kind kind, const uint64_t value[3])
{
	struct agent_ring *r = ring_own();
	struct agent_sample s = { .kind = kind };
	int saved = errno;
	bool done = false;
	sigset_t old;

	if (!r || atomic_load_explicit(&agent.mode, memory_order_relaxed) != AGENT_ON)
		return false;
	signals_block(&old);
	/* a child of vfork() has the memory of its parent, but is not it */
	if (agent_on() && atomic_load_explicit(&r->state, memory_order_relaxed) == RING_LIVE) {
		atomic_fetch_add(&r->busy, 1);
		s.time = now_ns(CLOCK_MONOTONIC);
		memcpy(s.value, value, sizeof(s.value));
		done = take(r, &s);
		atomic_fetch_add(&r->busy, 1);
	}
	signals_restore(&old);
	errno = saved;
	return done;
}
