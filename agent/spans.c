/*
 * Spans, instants, counters and labels as threads leave them: each thread has a ring of its own for them, with texts copied, so
 * that nobody waits and nothing needs to live on. What is begun has room for its end: when a ring is full, whole spans are missing,
 * never an end.
 */
#include "spans.h"
#define PDA_NONE /* the declarations, not the search for us */
#include <profdata/agent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <fcntl.h>
#include <x86intrin.h>

#define MOST_TEXT 255u
#define SLACK 1024u /* of a ring: what padding can take */

static volatile uint32_t on;

const volatile uint32_t *spans_on(void) { return &on; }

void spans_switch(void)
{
	on = atomic_load(&agent.mode) == AGENT_ON ? PDA_ON | (agent.trace ? PDA_ON_TRACE : 0) : 0;
}

bool spans_configure(const char *option)
{
	if (strncmp(option, "trace=", 6) == 0)
		agent.trace = option[6] == '1';
	else if (strncmp(option, "functions=", 10) == 0)
		agent.functions = option[10] == '1';
	else if (strncmp(option, "min_duration=", 13) == 0)
		agent.min_duration = strtoull(option + 13, NULL, 10);
	else if (strncmp(option, "max_depth=", 10) == 0)
		agent.max_depth = (uint32_t)strtoul(option + 10, NULL, 10);
	else
		return false;
	if (!agent.max_depth || agent.max_depth > AGENT_CALLS)
		agent.max_depth = AGENT_CALLS;
	agent.trace |= agent.functions;
	return true;
}

/* ---- time ---- */

/*
 * The processor's counter where the kernel itself takes the time from it, so that it runs evenly and alike on all processors: half
 * the cost of clock_gettime(). The writer turns it into time.
 */
void spans_begin(void)
{
	static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char name[8] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	agent.tsc = fd >= 0 && read(fd, name, sizeof(name)) == 4 && memcmp(name, "tsc\n", 4) == 0;
	if (fd >= 0)
		close(fd);
	agent.min_ticks = agent.min_duration;
	if (agent.tsc && agent.min_duration) {
		uint64_t from = now_ns(CLOCK_MONOTONIC), ticks = __rdtsc(), ns;

		while ((ns = now_ns(CLOCK_MONOTONIC) - from) < 200000)
			;
		agent.min_ticks = (uint64_t)((double)(__rdtsc() - ticks) / (double)ns * (double)agent.min_duration);
	}
}

uint64_t ticks_now(void) { return agent.tsc ? __rdtsc() : now_ns(CLOCK_MONOTONIC); }

/* ---- rings ---- */

struct agent_events *events_own(void)
{
	struct agent_ring *r = ring_own();
	struct agent_events *e;
	void *p;

	if (!r && !(r = ring_join()))
		return NULL;
	e = atomic_load_explicit(&r->events, memory_order_relaxed);
	if (e)
		return e;
	p = mmap(NULL, sizeof(*e) + AGENT_EVENT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	e = p;
	e->free_until = AGENT_EVENT_BYTES;
	atomic_store(&r->events, e);
	return e;
}

void events_reset(struct agent_ring *r)
{
	struct agent_events *e = atomic_load(&r->events);

	atomic_store(&r->labels, 0);
	r->labels_known = r->labels_id = r->labels_told = r->labels_size = 0;
	r->events_time = 0;
	if (!e)
		return;
	e->free_until = atomic_load(&e->tail) + AGENT_EVENT_BYTES;
	atomic_store(&e->head, atomic_load(&e->tail));
	e->busy = e->open = e->spans = e->skipped = e->depth = e->written = e->over = 0;
}

/* A thread may still be at work in there: the memory stays. */
void events_uncount(struct agent_ring *r)
{
	struct agent_events *e = atomic_load(&r->events);

	if (!e)
		return;
	atomic_store(&e->count, 0);
	atomic_store(&e->lost, 0);
	atomic_store(&e->shorts, 0);
	atomic_store(&e->deep, 0);
	atomic_store(&e->unwound, 0);
}

void events_drop(void)
{
	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_events *e = atomic_load(&ring_at(i)->events);

		if (e)
			munmap(e, sizeof(*e) + AGENT_EVENT_BYTES);
	}
}

unsigned char *events_room(struct agent_events *e, size_t n, size_t reserve)
{
	uint64_t head = atomic_load_explicit(&e->head, memory_order_relaxed), need;
	size_t at = head % AGENT_EVENT_BYTES, pad = AGENT_EVENT_BYTES - at < n ? AGENT_EVENT_BYTES - at : 0;

	need = head + pad + n + reserve * 16 + (reserve ? SLACK : 0);
	if (need > e->free_until) {
		e->free_until = atomic_load_explicit(&e->tail, memory_order_acquire) + AGENT_EVENT_BYTES;
		if (need > e->free_until)
			return NULL;
	}
	if (!pad)
		return e->data + at;
	memset(e->data + at, 0, pad < 16 ? pad : 16); /* EVENT_PAD */
	atomic_store_explicit(&e->head, head + pad, memory_order_release);
	return e->data;
}

void events_put(struct agent_events *e, size_t n)
{
	uint64_t head = atomic_load_explicit(&e->head, memory_order_relaxed);

	atomic_store_explicit(&e->head, head + n, memory_order_release);
	if ((head ^ (head + n)) & ~(uint64_t)(AGENT_EVENT_BYTES / 4 - 1))
		writer_hurry();
}

static void count(_Atomic uint64_t *c) { atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + 1, memory_order_relaxed); }

/* ---- events ---- */

static size_t text_size(const char *s) { return s ? strnlen(s, MOST_TEXT) : 0; }

