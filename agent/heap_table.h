/*
 * Two tables that need no lock, so that allocating in a signal handler, or being forked in the middle, leaves nothing locked: the objects
 * that are sampled and not freed yet, and the stacks (of threads) that allocated them. All memory is reserved at the beginning and
 * touched only as far as it is used.
 */
#ifndef AGENT_HEAP_TABLE_H
#define AGENT_HEAP_TABLE_H

#include "heap_gate.h"

/* Sums have parts of objects and bytes: what one object stands for is not whole. */
#define HEAP_OBJECT_PART 65536.0
#define HEAP_BYTE_PART 256.0

/* A stack by which a thread has allocated. Sums only grow; `ready` is set last. */
struct heap_site {
	uint64_t hash;
	uint32_t tid, n, flags; /* enum pd_wire_stack_flags */
	uint32_t at;            /* its addresses in the pool */
	_Atomic bool ready;
	uint32_t id;            /* writer's: of the stack in the stream, 0 not told */
	_Atomic uint64_t allocs, frees;
	_Atomic uint64_t alloc_objects, alloc_space, free_objects, free_space; /* in parts */
	uint64_t told[6];       /* writer's: the six sums above, whole, as the stream has them */
};

/* All empty, with room for what one object in `period` bytes may come to. False: no memory. */
bool heap_table_make(uint64_t period);

/* False: no room. The object is not there yet. */
bool heap_object_put(const void *p, const struct heap_object *o);
/* Takes it out; false: it is not there. */
bool heap_object_take(const void *p, struct heap_object *o);

/* The site, made when it is new. Number 0 is for those without a stack, and for all there is no room for. */
uint32_t heap_site_of(const uint64_t *address, uint32_t n, uint32_t flags, uint32_t tid, uint32_t epoch);
struct heap_site *heap_site_at(uint32_t number);
const uint64_t *heap_site_stack(const struct heap_site *s);
uint32_t heap_sites(void);

#endif
