/*
 * Who waits for locks, and who holds them meanwhile.
 *
 * A wait is measured by the one who waits (the hooks try first, so that only waiting costs a look at the clock). Who made it wait is known
 * when the lock is given back: a table by address of the lock holds, per lock that somebody waits for, how many wait and
 * how long all of them together have waited since it was given back last. Whoever gives it back takes that sum: its stack is to blame.
 * Sum and count are one word, so that nothing in here waits for anything: all of it is safe in signal handlers and around a fork.
 *
 * Samples are taken as Go takes them: a wait of at least `rate` ns always, a shorter one with the probability wait / rate, counting
 * as rate / wait waits and `rate` ns. The sums are right at any rate. So the rate may be raised while there is more to
 * record than LOCK_BUDGET; each record carries the rate that was in force when its wait began.
 */
#include "agent.h"
#include "lock_gate.h"
#include <dlfcn.h>

#define WAYS 4
#define LOCK_BUDGET 500u         /* samples per second of each sort, all threads together */
#define WINDOW 32u               /* samples after which their pace is looked at */
#define STEP 4u                  /* by how much the rate may change at once */
#define RATE_MOST 1000000000u
#define TAKEN 0xffffu            /* as a number of those who wait: the entry is changing hands */

/*
 * word: 16 bits how many wait, 48 bits A, so that they have waited for  count * now - A  (modulo 2^48, three days) since the lock was given
 * back last. Who begins to wait adds `now` to A, who ends takes it off, who gives the lock back adds what it takes.
 */
struct lock_entry {
	_Atomic uintptr_t lock;
	_Atomic uint64_t word;
};

static struct lock_entry table[LOCK_SETS][WAYS];
static struct lock_gate *gate;   /* NULL: not loaded, or not ours */
static _Atomic uint64_t asked;   /* ns per sample; 0: nothing is recorded */

static struct pace {
	_Atomic uint64_t rate, from, most; /* ns per sample; when the window began; the highest rate so far */
	_Atomic uint32_t n;      /* samples in the window */
	_Atomic uint64_t all;
} waits, holds;
static _Atomic uint64_t lost, unmatched;

static __thread uint64_t seed __attribute__((tls_model("initial-exec")));

/* ---- how often ---- */

static uint64_t rate_now(struct pace *p)
{
	uint64_t rate = atomic_load_explicit(&p->rate, memory_order_relaxed), least = atomic_load_explicit(&asked, memory_order_relaxed);

	return rate > least ? rate : least;
}

/* The pace of n samples in `ns` becomes the rate that would have kept the budget. */
static void change(struct pace *p, uint32_t n, uint64_t ns)
{
	uint64_t least = atomic_load(&asked), rate = rate_now(p), next;
	double want = (double)rate * n * 1e9 / LOCK_BUDGET / (double)(ns ? ns : 1);

	next = want > (double)rate * STEP ? rate * STEP : want < (double)rate / STEP ? rate / STEP : (uint64_t)want;
	next = next > RATE_MOST ? RATE_MOST : next;
	next = next < least ? least : next;
	atomic_store(&p->rate, next);
	if (next > atomic_load(&p->most))
		atomic_store(&p->most, next);
}

/* Asked for every single one, we record every single one. */
static bool fixed_rate(void) { return atomic_load_explicit(&asked, memory_order_relaxed) <= 1; }

static void counted(struct pace *p)
{
	uint32_t n = atomic_fetch_add_explicit(&p->n, 1, memory_order_relaxed) + 1;
	uint64_t now;

	atomic_fetch_add_explicit(&p->all, 1, memory_order_relaxed);
	if (fixed_rate() || n != WINDOW)
		return;
	now = now_ns(CLOCK_MONOTONIC);
	change(p, n, now - atomic_exchange(&p->from, now));
	atomic_store(&p->n, 0);
}

/* When there is less to record than there was, windows take long. */
static void slower(struct pace *p, uint64_t now)
{
	uint64_t from = atomic_load(&p->from), window = WINDOW * 1000000000ull / LOCK_BUDGET;

	if (fixed_rate() || now < from + 2 * window || rate_now(p) == atomic_load(&asked))
		return;
	atomic_store(&p->from, now);
	change(p, atomic_exchange(&p->n, 0), now - from);
}

void lock_round(uint64_t now)
{
	if (!atomic_load(&asked))
		return;
	slower(&waits, now);
	slower(&holds, now);
}

