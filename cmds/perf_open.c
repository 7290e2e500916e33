/* record from outside: the events and their rings. What the kernel does not know or allow is found out by asking for less. */
#include "perf.h"

#include <asm/perf_regs.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HW(name, what) { name, PERF_TYPE_HARDWARE, PERF_COUNT_HW_##what, false }
#define SW(name, what) { name, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##what, false }

static const struct perf_kind kinds[] = {
	{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true },
	{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, true },
	HW("cpu-cycles", CPU_CYCLES), HW("cycles", CPU_CYCLES), HW("instructions", INSTRUCTIONS), HW("cache-references", CACHE_REFERENCES),
	HW("cache-misses", CACHE_MISSES), HW("branch-instructions", BRANCH_INSTRUCTIONS), HW("branches", BRANCH_INSTRUCTIONS),
	HW("branch-misses", BRANCH_MISSES), HW("bus-cycles", BUS_CYCLES), HW("stalled-cycles-frontend", STALLED_CYCLES_FRONTEND),
	HW("stalled-cycles-backend", STALLED_CYCLES_BACKEND), HW("ref-cycles", REF_CPU_CYCLES),
	SW("page-faults", PAGE_FAULTS), SW("minor-faults", PAGE_FAULTS_MIN), SW("major-faults", PAGE_FAULTS_MAJ),
	SW("context-switches", CONTEXT_SWITCHES), SW("cpu-migrations", CPU_MIGRATIONS), SW("alignment-faults", ALIGNMENT_FAULTS),
};

const struct perf_kind *perf_kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

bool perf_tracepoint(const char *name, struct perf_kind *kind, char *buf, size_t size)
{
	static const char *const place[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[512], text[32];
	int error = ENOENT, n = (int)strcspn(name, ":");

	for (unsigned i = 0; i < 2 && error == ENOENT && !strchr(name, '/') && name[0] != '.' && name[n + 1] != '.'; i++) {
		snprintf(path, sizeof(path), "%s/events/%.*s/%s/id", place[i], n, name, name + n + 1);
		error = 0;
		if (perf_read_file(path, text, sizeof(text))) {
			*kind = (struct perf_kind){ name, PERF_TYPE_TRACEPOINT, strtoull(text, NULL, 10), false };
			return true;
		}
		error = errno;
	}
	if (error == EACCES || error == EPERM)
		snprintf(buf, size, "--event %s: tracepoints are listed for root only (%s); hint: sudo profdata record", name, place[0]);
	else if (access("/sys/kernel/tracing/events", F_OK) != 0 && access("/sys/kernel/debug/tracing/events", F_OK) != 0)
		snprintf(buf, size, "--event %s: the kernel's list of tracepoints is not there; hint: sudo mount -t tracefs tracefs /sys/kernel/tracing", name);
	else
		snprintf(buf, size, "--event %s: this kernel has no such tracepoint; hint: ls %s/events/*", name, place[0]);
	return false;
}

void perf_kinds(char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", kinds[i].name);
}

/* ---- attributes ---- */

/* In the order of the unwinder's list is not needed here: perf_stack.c sorts them. */
#define REGISTERS ((1ull << PERF_REG_X86_AX) | (1ull << PERF_REG_X86_BX) | (1ull << PERF_REG_X86_CX) | (1ull << PERF_REG_X86_DX) | (1ull << PERF_REG_X86_SI) | \
		   (1ull << PERF_REG_X86_DI) | (1ull << PERF_REG_X86_BP) | (1ull << PERF_REG_X86_SP) | (1ull << PERF_REG_X86_IP) | (0xffull << PERF_REG_X86_R8))

static void common(const struct perf *p, struct perf_event_attr *t, uint32_t stack)
{
	memset(t, 0, sizeof(*t));
	t->size = sizeof(*t);
	t->sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN;
	if (stack) {
		t->sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
		t->sample_regs_user = REGISTERS;
		t->sample_stack_user = stack;
	}
	t->read_format = p->no_lost ? 0 : PERF_FORMAT_LOST;
	t->disabled = 1;
	t->inherit = p->mode != PERF_ALL;
	t->inherit_thread = p->a->no_children && t->inherit && !p->no_inherit_thread;
	t->exclude_kernel = t->exclude_callchain_kernel = p->user_only;
	t->exclude_callchain_user = !p->frame_pointers;
	t->sample_id_all = 1;
	t->use_clockid = 1;
	t->clockid = CLOCK_MONOTONIC;
	t->watermark = 1; /* at half of the ring, whatever size we get */
}

