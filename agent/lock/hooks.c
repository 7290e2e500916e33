/*
 * In front of libc's locks. Each hook tries first, so that a lock nobody holds costs no look at the clock; a try that failed
 * counts for nothing: the real function is asked then, and its answer is the answer (EDEADLK, EAGAIN, EINVAL and the like are its
 * business). Locks inside of libc do not come by here.
 *
 * Nothing is done around a real function that could wait or end in cancellation; the real functions are the cancellation points they were,
 * and threads that are cancelled in them leave through our frames.
 */
#include "../lock_gate.h"
#include <dlfcn.h>
#include <errno.h>
#include <profdata/agent_wire.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#define HOOK __attribute__((visibility("default")))
#define COLD __attribute__((noinline, cold))
#define LIKELY(x) __builtin_expect(!!(x), 1)

static _Atomic uint8_t flags[LOCK_SETS];
extern struct lock_gate profdata_lock_gate;
HOOK struct lock_gate profdata_lock_gate = { .version = LOCK_GATE_VERSION, .flag = flags };
static const struct lock_calls *_Atomic *const calls_now = &profdata_lock_gate.calls;

/*
 * Pointers to the functions behind ours. They are looked up before the program begins: dlsym() waits for the loader, and who first
 * takes a lock may hold others. Locks taken before that look theirs up themselves.
 */
#define TS const struct timespec *
/* name, parameters, arguments, what an older libc that has no such function makes of the call */
#define FUNCTIONS(X) \
	X(pthread_mutex_lock, (pthread_mutex_t * m), (m), ENOSYS) \
	X(pthread_mutex_trylock, (pthread_mutex_t * m), (m), ENOSYS) \
	X(pthread_mutex_timedlock, (pthread_mutex_t * m, TS until), (m, until), ENOSYS) \
	X(pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t clock, TS until), (m, clock, until), ENOSYS) \
	X(pthread_mutex_unlock, (pthread_mutex_t * m), (m), ENOSYS) \
	X(pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l), ENOSYS) \
	X(pthread_rwlock_tryrdlock, (pthread_rwlock_t * l), (l), ENOSYS) \
	X(pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, TS until), (l, until), ENOSYS) \
	X(pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t clock, TS until), (l, clock, until), ENOSYS) \
	X(pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l), ENOSYS) \
	X(pthread_rwlock_trywrlock, (pthread_rwlock_t * l), (l), ENOSYS) \
	X(pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, TS until), (l, until), ENOSYS) \
	X(pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t clock, TS until), (l, clock, until), ENOSYS) \
	X(pthread_rwlock_unlock, (pthread_rwlock_t * l), (l), ENOSYS) \
	X(pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m), (c, m), ENOSYS) \
	X(pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t *m, TS until), (c, m, until), ENOSYS) \
	X(pthread_cond_clockwait, (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, TS until), (c, m, clock, until), ENOSYS) \
	X(pthread_barrier_wait, (pthread_barrier_t * b), (b), ENOSYS) \
	X(pthread_join, (pthread_t t, void **result), (t, result), ENOSYS) \
	X(pthread_tryjoin_np, (pthread_t t, void **result), (t, result), ENOSYS) \
	X(pthread_timedjoin_np, (pthread_t t, void **result, TS until), (t, result, until), ENOSYS) \
	X(pthread_clockjoin_np, (pthread_t t, void **result, clockid_t clock, TS until), (t, result, clock, until), ENOSYS) \
	X(sem_wait, (sem_t * s), (s), (errno = ENOSYS, -1)) \
	X(sem_trywait, (sem_t * s), (s), (errno = ENOSYS, -1)) \
	X(sem_timedwait, (sem_t * s, TS until), (s, until), (errno = ENOSYS, -1)) \
	X(sem_clockwait, (sem_t * s, clockid_t clock, TS until), (s, clock, until), (errno = ENOSYS, -1)) \
	X(mtx_lock, (mtx_t * m), (m), thrd_error) \
	X(mtx_trylock, (mtx_t * m), (m), thrd_error) \
	X(mtx_timedlock, (mtx_t * m, TS until), (m, until), thrd_error) \
	X(mtx_unlock, (mtx_t * m), (m), thrd_error) \
	X(cnd_wait, (cnd_t * c, mtx_t *m), (c, m), thrd_error) \
	X(cnd_timedwait, (cnd_t * c, mtx_t *m, TS until), (c, m, until), thrd_error) \
	X(thrd_join, (thrd_t t, int *result), (t, result), thrd_error)

