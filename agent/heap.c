/*
 * Memory. Each thread draws how many bytes it may allocate until one of them is picked (exponential gaps: every byte has the same chance,
 * whatever the sizes); the object that byte lies in is sampled and remembered until it is freed. What it stands for is added to
 * the sums of its stack; the writer tells the stream how they have grown. Nothing is lost when there is much of it, and nothing is sent
 * when there is little.
 */
#include "agent.h"
#include "heap_table.h"
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPARE 4          /* rings for threads without one */
#define CLOCKED 16       /* one sample of so many is timed */

__thread unsigned agent_quiet __attribute__((tls_model("initial-exec")));

static struct heap_gate *gate;
static struct agent_ring *spare[SPARE];
static _Atomic uint32_t session; /* counts begins: what threads know of before does not count */
static _Atomic uint64_t other_bytes, taken, freed_ones, alloc_parts, free_parts, dropped, no_stack, spent;
static const char *trouble;      /* why memory is not recorded, or not all of it */

/* ---- numbers ---- */

/* -ln(u) for 0 < u <= 1, to 12 digits: ln(2^e m), with ln m by atanh. */
static double minus_ln(double u)
{
	uint64_t bits;
	double m, t, t2, sum = 0;
	int e;

	memcpy(&bits, &u, sizeof(bits));
	e = (int)(bits >> 52) - 1023;
	bits = (bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
	memcpy(&m, &bits, sizeof(m));
	if (m > 1.4142135623730951) {
		m /= 2;
		e++;
	}
	t = (m - 1) / (m + 1);
	t2 = t * t;
	for (int k = 19; k >= 1; k -= 2)
		sum = sum * t2 + 1.0 / k;
	return -(2 * t * sum + e * 0.6931471805599453);
}

/* 1 - exp(-x): for small x by its series, and from x to 2x as often as it takes. */
static double chance(double x)
{
	unsigned doublings = 0;
	double term, sum;

	if (x > 40)
		return 1;
	for (; x > 0.125; x /= 2)
		doublings++;
	term = sum = x;
	for (int k = 2; k <= 10; k++) {
		term *= -x / k;
		sum += term;
	}
	while (doublings--)
		sum *= 2 - sum;
	return sum;
}

static uint64_t draw(struct heap_thread *t)
{
	uint64_t x = t->random;

	if (agent.heap_period == 1)
		return 0; /* nothing is smaller */
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	t->random = x;
	x *= 0x2545f4914f6cdd1du;
	return 1 + (uint64_t)(minus_ln((double)((x >> 11) + 1) * 0x1p-53) * (double)agent.heap_period);
}

/* ---- a sampled object ---- */

struct parts {
	uint64_t objects, space;
};

/* What an object of that size stands for. */
static struct parts parts_of(uint64_t size)
{
	double each = agent.heap_period == 1 ? 1 : size ? 1 / chance((double)size / (double)agent.heap_period) : 1;

	return (struct parts){ .objects = (uint64_t)(each * HEAP_OBJECT_PART + 0.5), .space = (uint64_t)(each * (double)size * HEAP_BYTE_PART + 0.5) };
}

static void grow(_Atomic uint64_t *sum, uint64_t by) { atomic_fetch_add_explicit(sum, by, memory_order_relaxed); }

static bool take_walker(struct agent_walker *w)
{
	uint32_t idle = atomic_load_explicit(&w->busy, memory_order_relaxed);

	return !(idle & 1) && atomic_compare_exchange_strong(&w->busy, &idle, idle + 1);
}

/* The calling thread's, or one that is free; NULL: we are in a signal handler that came while it was used. */
static struct agent_ring *take_ring(void)
{
	if (ring_own())
		return take_walker(&agent_self->here) ? agent_self : NULL;
	for (unsigned i = 0; i < SPARE; i++)
		if (spare[i] && take_walker(&spare[i]->here))
			return spare[i];
	return NULL;
}

static uint32_t site_of_here(void)
{
	struct agent_ring *r = take_ring();
	uint32_t n, flags = 0, site, epoch = modules_gone();
	bool own = r && r == agent_self;

	if (!r)
		return 0;
	n = unwind_here(&r->here, own ? r->stack_lo : 0, own ? r->stack_hi : 0, &flags);
	site = heap_site_of(r->here.frame, n, flags, own ? (uint32_t)r->tid : (uint32_t)syscall(SYS_gettid), epoch);
	atomic_fetch_add(&r->here.busy, 1);
	if (own && !atomic_load_explicit(&r->heap_seen, memory_order_relaxed))
		atomic_store(&r->heap_seen, true);
	return site;
}

static bool remember(void *p, const struct heap_object *o)
{
	_Atomic uint32_t *page = &gate->pages[heap_page_of(p)];

	atomic_fetch_add(page, 1);
	if (heap_object_put(p, o))
		return true;
	atomic_fetch_sub(page, 1);
	return false;
}

static bool take(const void *p, struct heap_object *o)
{
	if (!heap_object_take(p, o))
		return false;
	atomic_fetch_sub(&gate->pages[heap_page_of(p)], 1);
	return true;
}

static void freed(const struct heap_object *o)
{
	struct heap_site *s = heap_site_at(o->site);
	struct parts each = parts_of(o->size);

	grow(&s->free_objects, each.objects);
	grow(&s->free_space, each.space);
	grow(&s->frees, 1);
	grow(&freed_ones, 1);
	grow(&free_parts, each.space);
}

static void put_back(void *p, const struct heap_object *o)
{
	if (!remember(p, o))
		freed(o); /* nobody would hear of it any more */
}

static void sample(void *p, size_t size)
{
	struct heap_object o = { .size = size }, before;
	struct parts each = parts_of(size);
	struct heap_site *s;

	/* the address was freed by ways that do not pass here */
	if (atomic_load_explicit(&gate->pages[heap_page_of(p)], memory_order_relaxed) && take(p, &before))
		freed(&before);
	o.site = site_of_here();
	if (!remember(p, &o)) {
		grow(&dropped, 1);
		return;
	}
	s = heap_site_at(o.site);
	grow(&s->allocs, 1);
	grow(&s->alloc_objects, each.objects);
	grow(&s->alloc_space, each.space);
	grow(&alloc_parts, each.space);
	grow(&no_stack, !o.site);
}

static void begin_count(struct heap_thread *t)
{
	t->session = atomic_load(&session);
	t->random = random_below(UINT64_MAX) | 1;
	t->drawn = t->left = draw(t);
}

static void allocated(struct heap_thread *t, void *p, size_t size)
{
	uint64_t left, from = 0;
	int error = errno;

	if (agent_quiet)
		return;
	if (t->session != atomic_load_explicit(&session, memory_order_relaxed))
		begin_count(t);
	left = t->left;
	if (size < left) {
		t->left = left - size;
		return;
	}
	grow(ring_own() ? &agent_self->heap_bytes : &other_bytes, t->drawn - left + size);
	t->drawn = t->left = draw(t);
	if (atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed) % CLOCKED == 0)
		from = now_ns(CLOCK_MONOTONIC);
	sample(p, size);
	if (from)
		grow(&spent, CLOCKED * (now_ns(CLOCK_MONOTONIC) - from));
	errno = error;
}

