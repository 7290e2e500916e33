#include "failing_alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
void *__real_mremap(void *p, size_t old, size_t n, int flags, void *at);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
void *__wrap_mremap(void *p, size_t old, size_t n, int flags, ...);
void __wrap_free(void *p);

static unsigned long fail_at, calls;
static bool armed, fail_after;
static long live;

void failing_alloc_arm(unsigned long n, bool all_after)
{
	fail_at = n;
	fail_after = all_after;
	calls = 0;
	armed = true;
}

unsigned long failing_alloc_disarm(void)
{
	armed = false;
	return calls;
}

long failing_alloc_live(void)
{
	return live;
}

static bool fails(void)
{
	if (!armed)
		return false;
	calls++;
	if (!fail_at || (fail_after ? calls < fail_at : calls != fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t n)
{
	void *p = fails() ? NULL : __real_malloc(n);

	live += p != NULL;
	return p;
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *p = fails() ? NULL : __real_calloc(n, size);

	live += p != NULL;
	return p;
}

void *__wrap_realloc(void *p, size_t n)
{
	void *q = fails() ? NULL : __real_realloc(p, n);

	live += !p && q;
	return q;
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, offset);
}

void *__wrap_mremap(void *p, size_t old, size_t n, int flags, ...)
{
	return fails() ? MAP_FAILED : __real_mremap(p, old, n, flags, NULL);
}

void __wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}
