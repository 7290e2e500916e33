/*
 * Known shares of CPU time and of wall time: truth_cpu cpu|wall|switch SECONDS [SEED] prints, per function, what the program's own clocks say:
 *     truth FUNCTION CPU-NANOSECONDS WALL-NANOSECONDS
 * Three threads go through five functions in slices of random length (1 ms on average, so that nothing can be in step with a sampler), each until it
 * has used SECONDS of CPU time; with "wall" three more sleep most of the time, in two functions, and work a little. "switch" hands a
 * byte over between two threads SECONDS * 100,000 times and prints what each took: ns per switch, CPU and wall.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SHARES = 5, NAPS = 2, FUNCTIONS = SHARES + NAPS, BUSY = 3, SLEEPERS = 3 };

static double seconds;
static uint64_t seed;
static atomic_int busy = BUSY;
static _Thread_local volatile uint64_t sink;

struct sums { pthread_t thread; int number; uint64_t cpu[FUNCTIONS], wall[FUNCTIONS]; };

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* The same work in all of them, each a function of its own that no compiler makes one of. */
#define SHARE(name) \
	__attribute__((noinline, noipa)) static void name(uint64_t n) \
	{ \
		for (uint64_t i = 0; i < n; i++) \
			sink = sink * 6364136223846793005u + i; \
		__asm__ volatile("# " #name); \
	}
SHARE(share_50)
SHARE(share_25)
SHARE(share_15)
SHARE(share_07)
SHARE(share_03)

/* All of it, whoever interrupts. */
__attribute__((noinline, noipa)) static void sleep_ns(uint64_t ns)
{
	uint64_t end = now(CLOCK_MONOTONIC) + ns;
	struct timespec t = { (time_t)(end / 1000000000u), (long)(end % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

__attribute__((noinline, noipa)) static void nap_long(uint64_t ns) { sleep_ns(ns); __asm__ volatile("# long"); }
__attribute__((noinline, noipa)) static void nap_short(uint64_t ns) { sleep_ns(ns); __asm__ volatile("# short"); }

static void (*const functions[FUNCTIONS])(uint64_t) = { share_50, share_25, share_15, share_07, share_03, nap_long, nap_short };
static const char *const names[FUNCTIONS] = { "share_50", "share_25", "share_15", "share_07", "share_03", "nap_long", "nap_short" };
static const unsigned upto[SHARES] = { 50, 75, 90, 97, 100 };

static void slice(struct sums *s, int function, uint64_t amount)
{
	uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);

	functions[function](amount);
	s->wall[function] += now(CLOCK_MONOTONIC) - wall;
	s->cpu[function] += now(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

/* 0 to 2 ms of work: about 1.3 ns a round, as near as it matters. */
static void work(struct sums *s, uint64_t *state)
{
	unsigned which = (unsigned)(draw(state) % 100);
	int f = 0;

	while (which >= upto[f])
		f++;
	slice(s, f, draw(state) % 1000000);
}

static void *busy_main(void *arg)
{
	struct sums *s = arg;
	uint64_t state = seed * 1000 + (uint64_t)s->number, end = (uint64_t)(seconds * 1e9);

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		work(s, &state);
	busy--;
	return NULL;
}

static void *sleeper_main(void *arg)
{
	struct sums *s = arg;
	uint64_t state = seed * 1000 + (uint64_t)s->number;

	while (busy) {
		unsigned which = (unsigned)(draw(&state) % 100);

		if (which < 40)
			slice(s, SHARES, draw(&state) % 24000000);
		else if (which < 80)
			slice(s, SHARES + 1, draw(&state) % 6000000);
		else
			work(s, &state);
	}
	return NULL;
}

static int there[2], back[2];

static void *echo_main(void *arg)
{
	char c;

	while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
		;
	return arg;
}

static int switches(void)
{
	long n = (long)(seconds * 100000);
	uint64_t cpu, wall;
	pthread_t t;
	char c = 0;

	if (pipe(there) != 0 || pipe(back) != 0 || pthread_create(&t, NULL, echo_main, NULL) != 0)
		return 2;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	wall = now(CLOCK_MONOTONIC);
	for (long i = 0; i < n; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			return 2;
	wall = now(CLOCK_MONOTONIC) - wall;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	close(there[1]);
	pthread_join(t, NULL);
	printf("switch %.0f %.0f\n", (double)cpu / (double)n / 2, (double)wall / (double)n / 2);
	return 0;
}

int main(int argc, char **argv)
{
	static struct sums sums[BUSY + SLEEPERS];
	int threads;

	if (argc < 3)
		return 2;
	seconds = atof(argv[2]);
	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	if (strcmp(argv[1], "switch") == 0)
		return switches();
	threads = strcmp(argv[1], "wall") == 0 ? BUSY + SLEEPERS : BUSY;
	for (int i = 0; i < threads; i++) {
		sums[i].number = i;
		if (pthread_create(&sums[i].thread, NULL, i < BUSY ? busy_main : sleeper_main, &sums[i]) != 0)
			return 2;
	}
	for (int i = 0; i < threads; i++)
		pthread_join(sums[i].thread, NULL);
	for (int f = 0; f < (threads > BUSY ? FUNCTIONS : SHARES); f++) {
		uint64_t cpu = 0, wall = 0;

		for (int i = 0; i < threads; i++) {
			cpu += sums[i].cpu[f];
			wall += sums[i].wall[f];
		}
		printf("truth %s %llu %llu\n", names[f], (unsigned long long)cpu, (unsigned long long)wall);
	}
	return 0;
}
