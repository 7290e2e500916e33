/*
 * The strings of a flame graph's data block: each once, sorted by bytes, each
 * written without the beginning it shares with the one before.
 */
#ifndef COMMON_FLAME_POOL_H
#define COMMON_FLAME_POOL_H

#include "base/vec.h"
#include <profdata/io.h>

struct flame_pool {
	PD_VEC(struct pd_span) text; /* in the order they came; 0 is "" */
	uint32_t *slot;              /* open addressing over text */
	size_t mask;
	uint32_t *rank;              /* text → number in the file, once sorted */
	uint64_t hash_key;
	bool failed;                 /* out of memory, sticky */
};

void flame_pool_init(struct flame_pool *p);
void flame_pool_release(struct flame_pool *p);
/* Ticket of a string, which must stay where it is. 0 for "" and out of memory. */
uint32_t flame_pool_add(struct flame_pool *p, struct pd_span s);
/* After the last string; false when out of memory, now or before. */
bool flame_pool_sort(struct flame_pool *p);
/* Number of a string in the file by its ticket. */
static inline uint32_t flame_pool_id(const struct flame_pool *p, uint32_t ticket) { return p->rank[ticket]; }
/* Members "strings" and "prefix" of the object that is open. */
void flame_pool_write(const struct flame_pool *p, struct pd_out *out);
/* A JSON string for script and XML; bytes 0xNN that are no UTF-8 as lone surrogates \udcNN, so that they can be read back. */
void flame_put_string(struct pd_out *out, const char *text, size_t n);

#endif
