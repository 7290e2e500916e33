/*
 * What locks answer, in every way they can be asked: the output must be the same with the sampler in it. lock_target MODE ...
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "lock_load.h"

int lock_early_sum(void);

#define SAY(expression) say(#expression, expression)

static void say(const char *what, int result)
{
	printf("%s: %s\n", what, result ? strerrorname_np(result) ? strerrorname_np(result) : "?" : "0");
}

/* For functions that leave the error in errno, which success must not touch. */
#define SAY_ERRNO(expression) \
	do { \
		int result_; \
\
		errno = 77; \
		result_ = expression; \
		printf("%s: %d %s\n", #expression, result_, errno == 77 ? "untouched" : strerrorname_np(errno)); \
	} while (0)

static void nap_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

const struct timespec *in_us(clockid_t clock, long us)
{
	static _Thread_local struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += us % 1000000 * 1000;
	t.tv_sec += us / 1000000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return &t;
}

static const struct timespec nonsense = { 1, 1000000000 }, negative = { 1, -1 }, past = { 1, 0 };

/* ---- another thread that has something for a while ---- */

struct other {
	pthread_t thread;
	sem_t has;
	void (*take)(void *), (*give)(void *);
	void *what;
	long us;
};

static void *other_main(void *arg)
{
	struct other *o = arg;

	o->take(o->what);
	sem_post(&o->has);
	nap_us(o->us);
	if (o->give)
		o->give(o->what);
	return NULL;
}

static void begin(struct other *o, void (*take)(void *), void (*give)(void *), void *what, long us)
{
	*o = (struct other){ .take = take, .give = give, .what = what, .us = us };
	sem_init(&o->has, 0, 0);
	pthread_create(&o->thread, NULL, other_main, o);
	while (sem_wait(&o->has) != 0)
		;
}

static void end(struct other *o) { pthread_join(o->thread, NULL); }

static void lock_it(void *m) { pthread_mutex_lock(m); }
static void unlock_it(void *m) { pthread_mutex_unlock(m); }
static void say_unlock(void *m) { SAY(pthread_mutex_unlock(m)); }
static void read_it(void *l) { pthread_rwlock_rdlock(l); }
static void write_it(void *l) { pthread_rwlock_wrlock(l); }
static void free_it(void *l) { pthread_rwlock_unlock(l); }
static void nothing(void *p) { (void)p; }

/* ---- mutexes ---- */

static void make(pthread_mutex_t *m, int type, int robust, int protocol)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setprotocol(&a, protocol);
	SAY(pthread_mutex_init(m, &a));
	pthread_mutexattr_destroy(&a);
}

static void mutex(const char *name, int type, int robust, int protocol)
{
	struct other o;
	pthread_mutex_t mutex, *m = &mutex;

	printf("-- %s\n", name);
	make(m, type, robust, protocol);
	SAY(pthread_mutex_lock(m));
	SAY(pthread_mutex_trylock(m));
	if (type == PTHREAD_MUTEX_ERRORCHECK || type == PTHREAD_MUTEX_RECURSIVE) {
		SAY(pthread_mutex_lock(m));
		SAY(pthread_mutex_timedlock(m, in_us(CLOCK_REALTIME, 1000)));
		SAY(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 1000)));
		begin(&o, nothing, say_unlock, m, 0);
		end(&o);
	}
	for (int i = 0; i < (type == PTHREAD_MUTEX_RECURSIVE ? 5 : 1); i++)
		SAY(pthread_mutex_unlock(m));
	if (type == PTHREAD_MUTEX_ERRORCHECK || type == PTHREAD_MUTEX_RECURSIVE)
		SAY(pthread_mutex_unlock(m));
	/* times that make no sense, with the mutex free, and held by another thread */
	SAY(pthread_mutex_timedlock(m, &past));
	SAY(pthread_mutex_unlock(m));
	SAY(pthread_mutex_clocklock(m, CLOCK_PROCESS_CPUTIME_ID, &past));
	begin(&o, lock_it, unlock_it, m, 30000);
	SAY(pthread_mutex_trylock(m));
	SAY(pthread_mutex_timedlock(m, &nonsense));
	SAY(pthread_mutex_timedlock(m, &negative));
	SAY(pthread_mutex_timedlock(m, &past));
	SAY(pthread_mutex_timedlock(m, in_us(CLOCK_REALTIME, 2000)));
	if (protocol == PTHREAD_PRIO_NONE)
		SAY(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY(pthread_mutex_lock(m));
	end(&o);
	begin(&o, nothing, NULL, m, 0);
	end(&o);
	SAY(pthread_mutex_unlock(m));
	begin(&o, lock_it, unlock_it, m, 5000);
	SAY(pthread_mutex_timedlock(m, in_us(CLOCK_REALTIME, 10000000)));
	end(&o);
	SAY(pthread_mutex_destroy(m));
	SAY(pthread_mutex_unlock(m));
	SAY(pthread_mutex_destroy(m));
}

