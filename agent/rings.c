/* Rings: one per thread, all in one slab that is reserved once and touched only as threads come. */
#include "spans.h"
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread struct agent_ring *agent_self __attribute__((tls_model("initial-exec")));
__thread uint32_t agent_seen __attribute__((tls_model("initial-exec")));
static atomic_flag joining = ATOMIC_FLAG_INIT;

/* A program that may not have much address space needs it itself: we take a sixteenth at most. */
static size_t rings_fair(void)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_AS, &most) != 0 || most.rlim_cur == RLIM_INFINITY || most.rlim_cur / 16 / AGENT_RING_BYTES >= AGENT_RINGS)
		return AGENT_RINGS;
	return (size_t)(most.rlim_cur / 16 / AGENT_RING_BYTES);
}

bool rings_make(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (agent.slab ? MAP_FIXED : 0);
	void *p = MAP_FAILED;

	if (agent.slab) /* the parent's */
		events_drop();
	atomic_flag_clear(&joining);
	for (size_t n = agent.slab ? agent.rings : rings_fair(); n >= 16 && p == MAP_FAILED; n /= 2) {
		p = mmap(agent.slab, n * AGENT_RING_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
		agent.rings = n;
	}
	if (p == MAP_FAILED)
		return false;
	agent.slab = p;
	atomic_store(&agent.used, 0);
	memset(agent.tids, 0, sizeof(agent.tids));
	return true;
}

struct agent_ring *ring_at(size_t i) { return (struct agent_ring *)(void *)(agent.slab + i * AGENT_RING_BYTES); }

static size_t number(const struct agent_ring *r) { return (size_t)((const unsigned char *)r - agent.slab) / AGENT_RING_BYTES; }

void ring_free(struct agent_ring *r)
{
	atomic_store(&agent.tids[number(r)], 0);
	atomic_store(&r->state, RING_FREE);
}

bool ring_of_thread(pid_t tid)
{
	for (size_t i = 0; i < atomic_load(&agent.used); i++)
		if (atomic_load_explicit(&agent.tids[i], memory_order_relaxed) == tid)
			return true;
	return false;
}

bool ring_is(const void *p)
{
	uintptr_t at = (uintptr_t)p - (uintptr_t)agent.slab;

	return agent.slab && at < agent.rings * AGENT_RING_BYTES && at % AGENT_RING_BYTES == 0;
}

/* From the front, so that memory stays small when threads come and go. */
struct agent_ring *ring_take(void)
{
	for (size_t i = 0; i < agent.rings; i++) {
		struct agent_ring *r = ring_at(i);
		uint32_t free = RING_FREE;

		if (atomic_load_explicit(&r->state, memory_order_relaxed) != RING_FREE || !atomic_compare_exchange_strong(&r->state, &free, RING_TAKEN))
			continue;
		/* all before the frames; `busy` and `state` belong to others */
		r->tid = 0;
		r->timer = -1;
		r->stack_lo = r->stack_hi = r->named = r->begin_time = r->begin_cpu = r->end_time = r->end_cpu = 0;
		r->start = NULL;
		r->arg = NULL;
		memset(r->name, 0, sizeof(r->name));
		memset(r->told, 0, sizeof(r->told));
		memset(&r->dump, 0, sizeof(r->dump));
		r->begun = r->adopted = r->wall_told_call = r->wall_still = r->wall_twice = false;
		events_reset(r);
		atomic_store(&r->heap, NULL);
		atomic_store(&r->heap_seen, false);
		atomic_store(&r->head, 0);
		atomic_store(&r->tail, 0);
		r->wall_cpu = r->wall_asleep = r->wall_asked = r->wall_asked_cpu = r->wall_waits = r->wall_told = 0;
		r->wall_sp = r->wall_pc = r->wall_switches = r->wall_delay = 0;
		r->wall_file = r->wall_call_file = -1;
		r->wall_stack = r->wall_looks = r->wall_missed = 0;
		r->wall_seen = r->wall_seen_cpu = r->wall_weight = 0;
		r->wall_delay_known = false;
		for (size_t k = 0; k < AGENT_KNOWN; k++)
			r->wall_known[k].stack = 0;
		atomic_fetch_add(&agent.threads, 1);
		for (size_t used = atomic_load(&agent.used); used <= i && !atomic_compare_exchange_weak(&agent.used, &used, i + 1);)
			;
		return r;
	}
	atomic_fetch_add(&agent.threads, 1);
	atomic_fetch_add(&agent.unsampled, 1);
	return NULL;
}

static void stack_bounds(struct agent_ring *r)
{
	pthread_attr_t attr;
	size_t size = 0;
	void *low = NULL;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &low, &size) == 0) {
		r->stack_lo = (uint64_t)(uintptr_t)low;
		r->stack_hi = r->stack_lo + size;
	}
	pthread_attr_destroy(&attr);
}

