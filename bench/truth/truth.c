/*
 * A program that knows where its time went: threads that compute, sleep, wait
 * for a lock and for a pipe, and write down what they measured themselves.
 *
 *   truth SCENARIO SECONDS FILE
 *
 *   mix       one thread: computes 30 %, sleeps 50 %, waits for a lock 20 %
 *   many      sixteen such threads that compute a tenth of that
 *   crowd     three threads per processor that compute
 *   pipe      one thread that waits for another one's writes
 *
 * FILE gets a line per thread: TID NAME LIFETIME ON RUNNABLE SLEEP LOCK PIPE, in ns.
 * The time on a processor is CLOCK_THREAD_CPUTIME_ID, the time between wake-up
 * and running the kernel's run_delay (schedstat); what is left of a section is
 * what its thread waited for in it; where it only computes that is time the
 * machine took away (throttling, other guests), runnable too. A machine that
 * others use does not make any of it wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define CYCLE_NS 20000000ll

enum class { BUSY, SLEEP, LOCK, PIPE, CLASSES };

struct stamp {
	int64_t clock, cpu, wait;
};

struct truth {
	pthread_t thread;
	const char *name;
	void *(*run)(void *);
	int64_t busy, sleep, lock; /* ns of each cycle */
	pid_t tid;
	int schedstat;
	struct stamp last;
	int64_t lifetime, on, runnable, waited[CLASSES];
	/* of the lock: who holds it for whom */
	pthread_mutex_t mutex;
	sem_t take, taken;
	int pipe[2];
	struct truth *partner;
};

static struct truth truths[THREADS_MAX];
static unsigned n_truths;
static int64_t deadline;
static volatile uint64_t sink;

/* ---- measuring ---- */

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct stamp read_clocks(const struct truth *t)
{
	char text[128];
	struct stamp s = { .clock = now(CLOCK_MONOTONIC) };
	ssize_t n = pread(t->schedstat, text, sizeof text - 1, 0);
	long long run, wait = 0;

	s.cpu = now(CLOCK_THREAD_CPUTIME_ID);
	text[n > 0 ? n : 0] = 0;
	if (sscanf(text, "%lld %lld", &run, &wait) < 2)
		abort();
	s.wait = wait;
	return s;
}

/* All clocks at one time: again when the thread was interrupted in between. */
static struct stamp stamp(const struct truth *t)
{
	struct stamp s;
	int tries = 0;

	do {
		s = read_clocks(t);
	} while (now(CLOCK_MONOTONIC) - s.clock > 50000 && ++tries < 1000);
	return s;
}

/* Since the last stamp the thread was in a section of this class. */
static void account(struct truth *t, enum class class)
{
	struct stamp s = stamp(t);
	int64_t cpu = s.cpu - t->last.cpu, wait = s.wait - t->last.wait;

	t->lifetime += s.clock - t->last.clock;
	t->on += cpu;
	t->runnable += wait;
	if (class == BUSY)
		t->runnable += s.clock - t->last.clock - cpu - wait;
	else
		t->waited[class] += s.clock - t->last.clock - cpu - wait;
	t->last = s;
}

static void begin(struct truth *t)
{
	char path[64];

	prctl(PR_SET_NAME, t->name);
	t->tid = (pid_t)syscall(SYS_gettid);
	snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", t->tid);
	t->schedstat = open(path, O_RDONLY | O_CLOEXEC);
	if (t->schedstat < 0) {
		perror(path);
		exit(1);
	}
	t->last = stamp(t);
	/* before its first instruction it was waiting to run */
	t->lifetime = t->last.cpu + t->last.wait;
	t->on = t->last.cpu;
	t->runnable = t->last.wait;
}

/* ---- sections: two functions each, because the caller of a function of libc is lost where it has no frame pointers ---- */

#define SECTION static __attribute__((noinline)) void