/* Begins that follow one that had no room have none either, so that ends find their begins. */
static bool put(struct agent_events *e, uint32_t kind, const char *name, const char *category, uint64_t value)
{
	bool begins = kind == PDA_BEGIN, ends = kind == PDA_END, valued = kind >= PD_WIRE_MARK_VALUED;
	size_t n = ends ? 0 : text_size(name), c = ends ? 0 : text_size(category), all = (16 + (valued ? 8 : 0) + n + c + 7) & ~(size_t)7;
	uint64_t head[3] = { ticks_now(), (uint64_t)kind << 56 | (uint64_t)n << 32 | (uint64_t)c << 16, value };
	unsigned char *to = calls_flush(e) || ends ? events_room(e, all, ends ? 0 : e->open + begins) : NULL;

	if (!to)
		return false;
	memcpy(to, head, valued ? 24 : 16);
	to += valued ? 24 : 16;
	if (n)
		memcpy(to, name, n);
	if (c)
		memcpy(to + n, category, c);
	events_put(e, all);
	count(&e->count);
	e->open += begins;
	e->spans += begins;
	return true;
}

static void event(struct agent_events *e, uint32_t kind, const char *name, const char *category, uint64_t value)
{
	if (kind == PDA_END && e->skipped) {
		e->skipped--;
	} else if (kind == PDA_END && e->spans) {
		put(e, kind, NULL, NULL, 0);
		e->spans--;
		e->open--;
	} else if (kind != PDA_END && ((kind == PDA_BEGIN && e->skipped) || !put(e, kind, name, category, value))) {
		e->skipped += kind == PDA_BEGIN;
		count(&e->lost);
	}
}

static void on_event(uint32_t kind, const char *name, const char *category, uint64_t value)
{
	struct agent_events *e;

	if (atomic_load_explicit(&agent.mode, memory_order_relaxed) != AGENT_ON || !agent.trace || !(e = events_own()))
		return;
	if (e->busy) { /* we are in a handler that came in between */
		atomic_fetch_add_explicit(&e->lost, 1, memory_order_relaxed);
		return;
	}
	e->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	event(e, kind, name, category, value);
	atomic_signal_fence(memory_order_seq_cst);
	e->busy = 0;
}

/* ---- labels ---- */

/* Where the pair of a key begins in the set and how long it is; 0 when it is not there. */
static size_t find_pair(const struct agent_ring *r, const char *key, size_t *at)
{
	size_t i = 0;

	while (i < r->labels_size) {
		size_t k = strlen(r->label + i) + 1, v = strlen(r->label + i + k) + 1;

		*at = i;
		if (strcmp(r->label + i, key) == 0)
			return k + v;
		i += k + v;
	}
	return 0;
}

/* The whole set goes into the ring under a new number, and only then samples get that number. */
static bool publish(struct agent_ring *r, struct agent_events *e)
{
	size_t all = (16 + (size_t)r->labels_size + 7) & ~(size_t)7;
	uint32_t number = atomic_load_explicit(&r->labels, memory_order_relaxed) + 1;
	uint64_t head[2] = { ticks_now(), (uint64_t)EVENT_LABELS << 56 | (uint64_t)r->labels_size << 32 | number };
	unsigned char *to = events_room(e, all, e->open);

	if (to) {
		memcpy(to, head, sizeof(head));
		memcpy(to + sizeof(head), r->label, r->labels_size);
		events_put(e, all);
	} else {
		count(&e->lost);
	}
	atomic_store_explicit(&r->labels, number, memory_order_release);
	return to != NULL;
}

static int change(struct agent_ring *r, struct agent_events *e, const char *key, const char *value)
{
	size_t at = 0, old = find_pair(r, key, &at), k = strlen(key) + 1, v = value ? strlen(value) + 1 : 0;

	if (value && r->labels_size - old + k + v > AGENT_LABELS)
		return PDA_FULL;
	if (!value && !old)
		return PDA_OK;
	if (old) {
		memmove(r->label + at, r->label + at + old, r->labels_size - at - old);
		r->labels_size -= (uint32_t)old;
	}
	if (value) {
		memcpy(r->label + r->labels_size, key, k);
		memcpy(r->label + r->labels_size + k, value, v);
		r->labels_size += (uint32_t)(k + v);
	}
	return publish(r, e) ? PDA_OK : PDA_FAILED;
}

static int on_label(const char *key, const char *value)
{
	struct agent_events *e;
	int status;

	if (atomic_load_explicit(&agent.mode, memory_order_relaxed) != AGENT_ON)
		return PDA_ALREADY;
	if (!key || !*key)
		return PDA_OPTIONS;
	if (!(e = events_own()))
		return PDA_FAILED;
	if (e->busy)
		return PDA_FAILED;
	e->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
	status = change(ring_own(), e, key, value);
	atomic_signal_fence(memory_order_seq_cst);
	e->busy = 0;
	return status;
}

static char kept[AGENT_LABELS];
static uint32_t kept_size;

void labels_keep(void)
{
	struct agent_ring *r = ring_own();

	kept_size = r ? r->labels_size : 0;
	if (kept_size)
		memcpy(kept, r->label, kept_size);
}

void labels_again(void)
{
	struct agent_ring *r = ring_own();
	struct agent_events *e = r && kept_size ? events_own() : NULL;

	if (!e)
		return;
	memcpy(r->label, kept, kept_size);
	r->labels_size = kept_size;
	publish(r, e);
}

/* ---- what programs get ---- */

__attribute__((visibility("default"))) const struct pda_agent *pda_agent_find(unsigned version)
{
	static const struct pda_agent all = {
		.size = sizeof(all), .on = &on, .start = agent_start_here, .stop = agent_stop_here, .label = on_label, .event = on_event, .dump = dump_here,
	};

	return version == 1 ? &all : NULL;
}
