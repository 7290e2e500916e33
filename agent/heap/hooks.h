/* What malloc.c and new.c share: everything below is on the way of every allocation. */
#ifndef HEAP_HOOKS_H
#define HEAP_HOOKS_H

#include "../heap_gate.h"

#define HOOK __attribute__((visibility("default")))
#define COLD __attribute__((noinline, cold))
#define LIKELY(x) __builtin_expect(!!(x), 1)

extern __thread struct heap_thread heap_self __attribute__((tls_model("initial-exec"), visibility("hidden")));
extern _Atomic uint32_t heap_pages[HEAP_PAGES] __attribute__((visibility("hidden")));
extern struct heap_gate profdata_heap_gate;

/* Does the object fit into what is left? Then that is all there is to do. */
static inline bool heap_pass(size_t size)
{
	uint64_t left = heap_self.left;

	if (!LIKELY(size < left))
		return false;
	heap_self.left = left - size;
	return true;
}

/* Nothing on this page is remembered. */
static inline bool heap_unknown(const void *p) { return LIKELY(atomic_load_explicit(&heap_pages[heap_page_of(p)], memory_order_relaxed) == 0); }

/* After an allocation that heap_pass() did not let through. */
__attribute__((visibility("hidden"))) void heap_count(void *p, size_t size);
/* The object is gone, before it really is: its address may be somebody else's at once. */
__attribute__((visibility("hidden"))) void heap_forget(const void *p);

#endif
