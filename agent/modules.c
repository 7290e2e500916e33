/*
 * What is loaded where. The list is made outside of handlers and published whole; handlers read it without a lock, an old list
 * goes when no handler can still be in it. Unwind tables are read through a mapping of the file that is ours, so that
 * dlclose() in another thread pulls nothing away from under a handler.
 */
#include "agent.h"
#include <string.h>
#include <sys/mman.h>

#define MODULES_MAX 8192

static struct agent_modules *_Atomic current;
static struct agent_modules *retired;
static uint32_t retired_busy[AGENT_RINGS][2]; /* what `busy` of each ring and its walker was when `retired` was replaced */
#define OWN 4
static struct { uint64_t start, limit; } own[OWN]; /* text of ours: the sampler, what stands before malloc() and the like */
static _Atomic size_t owned;
static _Atomic uint32_t gone;

static struct agent_modules empty;

const struct agent_modules *modules_now(void)
{
	const struct agent_modules *m = atomic_load_explicit(&current, memory_order_acquire);

	return m ? m : &empty;
}

const struct agent_module *module_of(const struct agent_modules *m, uint64_t address)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->v[mid].limit <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->n && m->v[lo].start <= address ? &m->v[lo] : NULL;
}

bool modules_own(uint64_t address)
{
	for (size_t i = 0; i < atomic_load_explicit(&owned, memory_order_acquire); i++)
		if (address >= own[i].start && address < own[i].limit)
			return true;
	return false;
}

uint32_t modules_gone(void) { return atomic_load_explicit(&gone, memory_order_relaxed); }

/* ---- the list ---- */

/* Libraries of the sampler are there from the beginning and stay. */
static void is_own(const struct agent_module *m)
{
	const char *slash = strrchr(m->path, '/');
	size_t n = atomic_load(&owned);

	if (!((uintptr_t)on_sample >= m->start && (uintptr_t)on_sample < m->limit) && strncmp(slash ? slash + 1 : m->path, "libprofdata-agent", 17) != 0)
		return;
	if (n == OWN || modules_own(m->start))
		return;
	own[n].start = m->start;
	own[n].limit = m->limit;
	atomic_store_explicit(&owned, n + 1, memory_order_release);
}

struct collect {
	struct agent_modules *out;
	size_t room;
	bool full;
};

static bool add(struct agent_module *fresh, void *arg)
{
	struct collect *c = arg;
	const struct agent_module *old = module_of(modules_now(), fresh->start);
	size_t i;

	if (c->out->n == c->room) {
		c->full = true;
		return false;
	}
	if (old && old->start == fresh->start && old->base == fresh->base && old->limit == fresh->limit && strcmp(old->path, fresh->path) == 0 &&
	    old->build_id_size == fresh->build_id_size && memcmp(old->build_id, fresh->build_id, fresh->build_id_size) == 0)
		*fresh = *old;
	else
		loaded_view(fresh);
	for (i = c->out->n++; i > 0 && c->out->v[i - 1].start > fresh->start; i--)
		c->out->v[i] = c->out->v[i - 1];
	c->out->v[i] = *fresh;
	is_own(fresh);
	return true;
}

/* Tells the stream what went and what came. */
static void tell(const struct agent_modules *before, const struct agent_modules *after)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct agent_module *m = module_of(after, before->v[i].start);

		if (!m || m->view != before->v[i].view || m->base != before->v[i].base) {
			writer_unmapping(&before->v[i]);
			atomic_fetch_add(&gone, 1);
		}
	}
	for (size_t i = 0; i < after->n; i++) {
		const struct agent_module *m = module_of(before, after->v[i].start);

		if (!m || m->view != after->v[i].view || m->base != after->v[i].base)
			writer_mapping(&after->v[i]);
	}
}

void modules_tell(void) { tell(&empty, modules_now()); }

static void retire(struct agent_modules *old)
{
	if (!old)
		return;
	old->next = retired;
	retired = old;
	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		retired_busy[i][0] = atomic_load(&ring_at(i)->busy);
		retired_busy[i][1] = atomic_load(&ring_at(i)->here.busy);
	}
}

/* Views of a list that another one does not have. */
static void drop_views(const struct agent_modules *list, const struct agent_modules *but)
{
	for (size_t i = 0; i < list->n; i++) {
		bool used = !list->v[i].view;

		for (size_t k = 0; k < but->n && !used; k++)
			used = but->v[k].view == list->v[i].view;
		if (!used)
			munmap((void *)(uintptr_t)list->v[i].view, list->v[i].view_size);
	}
}

/* What is loaded, as a list of its own; NULL: no memory, or the loader is at work. */
static struct agent_modules *look(const struct agent_modules *old)
{
	for (size_t room = old->n + 64; room <= MODULES_MAX; room *= 2) {
		size_t cap = sizeof(*old) + room * sizeof(old->v[0]);
		struct agent_modules *fresh = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct collect c = { .out = fresh, .room = room };

		if (fresh == MAP_FAILED)
			return NULL;
		fresh->cap = cap;
		if (loaded_each(add, &c) && !c.full)
			return fresh;
		drop_views(fresh, old);
		munmap(fresh, cap);
		if (!c.full)
			return NULL;
	}
	return NULL;
}

bool modules_refresh(void)
{
	struct agent_modules *old = atomic_load(&current), *fresh;
	uint32_t closes = atomic_load(&agent.closes);
	bool same = old && old->closes == closes && loaded_unchanged();

	if (same || retired) { /* one step at a time: the list before must be gone */
		modules_reclaim();
		if (same || retired)
			return false;
	}
	fresh = look(modules_now());
	if (!fresh)
		return false;
	if (old && fresh->n == old->n && memcmp(fresh->v, old->v, fresh->n * sizeof(fresh->v[0])) == 0) { /* a library that others still use was closed */
		old->closes = closes;
		munmap(fresh, fresh->cap);
		return false;
	}
	fresh->generation = old ? old->generation + 1 : 1;
	fresh->closes = closes;
	tell(old ? old : &empty, fresh);
	atomic_store_explicit(&current, fresh, memory_order_release);
	retire(old);
	return true;
}

static bool still(uint32_t before, _Atomic uint32_t *now) { return before & 1 && atomic_load(now) == before; }

/* A handler that was running when the list was replaced has left: its count is even or has gone on. */
void modules_reclaim(void)
{
	if (!retired)
		return;
	for (size_t i = 0; i < atomic_load(&agent.used); i++)
		if (still(retired_busy[i][0], &ring_at(i)->busy) || still(retired_busy[i][1], &ring_at(i)->here.busy))
			return;
	for (struct agent_modules *m = retired, *next; m; m = next) {
		next = m->next;
		drop_views(m, modules_now());
		munmap(m, m->cap);
	}
	retired = NULL;
}