/*
 * Condition variables have been two things; the newer ones are meant unless it is said. What is not found makes the loader allocate the text of an
 * error: a malloc() that takes locks of its own (jemalloc) would be back here without end, so nothing is asked for that is not there.
 */
static void *look_up(const char *name)
{
	bool two = strcmp(name, "pthread_cond_wait") == 0 || strcmp(name, "pthread_cond_timedwait") == 0;
	void *volatile p = two ? dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2") : NULL;

	if (!p)
		p = dlsym(RTLD_NEXT, name); /* which looks who calls it: not the last thing that is done */
	return p;
}

#define NEXT(name, parameters, arguments, missing) \
	static int first_##name parameters; \
	static int (*_Atomic next_##name) parameters = first_##name; \
	static int first_##name parameters \
	{ \
		void *p = look_up(#name); \
\
		if (!p) \
			return missing; \
		*(void **)(void *)&next_##name = p; \
		return next_##name arguments; \
	}
FUNCTIONS(NEXT)

/* Those of programs linked with glibc before 2.3.2 (2003), where condition variables are pointers. */
static int (*next_old_cond_wait)(pthread_cond_t *c, pthread_mutex_t *m);
static int (*next_old_cond_timedwait)(pthread_cond_t *c, pthread_mutex_t *m, TS until);

#define RESOLVE(name, parameters, arguments, missing) \
	if ((p = look_up(#name))) \
		*(void **)(void *)&next_##name = p;

__attribute__((constructor(101))) static void resolve(void)
{
	void *p;

	FUNCTIONS(RESOLVE)
	*(void **)(void *)&next_old_cond_wait = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.2.5");
	*(void **)(void *)&next_old_cond_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.2.5");
}

/* Times and clocks libc would refuse are refused by libc, not found out after a try that got the lock. */
static bool plausible(clockid_t clock, TS until)
{
	return (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && until && until->tv_nsec >= 0 && until->tv_nsec < 1000000000;
}

/* ---- locks that have a holder ---- */

static bool got(int result) { return result == 0 || result == EOWNERDEAD; }

static bool posix_waited(int result) { return got(result) || result == ETIMEDOUT; }

static bool c11_waited(int result) { return result == thrd_success || result == thrd_timedout; }

static bool flagged(const void *lock) { return atomic_load_explicit(&flags[lock_set(lock)], memory_order_relaxed) != 0; }

static enum lock_end end_of(int result, enum lock_end when_got)
{
	return got(result) ? when_got : result == ETIMEDOUT ? LOCK_GIVEN_UP : LOCK_REFUSED;
}

/*
 * A try; when somebody else has it the real thing, timed, apart from the way that is taken most. `ok`: nothing speaks
 * against a try; `end`: what became of it, by `result`.
 */
#define TAKE_TIMED(name, parameters, arguments, ok, try, lock, what, end) \
	COLD static int slow_##name parameters \
	{ \
		const struct lock_calls *calls = *calls_now; \
		struct lock_wait wait; \
		int result; \
\
		if (!calls) \
			return next_##name arguments; \
		calls->wait_begin(&wait, lock, what); \
		result = next_##name arguments; \
		calls->wait_end(&wait, end); \
		return result; \
	} \
	HOOK int name parameters \
	{ \
		int result; \
\
		if (!*calls_now || !(ok)) \
			return next_##name arguments; \
		result = try; \
		return LIKELY(got(result)) ? result : slow_##name arguments; \
	}

#define GIVE_BACK(name, parameters, arguments, lock, what) \
	COLD static int slow_##name parameters \
	{ \
		const struct lock_calls *calls = *calls_now; \
		struct lock_hold hold; \
		int result; \
\
		if (!calls) \
			return next_##name arguments; \
		calls->hold_begin(&hold, lock, what); \
		result = next_##name arguments; \
		calls->hold_end(&hold); \
		return result; \
	} \
	HOOK int name parameters { return LIKELY(!flagged(lock)) ? next_##name arguments : slow_##name arguments; }

/*
 * Robust mutexes are left alone: a try of one whose owner died for good keeps it locked (glibc 2.36, pthread_mutex_trylock.c), and who asks next
 * would wait for ever instead of being told. So are those with a priority ceiling, where a try answers other things than the lock.
 */
static bool plain(const pthread_mutex_t *m) { return (m->__data.__kind & (16 | 64)) == 0; } /* robust, PTHREAD_PRIO_PROTECT */

#define MUTEX(name, parameters, arguments, ok) \
	TAKE_TIMED(name, parameters, arguments, ok, next_pthread_mutex_trylock(m), m, PD_WIRE_LOCK_MUTEX, end_of(result, LOCK_ALONE))
#define READ(name, parameters, arguments, ok) \
	TAKE_TIMED(name, parameters, arguments, ok, next_pthread_rwlock_tryrdlock(l), l, PD_WIRE_LOCK_RWLOCK, end_of(result, LOCK_SHARED))
#define WRITE(name, parameters, arguments, ok) \
	TAKE_TIMED(name, parameters, arguments, ok, next_pthread_rwlock_trywrlock(l), l, PD_WIRE_LOCK_RWLOCK, end_of(result, LOCK_ALONE))

MUTEX(pthread_mutex_lock, (pthread_mutex_t * m), (m), plain(m))
MUTEX(pthread_mutex_timedlock, (pthread_mutex_t * m, TS until), (m, until), plain(m) && plausible(CLOCK_REALTIME, until))
MUTEX(pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t clock, TS until), (m, clock, until), plain(m) && plausible(clock, until))
GIVE_BACK(pthread_mutex_unlock, (pthread_mutex_t * m), (m), m, PD_WIRE_LOCK_MUTEX)
READ(pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l), true)
READ(pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, TS until), (l, until), plausible(CLOCK_REALTIME, until))
READ(pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t clock, TS until), (l, clock, until), plausible(clock, until))
WRITE(pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l), true)
WRITE(pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, TS until), (l, until), plausible(CLOCK_REALTIME, until))
WRITE(pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t clock, TS until), (l, clock, until), plausible(clock, until))
GIVE_BACK(pthread_rwlock_unlock, (pthread_rwlock_t * l), (l), l, PD_WIRE_LOCK_RWLOCK)

