/*
 * Between the library that stands before libc's locks (lock/) and the sampler. They are two, so that only programs whose locks are
 * recorded pass through the first. It works without the second: then it passes everything on.
 */
#ifndef AGENT_LOCK_GATE_H
#define AGENT_LOCK_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_GATE "profdata_lock_gate" /* the name it is found by */
#define LOCK_GATE_VERSION 1
#define LOCK_SETS 4096           /* of locks that are waited for; a power of two */

struct lock_entry;

/* Somebody waits. */
struct lock_wait {
	uint64_t from, rate;     /* when it began; ns per sample */
	uint64_t least;          /* from how many ns on it is recorded: drawn before, so that short waits are recorded in proportion */
	uint32_t what;           /* enum pd_wire_lock_what; 0: nobody's business */
	struct lock_entry *entry; /* of the lock; NULL: nobody is to blame */
};

/* Somebody made others wait. */
struct lock_hold {
	uint64_t ns, rate;       /* ns 0: nothing to record */
	uint32_t what;
};

enum lock_end {
	LOCK_ALONE,              /* it is ours alone: nobody makes others wait for it any more */
	LOCK_SHARED,             /* ours, and perhaps of others */
	LOCK_GIVEN_UP,           /* the time was up, or there was no lock */
	LOCK_REFUSED,            /* it was no waiting: an error */
};

struct lock_calls {
	/* `lock`: whose holder is to blame, NULL for none. */
	void (*wait_begin)(struct lock_wait *w, const void *lock, uint32_t what);
	void (*wait_end)(const struct lock_wait *w, enum lock_end end);
	/* Before a lock is given back that is flagged, and after. */
	void (*hold_begin)(struct lock_hold *h, const void *lock, uint32_t what);
	void (*hold_end)(const struct lock_hold *h);
};

struct lock_gate {
	uint32_t version, zero;
	const struct lock_calls *_Atomic calls; /* NULL: nothing is recorded */
	/*
	 * LOCK_SETS bytes, by lock_set(). Not 0: somebody waits for a lock of this set, or waited while it was held. All that an unlock without
	 * contention looks at. Written by who waits; cleared by an unlock that finds nobody.
	 */
	_Atomic uint8_t *flag;
};

static inline size_t lock_set(const void *lock) { return (size_t)((uintptr_t)lock * 0x9e3779b97f4a7c15u >> 52); }

#endif