static uint64_t draw(uint64_t below)
{
	if (!seed)
		seed = random_below(UINT64_MAX) | 1;
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below > 1 ? (seed >> 11) % below : 0;
}

static void tell(struct pace *p, enum pd_wire_kind kind, uint64_t ns, uint64_t rate, uint32_t what)
{
	uint64_t value[3] = { ns, rate, what };

	if (event_put(kind, value))
		counted(p);
	else
		atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
}

/* ---- the table ---- */

#define A_BITS 48
#define A_MASK ((1ull << A_BITS) - 1)

static uint64_t waiting(uint64_t word) { return word >> A_BITS; }

static uint64_t word_of(uint64_t n, uint64_t a) { return n << A_BITS | (a & A_MASK); }

/* What those who wait have waited for in all. */
static uint64_t sum_at(uint64_t word, uint64_t now) { return (waiting(word) * now - word) & A_MASK; }

/* A clock that another CPU reads may be behind by a little: sums that went below zero are none. */
static bool sane(uint64_t sum) { return sum < A_MASK / 2; }

/* Nobody waits, and nothing is left to be taken. */
static bool idle(uint64_t word) { return word == 0; }

/* One more waits for `lock` at this entry; false: it belongs to another lock, or changes hands. */
static bool join(struct lock_entry *e, uintptr_t lock, uint64_t now)
{
	uint64_t word = atomic_load(&e->word);

	do {
		if (atomic_load(&e->lock) != lock || waiting(word) >= TAKEN - 1)
			return false;
	} while (!atomic_compare_exchange_weak(&e->word, &word, word_of(waiting(word) + 1, word + now)));
	if (atomic_load(&e->lock) == lock)
		return true;
	/* it was given to another lock between the look and the change; from now on it stays there until we leave */
	word = atomic_load(&e->word);
	while (!atomic_compare_exchange_weak(&e->word, &word, word_of(waiting(word) - 1, word - now)))
		;
	return false;
}

/* An entry nobody waits at becomes one for `lock`, with us waiting. */
static bool settle(struct lock_entry *e, uintptr_t lock, uint64_t now)
{
	uint64_t word = atomic_load(&e->word);

	if (waiting(word) || !atomic_compare_exchange_strong(&e->word, &word, word_of(TAKEN, 0)))
		return false;
	atomic_store(&e->lock, lock);
	atomic_store(&e->word, word_of(1, now));
	return true;
}

static struct lock_entry *entry_for(const void *lock, uint64_t now)
{
	size_t set = lock_set(lock);
	struct lock_entry *way = table[set], *found = NULL;

	for (unsigned i = 0; i < WAYS && !found; i++)
		found = join(&way[i], (uintptr_t)lock, now) ? &way[i] : NULL;
	for (unsigned i = 0; i < WAYS && !found; i++)
		found = settle(&way[i], (uintptr_t)lock, now) ? &way[i] : NULL;
	if (found && !atomic_load(&gate->flag[set]))
		atomic_store(&gate->flag[set], 1);
	if (!found)
		atomic_fetch_add_explicit(&unmatched, 1, memory_order_relaxed);
	return found;
}

/*
 * One less waits. `forget`: the sum goes too: with the lock in our hands, what has been waited since it was given back was no holder's
 * doing but the time it takes to wake up. `since`: what this one adds to the sum ends there.
 */
static void leave(struct lock_entry *e, uint64_t since, uint64_t now, bool forget)
{
	uint64_t word = atomic_load(&e->word), n, next;

	do {
		n = waiting(word) - 1;
		next = forget ? word_of(n, n * now) : word_of(n, word - since);
	} while (!atomic_compare_exchange_weak(&e->word, &word, next));
}

/* Takes the sum of a lock that is about to be given back. */
static uint64_t take(const void *lock, uint64_t now)
{
	size_t set = lock_set(lock);
	uint64_t sum = 0, word, more;
	bool all_idle = true;

	for (unsigned i = 0; i < WAYS; i++) {
		struct lock_entry *e = &table[set][i];

		word = atomic_load(&e->word);
		if (atomic_load(&e->lock) != (uintptr_t)lock || waiting(word) == TAKEN) {
			all_idle &= idle(word);
			continue;
		}
		do
			more = sum_at(word, now);
		while (!atomic_compare_exchange_weak(&e->word, &word, word_of(waiting(word), word + more)));
		all_idle &= waiting(word) == 0;
		sum += sane(more) ? more : 0;
	}
	if (!all_idle)
		return sum;
	/* who begins to wait changes the word before it sets the flag: either we see that, or its flag comes after our clearing */
	atomic_store(&gate->flag[set], 0);
	for (unsigned i = 0; i < WAYS; i++)
		if (!idle(atomic_load(&table[set][i].word)))
			atomic_store(&gate->flag[set], 1);
	return sum;
}

