/*
 * What is loaded where. The list is made outside of handlers and published whole; handlers read it without a lock, an old list
 * goes when no handler can still be in it. Unwind tables are read through a mapping of the file that is ours, so that
 * dlclose() in another thread pulls nothing away from under a handler.
 */
#include "agent.h"
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULES_MAX 8192

static struct agent_modules *_Atomic current;
static struct agent_modules *retired;
static uint32_t retired_busy[AGENT_RINGS][2]; /* what `busy` of each ring and its walker was when `retired` was replaced */
static unsigned long long adds, subs;      /* of the loader, at the last look */
#define OWN 4
static struct { uint64_t start, limit; } own[OWN]; /* text of ours: the sampler, what stands before malloc() and the like */
static _Atomic size_t owned;
static _Atomic uint32_t gone;
static bool looked;

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

/* ---- one module ---- */

static void path_of(const struct dl_phdr_info *info, struct agent_module *m)
{
	char full[PATH_MAX];
	ssize_t n;

	if (info->dlpi_name && info->dlpi_name[0]) {
		if (strncmp(info->dlpi_name, "linux-vdso", 10) == 0 || strncmp(info->dlpi_name, "linux-gate", 10) == 0)
			snprintf(m->path, sizeof(m->path), "[vdso]");
		else if (info->dlpi_name[0] == '/' || !realpath(info->dlpi_name, full))
			snprintf(m->path, sizeof(m->path), "%.511s", info->dlpi_name);
		else
			snprintf(m->path, sizeof(m->path), "%.511s", full);
		return;
	}
	n = readlink("/proc/self/exe", m->path, sizeof(m->path) - 1);
	m->path[n > 0 ? n : 0] = '\0';
	m->flags = PD_WIRE_MAIN;
}

/* The note with the build id lies in memory. */
static void build_id_of(const struct dl_phdr_info *info, const ElfW(Phdr) *ph, struct agent_module *m)
{
	const char *p = (const char *)(info->dlpi_addr + ph->p_vaddr), *end = p + ph->p_memsz;

	while ((size_t)(end - p) >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)(const void *)p;
		size_t name = (note->n_namesz + 3u) & ~3u, desc = (note->n_descsz + 3u) & ~3u;

		p += sizeof(*note);
		if (name > (size_t)(end - p) || desc > (size_t)(end - p) - name)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(p, "GNU", 4) == 0) {
			m->build_id_size = note->n_descsz < sizeof(m->build_id) ? note->n_descsz : sizeof(m->build_id);
			memcpy(m->build_id, p + name, m->build_id_size);
			return;
		}
		p += name + desc;
	}
}

/* The segment with the unwind tables: from the file where that is still the one that was loaded, else where it lies. */
static void view_of(const struct dl_phdr_info *info, const ElfW(Phdr) *load, const ElfW(Phdr) *hdr, struct agent_module *m)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), from = load->p_offset & ~(page - 1), lead = load->p_offset - from;
	size_t same = hdr->p_memsz < 4096 ? hdr->p_memsz : 4096;
	const void *there = (const void *)(info->dlpi_addr + hdr->p_vaddr);
	struct stat st;
	void *p;
	int fd;

	m->hdr = info->dlpi_addr + hdr->p_vaddr;
	m->hdr_size = hdr->p_memsz;
	m->lo = info->dlpi_addr + load->p_vaddr;
	m->hi = m->lo + load->p_filesz;
	m->shift = 0;
	if (m->path[0] != '/' || m->flags & PD_WIRE_MAIN)
		return; /* the program and the vdso stay */
	fd = open(m->path, O_RDONLY | O_CLOEXEC);
	p = MAP_FAILED;
	if (fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size >= load->p_offset + load->p_filesz)
		p = mmap(NULL, lead + load->p_filesz, PROT_READ, MAP_PRIVATE, fd, (off_t)from);
	if (fd >= 0)
		close(fd);
	if (p != MAP_FAILED && memcmp((char *)p + lead + (m->hdr - m->lo), there, same) != 0) {
		munmap(p, lead + load->p_filesz);
		p = MAP_FAILED;
	}
	if (p == MAP_FAILED) { /* replaced or gone: this module is walked by frame pointers */
		m->hdr = 0;
		return;
	}
	m->view = (uint64_t)(uintptr_t)p;
	m->view_size = lead + load->p_filesz;
	m->shift = m->view + lead - m->lo;
}