static void sampled(const struct perf *p, struct perf_event_attr *t)
{
	common(p, t, p->stack);
	t->type = p->event->type;
	t->config = p->event->config;
	/* Threads that inherit hand their events on to each other when they are switched, as that is faster: of a thread that works with one that ends soon, what it
	 * has run since its last sample is gone with that. Events with values of their own stay where they are. */
	if (t->inherit && !p->no_own_values)
		t->sample_type |= PERF_SAMPLE_READ;
	if (p->event->clock) {
		t->sample_period = p->period;
	} else {
		t->freq = 1;
		t->sample_freq = (uint64_t)(p->a->rate < 1 ? 1 : p->a->rate);
	}
	t->exclude_idle = p->mode == PERF_ALL;
	t->mmap = t->mmap2 = t->comm = t->comm_exec = t->task = 1;
	t->build_id = !p->no_build_ids;
	t->context_switch = p->switches;
}

static void at_switches(const struct perf *p, struct perf_event_attr *t)
{
	common(p, t, p->switch_stack);
	t->type = PERF_TYPE_SOFTWARE;
	t->config = PERF_COUNT_SW_CONTEXT_SWITCHES;
	t->sample_period = 1;
}

static int event_open(struct perf_event_attr *t, pid_t tid, int cpu)
{
	long fd = syscall(SYS_perf_event_open, t, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/* ---- what can be had ---- */

static int try_once(const struct perf *p)
{
	struct perf_event_attr t;
	int fd;

	sampled(p, &t);
	fd = p->mode == PERF_ALL ? event_open(&t, -1, 0) : event_open(&t, 0, -1);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

static int try_all(struct perf *p)
{
	int error = try_once(p);

	/* bits that older kernels do not know: E2BIG or EINVAL, whichever it is */
	for (unsigned less = 0; (error == EINVAL || error == E2BIG) && less < 4; less++) {
		p->no_own_values |= less == 0;
		p->no_lost |= less == 1;
		p->no_build_ids |= less == 2;
		p->no_inherit_thread |= less == 3;
		error = try_once(p);
	}
	p->values = p->mode == PERF_ALL || p->no_own_values ? 0 : p->no_lost ? 8 : 16;
	return error;
}

int perf_probe(struct perf *p)
{
	int error = try_all(p);

	if ((error == EACCES || error == EPERM) && p->mode != PERF_ALL) {
		p->user_only = true;
		error = try_all(p);
	}
	return error;
}

/* Every event takes a descriptor. */
static void more_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* ---- rings ---- */

size_t perf_ring_size(size_t best, size_t least)
{
	uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 32, each;
	size_t n = best;

	all = all > 256u << 20 ? 256u << 20 : all; /* a small machine has other uses for its memory, and a large one many CPUs */
	each = all / (uint64_t)sysconf(_SC_NPROCESSORS_CONF);
	while (n > least && n > each)
		n /= 2;
	return n;
}

/* Of what a user may lock for rings, as much as there is for one CPU: a power of two. */
static size_t fair_share(void)
{
	char text[32];
	size_t n = 64u << 10, most = perf_read_file("/proc/sys/kernel/perf_event_mlock_kb", text, sizeof(text)) ? strtoul(text, NULL, 10) << 10 : 0;

	while (n < PERF_RING && 2 * n <= most)
		n *= 2;
	return n;
}

/* Of the size that the kernel gives: locked memory is limited (perf_event_mlock_kb, RLIMIT_MEMLOCK). 0 or errno. */
static int map_ring(struct perf_ring *r, size_t *bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (;; *bytes /= 2) {
		void *m = mmap(NULL, *bytes + page, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);

		if (m != MAP_FAILED) {
			r->page = m;
			r->data = (const unsigned char *)m + page;
			r->size = *bytes;
			return 0;
		}
		if ((errno != EPERM && errno != ENOMEM) || *bytes <= 8 * page)
			return errno;
		if (*bytes > 2 * fair_share()) /* the first one is not to take what the others need */
			*bytes = 2 * fair_share();
	}
}

static struct perf_ring *ring_of(struct perf *p, int cpu, bool at_switches)
{
	for (size_t i = 0; i < p->ring.n; i++)
		if (p->ring.v[i].cpu == cpu && p->ring.v[i].at_switches == at_switches)
			return &p->ring.v[i];
	return NULL;
}

/* A new event: into the ring of its CPU, which the first one makes. Stacks at switches have their own where there is memory for a second one. */
static int keep(struct perf *p, int fd, int cpu, bool clock)
{
	struct perf_fd f = { .fd = fd, .clock = clock };
	bool own = !clock && p->switch_bytes;
	struct perf_ring *r = ring_of(p, cpu, own), fresh = { .fd = fd, .cpu = cpu, .at_switches = own };
	int error = 0;

	if (!r && own && map_ring(&fresh, &p->switch_bytes) != 0) {
		p->switch_bytes = 0;
		r = ring_of(p, cpu, false);
	}
	if (r) {
		error = ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd) == 0 ? 0 : errno;
	} else {
		if (!fresh.page)
			error = map_ring(&fresh, &p->ring_bytes);
		if (!error && !PERF_PUSH(p->ring, fresh)) {
			munmap(fresh.page, fresh.size + (size_t)sysconf(_SC_PAGESIZE));
			error = ENOMEM;
		}
	}
	p->own_rings += !error && !r && own;
	if (!error && ioctl(fd, PERF_EVENT_IOC_ID, &f.id) != 0)
		error = errno;
	if (!error && !PERF_PUSH(p->fd, f))
		error = ENOMEM;
	if (error && !(p->ring.n && p->ring.v[p->ring.n - 1].fd == fd))
		close(fd);
	p->sorted = false;
	return error;
}

static int attach_on(struct perf *p, pid_t tid, int cpu, bool on_exec, bool clock)
{
	struct perf_event_attr t;
	int fd;

	if (clock)
		sampled(p, &t);
	else
		at_switches(p, &t);
	t.enable_on_exec = on_exec;
	fd = event_open(&t, tid, cpu);
	return fd < 0 ? -fd : keep(p, fd, cpu, clock);
}

static int attach_on_all(struct perf *p, pid_t tid, bool on_exec, bool clock)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int error = 0, any = 0;

	for (int cpu = 0; cpu < cpus && !error; cpu++) {
		error = attach_on(p, tid, cpu, on_exec, clock);
		if (error == ENODEV || (error == EINVAL && any)) /* a CPU that is switched off */
			error = 0;
		else
			any += !error;
	}
	return error;
}

int perf_attach(struct perf *p, pid_t tid, bool on_exec)
{
	int error;

	more_descriptors();
	if (p->switches && !p->user_only && !p->ring.n)
		p->switch_bytes = perf_ring_size(PERF_SWITCH_RING, 1u << 20);
	error = attach_on_all(p, tid, on_exec, true);
	/* rings of their own for switches take what the others leave; the event at switches happens in the kernel */
	if (!error && p->switches && !p->user_only)
		error = attach_on_all(p, tid, on_exec, false);
	return error;
}

void perf_enable(struct perf *p, bool on)
{
	for (size_t i = 0; i < p->fd.n; i++)
		ioctl(p->fd.v[i].fd, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

void perf_counts(struct perf *p, uint64_t *ns, uint64_t *lost)
{
	uint64_t v[2];

	*ns = *lost = 0;
	for (size_t i = 0; i < p->fd.n; i++) {
		v[1] = 0;
		if (read(p->fd.v[i].fd, v, p->no_lost ? 8 : 16) < 8)
			continue;
		*ns += p->fd.v[i].clock ? v[0] : 0;
		*lost += v[1];
	}
}

void perf_close(struct perf *p)
{
	for (size_t i = 0; i < p->ring.n; i++)
		munmap(p->ring.v[i].page, p->ring.v[i].size + (size_t)sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < p->fd.n; i++)
		close(p->fd.v[i].fd);
	free(p->ring.v);
	free(p->fd.v);
	p->ring.v = NULL;
	p->fd.v = NULL;
	p->ring.n = p->fd.n = 0;
}

/* ---- whose record ---- */

static int by_id(const void *pa, const void *pb)
{
	const struct perf_fd *a = pa, *b = pb;

	return a->id < b->id ? -1 : a->id > b->id;
}

bool perf_is_clock(struct perf *p, uint64_t id)
{
	struct perf_fd key = { .id = id }, *f;

	if (!p->sorted && p->fd.n)
		qsort(p->fd.v, p->fd.n, sizeof(*p->fd.v), by_id);
	p->sorted = true;
	f = p->fd.n ? bsearch(&key, p->fd.v, p->fd.n, sizeof(*p->fd.v), by_id) : NULL;
	return !f || f->clock;
}
