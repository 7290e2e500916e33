/*
 * Lets the n-th allocation of a stretch of code fail, then the next one, until
 * the code succeeds: every path out of an allocation failure is walked. Includes
 * the big buffers that come from mmap. Replaces malloc and friends of the test
 * executable, so include it in one file; does nothing under sanitizers.
 */
#ifndef SUPPORT_FAIL_ALLOC_H
#define SUPPORT_FAIL_ALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long fail_at = -1; /* allocations until the failure; -1 = none fails */
static bool fail_hit;

__attribute__((unused)) static bool fail_now(void)
{
	if (fail_at < 0 || fail_at-- > 0)
		return false;
	fail_hit = true;
	errno = ENOMEM;
	return true;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAIL_ALLOC_WORKS 0
#else
#define FAIL_ALLOC_WORKS 1

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

__attribute__((visibility("default"))) void *malloc(size_t n) { return fail_now() ? NULL : __libc_malloc(n); }
__attribute__((visibility("default"))) void *calloc(size_t a, size_t b) { return fail_now() ? NULL : __libc_calloc(a, b); }
__attribute__((visibility("default"))) void *realloc(void *p, size_t n) { return fail_now() ? NULL : __libc_realloc(p, n); }
__attribute__((visibility("default"))) void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	return fail_now() ? MAP_FAILED : (void *)syscall(SYS_mmap, at, n, prot, flags, fd, off);
}
__attribute__((visibility("default"))) void *mremap(void *old, size_t from, size_t to, int flags, ...)
{
	return fail_now() ? MAP_FAILED : (void *)syscall(SYS_mremap, old, from, to, flags, NULL);
}
#endif

/* Runs `body` with the failure at 0, 1, 2 … until none is hit; returns how often. `body` checks its own outcome with fail_hit. */
__attribute__((unused)) static unsigned fail_each(void (*body)(void *), void *arg)
{
	unsigned n = 0;

	for (;; n++) {
		fail_hit = false;
		fail_at = FAIL_ALLOC_WORKS ? (long)n : -1;
		body(arg);
		fail_at = -1;
		if (!fail_hit)
			return n;
	}
}

#endif