/* ---- for the hooks ---- */

static void wait_begin(struct lock_wait *w, const void *lock, uint32_t what)
{
	w->what = what;
	w->rate = rate_now(&waits);
	w->least = draw(w->rate);
	w->from = now_ns(CLOCK_MONOTONIC);
	w->entry = lock && w->what ? entry_for(lock, w->from) : NULL;
}

static void wait_end(const struct lock_wait *w, enum lock_end end)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (w->entry)
		leave(w->entry, end == LOCK_REFUSED ? w->from : now, now, end == LOCK_ALONE);
	if (w->what && end != LOCK_REFUSED && now - w->from > w->least)
		tell(&waits, PD_WIRE_LOCK_WAIT, now - w->from, w->rate, w->what);
}

static void hold_begin(struct lock_hold *h, const void *lock, uint32_t what)
{
	uint64_t sum = take(lock, now_ns(CLOCK_MONOTONIC));

	h->what = what;
	h->rate = rate_now(&holds);
	h->ns = sum > draw(h->rate) ? sum : 0;
}

static void hold_end(const struct lock_hold *h)
{
	if (h->ns)
		tell(&holds, PD_WIRE_LOCK_HOLD, h->ns, h->rate, h->what);
}

static const struct lock_calls calls = { wait_begin, wait_end, hold_begin, hold_end };

/* ---- begin, fork, and the writer's side ---- */

void lock_find(void)
{
	struct lock_gate *g = agent.lock_rate ? dlsym(RTLD_DEFAULT, LOCK_GATE) : NULL;

	gate = g && g->version == LOCK_GATE_VERSION ? g : NULL;
}


static void pace_begin(struct pace *p)
{
	atomic_store(&p->rate, 0);
	atomic_store(&p->from, now_ns(CLOCK_MONOTONIC));
	atomic_store(&p->most, 0);
	atomic_store(&p->n, 0);
	atomic_store(&p->all, 0);
}

void lock_begin(void)
{
	struct pd_wire_lock w = { .rate = agent.lock_rate };

	pace_begin(&waits);
	pace_begin(&holds);
	atomic_store(&lost, 0);
	atomic_store(&unmatched, 0);
	if (!gate)
		return;
	atomic_store(&asked, agent.lock_rate);
	atomic_store(&gate->calls, &calls);
	writer_record(PD_WIRE_LOCK, &w, sizeof(w));
}

void lock_end(void)
{
	if (gate)
		atomic_store(&gate->calls, NULL);
	atomic_store(&asked, 0);
}

void lock_forked(void)
{
	lock_end(); /* until it is recorded itself */
	for (size_t set = 0; gate && set < LOCK_SETS; set++) {
		if (!atomic_load(&gate->flag[set])) /* pages nobody wrote to stay shared */
			continue;
		for (unsigned i = 0; i < WAYS; i++) {
			atomic_store(&table[set][i].lock, 0);
			atomic_store(&table[set][i].word, 0);
		}
		atomic_store(&gate->flag[set], 0);
	}
	seed = 0;
}

void lock_write(const struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	struct pd_wire_lock_event w = { .time = s->time, .ns = s->value[0], .rate = s->value[1], .tid = (uint32_t)r->tid, .stack = stack,
					.what = (uint32_t)s->value[2] };

	writer_record((enum pd_wire_kind)s->kind, &w, sizeof(w));
}

void lock_stats(void)
{
	struct pd_wire_lock_stats w = { .waits = atomic_load(&waits.all), .holds = atomic_load(&holds.all), .lost = atomic_load(&lost),
					.unmatched = atomic_load(&unmatched), .wait_rate = atomic_load(&waits.most), .hold_rate = atomic_load(&holds.most) };

	if (atomic_load(&asked))
		writer_record(PD_WIRE_LOCK_STATS, &w, sizeof(w));
}