void ring_begin(struct agent_ring *r, bool own_stack)
{
	r->tid = (pid_t)syscall(SYS_gettid);
	agent_quiet++;
	if (own_stack)
		stack_bounds(r);
	agent_quiet--;
	r->begin_time = now_ns(CLOCK_MONOTONIC);
	r->begin_cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	r->wall_cpu = r->begin_cpu;
	heap_thread_begin(r);
	agent_self = r;
	agent_seen = agent.session;
	atomic_store(&agent.tids[number(r)], r->tid);
	atomic_store(&r->state, RING_LIVE);
	timer_start(r);
}

static struct agent_ring *adopt(pid_t tid)
{
	struct agent_ring *r = ring_take();

	if (!r)
		return NULL;
	r->adopted = true;
	r->tid = tid; /* reads of its stack are checked one by one */
	r->begin_time = now_ns(CLOCK_MONOTONIC);
	r->begin_cpu = thread_cpu(tid);
	r->wall_cpu = r->begin_cpu;
	atomic_store(&agent.tids[number(r)], tid);
	atomic_store(&r->state, RING_LIVE);
	timer_start(r);
	return r;
}

void ring_adopt(pid_t tid)
{
	if (atomic_flag_test_and_set(&joining)) /* a thread joins by itself just now: perhaps this one */
		return;
	if (!ring_of_thread(tid))
		adopt(tid);
	atomic_flag_clear(&joining);
}

struct agent_ring *ring_join(void)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);
	struct agent_ring *r = NULL;

	if (agent_seen == agent.session || atomic_load(&agent.mode) != AGENT_ON || tid == writer_thread())
		return NULL;
	agent_seen = agent.session; /* whatever comes of it: it is tried once */
	agent_self = NULL;
	while (atomic_flag_test_and_set(&joining))
		syscall(SYS_sched_yield);
	for (size_t i = 0; i < atomic_load(&agent.used) && !r; i++)
		if (atomic_load(&agent.tids[i]) == tid && atomic_load(&ring_at(i)->state) == RING_LIVE)
			r = ring_at(i);
	agent_self = r ? r : adopt(tid);
	atomic_flag_clear(&joining);
	return agent_self;
}

void rings_reset(void)
{
	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_ring *r = ring_at(i);

		atomic_store(&agent.tids[i], 0);
		atomic_store(&r->state, RING_FREE);
		for (size_t b = 0; b < AGENT_BUCKETS; b++)
			atomic_store(&r->bucket[b], 0);
		atomic_store(&r->signals, 0);
		atomic_store(&r->periods, 0);
		atomic_store(&r->lost, 0);
		atomic_store(&r->truncated, 0);
		atomic_store(&r->incomplete, 0);
		atomic_store(&r->late, 0);
		atomic_store(&r->handler_ns, 0);
		events_uncount(r);
	}
	atomic_store(&agent.used, 0);
	atomic_store(&agent.unsampled, 0);
	atomic_store(&agent.threads, 0);
}

void ring_end(struct agent_ring *r)
{
	timer_stop(r);
	heap_thread_end(r);
	agent_self = NULL;
	prctl(PR_GET_NAME, r->name);
	r->end_time = now_ns(CLOCK_MONOTONIC);
	r->end_cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	atomic_store(&r->state, RING_ENDED);
}

static void copy_in(struct agent_ring *r, uint64_t at, const void *from, size_t n)
{
	size_t here = at % RING_DATA, first = RING_DATA - here < n ? RING_DATA - here : n;

	memcpy(r->data + here, from, first);
	memcpy(r->data, (const char *)from + first, n - first);
}

static void copy_out(const struct agent_ring *r, uint64_t at, void *to, size_t n)
{
	size_t here = at % RING_DATA, first = RING_DATA - here < n ? RING_DATA - here : n;

	memcpy(to, r->data + here, first);
	memcpy((char *)to + first, r->data, n - first);
}

bool ring_put(struct agent_ring *r, const struct agent_sample *s, const uint64_t *address)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed), tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	size_t n = sizeof(*s) + s->n * sizeof(*address);

	if (RING_DATA - (head - tail) < n)
		return false;
	copy_in(r, head, s, sizeof(*s));
	copy_in(r, head + sizeof(*s), address, s->n * sizeof(*address));
	atomic_store_explicit(&r->head, head + n, memory_order_release);
	return true;
}

bool ring_get(struct agent_ring *r, struct agent_sample *s, uint64_t *address)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed), head = atomic_load_explicit(&r->head, memory_order_acquire);

	if (head == tail)
		return false;
	copy_out(r, tail, s, sizeof(*s));
	if (s->n > AGENT_DEPTH) { /* cannot be, unless the program wrote into our memory */
		atomic_store_explicit(&r->tail, head, memory_order_release);
		return false;
	}
	copy_out(r, tail + sizeof(*s), address, s->n * sizeof(*address));
	atomic_store_explicit(&r->tail, tail + sizeof(*s) + s->n * sizeof(*address), memory_order_release);
	return true;
}
