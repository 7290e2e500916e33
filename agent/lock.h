/* Between the hooks that stand in front of libc's locks and the accounts of who waits and who makes wait. */
#ifndef AGENT_LOCK_H
#define AGENT_LOCK_H

#include "agent.h"

#define LOCK_SETS 4096           /* of the table of locks that are waited for; a power of two */

struct lock_entry;

/* Somebody waits. */
struct lock_wait {
	uint64_t from, rate;     /* when it began; ns per sample */
	uint64_t least;          /* from how many ns on it is recorded: drawn before, so that short waits are recorded in proportion */
	uint32_t what;           /* enum pd_wire_lock_what */
	struct lock_entry *entry; /* of the lock; NULL: nobody is to blame */
};

/* Somebody made others wait. */
struct lock_hold {
	uint64_t ns, rate;       /* ns 0: nothing to record */
	uint32_t what;
};

/*
 * Not 0: somebody waits for a lock of this set, or waited while it was held. All that an unlock without contention looks at. Written
 * by who waits; cleared by an unlock that finds nobody.
 */
extern _Atomic uint8_t lock_flag[LOCK_SETS];

static inline size_t lock_set(const void *lock) { return (size_t)((uintptr_t)lock * 0x9e3779b97f4a7c15u >> 52); }

static inline bool lock_flagged(const void *lock) { return atomic_load_explicit(&lock_flag[lock_set(lock)], memory_order_relaxed) != 0; }

static inline bool lock_on(void) { return atomic_load_explicit(&agent.lock_rate, memory_order_relaxed) != 0; }

/* `lock`: whose holder is to blame, NULL for none. */
void lock_wait_begin(struct lock_wait *w, const void *lock, uint32_t what);

enum lock_end {
	LOCK_ALONE,              /* it is ours alone: nobody makes others wait for it any more */
	LOCK_SHARED,             /* ours, and perhaps of others */
	LOCK_GIVEN_UP,           /* the time was up */
	LOCK_REFUSED,            /* it was no waiting: an error */
};
void lock_wait_end(const struct lock_wait *w, enum lock_end end);

/* Before a lock is given back that was flagged; afterwards lock_hold_end(). */
void lock_hold_begin(struct lock_hold *h, const void *lock, uint32_t what);
void lock_hold_end(const struct lock_hold *h);

#endif
