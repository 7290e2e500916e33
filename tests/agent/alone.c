/*
 * A program of one thread, until it makes another: alone PLUGIN prints what libc believes. With the sampler it is the same. Its writer must then call
 * nothing that takes locks without care, or allocates: with -DWATCH this file is a library that stands before such functions and ends the program
 * when another thread than the first comes by.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef WATCH

static int armed = 1;

static void *behind(const char *name)
{
	if (armed && __libc_single_threaded && syscall(SYS_gettid) != syscall(SYS_getpid))
		abort(); /* that thread has no descriptor to say why */
	return dlvsym(RTLD_NEXT, name, "GLIBC_2.2.5");
}

/* The program's own threads may. */
void watch_no_more(void) { armed = 0; }

#define WATCHED(type, name, types, names) \
	type name types \
	{ \
		static type (*next) types; \
		void *to = behind(#name); \
\
		*(void **)&next = to; \
		return next names; \
	}

WATCHED(void *, malloc, (size_t n), (n))
WATCHED(void, free, (void *p), (p))
WATCHED(void *, realloc, (void *p, size_t n), (p, n))
WATCHED(char *, realpath, (const char *path, char *resolved), (path, resolved))
WATCHED(void, qsort, (void *v, size_t n, size_t size, int (*by)(const void *, const void *)), (v, n, size, by))
WATCHED(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WATCHED(int, fclose, (FILE *f), (f))
WATCHED(char *, getenv, (const char *name), (name))
WATCHED(int, pthread_mutex_lock, (pthread_mutex_t *m), (m))
WATCHED(int, pthread_mutex_unlock, (pthread_mutex_t *m), (m))
WATCHED(int, pthread_once, (pthread_once_t *once, void (*f)(void)), (once, f))
WATCHED(int, dl_iterate_phdr, (int (*one)(struct dl_phdr_info *, size_t, void *), void *arg), (one, arg))

#else

#include <sys/wait.h>
#include <time.h>

static void *nothing(void *arg) { return arg; }

static void busy(const char *plugin)
{
	struct timespec nap = { 0, 3000000 };

	for (int i = 0; i < 40; i++) {
		char *p[200];
		void *h = dlopen(plugin, RTLD_NOW);

		for (int k = 0; k < 200; k++)
			p[k] = memset(malloc((size_t)k * 50 + 1), 1, (size_t)k * 50 + 1);
		for (volatile int k = 0; k < 3000000; k++)
			;
		for (int k = 0; k < 200; k++)
			free(p[k]);
		if (h)
			dlclose(h);
		nanosleep(&nap, NULL);
	}
}

__attribute__((noinline)) static void in_namespace(const char *plugin)
{
	busy(plugin);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	void (*no_more)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "watch_no_more");
	pthread_t t;

	printf("begin %d\n", __libc_single_threaded);
	busy(argc > 1 ? argv[1] : "");
	printf("busy %d\n", __libc_single_threaded);
	printf("user namespace %d\n", unshare(CLONE_NEWUSER)); /* not for two threads */
	in_namespace(argc > 1 ? argv[1] : "");
	printf("in it %d\n", __libc_single_threaded);
	fflush(stdout);
	if (fork() == 0) {
		busy(argc > 1 ? argv[1] : "");
		printf("child %d\n", __libc_single_threaded);
		exit(0);
	}
	wait(NULL);
	if (no_more)
		no_more();
	pthread_create(&t, NULL, nothing, NULL);
	pthread_join(t, NULL);
	printf("threads %d\n", __libc_single_threaded);
	fflush(stdout);
	if (fork() == 0) {
		printf("child %d\n", __libc_single_threaded);
		exit(0);
	}
	wait(NULL);
	return 0;
}

#endif
