/*
 * record from outside: records of all rings in the order of time. Each CPU has a ring of its own, and what one of them says can be older than what was
 * read from another: a record counts only when all rings have been read once more after it was written.
 */
#include "perf.h"

#include <stdlib.h>
#include <string.h>

bool perf_grow(void **v, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return true;
	p = reallocarray(*v, more, size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

static unsigned char *room(struct perf *p, size_t n)
{
	size_t cap = p->pool.cap ? p->pool.cap : 1u << 20;
	unsigned char *v;

	while (cap - p->pool.n < n)
		cap *= 2;
	if (cap > p->pool.cap) {
		v = realloc(p->pool.v, cap);
		if (!v) {
			p->nomem = true;
			return NULL;
		}
		p->pool.v = v;
		p->pool.cap = cap;
	}
	return p->pool.v + p->pool.n;
}

static void copy(const struct perf_ring *r, uint64_t at, unsigned char *to, size_t n)
{
	size_t from = at & (r->size - 1), first = r->size - from < n ? r->size - from : n;

	memcpy(to, r->data + from, first);
	memcpy(to + first, r->data, n - first);
}

/* Samples have their time in front, everything else behind (sample_id_all): pid, tid, time, cpu, identifier. */
static uint64_t time_of(const unsigned char *rec, const struct perf_event_header *h)
{
	uint64_t time = 0;

	if (h->type == PERF_RECORD_SAMPLE && h->size >= 32)
		memcpy(&time, rec + 24, 8);
	else if (h->type != PERF_RECORD_SAMPLE && h->size >= 40)
		memcpy(&time, rec + h->size - 24, 8);
	return time;
}

static void drain(struct perf *p, struct perf_ring *r)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE), tail = r->page->data_tail;

	if (p->pool.n >= PERF_POOL && (r->at_switches || p->pool.n >= 2ull * PERF_POOL))
		return; /* what does not fit in here either is counted by the kernel */
	while (head - tail >= sizeof(struct perf_event_header)) {
		struct perf_event_header h;
		struct perf_entry e;
		unsigned char *to;

		copy(r, tail, (unsigned char *)&h, sizeof(h));
		if (h.size < sizeof(h) || h.size > head - tail) { /* cannot be */
			tail = head;
			break;
		}
		to = room(p, (h.size + 7u) & ~7u);
		if (!to)
			break;
		copy(r, tail, to, h.size);
		e.time = time_of(to, &h);
		if (h.type == PERF_RECORD_LOST && h.size >= sizeof(h) + 8)
			memcpy(to + sizeof(h), r->at_switches ? &(uint64_t){ 0 } : &r->last, 8);
		if (e.time > r->last)
			r->last = e.time;
		e.at = p->pool.n;
		if (!PERF_PUSH(p->entry, e)) {
			p->nomem = true;
			break;
		}
		p->pool.n += (h.size + 7u) & ~7u;
		tail += h.size;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
}

static uint64_t filled(const struct perf_ring *r)
{
	return (__atomic_load_n(&r->page->data_head, __ATOMIC_RELAXED) - r->page->data_tail) * 1024 / r->size;
}

void perf_drain(struct perf *p)
{
	struct perf_ring *fullest = NULL;

	for (size_t i = 0; i < p->ring.n; i++)
		if (!fullest || filled(&p->ring.v[i]) > filled(fullest))
			fullest = &p->ring.v[i];
	if (fullest)
		drain(p, fullest);
	for (size_t i = 0; i < p->ring.n; i++)
		if (&p->ring.v[i] != fullest)
			drain(p, &p->ring.v[i]);
}

static int by_time(const void *pa, const void *pb)
{
	const struct perf_entry *a = pa, *b = pb;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

size_t perf_ready(struct perf *p, uint64_t until)
{
	size_t n = 0;

	if (p->entry.n)
		qsort(p->entry.v, p->entry.n, sizeof(*p->entry.v), by_time);
	while (n < p->entry.n && p->entry.v[n].time <= until)
		n++;
	return n;
}

void perf_forget(struct perf *p, size_t n)
{
	struct perf_pool used = p->pool;
	size_t left = p->entry.n - n;

	p->pool = p->spare;
	p->spare = used;
	p->pool.n = 0;
	for (size_t i = 0; i < left; i++) {
		struct perf_entry e = p->entry.v[n + i];
		struct perf_event_header h;
		unsigned char *to;

		memcpy(&h, used.v + e.at, sizeof(h));
		to = room(p, (h.size + 7u) & ~7u);
		if (!to) {
			left = i;
			break;
		}
		memcpy(to, used.v + e.at, h.size);
		p->entry.v[i] = (struct perf_entry){ e.time, p->pool.n };
		p->pool.n += (h.size + 7u) & ~7u;
	}
	p->entry.n = left;
}
