/*
 * Fixed amounts of work, to be timed with and without a sampler (overhead.sh). What the work itself took is appended to the file named by
 * PROFDATA_METRICS (`profdata overhead run`): beginning and end of a recording, which have nothing to do with how long it is, do not count there.
 *
 *   overhead sort ROUNDS        sorts and prints numbers
 *   overhead trees ROUNDS       builds and drops trees of words, lists that grow, and texts: allocates all the time
 *   overhead share ROUNDS       2 threads and a mutex that is wanted all the time: 20 µs with it, 20 µs without
 *   overhead asleep SECONDS N   N threads that wait
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double clock_s(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static unsigned next(unsigned *x) { return *x = *x * 1664525u + 1013904223u; }

/* ---- sort ---- */

static int by_value(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static unsigned sort(long rounds)
{
	static unsigned v[5000];
	unsigned sum = 0, x = 1;
	char text[32];

	for (long r = 0; r < rounds; r++) {
		for (size_t i = 0; i < 5000; i++)
			v[i] = next(&x);
		qsort(v, 5000, sizeof(v[0]), by_value);
		for (size_t i = 0; i < 500; i++)
			sum += (unsigned)snprintf(text, sizeof(text), "%u %g", v[i], (double)v[i]);
	}
	return sum;
}

/* ---- trees ---- */

struct word {
	struct word *left, *right;
	unsigned key, *places;
	size_t n, room;
	char *text;
};

static void seen(struct word **at, unsigned key, unsigned place)
{
	char text[64];

	while (*at && (*at)->key != key)
		at = key < (*at)->key ? &(*at)->left : &(*at)->right;
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		snprintf(text, sizeof(text), "%.*s%x", (int)(key % 40), "a word of some length, as they come along", key);
		(*at)->text = strdup(text);
		(*at)->key = key;
	}
	if ((*at)->n == (*at)->room) {
		(*at)->room = (*at)->room ? 2 * (*at)->room : 2;
		(*at)->places = realloc((*at)->places, (*at)->room * sizeof(unsigned));
	}
	(*at)->places[(*at)->n++] = place;
}

static unsigned drop(struct word *w)
{
	unsigned sum;

	if (!w)
		return 0;
	sum = drop(w->left) + drop(w->right) + (unsigned)strlen(w->text) + w->places[w->n - 1];
	free(w->text);
	free(w->places);
	free(w);
	return sum;
}

static unsigned trees(long rounds)
{
	unsigned sum = 0, x = 1;

	for (long r = 0; r < rounds; r++) {
		struct word *root = NULL;

		for (unsigned i = 0; i < 4000; i++) {
			unsigned k = next(&x) >> 8;

			seen(&root, k % 3000 * 2654435761u, i);
		}
		sum += drop(root);
	}
	return sum;
}

/* ---- share ---- */

static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static unsigned shared;

__attribute__((noinline)) static unsigned grind(unsigned x, int n)
{
	for (int i = 0; i < n; i++)
		x = x * 1664525u + 1013904223u + (x >> 7);
	return x;
}

static void *sharer(void *arg)
{
	long rounds = *(long *)arg;
	unsigned x = 1;

	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&wanted);
		shared = grind(shared, 10000);
		pthread_mutex_unlock(&wanted);
		x = grind(x, 10000);
	}
	return (void *)(uintptr_t)x;
}

static unsigned share(long rounds)
{
	pthread_t t[2];
	void *x;
	unsigned sum = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, sharer, &rounds);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &x);
		sum += (unsigned)(uintptr_t)x;
	}
	return sum + shared;
}

/* ---- asleep ---- */

static void *sleeper(void *arg)
{
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, arg, NULL) == EINTR)
		;
	return NULL;
}

static unsigned asleep(double seconds, int n)
{
	double until = clock_s(CLOCK_MONOTONIC) + seconds;
	struct timespec t = { .tv_sec = (time_t)until, .tv_nsec = (long)(1e9 * (until - (double)(time_t)until)) };
	pthread_t thread[1024];

	n = n < 1024 ? n : 1024;
	for (int i = 0; i < n; i++)
		pthread_create(&thread[i], NULL, sleeper, &t);
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	return (unsigned)n;
}

/* Words to a file rather than to standard output: they are the same with and without a sampler, but nobody looks there. */
static void tell(double cpu, double wall)
{
	const char *path = getenv("PROFDATA_METRICS");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "work CPU,s,%.9f\nwork time,s,%.9f\n", cpu, wall);
	fclose(f);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	double amount = argc > 2 ? strtod(argv[2], NULL) : 0, cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID), wall = clock_s(CLOCK_MONOTONIC);
	unsigned sum;

	if (strcmp(mode, "sort") == 0)
		sum = sort((long)amount);
	else if (strcmp(mode, "trees") == 0)
		sum = trees((long)amount);
	else if (strcmp(mode, "share") == 0)
		sum = share((long)amount);
	else if (strcmp(mode, "asleep") == 0)
		sum = asleep(amount, argc > 3 ? (int)strtol(argv[3], NULL, 10) : 16);
	else
		return 2;
	cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	tell(cpu, clock_s(CLOCK_MONOTONIC) - wall);
	printf("%u\n", sum);
	return 0;
}
