/*
 * Known waiting: truth_lock SECONDS [SEED] prints, per function, how long it waited, and how long others waited for a mutex or rwlock while it held it:
 *     truth block FUNCTION NANOSECONDS WAITS
 *     truth mutex FUNCTION NANOSECONDS HOLDS
 * Every thread takes the time around each call that can wait, and from when it has a lock until it begins to give it back. Who is to blame is
 * found out afterwards, by laying waits and holds for the same lock over each other; who gets a lock at once, although others have not yet woken up
 * to take it, makes them wait from when it was given back. Waits and holds take 0.1 to 5 ms, of random length, asleep.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum function { HOLD_SHORT, HOLD_MIDDLE, HOLD_LONG, WANT_OFTEN, WANT_SELDOM, HOLD_READ, HOLD_WRITE, WANT_WRITE, AT_SEM, AT_COND, AT_JOIN, FUNCTIONS };
enum { MUTEX, RWLOCK, LOCKS, MOST = 100000, AT_ONCE = 3000 };

static const char *const names[FUNCTIONS] = { "hold_short", "hold_middle", "hold_long", "want_often", "want_seldom", "hold_read",
					      "hold_write", "want_write", "at_sem", "at_cond", "at_join" };

/* From, to: a wait for a lock, or the time it was held. */
struct spell { uint64_t from, to, waited; enum function function; };
struct spells { struct spell *v; atomic_size_t n; };

static struct spells waits[LOCKS], holds[LOCKS];
static uint64_t waited[FUNCTIONS], times[FUNCTIONS]; /* each written by one thread */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, quiet = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int flag;
static atomic_int stop;
static _Thread_local uint64_t state;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t draw(uint64_t below)
{
	uint64_t x = state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) % below;
}

/* `from` to `to` microseconds */
static void nap(uint64_t from, uint64_t to)
{
	struct timespec t = { 0, (long)((from + draw(to - from)) * 1000) };

	nanosleep(&t, NULL);
}

static void note(struct spells *s, enum function f, uint64_t from, uint64_t to, uint64_t before)
{
	size_t at = s->n++;

	if (at >= MOST)
		abort();
	s->v[at] = (struct spell){ from, to, before, f };
}

static void waited_for(enum function f, uint64_t from, uint64_t to)
{
	waited[f] += to - from;
	times[f]++;
}

/* A function that takes a lock, has it for a while, and gives it back: each its own, with calls of libc that come from it. */
#define HOLDER(name, number, which, take, give, least, most) \
	__attribute__((noinline, noipa)) static void name(void) \
	{ \
		uint64_t from = now(), have, until; \
\
		take; \
		have = now(); \
		if (most) \
			nap(least, most); \
		until = now(); \
		give; \
		waited_for(number, from, have); \
		note(&waits[which], number, from, have, 0); \
		note(&holds[which], number, have, until, have - from); \
	}
#define MUTEX_HOLDER(name, number, least, most) HOLDER(name, number, MUTEX, pthread_mutex_lock(&mutex), pthread_mutex_unlock(&mutex), least, most)
MUTEX_HOLDER(hold_short, HOLD_SHORT, 100, 800)
MUTEX_HOLDER(hold_middle, HOLD_MIDDLE, 500, 2000)
MUTEX_HOLDER(hold_long, HOLD_LONG, 1000, 5000)
MUTEX_HOLDER(want_often, WANT_OFTEN, 0, 0)
MUTEX_HOLDER(want_seldom, WANT_SELDOM, 0, 0)
HOLDER(hold_read, HOLD_READ, RWLOCK, pthread_rwlock_rdlock(&rwlock), pthread_rwlock_unlock(&rwlock), 500, 2000)
HOLDER(hold_write, HOLD_WRITE, RWLOCK, pthread_rwlock_wrlock(&rwlock), pthread_rwlock_unlock(&rwlock), 1000, 3000)
HOLDER(want_write, WANT_WRITE, RWLOCK, pthread_rwlock_wrlock(&rwlock), pthread_rwlock_unlock(&rwlock), 0, 0)

__attribute__((noinline, noipa)) static void at_sem(void)
{
	uint64_t from = now();

	sem_wait(&sem);
	waited_for(AT_SEM, from, now());
}

__attribute__((noinline, noipa)) static void at_cond(void)
{
	uint64_t from;

	pthread_mutex_lock(&quiet);
	while (!flag) {
		from = now();
		pthread_cond_wait(&cond, &quiet);
		waited_for(AT_COND, from, now());
	}
	flag = 0;
	pthread_mutex_unlock(&quiet);
}

