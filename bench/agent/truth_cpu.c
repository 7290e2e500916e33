/*
 * Known shares of CPU time and of wall time: truth_cpu cpu|wall|rare|switch SECONDS [SEED] prints, per function, what the program's own clocks say:
 *     truth FUNCTION CPU-NANOSECONDS WALL-NANOSECONDS
 * Three threads go through five functions in slices of random length (1 ms on average, so that nothing can be in step with a sampler), each until it
 * has used SECONDS of CPU time. With "wall" eight more sleep, each kind of sleep as long as the others on the whole: naps of exactly 1, 3, 10,
 * 30 and 100 ms (which could be in step with one), waits for a mutex that another thread holds for up to 6 ms and for a byte that another writes
 * into a pipe after up to 8 ms. They work a little in between. All clocks are read inside of the functions: what it takes to read them is theirs.
 * "rare" is one thread that sleeps 100, 3 and 10 ms in turn, ten times SECONDS: next to nothing happens, and always in the same order.
 * "switch" hands a byte over between two threads SECONDS * 100,000 times and prints what each took: ns per switch, CPU and wall.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SHARES = 5, NAPS = 5, LOCK = SHARES + NAPS, PIPE, HOLD, FEED, FUNCTIONS, BUSY = 3, SLEEPERS = 8, HELPERS = 2, THREADS = BUSY + SLEEPERS + HELPERS };

static double seconds;
static uint64_t seed;
static atomic_int busy = BUSY, sleepers = SLEEPERS;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int bytes[2];
static _Thread_local volatile uint64_t sink;

struct sums {
	pthread_t thread;
	uint64_t state, from_cpu, from_wall; /* of random numbers; when the function began */
	uint64_t cpu[FUNCTIONS], wall[FUNCTIONS], all_cpu;
};

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

static void begin(struct sums *s)
{
	s->from_wall = now(CLOCK_MONOTONIC);
	s->from_cpu = now(CLOCK_THREAD_CPUTIME_ID);
}

static void end(struct sums *s, int function)
{
	uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID) - s->from_cpu;

	s->cpu[function] += cpu;
	s->all_cpu += cpu;
	s->wall[function] += now(CLOCK_MONOTONIC) - s->from_wall;
}

