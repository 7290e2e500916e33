/*
 * Programs that allocate what they say: heap MODE [NUMBER]. "truth FUNCTION OBJECTS BYTES KEPT-OBJECTS KEPT-BYTES" lines on standard error are compared
 * with the profile; what stands on standard output must be the same with and without the sampler.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *volatile sink;

static void truth(const char *name, size_t objects, size_t bytes, size_t kept, size_t kept_bytes)
{
	fprintf(stderr, "truth %s %zu %zu %zu %zu\n", name, objects, bytes, kept, kept_bytes);
}

/* ---- every: each function of the family ---- */

#define N 100
static void *kept[N];

#define EACH(name, bytes, call) \
	__attribute__((noinline)) static void by_##name(void) \
	{ \
		for (int i = 0; i < N; i++) { \
			void *p = (call); \
			sink = p; \
			if (i % 4) \
				free(p); \
			else \
				kept[i] = p; \
		} \
		truth("by_" #name, N, N * (size_t)(bytes), N / 4, N / 4 * (size_t)(bytes)); \
	}

static void *aligned(size_t align, size_t size)
{
	void *p = NULL;

	return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

EACH(malloc, 100, malloc(100))
EACH(calloc, 120, calloc(12, 10))
EACH(memalign, 200, memalign(64, 200))
EACH(aligned_alloc, 256, aligned_alloc(256, 256))
EACH(valloc, 5000, valloc(5000))
EACH(big, 1 << 20, malloc(1 << 20))
EACH(empty, 0, malloc(0))

__attribute__((noinline)) static void by_posix_memalign(void)
{
	for (int i = 0; i < N; i++) {
		void *p = aligned(128, 300);

		if (i % 4)
			free(p);
		else
			sink = kept[i] = p;
	}
	truth("aligned", N, N * 300, N / 4, N / 4 * 300);
}

/* Every step is an object that goes and one that comes; one that fails is neither. */
__attribute__((noinline)) static void by_realloc(void)
{
	volatile size_t most = SIZE_MAX / 2; /* compilers know that this fails */
	void *volatile p = NULL, *volatile q;
	size_t bytes = 0;

	for (size_t i = 1; i <= N; i++, bytes += i * 1000 - 1000)
		p = realloc(p, i * 1000);
	q = realloc(p, most);
	if (q || errno != ENOMEM)
		puts("a realloc that cannot be");
	q = reallocarray(p, most, 4);
	if (q)
		puts("a reallocarray that cannot be");
	kept[0] = reallocarray(p, 10, 100);
	truth("by_realloc", N + 1, bytes + 1000, 1, 1000);
}

static int every(void)
{
	volatile size_t most = SIZE_MAX / 2;

	by_malloc();
	by_calloc();
	by_memalign();
	by_aligned_alloc();
	by_valloc();
	by_big();
	by_empty();
	by_posix_memalign();
	by_realloc();
	if (calloc(most, 4) || malloc_usable_size(kept[0]) < 1000)
		puts("wrong");
	puts("every");
	return 0;
}

/* ---- balanced THREADS: what one allocates another frees; nothing is left ---- */

#define SLOTS 512
static void *_Atomic slot[SLOTS];

__attribute__((noinline)) static void *balanced_thread(void *arg)
{
	unsigned x = (unsigned)(uintptr_t)arg * 2654435761u + 1;

	for (int i = 0; i < 30000; i++) {
		void *p;

		x = x * 1664525u + 1013904223u;
		p = malloc(1 + (x >> 8) % 2000);
		if (p)
			memset(p, 1, 1);
		free(__atomic_exchange_n((void **)&slot[(x >> 20) % SLOTS], p, __ATOMIC_ACQ_REL));
	}
	return NULL;
}

static int balanced(long n)
{
	pthread_t t[16];

	for (long i = 0; i < n && i < 16; i++)
		pthread_create(&t[i], NULL, balanced_thread, (void *)(i + 1));
	for (long i = 0; i < n && i < 16; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < SLOTS; i++)
		free(slot[i]);
	truth("balanced_thread", (size_t)n * 30000, 0, 0, 0);
	puts("balanced");
	return 0;
}

/* ---- forked: a child frees some of what it inherits and keeps some of its own ---- */

__attribute__((noinline)) static void in_parent(void **p, int n)
{
	for (int i = 0; i < n; i++)
		sink = p[i] = malloc(100);
}

__attribute__((noinline)) static void in_child(void **p, int n)
{
	for (int i = 0; i < n; i++) {
		free(p[i]);
		if (i % 2)
			sink = p[i] = malloc(200);
	}
}

static int forked(void)
{
	static void *p[1000];
	int status = 0;

	in_parent(p, 1000);
	fflush(stdout);
	if (fork() == 0) {
		in_child(p, 600);
		_exit(7);
	}
	wait(&status);
	in_parent(p, 0);
	truth("in_parent", 1000, 100000, 1000, 100000);
	truth("in_child", 300, 60000, 300, 60000);
	printf("forked %d\n", status);
	return 0;
}

/* ---- interrupted SECONDS: a handler that allocates, with an allocator (handmade.c) that allows it ---- */

static volatile sig_atomic_t came;

static void on_alarm(int sig)
{
	void *p = malloc(48);

	(void)sig;
	sink = p;
	free(p);
	came++;
}

__attribute__((noinline)) static void interrupted_loop(double seconds)
{
	struct timespec t;
	double until;

	clock_gettime(CLOCK_MONOTONIC, &t);
	until = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec + seconds;
	do {
		for (int i = 0; i < 1000; i++) {
			void *p = malloc(64);

			sink = p;
			free(p);
		}
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((double)t.tv_sec + 1e-9 * (double)t.tv_nsec < until);
}

static int interrupted(double seconds)
{
	struct itimerval every = { .it_interval.tv_usec = 100, .it_value.tv_usec = 100 }, none = { 0 };

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &every, NULL);
	interrupted_loop(seconds);
	setitimer(ITIMER_REAL, &none, NULL);
	printf("interrupted %d\n", came > 50);
	return 0;
}

/* ---- shares SCALE: functions with known bytes, small objects and big ones, kept and freed ---- */

#define SHARE(size, count, keep) \
	__attribute__((noinline)) static void share_##size(int scale) \
	{ \
		size_t n = (size_t)(count) * (size_t)scale, k = 0; \
		for (size_t i = 0; i < n; i++) { \
			void **p = malloc(size); \
			sink = p; \
			if (!p || (int)(i % 100) >= (keep)) { \
				free(p); \
				continue; \
			} \
			k++; \
		} \
		truth("share_" #size, n, n *(size), k, k *(size)); \
	}

SHARE(16, 40000, 50)
SHARE(100, 20000, 0)
SHARE(1000, 6000, 10)
SHARE(10000, 500, 20)
SHARE(100000, 40, 5)
SHARE(1000000, 4, 25)
SHARE(4194304, 1, 0)

static int shares(int scale)
{
	share_16(scale);
	share_100(scale);
	share_1000(scale);
	share_10000(scale);
	share_100000(scale);
	share_1000000(scale);
	share_4194304(scale);
	puts("shared");
	return 0;
}

/* ---- pairs COUNT MODE: what malloc() and free() cost; ns per pair on standard error ---- */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Sizes as programs have them: 9 of 10 up to 272 bytes, 1 of 100 up to 68 kB. */
static size_t mixed_size(uint32_t x) { return x % 1000 < 900 ? 16 + (x >> 10) % 257 : x % 1000 < 991 ? 16 + (x >> 10) % 4096 : 16 + (x >> 10) % 68000; }

static void *pairs_thread(void *arg)
{
	size_t n = *(size_t *)arg, mixed = n & 1;
	void *ring[64] = { NULL };
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		void **at = &ring[i % 64];

		x = x * 1664525u + 1013904223u;
		free(*at);
		*at = malloc(mixed ? mixed_size(x >> 2) : 16 + (x >> 24) % 64);
		if (*at)
			*(volatile char *)*at = 1;
	}
	for (size_t i = 0; i < 64; i++)
		free(ring[i]);
	return (void *)(uintptr_t)now();
}

/* `mixed` in the lowest bit of the count. */
static int pairs(size_t n, int mixed, int threads)
{
	size_t count = (n & ~(size_t)1) | (mixed != 0);
	uint64_t ns = 0;
	pthread_t t[8];

	for (int i = 0; i < threads && i < 8; i++)
		pthread_create(&t[i], NULL, pairs_thread, &count);
	for (int i = 0; i < threads && i < 8; i++) {
		void *took;

		pthread_join(t[i], &took);
		ns += (uint64_t)(uintptr_t)took;
	}
	fprintf(stderr, "ns %.2f\n", (double)ns / (double)count / threads);
	puts("paired");
	return 0;
}

/* ---- work ROUNDS: builds and drops trees of words, as programs that allocate a lot do ---- */

struct node {
	struct node *less, *more;
	char *word;
	unsigned count;
};

__attribute__((noinline)) static void insert(struct node **at, const char *word)
{
	while (*at) {
		int order = strcmp(word, (*at)->word);

		if (!order) {
			(*at)->count++;
			return;
		}
		at = order < 0 ? &(*at)->less : &(*at)->more;
	}
	*at = calloc(1, sizeof(**at));
	if (*at)
		(*at)->word = strdup(word);
}

/* Without recursion: the left side is turned up until there is none. */
static unsigned drop(struct node *n)
{
	unsigned count = 0;

	while (n) {
		struct node *less = n->less;

		if (less) {
			n->less = less->more;
			less->more = n;
			n = less;
			continue;
		}
		less = n->more;
		count += n->count + 1;
		free(n->word);
		free(n);
		n = less;
	}
	return count;
}

static int work(int rounds)
{
	uint32_t x = 1;
	unsigned sum = 0;

	for (int r = 0; r < rounds; r++) {
		struct node *root = NULL;
		char word[32];

		for (int i = 0; i < 2000; i++) {
			x = x * 1664525u + 1013904223u;
			snprintf(word, sizeof(word), "%u-word", x >> 12);
			insert(&root, word);
		}
		sum += drop(root);
	}
	printf("worked %u\n", sum);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	double a = argc > 2 ? strtod(argv[2], NULL) : 1;

	if (strcmp(mode, "every") == 0)
		return every();
	if (strcmp(mode, "balanced") == 0)
		return balanced((long)a);
	if (strcmp(mode, "forked") == 0)
		return forked();
	if (strcmp(mode, "interrupted") == 0)
		return interrupted(a);
	if (strcmp(mode, "shares") == 0)
		return shares((int)a);
	if (strcmp(mode, "work") == 0)
		return work((int)a);
	if (strcmp(mode, "pairs") == 0)
		return pairs((size_t)a, argc > 3 && strcmp(argv[3], "mixed") == 0, argc > 4 ? atoi(argv[4]) : 1);
	fprintf(stderr, "heap: unknown mode '%s'\n", mode);
	return 2;
}