static void *soon_over(void *arg)
{
	state = (uint64_t)(uintptr_t)arg;
	nap(100, 3000);
	return NULL;
}

__attribute__((noinline, noipa)) static void at_join(void)
{
	uint64_t from;
	pthread_t t;

	if (pthread_create(&t, NULL, soon_over, (void *)(uintptr_t)draw(UINT64_MAX)) != 0)
		abort();
	from = now();
	pthread_join(t, NULL);
	waited_for(AT_JOIN, from, now());
}

/* Those who wait for these are nobody's business: one post, one signal for each wait. */
__attribute__((noinline, noipa)) static void post(void)
{
	int value = 0;

	sem_getvalue(&sem, &value);
	if (!value)
		sem_post(&sem);
}

__attribute__((noinline, noipa)) static void send(void)
{
	pthread_mutex_lock(&quiet);
	flag = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&quiet);
}

/* What each thread does, and for how many microseconds it sleeps in between. */
static const struct job { void (*what)(void); uint64_t least, most; } jobs[] = {
	{ hold_short, 1000, 6000 }, { hold_middle, 3000, 9000 }, { hold_long, 6000, 20000 }, { want_often, 500, 3000 }, { want_seldom, 2000, 10000 },
	{ hold_read, 2000, 6000 }, { hold_write, 3000, 9000 }, { want_write, 1000, 5000 }, { at_sem, 1000, 4000 }, { at_cond, 1000, 4000 },
	{ at_join, 1000, 5000 }, { post, 200, 5000 }, { send, 200, 5000 },
};
enum { JOBS = sizeof(jobs) / sizeof(jobs[0]) };
static uint64_t seeds[JOBS];

static void *job_main(void *arg)
{
	const struct job *j = arg;

	state = seeds[j - jobs];
	while (!stop || j->what == post || j->what == send) {
		j->what();
		nap(j->least, j->most);
		if (stop == 2)
			break;
	}
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const struct spell *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/*
 * Of all waits, what lies in the time a function held the lock. Nobody else had it meanwhile. Who had not to wait itself (AT_ONCE) took it from those who
 * waited since it was given back.
 */
static void blame(struct spells *w, struct spells *h, uint64_t *ns, uint64_t *n)
{
	size_t first = 0;

	qsort(w->v, w->n, sizeof(w->v[0]), by_time);
	qsort(h->v, h->n, sizeof(h->v[0]), by_time);
	for (size_t i = 0; i < h->n; i++) {
		const struct spell *hold = &h->v[i];
		uint64_t since = i && hold->waited < AT_ONCE && h->v[i - 1].to < hold->from ? h->v[i - 1].to : hold->from;

		n[hold->function]++;
		while (first < w->n && w->v[first].to + 1000000000u < since) /* later ones may be shorter, but none takes a second */
			first++;
		for (size_t k = first; k < w->n && w->v[k].from < hold->to; k++) {
			uint64_t from = w->v[k].from > since ? w->v[k].from : since, to = w->v[k].to < hold->to ? w->v[k].to : hold->to;

			ns[hold->function] += to > from ? to - from : 0;
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t blamed[FUNCTIONS] = { 0 }, held[FUNCTIONS] = { 0 };
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	pthread_t t[JOBS];

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	sem_init(&sem, 0, 0);
	for (int i = 0; i < LOCKS; i++) {
		waits[i].v = malloc(MOST * sizeof(struct spell));
		holds[i].v = malloc(MOST * sizeof(struct spell));
	}
	for (int i = 0; i < JOBS; i++)
		seeds[i] = draw(UINT64_MAX);
	for (int i = 0; i < JOBS; i++)
		if (pthread_create(&t[i], NULL, job_main, (void *)(uintptr_t)&jobs[i]) != 0)
			return 2;
	nanosleep(&(struct timespec){ (time_t)seconds, (long)((seconds - (double)(long)seconds) * 1e9) }, NULL);
	stop = 1;
	for (int i = 0; i < JOBS - 2; i++)
		pthread_join(t[i], NULL);
	stop = 2;
	for (int i = JOBS - 2; i < JOBS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < LOCKS; i++)
		blame(&waits[i], &holds[i], blamed, held);
	for (int f = 0; f < FUNCTIONS; f++)
		printf("truth block %s %llu %llu\n", names[f], (unsigned long long)waited[f], (unsigned long long)times[f]);
	for (int f = 0; f < FUNCTIONS; f++)
		if (held[f])
			printf("truth mutex %s %llu %llu\n", names[f], (unsigned long long)blamed[f], (unsigned long long)held[f]);
	return 0;
}