/* C11 names for the same things, which libc calls without coming by here. A mtx_t is a pthread_mutex_t. */
#define MUTEX_C11(name, parameters, arguments, ok) \
	TAKE_TIMED(name, parameters, arguments, ok, next_mtx_trylock(m), m, PD_WIRE_LOCK_MUTEX, \
		   result == thrd_timedout ? LOCK_GIVEN_UP : end_of(result, LOCK_ALONE))
MUTEX_C11(mtx_lock, (mtx_t * m), (m), true)
MUTEX_C11(mtx_timedlock, (mtx_t * m, TS until), (m, until), plausible(CLOCK_REALTIME, until))
GIVE_BACK(mtx_unlock, (mtx_t * m), (m), m, PD_WIRE_LOCK_MUTEX)

/* ---- waiting for others: nobody is to blame ---- */

/*
 * The mutex is given back while the thread waits; who waited for it until then waited for us. `waited`: by the result, it was no error.
 */
#define WAIT_FOR_SIGNAL(name, real, parameters, arguments, waited) \
	HOOK int name parameters \
	{ \
		const struct lock_calls *calls = *calls_now; \
		struct lock_hold hold = { 0 }; \
		struct lock_wait wait; \
		int result; \
\
		if (!calls) \
			return real arguments; \
		if (flagged(m)) \
			calls->hold_begin(&hold, m, PD_WIRE_LOCK_MUTEX); \
		calls->wait_begin(&wait, NULL, PD_WIRE_LOCK_COND); \
		result = real arguments; \
		calls->wait_end(&wait, waited ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		calls->hold_end(&hold); \
		return result; \
	}

/* Names with a version, as link.map has them. */
#define COND_WAIT (pthread_cond_t * c, pthread_mutex_t * m), (c, m), posix_waited(result)
#define COND_TIMEDWAIT (pthread_cond_t * c, pthread_mutex_t * m, TS until), (c, m, until), posix_waited(result)
#define WAIT_FOR_SIGNAL_AS(name, real, rest) WAIT_FOR_SIGNAL(name, real, rest)
int lock_cond_wait(pthread_cond_t *c, pthread_mutex_t *m), lock_old_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int lock_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, TS until), lock_old_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, TS until);
WAIT_FOR_SIGNAL_AS(lock_cond_wait, next_pthread_cond_wait, COND_WAIT)
WAIT_FOR_SIGNAL_AS(lock_cond_timedwait, next_pthread_cond_timedwait, COND_TIMEDWAIT)
WAIT_FOR_SIGNAL_AS(lock_old_cond_wait, next_old_cond_wait, COND_WAIT)
WAIT_FOR_SIGNAL_AS(lock_old_cond_timedwait, next_old_cond_timedwait, COND_TIMEDWAIT)
__asm__(".symver lock_cond_wait, pthread_cond_wait@@@GLIBC_2.3.2\n\t"
	".symver lock_cond_timedwait, pthread_cond_timedwait@@@GLIBC_2.3.2\n\t"
	".symver lock_old_cond_wait, pthread_cond_wait@GLIBC_2.2.5\n\t"
	".symver lock_old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
WAIT_FOR_SIGNAL(pthread_cond_clockwait, next_pthread_cond_clockwait, (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, TS until), (c, m, clock, until),
		posix_waited(result))
WAIT_FOR_SIGNAL(cnd_wait, next_cnd_wait, (cnd_t * c, mtx_t *m), (c, m), c11_waited(result))
WAIT_FOR_SIGNAL(cnd_timedwait, next_cnd_timedwait, (cnd_t * c, mtx_t *m, TS until), (c, m, until), c11_waited(result))

/* libc looks whether the thread is to be cancelled even when the semaphore is free. A try that fails leaves errno behind. */
#define SEM_WAIT(name, parameters, arguments, ok) \
	COLD static int slow_##name parameters \
	{ \
		const struct lock_calls *calls = *calls_now; \
		struct lock_wait wait; \
		int result; \
\
		if (!calls) \
			return next_##name arguments; \
		calls->wait_begin(&wait, NULL, PD_WIRE_LOCK_SEM); \
		result = next_##name arguments; \
		calls->wait_end(&wait, result == 0 || errno == ETIMEDOUT || errno == EINTR ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		return result; \
	} \
	HOOK int name parameters \
	{ \
		int before = errno; \
\
		if (!*calls_now || !(ok)) \
			return next_##name arguments; \
		pthread_testcancel(); \
		if (next_sem_trywait(s) == 0) \
			return 0; \
		errno = before; \
		return slow_##name arguments; \
	}

SEM_WAIT(sem_wait, (sem_t * s), (s), true)
SEM_WAIT(sem_timedwait, (sem_t * s, TS until), (s, until), plausible(CLOCK_REALTIME, until))
SEM_WAIT(sem_clockwait, (sem_t * s, clockid_t clock, TS until), (s, clock, until), plausible(clock, until))

/* A thread that has ended is joined at once; the last one to arrive at a barrier does not wait. */
#define WAIT_FOR_THREADS(name, parameters, arguments, what, waited) \
	COLD static int slow_##name parameters \
	{ \
		const struct lock_calls *calls = *calls_now; \
		struct lock_wait wait; \
		int result; \
\
		if (!calls) \
			return next_##name arguments; \
		calls->wait_begin(&wait, NULL, what); \
		result = next_##name arguments; \
		calls->wait_end(&wait, waited ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		return result; \
	}
#define JOIN(name, parameters, arguments) \
	WAIT_FOR_THREADS(name, parameters, arguments, PD_WIRE_LOCK_JOIN, posix_waited(result)) \
	HOOK int name parameters { return *calls_now && next_pthread_tryjoin_np(t, out) == 0 ? 0 : slow_##name arguments; }

JOIN(pthread_join, (pthread_t t, void **out), (t, out))
JOIN(pthread_timedjoin_np, (pthread_t t, void **out, TS until), (t, out, until))
JOIN(pthread_clockjoin_np, (pthread_t t, void **out, clockid_t clock, TS until), (t, out, clock, until))
WAIT_FOR_THREADS(pthread_barrier_wait, (pthread_barrier_t * b), (b), PD_WIRE_LOCK_BARRIER, result == 0)
HOOK int pthread_barrier_wait(pthread_barrier_t *b) { return slow_pthread_barrier_wait(b); }
WAIT_FOR_THREADS(thrd_join, (thrd_t t, int *out), (t, out), PD_WIRE_LOCK_JOIN, result == thrd_success)
HOOK int thrd_join(thrd_t t, int *out) { return slow_thrd_join(t, out); }
