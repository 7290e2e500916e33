/*
 * malloc() and its relatives, in front of libc's or of whatever allocator comes next. Nothing is changed about what they do.
 *
 * The functions behind ours are asked for at the first call, which comes before the program begins. dlsym() may want memory itself: that
 * is given from a little store of our own, whose page is marked so that free() and realloc() look twice.
 */
#include "hooks.h"
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__thread struct heap_thread heap_self;
_Atomic uint32_t heap_pages[HEAP_PAGES] __attribute__((aligned(4096)));

static struct heap_thread *self_of(void) { return &heap_self; }

/* ---- the functions behind ours ---- */

static void *first_malloc(size_t size);
static void *first_calloc(size_t n, size_t size);
static void *first_realloc(void *p, size_t size);
static void first_free(void *p);
static void *first_memalign(size_t align, size_t size);
static void *first_aligned_alloc(size_t align, size_t size);
static int first_posix_memalign(void **p, size_t align, size_t size);
static void *first_valloc(size_t size);
static void *first_pvalloc(size_t size);

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	void *(*memalign)(size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
} next = { first_malloc, first_calloc, first_realloc, first_free, first_memalign, first_aligned_alloc, first_posix_memalign, first_valloc, first_pvalloc };

HOOK struct heap_gate profdata_heap_gate = { .version = HEAP_GATE_VERSION, .pages = heap_pages, .self = self_of };

/* ---- the store for dlsym() ---- */

static _Atomic size_t stored;
static char store[32768] __attribute__((aligned(4096)));

static bool is_stored(const void *p) { return (uintptr_t)p - (uintptr_t)store < sizeof(store); }

/* Zeroed, never given back; the size stands in front. */
static void *from_store(size_t size, size_t align)
{
	size_t at = atomic_fetch_add(&stored, size + 2 * align), here = (at + align + sizeof(size_t)) & ~(align - 1);

	if (size > sizeof(store) || align > 4096 || here + size > sizeof(store)) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(store + here - sizeof(size), &size, sizeof(size));
	return store + here;
}

static size_t stored_size(const void *p)
{
	size_t size;

	memcpy(&size, (const char *)p - sizeof(size), sizeof(size));
	return size;
}

static void find(const char *name, void *to)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f)
		memcpy(to, &f, sizeof(f));
}

/*
 * Until it is done everybody is served from the store, also other threads, if there are any that early. What has no function behind it
 * (an old pvalloc) keeps the first one, which fails.
 */
static bool resolve(void)
{
	static _Atomic uint32_t state;
	uint32_t fresh = 0;

	if (!atomic_compare_exchange_strong(&state, &fresh, 1))
		return fresh == 2;
	for (size_t at = 0; at < sizeof(store); at += 4096)
		atomic_fetch_add(&heap_pages[heap_page_of(store + at)], 1);
	find("calloc", &next.calloc);
	find("realloc", &next.realloc);
	find("free", &next.free);
	find("memalign", &next.memalign);
	find("aligned_alloc", &next.aligned_alloc);
	find("posix_memalign", &next.posix_memalign);
	find("valloc", &next.valloc);
	find("pvalloc", &next.pvalloc);
	find("malloc", &next.malloc);
	profdata_heap_gate.malloc = malloc;
	profdata_heap_gate.next = next.malloc;
	atomic_store(&state, 2);
	return true;
}

#define FIRST(name, ...) (resolve() && next.name != first_##name ? next.name(__VA_ARGS__) :
static void *first_malloc(size_t size) { return FIRST(malloc, size) from_store(size, 16)); }
static void *first_calloc(size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all))
		return NULL;
	return FIRST(calloc, n, size) from_store(all, 16));
}
static void *first_realloc(void *p, size_t size)
{
	void *q;

	if (resolve() && next.realloc != first_realloc)
		return next.realloc(p, size);
	q = from_store(size, 16);
	if (q && p && is_stored(p))
		memcpy(q, p, stored_size(p) < size ? stored_size(p) : size);
	return q;
}
static void first_free(void *p)
{
	if (resolve() && next.free != first_free)
		next.free(p);
}
static void *first_memalign(size_t align, size_t size) { return FIRST(memalign, align, size) from_store(size, align < 16 ? 16 : align)); }
static void *first_aligned_alloc(size_t align, size_t size) { return FIRST(aligned_alloc, align, size) from_store(size, align < 16 ? 16 : align)); }
static int first_posix_memalign(void **p, size_t align, size_t size)
{
	void *q = NULL;

	if (resolve() && next.posix_memalign != first_posix_memalign)
		return next.posix_memalign(p, align, size);
	q = from_store(size, align < 16 ? 16 : align);
	if (!q)
		return ENOMEM;
	*p = q;
	return 0;
}
static void *first_valloc(size_t size) { return FIRST(valloc, size) from_store(size, 4096)); }
static void *first_pvalloc(size_t size) { return FIRST(pvalloc, size) from_store((size + 4095) & ~(size_t)4095, 4096)); }

