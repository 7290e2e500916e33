/*
 * Samples that hooks take of their own thread, of things the program does (it waits for a lock, say) instead of times that are up. All
 * signals stay out meanwhile: the handler puts into the same ring, and the program's own handlers may come by a hook again.
 */
#include "agent.h"
#include <errno.h>
#include <string.h>

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
		done = sample_take(r, &s, 1, NULL); /* the frames from here to the hook are ours and left out */
		atomic_fetch_add(&r->busy, 1);
	}
	signals_restore(&old);
	errno = saved;
	return done;
}