/* The holder ends with the mutex in its hands. */
static void robust(int type, int protocol)
{
	struct other o;
	pthread_mutex_t mutex, *m = &mutex;

	printf("-- robust %d %d\n", type, protocol);
	make(m, type, PTHREAD_MUTEX_ROBUST, protocol);
	begin(&o, lock_it, NULL, m, 5000);
	SAY(pthread_mutex_lock(m)); /* waits until the owner is dead */
	end(&o);
	SAY(pthread_mutex_consistent(m));
	SAY(pthread_mutex_unlock(m));
	begin(&o, lock_it, NULL, m, 0);
	end(&o);
	SAY(pthread_mutex_trylock(m));
	SAY(pthread_mutex_consistent(m));
	SAY(pthread_mutex_unlock(m));
	begin(&o, lock_it, NULL, m, 0);
	end(&o);
	SAY(pthread_mutex_timedlock(m, in_us(CLOCK_REALTIME, 1000)));
	SAY(pthread_mutex_unlock(m)); /* not made consistent: lost for good */
	SAY(pthread_mutex_lock(m));
	SAY(pthread_mutex_trylock(m));
	SAY(pthread_mutex_timedlock(m, in_us(CLOCK_REALTIME, 1000)));
	SAY(pthread_mutex_destroy(m));
}

static void ceiling(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t mutex, *m = &mutex;
	int result;

	printf("-- priority ceiling\n");
	pthread_mutexattr_init(&a);
	SAY(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT));
	SAY(pthread_mutexattr_setprioceiling(&a, 1));
	SAY(pthread_mutex_init(m, &a));
	result = pthread_mutex_lock(m); /* a matter of rights */
	say("pthread_mutex_lock(m)", result);
	if (!result)
		SAY(pthread_mutex_unlock(m));
	SAY(pthread_mutex_destroy(m));
}

/* ---- the others ---- */