static const struct agent_module *known(const struct dl_phdr_info *info, uint64_t start, const struct agent_module *fresh)
{
	const struct agent_modules *old = modules_now();
	const struct agent_module *m = module_of(old, start);

	return m && m->start == start && m->base == info->dlpi_addr && m->limit == fresh->limit && strcmp(m->path, fresh->path) == 0 &&
			       m->build_id_size == fresh->build_id_size && memcmp(m->build_id, fresh->build_id, fresh->build_id_size) == 0
		       ? m
		       : NULL;
}

/* ---- the list ---- */

struct collect {
	struct agent_modules *out;
	size_t room;
	bool full;
};

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

static void add(struct collect *c, const struct dl_phdr_info *info, const ElfW(Phdr) *text)
{
	struct agent_module m;
	const struct agent_module *old;
	const ElfW(Phdr) *hdr = NULL, *ph = info->dlpi_phdr;
	size_t i;

	memset(&m, 0, sizeof(m));
	m.base = info->dlpi_addr;
	m.start = info->dlpi_addr + text->p_vaddr;
	m.limit = m.start + text->p_memsz;
	m.offset = text->p_offset;
	path_of(info, &m);
	for (i = 0; i < info->dlpi_phnum; i++) {
		if (ph[i].p_type == PT_NOTE && !m.build_id_size)
			build_id_of(info, &ph[i], &m);
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			hdr = &ph[i];
	}
	old = known(info, m.start, &m);
	if (old)
		m = *old;
	for (i = 0; i < info->dlpi_phnum && hdr && !old; i++)
		if (ph[i].p_type == PT_LOAD && hdr->p_vaddr >= ph[i].p_vaddr && hdr->p_vaddr + hdr->p_memsz <= ph[i].p_vaddr + ph[i].p_filesz)
			view_of(info, &ph[i], hdr, &m);
	if (c->out->n == c->room) {
		c->full = true;
		return;
	}
	for (i = c->out->n++; i > 0 && c->out->v[i - 1].start > m.start; i--)
		c->out->v[i] = c->out->v[i - 1];
	c->out->v[i] = m;
	is_own(&m);
}

static int collect(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct collect *c = arg;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum && !c->full; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X)
			add(c, info, &info->dlpi_phdr[i]);
	adds = info->dlpi_adds;
	subs = info->dlpi_subs;
	return 0;
}

static int unchanged(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(bool *)arg = looked && info->dlpi_adds == adds && info->dlpi_subs == subs;
	return 1;
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

bool modules_refresh(void)
{
	struct agent_modules *old = atomic_load(&current), *fresh;
	struct collect c;
	uint32_t closes = atomic_load(&agent.closes);
	bool same = false;

	dl_iterate_phdr(unchanged, &same);
	if (same && old)
		old->closes = closes; /* a library that others still use */
	if (same || retired) { /* one step at a time: the list before must be gone */
		modules_reclaim();
		if (same || retired)
			return false;
	}
	memset(&c, 0, sizeof(c));
	for (size_t room = old ? old->n + 16 : 64;; room *= 2) {
		size_t cap = sizeof(*fresh) + room * sizeof(fresh->v[0]);

		fresh = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (fresh == MAP_FAILED || room > MODULES_MAX)
			return false;
		fresh->cap = cap;
		c = (struct collect){ .out = fresh, .room = room };
		dl_iterate_phdr(collect, &c);
		if (!c.full)
			break;
		munmap(fresh, cap); /* its new views stay mapped; it happens once or twice in a life */
	}
	looked = true;
	fresh->generation = old ? old->generation + 1 : 1;
	fresh->closes = closes;
	tell(old ? old : &empty, fresh);
	atomic_store_explicit(&current, fresh, memory_order_release);
	retire(old);
	return true;
}

static bool in_use(const struct agent_module *m)
{
	const struct agent_modules *now = modules_now();

	for (size_t i = 0; i < now->n; i++)
		if (now->v[i].view == m->view)
			return true;
	return false;
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
		for (size_t i = 0; i < m->n; i++)
			if (m->v[i].view && !in_use(&m->v[i]))
				munmap((void *)(uintptr_t)m->v[i].view, m->v[i].view_size);
		munmap(m, m->cap);
	}
	retired = NULL;
}