SECTION compute(int64_t ns)
{
	int64_t until = now(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (now(CLOCK_THREAD_CPUTIME_ID) < until)
		for (int i = 0; i < 20000; i++)
			sink += (uint64_t)i * i;
}

SECTION sleep_call(int64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
	sink++;
}

SECTION section_sleep(int64_t ns)
{
	sleep_call(ns);
	sink++;
}

SECTION lock_call(struct truth *t)
{
	while (sem_wait(&t->taken) < 0)
		;
	pthread_mutex_lock(&t->mutex);
	pthread_mutex_unlock(&t->mutex);
	sink++;
}

SECTION section_lock(struct truth *t)
{
	sem_post(&t->take);
	lock_call(t);
	sink++;
}

SECTION pipe_call(struct truth *t)
{
	char c;

	while (read(t->pipe[0], &c, 1) < 0 && errno == EINTR)
		;
	sink++;
}

SECTION section_pipe(struct truth *t)
{
	pipe_call(t);
	sink++;
}

/* ---- threads ---- */

static void *run_mix(void *arg)
{
	struct truth *t = arg;

	begin(t);
	while (now(CLOCK_MONOTONIC) < deadline) {
		compute(t->busy);
		account(t, BUSY);
		section_sleep(t->sleep);
		account(t, SLEEP);
		if (t->partner) {
			section_lock(t);
			account(t, LOCK);
		}
	}
	if (t->partner) {
		__atomic_store_n(&t->partner->lock, -1, __ATOMIC_RELEASE);
		sem_post(&t->take);
	}
	account(t, BUSY);
	return NULL;
}

/* Holds a lock for as long as somebody else should wait for it. */
static void *run_holder(void *arg)
{
	struct truth *t = arg, *of = t->partner;

	begin(t);
	for (;;) {
		while (sem_wait(&of->take) < 0)
			;
		account(t, LOCK);
		if (__atomic_load_n(&t->lock, __ATOMIC_ACQUIRE) < 0)
			break;
		pthread_mutex_lock(&of->mutex);
		sem_post(&of->taken);
		section_sleep(t->lock);
		pthread_mutex_unlock(&of->mutex);
		account(t, SLEEP);
	}
	account(t, BUSY);
	return NULL;
}

static void *run_writer(void *arg)
{
	struct truth *t = arg;

	begin(t);
	while (now(CLOCK_MONOTONIC) < deadline) {
		section_sleep(t->sleep);
		if (write(t->pipe[1], "x", 1) != 1)
			break;
		account(t, SLEEP);
	}
	close(t->pipe[1]);
	account(t, BUSY);
	return NULL;
}

static void *run_reader(void *arg)
{
	struct truth *t = arg;

	begin(t);
	while (now(CLOCK_MONOTONIC) < deadline) {
		section_pipe(t);
		account(t, PIPE);
		compute(t->busy);
		account(t, BUSY);
	}
	account(t, BUSY);
	return NULL;
}

/* ---- scenarios ---- */

static struct truth *add(const char *name, void *(*run)(void *), int64_t busy, int64_t sleep, int64_t lock)
{
	struct truth *t = &truths[n_truths++];

	*t = (struct truth){ .name = name, .run = run, .busy = busy, .sleep = sleep, .lock = lock };
	pthread_mutex_init(&t->mutex, NULL);
	sem_init(&t->take, 0, 0);
	sem_init(&t->taken, 0, 0);
	return t;
}

static void add_mix(int64_t busy)
{
	struct truth *t = add("truth-mix", run_mix, busy, CYCLE_NS / 2, 0);

	t->partner = add("truth-holder", run_holder, 0, 0, CYCLE_NS / 5);
	t->partner->partner = t;
}

static int make(const char *scenario)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!strcmp(scenario, "mix")) {
		add_mix(CYCLE_NS * 3 / 10);
	} else if (!strcmp(scenario, "many")) {
		for (int i = 0; i < 16; i++)
			add_mix(CYCLE_NS * 3 / 100);
	} else if (!strcmp(scenario, "crowd")) {
		for (long i = 0; i < 3 * cores && i < THREADS_MAX; i++)
			add("truth-crowd", run_mix, CYCLE_NS, CYCLE_NS / 100, 0);
	} else if (!strcmp(scenario, "pipe")) {
		struct truth *w = add("truth-writer", run_writer, 0, CYCLE_NS / 2, 0), *r = add("truth-reader", run_reader, CYCLE_NS / 10, 0, 0);

		if (pipe(w->pipe) < 0)
			return -1;
		memcpy(r->pipe, w->pipe, sizeof r->pipe);
	} else {
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	FILE *out;

	if (argc != 4 || make(argv[1]) < 0 || !(out = fopen(argv[3], "we"))) {
		fprintf(stderr, "usage: truth mix|many|crowd|pipe SECONDS FILE\n");
		return 2;
	}
	deadline = now(CLOCK_MONOTONIC) + (int64_t)(atof(argv[2]) * 1e9);
	for (unsigned i = 0; i < n_truths; i++)
		if (pthread_create(&truths[i].thread, NULL, truths[i].run, &truths[i]) != 0)
			return 1;
	for (unsigned i = 0; i < n_truths; i++)
		pthread_join(truths[i].thread, NULL);
	for (unsigned i = 0; i < n_truths; i++) {
		const struct truth *t = &truths[i];

		fprintf(out, "%d %s %lld %lld %lld %lld %lld %lld\n", t->tid, t->name, (long long)t->lifetime, (long long)t->on, (long long)t->runnable,
			(long long)t->waited[SLEEP], (long long)t->waited[LOCK], (long long)t->waited[PIPE]);
	}
	return fclose(out) != 0;
}
