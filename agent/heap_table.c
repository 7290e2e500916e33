/*
 * Objects: buckets of 8 addresses, a cache line each, and what belongs to them; an object lies in one of two. Taking it out leaves an empty place and nothing else,
 * so looking for an address costs two lines at most however long the program runs. A place is claimed, then filled, then shown.
 */
#include "agent.h"
#include "heap_table.h"
#include <string.h>
#include <sys/mman.h>

#define WAYS 8u
#define CLAIMED 1u

struct bucket {
	_Atomic uint64_t key[WAYS];
	struct heap_object object[WAYS];
};

static struct {
	struct bucket *bucket;
	size_t buckets;          /* a power of two */
	struct heap_site *site;
	_Atomic uint32_t *index; /* of sites by hash: number + 1 */
	uint64_t *pool;
	size_t sites, words;     /* of which there is room */
	_Atomic uint32_t used;
	_Atomic size_t pooled;
	unsigned char *memory;
	size_t bytes;
} table;

static uint64_t mixed(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

/* ---- memory ---- */

static size_t layout(size_t buckets, size_t sites, unsigned char *p)
{
	size_t objects = buckets * sizeof(*table.bucket), rows = sites * sizeof(*table.site);
	size_t index = 2 * sites * sizeof(*table.index), pool = 32 * sites * sizeof(*table.pool);

	table.bucket = (void *)p;
	table.site = (void *)(p + objects);
	table.index = (void *)(p + objects + rows);
	table.pool = (void *)(p + objects + rows + index);
	table.buckets = buckets;
	table.sites = sites;
	table.words = 32 * sites;
	return objects + rows + index + pool;
}

/* Small where little is sampled: a page that is touched for the first time costs more than a sample. 512 KiB: 64 GiB in use. */
static size_t buckets_for(uint64_t period) { return period >= 1u << 18 ? 1u << 14 : period >= 1u << 14 ? 1u << 16 : period >= 1u << 11 ? 1u << 18 : 1u << 21; }

bool heap_table_make(uint64_t period)
{
	size_t buckets = buckets_for(period), sites = 1u << 17, bytes = 0;
	unsigned char *p = MAP_FAILED;

	if (table.memory) /* in the child of a fork: the same place, empty */
		p = mmap(table.memory, table.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	for (; p == MAP_FAILED && !table.memory && sites >= 1024; buckets /= 2, sites /= 2) {
		bytes = layout(buckets, sites, NULL);
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			continue;
		layout(buckets, sites, p);
		table.bytes = bytes;
	}
	if (p == MAP_FAILED)
		return false;
	table.memory = p;
	atomic_store(&table.pooled, 0);
	atomic_store(&table.used, 1);
	table.site[0].flags = PD_WIRE_INCOMPLETE;
	atomic_store(&table.site[0].ready, true);
	return true;
}

/* ---- objects ---- */

/*
 * The first of the two keeps neighbours together: a page of small objects lies in two pages of buckets, where scattered objects would each touch a page of their
 * own for the first time (with every object recorded that costs ten times what the rest does). Which bucket of the 32 of a page comes first differs
 * from page to page, for objects that all lie at its beginning. The second is anywhere.
 */
static size_t bucket_of(const void *p, unsigned which)
{
	uint64_t at = (uint64_t)(uintptr_t)p, h = mixed(which ? at : at >> 12);

	return (which ? h : (at >> 7) ^ (h & 31) ^ (at >> 26) * 977u << 5) & (table.buckets - 1);
}

static unsigned room_in(size_t bucket)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WAYS; i++)
		n += atomic_load_explicit(&table.bucket[bucket].key[i], memory_order_relaxed) == 0;
	return n;
}

static bool put_in(size_t bucket, const void *p, const struct heap_object *o)
{
	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t empty = 0;

		if (atomic_load_explicit(&table.bucket[bucket].key[i], memory_order_relaxed) || !atomic_compare_exchange_strong(&table.bucket[bucket].key[i], &empty, CLAIMED))
			continue;
		table.bucket[bucket].object[i] = *o;
		atomic_store_explicit(&table.bucket[bucket].key[i], (uint64_t)(uintptr_t)p, memory_order_release);
		return true;
	}
	return false;
}

