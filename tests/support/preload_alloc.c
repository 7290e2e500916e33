/*
 * For LD_PRELOAD: call number FAIL_AT of malloc, calloc and realloc fails, whoever makes it. Writes the number of
 * calls made to the file FAIL_COUNT (8 bytes), which a program cannot leave without, however it ends.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *(*real_malloc)(size_t), *(*real_calloc)(size_t, size_t), *(*real_realloc)(void *, size_t);
static unsigned long fail_at, unseen, *calls = &unseen;

#define PUBLIC __attribute__((visibility("default")))
PUBLIC void *malloc(size_t n);
PUBLIC void *calloc(size_t n, size_t size);
PUBLIC void *realloc(void *p, size_t n);

static void count_into(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	void *at = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof *calls) == 0)
		at = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		calls = at;
	if (fd >= 0)
		close(fd);
}

/* The loader calls this before any other thread can be. */
__attribute__((constructor)) static void init(void)
{
	const char *text;

	if (real_malloc)
		return;
	*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	if ((text = getenv("FAIL_COUNT")))
		count_into(text);
	if ((text = getenv("FAIL_AT")))
		fail_at = strtoul(text, NULL, 10);
}

static int fails(void)
{
	init();
	if (__atomic_add_fetch(calls, 1, __ATOMIC_RELAXED) != fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n) { return fails() ? NULL : real_malloc(n); }
void *realloc(void *p, size_t n) { return fails() ? NULL : real_realloc(p, n); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : real_calloc(n, size); }