/* What they do; not inlined, so that each is a frame. All of a sleep, whoever interrupts. */
__attribute__((noinline)) static void sleep_ns(uint64_t ns)
{
	uint64_t until = now(CLOCK_MONOTONIC) + ns;
	struct timespec t = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

__attribute__((noinline)) static void work(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		sink = sink * 6364136223846793005u + i;
}

__attribute__((noinline)) static void wait_for_mutex(uint64_t n)
{
	(void)n;
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

__attribute__((noinline)) static void wait_for_byte(uint64_t n)
{
	char c;

	if (read(bytes[0], &c, 1) != 1)
		abort();
	(void)n;
}

__attribute__((noinline)) static void hold_mutex(uint64_t n)
{
	pthread_mutex_lock(&mutex);
	sleep_ns(n);
	pthread_mutex_unlock(&mutex);
	sleep_ns(300000);
}

__attribute__((noinline)) static void write_byte(uint64_t n)
{
	int there = 0;

	sleep_ns(n);
	if (ioctl(bytes[0], FIONREAD, &there) != 0 || (!there && write(bytes[1], "", 1) != 1)) /* one at most: who reads is to wait */
		abort();
}

/* Each a function of its own that no compiler makes one of. */
#define FUNCTION(name, what) \
	__attribute__((noinline, noipa)) static void name(struct sums *s, int function, uint64_t n) \
	{ \
		begin(s); \
		what(n); \
		end(s, function); \
		__asm__ volatile("# " #name); \
	}
FUNCTION(share_50, work)
FUNCTION(share_25, work)
FUNCTION(share_15, work)
FUNCTION(share_07, work)
FUNCTION(share_03, work)
FUNCTION(nap_1, sleep_ns)
FUNCTION(nap_3, sleep_ns)
FUNCTION(nap_10, sleep_ns)
FUNCTION(nap_30, sleep_ns)
FUNCTION(nap_100, sleep_ns)
FUNCTION(wait_lock, wait_for_mutex)
FUNCTION(wait_pipe, wait_for_byte)
FUNCTION(hold_lock, hold_mutex)
FUNCTION(feed_pipe, write_byte)

static void (*const functions[FUNCTIONS])(struct sums *, int, uint64_t) = { share_50, share_25, share_15, share_07, share_03, nap_1, nap_3, nap_10,
									     nap_30, nap_100, wait_lock, wait_pipe, hold_lock, feed_pipe };
static const char *const names[FUNCTIONS] = { "share_50", "share_25", "share_15", "share_07", "share_03", "nap_1", "nap_3", "nap_10",
					      "nap_30", "nap_100", "wait_lock", "wait_pipe", "hold_lock", "feed_pipe" };
static const unsigned upto[SHARES] = { 50, 75, 90, 97, 100 };
/* The longer the less often: of 1,000 sleeps. */
static const unsigned sleeps[PIPE - SHARES + 1] = { 520, 700, 755, 774, 780, 930, 1000 };
static const uint64_t nap[NAPS] = { 1000000, 3000000, 10000000, 30000000, 100000000 };

static void call(struct sums *s, int function, uint64_t n) { functions[function](s, function, n); }

/* 0 to 2 ms of work: about 1.3 ns a round, as near as it matters. */
static void work_some(struct sums *s)
{
	unsigned which = (unsigned)(draw(&s->state) % 100);
	int f = 0;

	while (which >= upto[f])
		f++;
	call(s, f, draw(&s->state) % 1000000);
}

static void *busy_main(void *arg)
{
	struct sums *s = arg;
	uint64_t most = (uint64_t)(seconds * 1e9);

	while (s->all_cpu < most)
		work_some(s);
	busy--;
	return NULL;
}

static void *sleeper_main(void *arg)
{
	struct sums *s = arg;

	while (busy) {
		unsigned which = (unsigned)(draw(&s->state) % 1000);
		int f = 0;

		while (which >= sleeps[f])
			f++;
		call(s, SHARES + f, f < NAPS ? nap[f] : 0);
		if (draw(&s->state) % 8 == 0)
			work_some(s);
	}
	sleepers--;
	return NULL;
}

static void *holder_main(void *arg)
{
	struct sums *s = arg;

	while (sleepers)
		call(s, HOLD, draw(&s->state) % 6000000);
	return NULL;
}

static void *feeder_main(void *arg)
{
	struct sums *s = arg;

	while (sleepers)
		call(s, FEED, draw(&s->state) % 8000000);
	return NULL;
}

static void *rare_main(void *arg)
{
	struct sums *s = arg;
	uint64_t until = now(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e10);

	while (now(CLOCK_MONOTONIC) < until) {
		call(s, SHARES + 4, nap[4]);
		call(s, SHARES + 1, nap[1]);
		call(s, SHARES + 2, nap[2]);
	}
	return NULL;
}

static void *(*main_of(int i))(void *)
{
	return i < BUSY ? busy_main : i < BUSY + SLEEPERS ? sleeper_main : i == BUSY + SLEEPERS ? holder_main : feeder_main;
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
	static struct sums sums[THREADS];
	int threads, rare;

	if (argc < 3)
		return 2;
	seconds = atof(argv[2]);
	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	if (strcmp(argv[1], "switch") == 0)
		return switches();
	rare = strcmp(argv[1], "rare") == 0;
	threads = strcmp(argv[1], "wall") == 0 ? THREADS : rare ? 1 : BUSY;
	if (pipe(bytes) != 0)
		return 2;
	for (int i = 0; i < threads; i++) {
		sums[i].state = seed * 1000 + (uint64_t)i;
		if (pthread_create(&sums[i].thread, NULL, rare ? rare_main : main_of(i), &sums[i]) != 0)
			return 2;
	}
	for (int i = 0; i < threads; i++)
		pthread_join(sums[i].thread, NULL);
	for (int f = 0; f < (threads == BUSY ? SHARES : FUNCTIONS); f++) {
		uint64_t cpu = 0, wall = 0;

		for (int i = 0; i < threads; i++) {
			cpu += sums[i].cpu[f];
			wall += sums[i].wall[f];
		}
		if (wall)
			printf("truth %s %llu %llu\n", names[f], (unsigned long long)cpu, (unsigned long long)wall);
	}
	return 0;
}
