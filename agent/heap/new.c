/*
 * operator new and delete (the names of the Itanium C++ ABI). Three cases, told apart once:
 *
 * The ones behind ours are libstdc++'s or libc++'s, which ask malloc(): so do we, and the stack ends with who said `new`. When there is no
 * memory theirs are asked after all; they call the handler and throw.
 * They are an allocator's own (tcmalloc, jemalloc), which never passes by malloc(): they are counted here.
 * The program has some of its own: the others are made of those, so nobody may stand between. Its own end at malloc() as a rule.
 */
#include "hooks.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum way { UNKNOWN, BY_MALLOC, BY_ALLOCATOR, PASS };

static _Atomic uint32_t way_found;

#define NEXT(type, name, ...) \
	static type (*_Atomic next)(__VA_ARGS__); \
	if (!atomic_load_explicit(&next, memory_order_relaxed)) \
		*(void **)(void *)&next = behind(name)

/* Also in a C++ library that was loaded later, by a program without one. */
static void *behind(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name), *library = f ? NULL : dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);

	if (library)
		f = dlsym(library, name);
	if (!f)
		abort(); /* somebody calls a function that nobody has */
	return f;
}

HOOK void *_Znwm(size_t size);
HOOK void _ZdlPv(void *p);

static COLD enum way find_way(void)
{
	static const char *const ours[] = { "_Znwm", "_Znam", "_ZdlPv", "_ZdaPv", "_ZnwmRKSt9nothrow_t", "_ZnwmSt11align_val_t" };
	void *f = dlsym(RTLD_NEXT, "_Znwm");
	enum way way = BY_MALLOC;
	Dl_info next, here, seen;
	const char *name;

	if (f && dladdr(f, &next) && next.dli_fname) {
		name = strrchr(next.dli_fname, '/');
		name = name ? name + 1 : next.dli_fname;
		way = strncmp(name, "libstdc++.", 10) == 0 || strncmp(name, "libc++", 6) == 0 ? BY_MALLOC : BY_ALLOCATOR;
	}
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours) && dladdr((void *)(uintptr_t)_Znwm, &here); i++) {
		f = dlsym(RTLD_DEFAULT, ours[i]);
		if (f && dladdr(f, &seen) && seen.dli_fbase != here.dli_fbase)
			way = PASS;
	}
	atomic_store(&way_found, way);
	return way;
}

static inline enum way way_of(void)
{
	enum way way = (enum way)atomic_load_explicit(&way_found, memory_order_relaxed);

	return LIKELY(way != UNKNOWN) ? way : find_way();
}

/*
 * What an allocator allocates inside is not counted twice: nothing is too big meanwhile. The functions that do not throw are asked, so
 * that nothing jumps over the end of that.
 */
#define AROUND(size, call) \
	do { \
		uint64_t left = heap_self.left; \
		void *p; \
		heap_self.left = UINT64_MAX / 2; \
		p = (call); \
		heap_self.left = left; \
		if (p && !heap_pass(size)) \
			heap_count(p, size); \
		if (p) \
			return p; \
	} while (0)

static const char nothrow; /* std::nothrow has no contents */

static void *by_allocator(size_t size)
{
	NEXT(void *, "_ZnwmRKSt9nothrow_t", size_t, const void *);
	AROUND(size, next(size, &nothrow));
	return NULL;
}

static void *by_allocator_aligned(size_t size, size_t align)
{
	NEXT(void *, "_ZnwmSt11align_val_tRKSt9nothrow_t", size_t, size_t, const void *);
	AROUND(size, next(size, align, &nothrow));
	return NULL;
}

static size_t whole(size_t size, size_t align) { return size > SIZE_MAX - align ? SIZE_MAX : (size + align - 1) & ~(align - 1); }

static inline void *attempt(size_t size)
{
	enum way way = way_of();

	size = size ? size : 1;
	return LIKELY(way == BY_MALLOC) ? malloc(size) : way == BY_ALLOCATOR ? by_allocator(size) : NULL;
}

static inline void *attempt_aligned(size_t size, size_t align)
{
	enum way way = way_of();

	size = size ? size : 1;
	if (way == PASS || !align || align & (align - 1))
		return NULL;
	return way == BY_MALLOC ? aligned_alloc(align < sizeof(void *) ? sizeof(void *) : align, whole(size, align)) : by_allocator_aligned(size, align);
}

#define NEW(name, attempt, parameters, ...) \
	HOOK void *name parameters; \
	HOOK void *name parameters \
	{ \
		void *p = attempt; \
		if (LIKELY(p)) \
			return p; \
		NEXT_OF(name, void *, parameters); \
		return next(__VA_ARGS__); \
	}
#define NEXT_OF(name, type, parameters) \
	static type (*_Atomic next) parameters; \
	if (!atomic_load_explicit(&next, memory_order_relaxed)) \
		*(void **)(void *)&next = behind(#name)

NEW(_Znwm, attempt(size), (size_t size), size)
NEW(_Znam, attempt(size), (size_t size), size)
NEW(_ZnwmRKSt9nothrow_t, attempt(size), (size_t size, const void *tag), size, tag)
NEW(_ZnamRKSt9nothrow_t, attempt(size), (size_t size, const void *tag), size, tag)
NEW(_ZnwmSt11align_val_t, attempt_aligned(size, align), (size_t size, size_t align), size, align)
NEW(_ZnamSt11align_val_t, attempt_aligned(size, align), (size_t size, size_t align), size, align)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, attempt_aligned(size, align), (size_t size, size_t align, const void *tag), size, align, tag)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, attempt_aligned(size, align), (size_t size, size_t align, const void *tag), size, align, tag)

#define DELETE(name, parameters, ...) \
	HOOK void name parameters; \
	HOOK void name parameters \
	{ \
		enum way way = way_of(); \
		if (LIKELY(way == BY_MALLOC)) { \
			free(p); \
			return; \
		} \
		NEXT_OF(name, void, parameters); \
		if (way == BY_ALLOCATOR && !heap_unknown(p)) \
			heap_forget(p); \
		next(__VA_ARGS__); \
	}

DELETE(_ZdlPv, (void *p), p)
DELETE(_ZdaPv, (void *p), p)
DELETE(_ZdlPvm, (void *p, size_t size), p, size)
DELETE(_ZdaPvm, (void *p, size_t size), p, size)
DELETE(_ZdlPvRKSt9nothrow_t, (void *p, const void *tag), p, tag)
DELETE(_ZdaPvRKSt9nothrow_t, (void *p, const void *tag), p, tag)
DELETE(_ZdlPvSt11align_val_t, (void *p, size_t align), p, align)
DELETE(_ZdaPvSt11align_val_t, (void *p, size_t align), p, align)
DELETE(_ZdlPvmSt11align_val_t, (void *p, size_t size, size_t align), p, size, align)
DELETE(_ZdaPvmSt11align_val_t, (void *p, size_t size, size_t align), p, size, align)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *tag), p, align, tag)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *tag), p, align, tag)