bool heap_object_put(const void *p, const struct heap_object *o)
{
	size_t a = bucket_of(p, 0), b;

	if (room_in(a) >= WAYS / 2 && put_in(a, p, o))
		return true;
	b = bucket_of(p, 1);
	return room_in(a) >= room_in(b) ? put_in(a, p, o) || put_in(b, p, o) : put_in(b, p, o) || put_in(a, p, o);
}

bool heap_object_take(const void *p, struct heap_object *o)
{
	for (unsigned which = 0; which < 2; which++) {
		size_t bucket = bucket_of(p, which);

		for (unsigned i = 0; i < WAYS; i++) {
			uint64_t key = (uint64_t)(uintptr_t)p;

			if (atomic_load_explicit(&table.bucket[bucket].key[i], memory_order_relaxed) != key ||
			    !atomic_compare_exchange_strong(&table.bucket[bucket].key[i], &key, CLAIMED))
				continue;
			*o = table.bucket[bucket].object[i];
			atomic_store_explicit(&table.bucket[bucket].key[i], 0, memory_order_release);
			return true;
		}
	}
	return false;
}

/* ---- sites ---- */

struct heap_site *heap_site_at(uint32_t number) { return &table.site[number]; }
const uint64_t *heap_site_stack(const struct heap_site *s) { return table.pool + s->at; }

uint32_t heap_sites(void)
{
	uint32_t n = atomic_load_explicit(&table.used, memory_order_acquire);

	return n < table.sites ? n : (uint32_t)table.sites;
}

static uint64_t hash_of(const uint64_t *address, uint32_t n, uint64_t seed)
{
	uint64_t hash = mixed(seed ^ 0x9e3779b97f4a7c15u);

	for (uint32_t i = 0; i < n; i++) {
		hash = (hash ^ address[i]) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return hash | 1;
}

/* A row for it; 0: no room. */
static uint32_t new_site(const uint64_t *address, uint32_t n, uint32_t flags, uint32_t tid, uint64_t hash)
{
	struct heap_site *s;
	uint32_t number;
	size_t at;

	if (atomic_load(&table.used) >= table.sites || atomic_load(&table.pooled) + n > table.words)
		return 0;
	number = atomic_fetch_add(&table.used, 1);
	at = atomic_fetch_add(&table.pooled, n);
	if (number >= table.sites || at + n > table.words)
		return 0;
	s = &table.site[number];
	s->hash = hash;
	s->tid = tid;
	s->n = n;
	s->flags = flags;
	s->at = (uint32_t)at;
	memcpy(table.pool + at, address, n * sizeof(*address));
	return number;
}

static uint32_t find_site(const uint64_t *address, uint32_t n, uint32_t flags, uint32_t tid, uint64_t hash)
{
	uint32_t mine = 0;

	for (size_t i = hash % (2 * table.sites);; i = (i + 1) % (2 * table.sites)) {
		uint32_t there = atomic_load_explicit(&table.index[i], memory_order_acquire);

		if (!there) {
			mine = mine ? mine : new_site(address, n, flags, tid, hash);
			if (!mine)
				return 0;
			if (atomic_compare_exchange_strong(&table.index[i], &there, mine + 1)) {
				atomic_store_explicit(&table.site[mine].ready, true, memory_order_release);
				return mine;
			}
		}
		if (table.site[there - 1].hash == hash) /* a row of ours that came second stays empty */
			return there - 1;
	}
}

/* With many threads that come and go there are more stacks of threads than stacks: when it gets tight they share. */
uint32_t heap_site_of(const uint64_t *address, uint32_t n, uint32_t flags, uint32_t tid, uint32_t epoch)
{
	if (atomic_load_explicit(&table.used, memory_order_relaxed) > table.sites / 2)
		tid = 0;
	return find_site(address, n, flags, tid, hash_of(address, n, (uint64_t)epoch << 40 ^ (uint64_t)flags << 32 ^ tid));
}