static void rwlock(int kind)
{
	struct other o;
	pthread_rwlockattr_t a;
	pthread_rwlock_t lock, *l = &lock;

	printf("-- rwlock %d\n", kind);
	pthread_rwlockattr_init(&a);
	pthread_rwlockattr_setkind_np(&a, kind);
	SAY(pthread_rwlock_init(l, &a));
	SAY(pthread_rwlock_rdlock(l));
	SAY(pthread_rwlock_rdlock(l));
	SAY(pthread_rwlock_tryrdlock(l));
	SAY(pthread_rwlock_trywrlock(l));
	SAY(pthread_rwlock_timedwrlock(l, in_us(CLOCK_REALTIME, 2000)));
	SAY(pthread_rwlock_timedwrlock(l, &nonsense));
	for (int i = 0; i < 3; i++)
		SAY(pthread_rwlock_unlock(l));
	SAY(pthread_rwlock_timedrdlock(l, &nonsense));
	SAY(pthread_rwlock_timedwrlock(l, &negative));
	SAY(pthread_rwlock_clockrdlock(l, CLOCK_THREAD_CPUTIME_ID, &past));
	SAY(pthread_rwlock_wrlock(l));
	SAY(pthread_rwlock_wrlock(l));
	SAY(pthread_rwlock_rdlock(l));
	SAY(pthread_rwlock_timedrdlock(l, in_us(CLOCK_REALTIME, 2000)));
	SAY(pthread_rwlock_clockwrlock(l, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY(pthread_rwlock_unlock(l));
	begin(&o, write_it, free_it, l, 20000);
	SAY(pthread_rwlock_tryrdlock(l));
	SAY(pthread_rwlock_timedrdlock(l, in_us(CLOCK_REALTIME, 2000)));
	SAY(pthread_rwlock_clockrdlock(l, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY(pthread_rwlock_clockwrlock(l, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY(pthread_rwlock_rdlock(l));
	end(&o);
	SAY(pthread_rwlock_unlock(l));
	begin(&o, read_it, free_it, l, 10000);
	SAY(pthread_rwlock_wrlock(l));
	end(&o);
	SAY(pthread_rwlock_unlock(l));
	SAY(pthread_rwlock_destroy(l));
}

static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile int turn;

static void *signaller(void *arg)
{
	nap_us(5000);
	pthread_mutex_lock(&shared);
	turn = (int)(intptr_t)arg;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&shared);
	return arg;
}

static void conds(void)
{
	pthread_mutex_t mutex, *m = &mutex;
	pthread_t t;
	void *back;

	printf("-- cond\n");
	pthread_create(&t, NULL, signaller, (void *)1);
	SAY(pthread_mutex_lock(&shared));
	while (turn != 1)
		say("wait", pthread_cond_wait(&cond, &shared) != 0);
	SAY(pthread_cond_timedwait(&cond, &shared, in_us(CLOCK_REALTIME, 2000)));
	SAY(pthread_cond_timedwait(&cond, &shared, &past));
	SAY(pthread_cond_timedwait(&cond, &shared, &nonsense));
	SAY(pthread_cond_clockwait(&cond, &shared, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY(pthread_cond_clockwait(&cond, &shared, CLOCK_PROCESS_CPUTIME_ID, &past));
	SAY(pthread_mutex_trylock(&shared));
	SAY(pthread_mutex_unlock(&shared));
	SAY(pthread_join(t, &back));
	printf("%ld\n", (long)(intptr_t)back);
	make(m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	SAY(pthread_cond_wait(&cond, m)); /* not ours */
	SAY(pthread_cond_timedwait(&cond, m, in_us(CLOCK_REALTIME, 2000)));
	SAY(pthread_mutex_destroy(m));
}

static void on_alarm(int sig) { (void)sig; }

static void *poster(void *arg)
{
	nap_us(5000);
	sem_post(arg);
	return NULL;
}

static void *alarming(void *arg)
{
	nap_us(5000);
	pthread_kill(*(pthread_t *)arg, SIGALRM);
	return NULL;
}

static void sems(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	pthread_t t, self = pthread_self();
	sem_t sem, *s = &sem;
	int value;

	printf("-- sem\n");
	sem_init(s, 0, 1);
	SAY_ERRNO(sem_wait(s));
	SAY_ERRNO(sem_trywait(s));
	SAY_ERRNO(sem_timedwait(s, in_us(CLOCK_REALTIME, 2000)));
	SAY_ERRNO(sem_timedwait(s, &past));
	SAY_ERRNO(sem_timedwait(s, &nonsense));
	SAY_ERRNO(sem_clockwait(s, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY_ERRNO(sem_clockwait(s, CLOCK_PROCESS_CPUTIME_ID, &past));
	SAY_ERRNO(sem_post(s));
	SAY_ERRNO(sem_timedwait(s, &nonsense));
	SAY_ERRNO(sem_timedwait(s, &past));
	pthread_create(&t, NULL, poster, s);
	SAY_ERRNO(sem_wait(s));
	pthread_join(t, NULL);
	pthread_create(&t, NULL, poster, s);
	SAY_ERRNO(sem_timedwait(s, in_us(CLOCK_REALTIME, 10000000)));
	pthread_join(t, NULL);
	sigaction(SIGALRM, &sa, NULL);
	pthread_create(&t, NULL, alarming, &self);
	SAY_ERRNO(sem_wait(s)); /* interrupted */
	pthread_join(t, NULL);
	pthread_create(&t, NULL, alarming, &self);
	SAY_ERRNO(sem_timedwait(s, in_us(CLOCK_REALTIME, 10000000)));
	pthread_join(t, NULL);
	sem_getvalue(s, &value);
	printf("left %d\n", value);
}

static pthread_t main_thread;

static void *join_main(void *arg)
{
	(void)arg;
	nap_us(2000);
	SAY(pthread_join(pthread_self(), NULL));
	return (void *)7;
}

static void *late(void *arg)
{
	nap_us((long)(intptr_t)arg);
	return (void *)9;
}

static void joins(void)
{
	pthread_t t;
	void *back = NULL;

	printf("-- join\n");
	pthread_create(&t, NULL, join_main, NULL);
	SAY(pthread_join(t, &back));
	printf("%ld\n", (long)(intptr_t)back);
	pthread_create(&t, NULL, late, (void *)(intptr_t)20000);
	SAY(pthread_tryjoin_np(t, &back));
	SAY(pthread_timedjoin_np(t, &back, in_us(CLOCK_REALTIME, 2000)));
	SAY(pthread_timedjoin_np(t, &back, &nonsense));
	SAY(pthread_clockjoin_np(t, &back, CLOCK_MONOTONIC, in_us(CLOCK_MONOTONIC, 2000)));
	SAY(pthread_clockjoin_np(t, &back, CLOCK_PROCESS_CPUTIME_ID, &past));
	SAY(pthread_join(t, &back));
	printf("%ld\n", (long)(intptr_t)back);
	pthread_create(&t, NULL, late, (void *)0);
	nap_us(20000);
	SAY(pthread_timedjoin_np(t, &back, in_us(CLOCK_REALTIME, 2000))); /* has ended */
	pthread_create(&t, NULL, late, (void *)(intptr_t)10000);
	SAY(pthread_detach(t));
	SAY(pthread_join(t, NULL));
	nap_us(20000);
}

static pthread_barrier_t barrier;
static _Atomic int serial, passed;

static void *at_barrier(void *arg)
{
	for (int i = 0; i < 20; i++) {
		int result = pthread_barrier_wait(&barrier);

		serial += result == PTHREAD_BARRIER_SERIAL_THREAD;
		passed += result == 0;
	}
	return arg;
}

static void barriers(void)
{
	pthread_t t[4];

	printf("-- barrier\n");
	SAY(pthread_barrier_init(&barrier, NULL, 4));
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, at_barrier, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%d of %d\n", serial, serial + passed);
	SAY(pthread_barrier_destroy(&barrier));
}

/* ---- C11 ---- */

static mtx_t c11;
static cnd_t c11_cond;
static int c11_turn;

static int c11_thread(void *arg)
{
	(void)arg;
	mtx_lock(&c11);
	nap_us(5000);
	c11_turn = 1;
	cnd_signal(&c11_cond);
	mtx_unlock(&c11);
	return 5;
}

static void c11_locks(void)
{
	thrd_t t;
	int back = 0;

	printf("-- C11\n");
	printf("%d %d\n", mtx_init(&c11, mtx_timed), cnd_init(&c11_cond));
	printf("%d\n", mtx_lock(&c11));
	printf("%d\n", mtx_trylock(&c11));
	printf("%d\n", mtx_timedlock(&c11, in_us(CLOCK_REALTIME, 2000)));
	printf("%d\n", cnd_timedwait(&c11_cond, &c11, in_us(CLOCK_REALTIME, 2000)));
	thrd_create(&t, c11_thread, NULL);
	while (!c11_turn)
		cnd_wait(&c11_cond, &c11);
	printf("%d\n", mtx_unlock(&c11));
	printf("%d\n", thrd_join(t, &back));
	printf("%d\n", back);
	c11_turn = 0;
	thrd_create(&t, c11_thread, NULL);
	nap_us(1000);
	printf("%d\n", mtx_lock(&c11));
	printf("%d\n", mtx_unlock(&c11));
	printf("%d\n", thrd_join(t, NULL));
	printf("%d\n", c11_turn);
}

/* ---- condition variables as programs of 2002 have them ---- */

int old_init(pthread_cond_t *c, const pthread_condattr_t *a), old_signal(pthread_cond_t *c), old_wait(pthread_cond_t *c, pthread_mutex_t *m);
int old_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until), old_destroy(pthread_cond_t *c);
__asm__(".symver old_init, pthread_cond_init@GLIBC_2.2.5\n.symver old_signal, pthread_cond_signal@GLIBC_2.2.5\n"
	".symver old_wait, pthread_cond_wait@GLIBC_2.2.5\n.symver old_timedwait, pthread_cond_timedwait@GLIBC_2.2.5\n"
	".symver old_destroy, pthread_cond_destroy@GLIBC_2.2.5\n");

/* An old condition variable is one pointer: what lies behind it is not its business. */
static struct { void *cond; unsigned char behind[64]; } old;

static void *old_signaller(void *arg)
{
	nap_us(3000);
	pthread_mutex_lock(&shared);
	turn = 3;
	old_signal((pthread_cond_t *)(void *)&old.cond);
	pthread_mutex_unlock(&shared);
	return arg;
}

static void old_conds(void)
{
	pthread_cond_t *c = (pthread_cond_t *)(void *)&old.cond;
	pthread_t t;
	bool same = true;

	printf("-- old cond\n");
	memset(old.behind, 0x5a, sizeof(old.behind));
	SAY(old_init(c, NULL));
	pthread_mutex_lock(&shared);
	SAY(old_timedwait(c, &shared, in_us(CLOCK_REALTIME, 2000)));
	pthread_create(&t, NULL, old_signaller, NULL);
	while (turn != 3)
		old_wait(c, &shared);
	pthread_mutex_unlock(&shared);
	pthread_join(t, NULL);
	SAY(old_destroy(c));
	for (size_t i = 0; i < sizeof(old.behind); i++)
		same &= old.behind[i] == 0x5a;
	printf("nothing behind it was touched: %d\n", same);
}

/* ---- cancellation ---- */

static sem_t never, ready;
static volatile int cleaned;

static void cleanup(void *m)
{
	int result = pthread_mutex_trylock(m); /* held again when a wait is cancelled */

	cleaned = result == EBUSY ? 1 : 2;
	pthread_mutex_unlock(m);
}

static void cleanup_plain(void *p) { *(volatile int *)p = 3; }

static void *cancelled_in_cond(void *arg)
{
	pthread_mutex_lock(&shared);
	pthread_cleanup_push(cleanup, &shared);
	sem_post(&ready);
	for (;;)
		pthread_cond_wait(&cond, &shared);
	pthread_cleanup_pop(0);
	return arg;
}

static void *cancelled_in_sem(void *arg)
{
	pthread_cleanup_push(cleanup_plain, (void *)(uintptr_t)&cleaned);
	sem_post(&ready);
	while (sem_wait(&never) != 0)
		;
	pthread_cleanup_pop(0);
	return arg;
}

/* Asked to end before it waits for a semaphore that is free: it ends all the same, and the semaphore stays free. */
static void *cancelled_at_free_sem(void *arg)
{
	int old_state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old_state);
	sem_post(&ready);
	nap_us(10000);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old_state);
	sem_wait(arg);
	return NULL;
}

static void *forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *cancelled_in_join(void *arg)
{
	pthread_cleanup_push(cleanup_plain, (void *)(uintptr_t)&cleaned);
	sem_post(&ready);
	pthread_join(*(pthread_t *)arg, NULL);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *not_cancelled_in_lock(void *m)
{
	sem_post(&ready);
	pthread_mutex_lock(m); /* no place to be cancelled */
	cleaned = 4;
	pthread_mutex_unlock(m);
	return NULL;
}

static void cancel_one(const char *name, void *(*start)(void *), void *arg)
{
	void *back = NULL;
	pthread_t t;

	cleaned = 0;
	pthread_create(&t, NULL, start, arg);
	while (sem_wait(&ready) != 0)
		;
	nap_us(5000);
	pthread_cancel(t);
	if (start == not_cancelled_in_lock) {
		nap_us(5000);
		pthread_mutex_unlock(arg);
	}
	pthread_join(t, &back);
	printf("%s: %s, cleaned %d\n", name, back == PTHREAD_CANCELED ? "cancelled" : "not cancelled", cleaned);
}

static void cancels(void)
{
	pthread_t sleeper;
	sem_t free_one;
	void *back = NULL;
	int value;

	printf("-- cancellation\n");
	sem_init(&never, 0, 0);
	sem_init(&ready, 0, 0);
	sem_init(&free_one, 0, 1);
	cancel_one("cond", cancelled_in_cond, NULL);
	SAY(pthread_mutex_trylock(&shared));
	cancel_one("lock", not_cancelled_in_lock, &shared);
	cancel_one("sem", cancelled_in_sem, NULL);
	cancel_one("free sem", cancelled_at_free_sem, &free_one);
	sem_getvalue(&free_one, &value);
	printf("still free: %d\n", value);
	pthread_create(&sleeper, NULL, forever, NULL);
	cancel_one("join", cancelled_in_join, &sleeper);
	pthread_cancel(sleeper);
	SAY(pthread_join(sleeper, &back));
	printf("%d\n", back == PTHREAD_CANCELED);
}

/* ---- signal handlers that wait, forks while locks are waited for ---- */

static pthread_mutex_t in_handler = PTHREAD_MUTEX_INITIALIZER, busy[4] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
									     PTHREAD_MUTEX_INITIALIZER };
static sem_t from_handler;
static volatile sig_atomic_t handled;
static _Atomic bool stop;

static void on_usr1(int sig)
{
	int before = errno;

	(void)sig;
	if (pthread_mutex_trylock(&in_handler) == 0)
		pthread_mutex_unlock(&in_handler);
	pthread_mutex_lock(&in_handler); /* nobody has it for long, and not the one that was interrupted */
	handled++;
	pthread_mutex_unlock(&in_handler);
	sem_post(&from_handler);
	errno = before;
}

static _Atomic long turns;

static void *contender(void *arg)
{
	unsigned x = (unsigned)(uintptr_t)arg * 2654435761u;

	while (!stop) {
		pthread_mutex_t *m = &busy[(x = x * 1664525u + 1013904223u) >> 30];

		pthread_mutex_lock(m);
		turns++;
		if (x >> 20 & 1)
			nap_us(20);
		pthread_mutex_unlock(m);
	}
	return NULL;
}

static void handlers(void)
{
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
	pthread_t t[4];
	sigset_t set;
	int got = 0;

	printf("-- signal handlers\n");
	sem_init(&from_handler, 0, 0);
	sigaction(SIGUSR1, &sa, NULL);
	stop = false;
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, contender, (void *)(intptr_t)(i + 1));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 400; i++) {
		pthread_kill(t[i % 4], SIGUSR1);
		while (sem_wait(&from_handler) != 0)
			;
		got++;
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	printf("%d of %d\n", got, (int)handled);
}

static pthread_mutex_t around_fork = PTHREAD_MUTEX_INITIALIZER;
static void before_fork(void) { pthread_mutex_lock(&around_fork); }
static void after_fork(void) { pthread_mutex_unlock(&around_fork); }

static int in_child(void)
{
	pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
	struct other o;

	begin(&o, lock_it, unlock_it, &fresh, 2000);
	if (pthread_mutex_lock(&fresh) != 0)
		return 1;
	pthread_mutex_unlock(&fresh);
	end(&o);
	pthread_mutex_lock(&around_fork);
	pthread_mutex_unlock(&around_fork);
	return 42;
}

static void forks(void)
{
	pthread_t t[4];
	long sum = 0;

	printf("-- forks\n");
	fflush(stdout);
	pthread_atfork(before_fork, after_fork, after_fork);
	stop = false;
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, contender, (void *)(intptr_t)(i + 1));
	for (int i = 0; i < 20; i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(in_child());
		waitpid(pid, &status, 0);
		sum += WIFEXITED(status) ? WEXITSTATUS(status) : -1000;
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%ld\n", sum);
}

static int semantics(void)
{
	static const struct { const char *name; int type; } types[] = {
		{ "normal", PTHREAD_MUTEX_NORMAL }, { "errorcheck", PTHREAD_MUTEX_ERRORCHECK }, { "recursive", PTHREAD_MUTEX_RECURSIVE },
		{ "adaptive", PTHREAD_MUTEX_ADAPTIVE_NP },
	};

	printf("early %d\n", lock_early_sum());
	main_thread = pthread_self();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (int protocol = 0; protocol < 2; protocol++)
			for (int r = 0; r < 2; r++)
				mutex(types[i].name, types[i].type, r ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
	for (int protocol = 0; protocol < 2; protocol++) {
		robust(PTHREAD_MUTEX_NORMAL, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
		robust(PTHREAD_MUTEX_ERRORCHECK, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
		robust(PTHREAD_MUTEX_RECURSIVE, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
	}
	ceiling();
	rwlock(PTHREAD_RWLOCK_PREFER_READER_NP);
	rwlock(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	conds();
	sems();
	joins();
	barriers();
	c11_locks();
	old_conds();
	cancels();
	handlers();
	forks();
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	double a = argc > 2 ? strtod(argv[2], NULL) : 1, b = argc > 3 ? strtod(argv[3], NULL) : 1;

	if (strcmp(mode, "semantics") == 0)
		return semantics();
	if (strcmp(mode, "stress") == 0)
		return stress((int)a, b);
	if (strcmp(mode, "contended") == 0)
		return contended((int)a, (long)b);
	if (strcmp(mode, "alone") == 0)
		return alone();
	fprintf(stderr, "lock_target: unknown mode '%s'\n", mode);
	return 2;
}
