/*
 * Calls of functions that were built with -finstrument-functions. A thread keeps a list of the calls that are open; with a minimum
 * duration a call goes into the ring only when it, or something inside of it, is there to stay. Calls that end by longjmp() or an
 * exception are noticed by the stack pointer.
 */
#include "spans.h"

#define HOOK __attribute__((visibility("default"), no_instrument_function))

static void count(_Atomic uint64_t *c) { atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + 1, memory_order_relaxed); }

static inline bool put(struct agent_events *e, uint32_t kind, uint64_t ticks, uint64_t function, size_t reserve)
{
	uint64_t *to = (uint64_t *)(void *)events_room(e, 16, reserve);

	if (!to)
		return false;
	to[0] = ticks;
	to[1] = (uint64_t)kind << 56 | EVENT_ADDRESS(function);
	events_put(e, 16);
	return true;
}

bool calls_flush(struct agent_events *e)
{
	for (; e->written < e->depth; e->written++, e->open++) {
		const struct agent_call *c = &e->call[e->written];

		if (!put(e, PD_WIRE_MARK_CALL, c->ticks, c->function, e->open + 1))
			return false;
		count(&e->count);
	}
	return true;
}

/* The innermost call is over. */
static void leave(struct agent_events *e, uint64_t ticks)
{
	const struct agent_call *c = &e->call[e->depth - 1];

	if (e->written < e->depth && ticks - c->ticks < agent.min_ticks)
		count(&e->shorts);
	else if (e->written < e->depth && !calls_flush(e))
		count(&e->lost);
	e->depth--;
	if (e->written <= e->depth)
		return;
	put(e, PD_WIRE_MARK_RETURN, ticks, c->function, 0); /* its room was kept */
	e->written--;
	e->open--;
}

/* Calls whose frames are gone: the stack grows down, and only within one stack this means anything. */
static void forget_unwound(struct agent_events *e, const struct agent_ring *r, uint64_t sp, uint64_t ticks)
{
	if (e->over && e->over_sp < sp)
		e->over = 0;
	if (sp < r->stack_lo || sp >= r->stack_hi)
		return;
	while (e->depth && e->call[e->depth - 1].sp < sp && e->call[e->depth - 1].sp >= r->stack_lo) {
		count(&e->unwound);
		leave(e, ticks);
	}
}

static void enter(struct agent_events *e, const struct agent_ring *r, uint64_t function, uint64_t sp, uint64_t site)
{
	uint64_t ticks = ticks_now();

	if ((e->depth && e->call[e->depth - 1].sp < sp) || (e->over && e->over_sp < sp))
		forget_unwound(e, r, sp, ticks);
	/* what is inlined shares frame and caller with what is around it; the same frame called from elsewhere is a new one */
	while (e->depth && !e->over && e->call[e->depth - 1].sp == sp && e->call[e->depth - 1].site != site) {
		count(&e->unwound);
		leave(e, ticks);
	}
	if (e->depth >= agent.max_depth || e->over) {
		if (!e->over++)
			e->over_sp = sp;
		count(&e->deep);
		return;
	}
	e->call[e->depth++] = (struct agent_call){ .function = function, .sp = sp, .site = site, .ticks = ticks };
	if (!agent.min_ticks)
		calls_flush(e);
}

static void leave_function(struct agent_events *e, const struct agent_ring *r, uint64_t function, uint64_t sp)
{
	uint64_t ticks = ticks_now();
	uint32_t at;

	if ((e->depth && e->call[e->depth - 1].sp < sp) || (e->over && e->over_sp < sp))
		forget_unwound(e, r, sp, ticks);
	if (e->over) {
		e->over--;
		return;
	}
	for (at = e->depth; at && e->call[at - 1].function != function; at--)
		;
	/* 0: it was called before recording began */
	while (at && e->depth > at) {
		count(&e->unwound);
		leave(e, ticks);
	}
	if (at)
		leave(e, ticks);
}

static inline struct agent_events *take(void)
{
	struct agent_events *e;

	if (!agent.functions || atomic_load_explicit(&agent.mode, memory_order_relaxed) != AGENT_ON || !(e = events_own()))
		return NULL;
	if (e->busy) { /* a handler in between, or our own start */
		atomic_fetch_add_explicit(&e->lost, 1, memory_order_relaxed);
		return NULL;
	}
	e->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	return e;
}

static inline void give(struct agent_events *e)
{
	atomic_signal_fence(memory_order_seq_cst);
	e->busy = 0;
}

HOOK void __cyg_profile_func_enter(void *function, void *call_site);
HOOK void __cyg_profile_func_enter(void *function, void *call_site)
{
	struct agent_events *e = take();

	if (!e)
		return;
	enter(e, agent_self, (uint64_t)(uintptr_t)function, (uint64_t)(uintptr_t)__builtin_frame_address(0), (uint64_t)(uintptr_t)call_site);
	give(e);
}

HOOK void __cyg_profile_func_exit(void *function, void *call_site);
HOOK void __cyg_profile_func_exit(void *function, void *call_site)
{
	struct agent_events *e = take();

	(void)call_site;
	if (!e)
		return;
	leave_function(e, agent_self, (uint64_t)(uintptr_t)function, (uint64_t)(uintptr_t)__builtin_frame_address(0));
	give(e);
}