/* ---- what is rare ---- */

#define IDLE (1u << 18) /* bytes until we look again whether a sampler has come */

COLD void heap_count(void *p, size_t size)
{
	const struct heap_calls *calls = atomic_load_explicit(&profdata_heap_gate.calls, memory_order_acquire);

	if (!calls)
		heap_self.left = IDLE;
	else if (p)
		calls->allocated(&heap_self, p, size);
}

COLD void heap_forget(const void *p)
{
	const struct heap_calls *calls = atomic_load_explicit(&profdata_heap_gate.calls, memory_order_acquire);
	struct heap_object o;

	if (calls && p && calls->take(p, &o))
		calls->freed(&o);
}

static COLD void *slow_malloc(size_t size)
{
	void *p = next.malloc(size);

	heap_count(p, size);
	return p;
}

static COLD void *slow_calloc(size_t n, size_t size)
{
	void *p = next.calloc(n, size);

	heap_count(p, n * size); /* where there is an object that did not overflow */
	return p;
}

static COLD void slow_free(void *p)
{
	if (is_stored(p))
		return;
	heap_forget(p);
	next.free(p);
}

/* Out of the store into real memory. */
static void *leave_store(void *p, size_t size)
{
	size_t n = stored_size(p);
	void *q = malloc(size);

	if (q)
		memcpy(q, p, n < size ? n : size);
	return q;
}

static COLD void *slow_realloc(void *p, size_t size)
{
	const struct heap_calls *calls = atomic_load_explicit(&profdata_heap_gate.calls, memory_order_acquire);
	struct heap_object o;
	bool known;
	void *q;

	if (is_stored(p))
		return leave_store(p, size);
	known = calls && p && !heap_unknown(p) && calls->take(p, &o);
	q = next.realloc(p, size);
	if (known && !q && size)
		calls->put_back(p, &o);
	else if (known)
		calls->freed(&o);
	if (q && !heap_pass(size))
		heap_count(q, size);
	return q;
}

static COLD void *slow_aligned(void *(*f)(size_t, size_t), size_t align, size_t size)
{
	void *p = f(align, size);

	heap_count(p, size);
	return p;
}

static COLD int slow_posix_memalign(void **p, size_t align, size_t size)
{
	int failed = next.posix_memalign(p, align, size);

	if (!failed)
		heap_count(*p, size);
	return failed;
}

static COLD void *slow_pages(void *(*f)(size_t), size_t size)
{
	void *p = f(size);

	heap_count(p, size);
	return p;
}

/* ---- the functions ---- */

HOOK void *malloc(size_t size) { return heap_pass(size) ? next.malloc(size) : slow_malloc(size); }

HOOK void *calloc(size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all))
		return next.calloc(n, size); /* which fails as it does */
	return heap_pass(all) ? next.calloc(n, size) : slow_calloc(n, size);
}

HOOK void free(void *p)
{
	if (heap_unknown(p))
		next.free(p);
	else
		slow_free(p);
}

HOOK void *realloc(void *p, size_t size) { return heap_unknown(p) && heap_pass(size) ? next.realloc(p, size) : slow_realloc(p, size); }

HOOK void *reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

HOOK void *memalign(size_t align, size_t size) { return heap_pass(size) ? next.memalign(align, size) : slow_aligned(next.memalign, align, size); }
HOOK void *aligned_alloc(size_t align, size_t size) { return heap_pass(size) ? next.aligned_alloc(align, size) : slow_aligned(next.aligned_alloc, align, size); }

HOOK int posix_memalign(void **p, size_t align, size_t size)
{
	return heap_pass(size) ? next.posix_memalign(p, align, size) : slow_posix_memalign(p, align, size);
}

HOOK void *valloc(size_t size) { return heap_pass(size) ? next.valloc(size) : slow_pages(next.valloc, size); }
HOOK void *pvalloc(size_t size) { return heap_pass(size) ? next.pvalloc(size) : slow_pages(next.pvalloc, size); }

/* C23: free() with a hint. */
HOOK void free_sized(void *p, size_t size);
HOOK void free_aligned_sized(void *p, size_t align, size_t size);
HOOK void free_sized(void *p, size_t size) { (void)size; free(p); }
HOOK void free_aligned_sized(void *p, size_t align, size_t size) { (void)align; (void)size; free(p); }

__attribute__((constructor)) static void begin(void) { resolve(); }