/* ---- threads ---- */

void heap_thread_begin(struct agent_ring *r)
{
	struct heap_thread *t;

	if (!gate || !agent.heap_period)
		return;
	t = gate->self();
	begin_count(t);
	r->heap = t;
}

static uint64_t counted(const struct heap_thread *t)
{
	uint64_t drawn = t->drawn, left = t->left;

	return drawn > left ? drawn - left : 0;
}

/* Of the thread of a ring. It may end at any time, with a word or without, and its memory goes with it: the kernel reads it, and if it may not, 0. */
static uint64_t counted_there(const struct agent_ring *r)
{
	struct heap_thread t, *there = atomic_load(&r->heap);

	if (!there || !memory_read((uint64_t)(uintptr_t)there, &t, sizeof(t)))
		return 0;
	/* it was still there then */
	return thread_cpu(r->tid) && atomic_load(&r->heap) == there ? counted(&t) : 0;
}

void heap_thread_end(struct agent_ring *r)
{
	struct heap_thread *t = atomic_exchange(&r->heap, NULL);

	if (!t)
		return;
	grow(&r->heap_bytes, counted(t));
	t->drawn = t->left;
}

/* ---- begin and end ---- */

static const struct heap_calls calls = { .allocated = allocated, .take = take, .freed = freed, .put_back = put_back };

/* Does everything the program allocates with pass by us? A program may bring an allocator of its own. */
static const char *in_the_way(void)
{
	static const char *const name[] = { "malloc", "calloc", "realloc", "free" };
	Dl_info here, there;

	if (!gate)
		return "the library that stands before malloc() is not loaded";
	if (gate->version != HEAP_GATE_VERSION)
		return "the library that stands before malloc() is of another version";
	if (!dladdr((void *)(uintptr_t)gate->self, &here))
		return "the library that stands before malloc() was not found";
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		void *f = dlsym(RTLD_DEFAULT, name[i]);

		if (f && dladdr(f, &there) && there.dli_fbase != here.dli_fbase)
			return "the program has an allocator of its own in front of ours";
	}
	return NULL;
}

