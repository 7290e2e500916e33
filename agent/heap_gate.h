/*
 * Between the library that stands before malloc() (heap/) and the sampler. They are two, so that only programs whose memory is recorded
 * pass through the first. It works without the second: then it counts nothing.
 *
 * malloc() takes the size off a counter of the thread; what the counter does not cover is for the sampler to look at. free() looks at one
 * number per page; where it is not 0 something on the page (or on one that shares the number) is remembered by the sampler.
 */
#ifndef AGENT_HEAP_GATE_H
#define AGENT_HEAP_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_GATE "profdata_heap_gate" /* the name it is found by */
#define HEAP_GATE_VERSION 1
#define HEAP_PAGES 65536u               /* numbers of pages: a power of two */

/* Of a thread. Signal handlers allocate too, so there is no reading and writing in one step: a torn step would never end. */
struct heap_thread {
	volatile uint64_t left;  /* objects smaller than this are passed through, and taken off */
	volatile uint64_t drawn; /* what `left` was last */
	uint64_t random;
	uint32_t session, zero;  /* of the sampler, in which the above were set */
};

/* An object that is remembered. */
struct heap_object {
	uint64_t size;
	uint32_t site, zero;
};

struct heap_calls {
	/* `size` is not below `left`: is the object sampled? */
	void (*allocated)(struct heap_thread *t, void *p, size_t size);
	/* It is remembered no longer; false: it never was. */
	bool (*take)(const void *p, struct heap_object *o);
	void (*freed)(const struct heap_object *o);
	/* It is not freed after all. */
	void (*put_back)(void *p, const struct heap_object *o);
};

struct heap_gate {
	uint32_t version, zero;
	_Atomic uint32_t *pages; /* HEAP_PAGES numbers */
	const struct heap_calls *_Atomic calls; /* NULL: nothing is sampled */
	struct heap_thread *(*self)(void);      /* of the calling thread */
	void *(*malloc)(size_t); /* ours, and the one behind it */
	void *(*next)(size_t);
};

/* Neighbours have numbers beside each other; the arenas of threads, which all begin at a multiple of 64 MiB, do not share theirs. */
static inline size_t heap_page_of(const void *p)
{
	uintptr_t at = (uintptr_t)p;

	return ((at >> 12) ^ (at >> 26) * 977u) & (HEAP_PAGES - 1);
}

#endif