static void forget_all(void)
{
	for (unsigned i = 0; i < SPARE; i++)
		spare[i] = ring_take();
	atomic_fetch_sub(&agent.threads, SPARE); /* of these none is a thread's */
	other_bytes = taken = freed_ones = alloc_parts = free_parts = dropped = no_stack = spent = 0;
	/* whole pages of zeros, without touching those that are */
	if (madvise(gate->pages, HEAP_PAGES * sizeof(*gate->pages), MADV_DONTNEED) != 0)
		memset(gate->pages, 0, HEAP_PAGES * sizeof(*gate->pages));
}

void heap_begin(void)
{
	if (!agent.heap_period)
		return;
	agent_quiet++;
	if (!gate)
		gate = dlsym(RTLD_DEFAULT, HEAP_GATE);
	if (gate)
		atomic_store(&gate->calls, NULL);
	trouble = in_the_way();
	if (!trouble && !heap_table_make(agent.heap_period))
		trouble = "there is no memory for the tables";
	if (trouble) {
		gate = NULL;
	} else {
		forget_all();
		atomic_fetch_add(&session, 1);
		atomic_store(&gate->calls, &calls);
	}
	agent_quiet--;
}

void heap_end(void)
{
	if (gate)
		atomic_store(&gate->calls, NULL);
}

/* ---- the stream ---- */

void heap_tell(void)
{
	struct pd_wire_heap_begin w = { .time = now_ns(CLOCK_MONOTONIC), .period = agent.heap_period };

	if (!agent.heap_period)
		return;
	writer_record(PD_WIRE_HEAP_BEGIN, &w, sizeof(w));
	if (trouble)
		writer_text("record.heap_warning", trouble);
}

static uint64_t whole(const _Atomic uint64_t *parts, double part)
{
	return (uint64_t)((double)atomic_load_explicit(parts, memory_order_relaxed) / part + 0.5);
}

static bool tell_site(struct heap_site *s, uint64_t time)
{
	/* frees first: none is seen without what it frees */
	uint64_t now[6] = { [1] = atomic_load(&s->frees), [4] = whole(&s->free_objects, HEAP_OBJECT_PART), [5] = whole(&s->free_space, HEAP_BYTE_PART) };
	struct pd_wire_heap w = { .time = time, .tid = s->tid };

	now[0] = atomic_load(&s->allocs);
	now[2] = whole(&s->alloc_objects, HEAP_OBJECT_PART);
	now[3] = whole(&s->alloc_space, HEAP_BYTE_PART);
	if (memcmp(now, s->told, sizeof(now)) == 0)
		return false;
	if (!s->id)
		s->id = writer_stack(heap_site_stack(s), s->n, s->flags);
	w.stack = s->id;
	w.allocs = now[0] - s->told[0];
	w.frees = now[1] - s->told[1];
	w.alloc_objects = now[2] - s->told[2];
	w.alloc_space = now[3] - s->told[3];
	w.free_objects = now[4] - s->told[4];
	w.free_space = now[5] - s->told[5];
	writer_record(PD_WIRE_HEAP, &w, sizeof(w));
	memcpy(s->told, now, sizeof(now));
	return true;
}

bool heap_write(void)
{
	uint64_t time = now_ns(CLOCK_MONOTONIC);
	bool any = false;

	if (!gate || !agent.heap_period)
		return false;
	for (uint32_t i = 0; i < heap_sites(); i++) {
		struct heap_site *s = heap_site_at(i);

		if (atomic_load_explicit(&s->ready, memory_order_acquire))
			any |= tell_site(s, time);
	}
	return any;
}

void heap_write_stats(void)
{
	struct pd_wire_heap_stats w = { .time = now_ns(CLOCK_MONOTONIC), .bytes = atomic_load(&other_bytes), .alloc_space = whole(&alloc_parts, HEAP_BYTE_PART),
					.free_space = whole(&free_parts, HEAP_BYTE_PART), .frees = atomic_load(&freed_ones), .dropped = atomic_load(&dropped),
					.no_stack = atomic_load(&no_stack), .ns = atomic_load(&spent) };

	if (!gate || !agent.heap_period)
		return;
	w.allocs = atomic_load(&taken) - w.dropped;
	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_ring *r = ring_at(i);

		w.bytes += atomic_load(&r->heap_bytes);
		w.bytes += counted_there(r);
	}
	writer_record(PD_WIRE_HEAP_STATS, &w, sizeof(w));
}
