/*
 * In front of libc's locks. Each hook tries first, so that a lock nobody holds costs no look at the clock; what comes back from a try
 * that failed is not trusted: the real function is asked then, and its answer is the answer (EDEADLK, EAGAIN, EINVAL and the like are its
 * business). Locks of libc itself do not come by here, those of the sampler are told by their caller.
 *
 * Nothing is done between a lock and its real function that could wait or end in cancellation; the real functions are
 * the cancellation points they were, and threads that are cancelled in them leave through our frames.
 */
#include "lock.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#define HOOK __attribute__((visibility("default")))

/*
 * Pointers to the functions behind ours. They are looked up before the program begins: dlsym() waits for the loader, and who first
 * takes a lock may hold others. Locks taken before that look theirs up themselves.
 */
#define NEXT(type, name, parameters, arguments, missing) \
	static type first_##name parameters; \
	static type (*_Atomic next_##name) parameters = first_##name; \
	static type first_##name parameters \
	{ \
		void *p = look_up(#name); \
\
		if (!p) \
			return missing; \
		*(void **)(void *)&next_##name = p; \
		return next_##name arguments; \
	}

/* Condition variables have been two things; the newer ones are meant unless it is said. */
static void *look_up(const char *name)
{
	void *p = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");

	return p ? p : next_symbol(name);
}

#define NEXT_POSIX(name, parameters, arguments) NEXT(int, name, parameters, arguments, ENOSYS)
#define NEXT_SEM(name, parameters, arguments) NEXT(int, name, parameters, arguments, (errno = ENOSYS, -1))
#define NEXT_C11(name, parameters, arguments) NEXT(int, name, parameters, arguments, thrd_error)

#define TS const struct timespec *
NEXT_POSIX(pthread_mutex_lock, (pthread_mutex_t * m), (m))
NEXT_POSIX(pthread_mutex_trylock, (pthread_mutex_t * m), (m))
NEXT_POSIX(pthread_mutex_timedlock, (pthread_mutex_t * m, TS until), (m, until))
NEXT_POSIX(pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t clock, TS until), (m, clock, until))
NEXT_POSIX(pthread_mutex_unlock, (pthread_mutex_t * m), (m))
NEXT_POSIX(pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
NEXT_POSIX(pthread_rwlock_tryrdlock, (pthread_rwlock_t * l), (l))
NEXT_POSIX(pthread_rwlock_timedrdlock, (pthread_rwlock_t * l, TS until), (l, until))
NEXT_POSIX(pthread_rwlock_clockrdlock, (pthread_rwlock_t * l, clockid_t clock, TS until), (l, clock, until))
NEXT_POSIX(pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
NEXT_POSIX(pthread_rwlock_trywrlock, (pthread_rwlock_t * l), (l))
NEXT_POSIX(pthread_rwlock_timedwrlock, (pthread_rwlock_t * l, TS until), (l, until))
NEXT_POSIX(pthread_rwlock_clockwrlock, (pthread_rwlock_t * l, clockid_t clock, TS until), (l, clock, until))
NEXT_POSIX(pthread_rwlock_unlock, (pthread_rwlock_t * l), (l))
NEXT_POSIX(pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m), (c, m))
NEXT_POSIX(pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t *m, TS until), (c, m, until))
NEXT_POSIX(pthread_cond_clockwait, (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, TS until), (c, m, clock, until))
NEXT_POSIX(pthread_barrier_wait, (pthread_barrier_t * b), (b))
NEXT_POSIX(pthread_join, (pthread_t t, void **result), (t, result))
NEXT_POSIX(pthread_tryjoin_np, (pthread_t t, void **result), (t, result))
NEXT_POSIX(pthread_timedjoin_np, (pthread_t t, void **result, TS until), (t, result, until))
NEXT_POSIX(pthread_clockjoin_np, (pthread_t t, void **result, clockid_t clock, TS until), (t, result, clock, until))
NEXT_SEM(sem_wait, (sem_t * s), (s))
NEXT_SEM(sem_trywait, (sem_t * s), (s))
NEXT_SEM(sem_timedwait, (sem_t * s, TS until), (s, until))
NEXT_SEM(sem_clockwait, (sem_t * s, clockid_t clock, TS until), (s, clock, until))
NEXT_C11(mtx_lock, (mtx_t * m), (m))
NEXT_C11(mtx_trylock, (mtx_t * m), (m))
NEXT_C11(mtx_timedlock, (mtx_t * m, TS until), (m, until))
NEXT_C11(mtx_unlock, (mtx_t * m), (m))
NEXT_C11(cnd_wait, (cnd_t * c, mtx_t *m), (c, m))
NEXT_C11(cnd_timedwait, (cnd_t * c, mtx_t *m, TS until), (c, m, until))
NEXT_C11(thrd_join, (thrd_t t, int *result), (t, result))

/* glibc before 2.3.2 (2003): programs linked then, whose condition variables are pointers. */
typedef int cond_wait_like(pthread_cond_t *c, pthread_mutex_t *m);
typedef int cond_timedwait_like(pthread_cond_t *c, pthread_mutex_t *m, TS until);
static cond_wait_like *next_old_wait;
static cond_timedwait_like *next_old_timedwait;

#define RESOLVE(name) \
	if ((p = look_up(#name))) \
	*(void **)(void *)&next_##name = p

__attribute__((constructor(101))) static void resolve(void)
{
	void *p;

	RESOLVE(pthread_mutex_lock);
	RESOLVE(pthread_mutex_trylock);
	RESOLVE(pthread_mutex_timedlock);
	RESOLVE(pthread_mutex_clocklock);
	RESOLVE(pthread_mutex_unlock);
	RESOLVE(pthread_rwlock_rdlock);
	RESOLVE(pthread_rwlock_tryrdlock);
	RESOLVE(pthread_rwlock_timedrdlock);
	RESOLVE(pthread_rwlock_clockrdlock);
	RESOLVE(pthread_rwlock_wrlock);
	RESOLVE(pthread_rwlock_trywrlock);
	RESOLVE(pthread_rwlock_timedwrlock);
	RESOLVE(pthread_rwlock_clockwrlock);
	RESOLVE(pthread_rwlock_unlock);
	RESOLVE(pthread_cond_wait);
	RESOLVE(pthread_cond_timedwait);
	RESOLVE(pthread_cond_clockwait);
	RESOLVE(pthread_barrier_wait);
	RESOLVE(pthread_join);
	RESOLVE(pthread_tryjoin_np);
	RESOLVE(pthread_timedjoin_np);
	RESOLVE(pthread_clockjoin_np);
	RESOLVE(sem_wait);
	RESOLVE(sem_trywait);
	RESOLVE(sem_timedwait);
	RESOLVE(sem_clockwait);
	RESOLVE(mtx_lock);
	RESOLVE(mtx_trylock);
	RESOLVE(mtx_timedlock);
	RESOLVE(mtx_unlock);
	RESOLVE(cnd_wait);
	RESOLVE(cnd_timedwait);
	RESOLVE(thrd_join);
	*(void **)(void *)&next_old_wait = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.2.5");
	*(void **)(void *)&next_old_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.2.5");
}

/* Is the caller of the hook the sampler itself? */
#define OURS modules_own((uint64_t)(uintptr_t)__builtin_return_address(0))

/* Times and clocks libc would refuse are refused by libc, not found out after a try that got the lock. */
static bool plausible(clockid_t clock, TS until)
{
	return (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && until && until->tv_nsec >= 0 && until->tv_nsec < 1000000000;
}

/* ---- locks that have a holder ---- */

static bool got(int result) { return result == 0 || result == EOWNERDEAD; }

static enum lock_end end_of(int result, enum lock_end when_got)
{
	return got(result) ? when_got : result == ETIMEDOUT ? LOCK_GIVEN_UP : LOCK_REFUSED;
}

/* A try, and when somebody else has it the real thing, timed. `ok`: nothing speaks against a try. */
#define TRY_THEN_WAIT(ok, try, real, lock, what, when_got) \
	do { \
		struct lock_wait wait_; \
		int result_; \
\
		if (!lock_on() || !(ok)) \
			return real; \
		result_ = try; \
		if (got(result_)) \
			return result_; \
		if (result_ != EBUSY || OURS) \
			return real; \
		lock_wait_begin(&wait_, lock, what); \
		result_ = real; \
		lock_wait_end(&wait_, end_of(result_, when_got)); \
		return result_; \
	} while (0)

#define GIVE_BACK(real, lock, what) \
	do { \
		struct lock_hold hold_; \
		int result_; \
\
		if (__builtin_expect(!lock_flagged(lock), 1)) \
			return real; \
		lock_hold_begin(&hold_, lock, what); \
		result_ = real; \
		lock_hold_end(&hold_); \
		return result_; \
	} while (0)

HOOK int pthread_mutex_lock(pthread_mutex_t *m)
{
	TRY_THEN_WAIT(true, next_pthread_mutex_trylock(m), next_pthread_mutex_lock(m), m, PD_WIRE_LOCK_MUTEX, LOCK_ALONE);
}

HOOK int pthread_mutex_timedlock(pthread_mutex_t *m, TS until)
{
	TRY_THEN_WAIT(plausible(CLOCK_REALTIME, until), next_pthread_mutex_trylock(m), next_pthread_mutex_timedlock(m, until), m, PD_WIRE_LOCK_MUTEX, LOCK_ALONE);
}

HOOK int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, TS until)
{
	TRY_THEN_WAIT(plausible(clock, until), next_pthread_mutex_trylock(m), next_pthread_mutex_clocklock(m, clock, until), m, PD_WIRE_LOCK_MUTEX, LOCK_ALONE);
}

HOOK int pthread_mutex_unlock(pthread_mutex_t *m) { GIVE_BACK(next_pthread_mutex_unlock(m), m, PD_WIRE_LOCK_MUTEX); }

HOOK int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	TRY_THEN_WAIT(true, next_pthread_rwlock_tryrdlock(l), next_pthread_rwlock_rdlock(l), l, PD_WIRE_LOCK_RWLOCK, LOCK_SHARED);
}

HOOK int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, TS until)
{
	TRY_THEN_WAIT(plausible(CLOCK_REALTIME, until), next_pthread_rwlock_tryrdlock(l), next_pthread_rwlock_timedrdlock(l, until), l, PD_WIRE_LOCK_RWLOCK,
		      LOCK_SHARED);
}

HOOK int pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock, TS until)
{
	TRY_THEN_WAIT(plausible(clock, until), next_pthread_rwlock_tryrdlock(l), next_pthread_rwlock_clockrdlock(l, clock, until), l, PD_WIRE_LOCK_RWLOCK,
		      LOCK_SHARED);
}

HOOK int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	TRY_THEN_WAIT(true, next_pthread_rwlock_trywrlock(l), next_pthread_rwlock_wrlock(l), l, PD_WIRE_LOCK_RWLOCK, LOCK_ALONE);
}

HOOK int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, TS until)
{
	TRY_THEN_WAIT(plausible(CLOCK_REALTIME, until), next_pthread_rwlock_trywrlock(l), next_pthread_rwlock_timedwrlock(l, until), l, PD_WIRE_LOCK_RWLOCK,
		      LOCK_ALONE);
}

HOOK int pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock, TS until)
{
	TRY_THEN_WAIT(plausible(clock, until), next_pthread_rwlock_trywrlock(l), next_pthread_rwlock_clockwrlock(l, clock, until), l, PD_WIRE_LOCK_RWLOCK,
		      LOCK_ALONE);
}

HOOK int pthread_rwlock_unlock(pthread_rwlock_t *l) { GIVE_BACK(next_pthread_rwlock_unlock(l), l, PD_WIRE_LOCK_RWLOCK); }

/* C11 names for the same things, which libc calls without coming by here. A mtx_t is a pthread_mutex_t. */
#define TRY_THEN_WAIT_C11(ok, real, m) \
	do { \
		struct lock_wait wait_; \
		int result_; \
\
		if (!lock_on() || !(ok)) \
			return real; \
		result_ = next_mtx_trylock(m); \
		if (result_ != thrd_busy) \
			return result_ == thrd_success ? result_ : real; \
		lock_wait_begin(&wait_, m, PD_WIRE_LOCK_MUTEX); \
		result_ = real; \
		lock_wait_end(&wait_, result_ == thrd_success ? LOCK_ALONE : result_ == thrd_timedout ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		return result_; \
	} while (0)

HOOK int mtx_lock(mtx_t *m) { TRY_THEN_WAIT_C11(true, next_mtx_lock(m), m); }
HOOK int mtx_timedlock(mtx_t *restrict m, TS restrict until) { TRY_THEN_WAIT_C11(plausible(CLOCK_REALTIME, until), next_mtx_timedlock(m, until), m); }
HOOK int mtx_unlock(mtx_t *m) { GIVE_BACK(next_mtx_unlock(m), m, PD_WIRE_LOCK_MUTEX); }

/* ---- waiting for others: nobody is to blame ---- */

/* `real` gives the mutex back while it waits; who waited for it until then waited for us. */
#define WAIT_FOR_SIGNAL(real, m, waited) \
	do { \
		struct lock_hold hold_ = { 0 }; \
		struct lock_wait wait_; \
		int result_; \
\
		if (!lock_on()) \
			return real; \
		if (lock_flagged(m)) \
			lock_hold_begin(&hold_, m, PD_WIRE_LOCK_MUTEX); \
		lock_wait_begin(&wait_, NULL, PD_WIRE_LOCK_COND); \
		result_ = real; \
		lock_wait_end(&wait_, (waited) ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		lock_hold_end(&hold_); \
		return result_; \
	} while (0)

#define POSIX_WAITED (got(result_) || result_ == ETIMEDOUT)
#define C11_WAITED (result_ == thrd_success || result_ == thrd_timedout)

/* Names with a version of libc's; see link.map. */
cond_wait_like lock_cond_wait, lock_old_cond_wait;
cond_timedwait_like lock_cond_timedwait, lock_old_cond_timedwait;
HOOK int lock_cond_wait(pthread_cond_t *c, pthread_mutex_t *m) { WAIT_FOR_SIGNAL(next_pthread_cond_wait(c, m), m, POSIX_WAITED); }

HOOK int lock_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, TS until)
{
	WAIT_FOR_SIGNAL(next_pthread_cond_timedwait(c, m, until), m, POSIX_WAITED);
}

HOOK int lock_old_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (!next_old_wait)
		resolve();
	WAIT_FOR_SIGNAL(next_old_wait(c, m), m, POSIX_WAITED);
}

HOOK int lock_old_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, TS until)
{
	if (!next_old_timedwait)
		resolve();
	WAIT_FOR_SIGNAL(next_old_timedwait(c, m, until), m, POSIX_WAITED);
}

__asm__(".symver lock_cond_wait, pthread_cond_wait@@@GLIBC_2.3.2\n\t"
	".symver lock_cond_timedwait, pthread_cond_timedwait@@@GLIBC_2.3.2\n\t"
	".symver lock_old_cond_wait, pthread_cond_wait@GLIBC_2.2.5\n\t"
	".symver lock_old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");

HOOK int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, TS until)
{
	WAIT_FOR_SIGNAL(next_pthread_cond_clockwait(c, m, clock, until), m, POSIX_WAITED);
}

HOOK int cnd_wait(cnd_t *c, mtx_t *m) { WAIT_FOR_SIGNAL(next_cnd_wait(c, m), m, C11_WAITED); }
HOOK int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, TS restrict until) { WAIT_FOR_SIGNAL(next_cnd_timedwait(c, m, until), m, C11_WAITED); }

/* libc looks whether the thread is to be cancelled even when the semaphore is free. A try changes errno, success must not. */
#define SEM_WAIT(ok, real) \
	do { \
		struct lock_wait wait_; \
		int before_ = errno, result_; \
\
		if (!lock_on() || !(ok)) \
			return real; \
		pthread_testcancel(); \
		if (next_sem_trywait(s) == 0) \
			return 0; \
		errno = before_; \
		lock_wait_begin(&wait_, NULL, PD_WIRE_LOCK_SEM); \
		result_ = real; \
		lock_wait_end(&wait_, result_ == 0 || errno == ETIMEDOUT || errno == EINTR ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		return result_; \
	} while (0)

HOOK int sem_wait(sem_t *s) { SEM_WAIT(true, next_sem_wait(s)); }
HOOK int sem_timedwait(sem_t *restrict s, TS restrict until) { SEM_WAIT(plausible(CLOCK_REALTIME, until), next_sem_timedwait(s, until)); }
HOOK int sem_clockwait(sem_t *restrict s, clockid_t clock, TS restrict until) { SEM_WAIT(plausible(clock, until), next_sem_clockwait(s, clock, until)); }

/* The last one to arrive does not wait. */
HOOK int pthread_barrier_wait(pthread_barrier_t *b)
{
	struct lock_wait wait;
	int result;

	if (!lock_on())
		return next_pthread_barrier_wait(b);
	lock_wait_begin(&wait, NULL, PD_WIRE_LOCK_BARRIER);
	result = next_pthread_barrier_wait(b);
	lock_wait_end(&wait, result == 0 ? LOCK_GIVEN_UP : LOCK_REFUSED);
	return result;
}

/* A thread that has ended is joined at once. */
#define JOIN(real) \
	do { \
		struct lock_wait wait_; \
		int result_; \
\
		if (!lock_on()) \
			return real; \
		result_ = next_pthread_tryjoin_np(t, result); \
		if (result_ != EBUSY) \
			return result_ == 0 ? 0 : real; \
		lock_wait_begin(&wait_, NULL, PD_WIRE_LOCK_JOIN); \
		result_ = real; \
		lock_wait_end(&wait_, POSIX_WAITED ? LOCK_GIVEN_UP : LOCK_REFUSED); \
		return result_; \
	} while (0)

HOOK int pthread_join(pthread_t t, void **result) { JOIN(next_pthread_join(t, result)); }
HOOK int pthread_timedjoin_np(pthread_t t, void **result, TS until) { JOIN(next_pthread_timedjoin_np(t, result, until)); }
HOOK int pthread_clockjoin_np(pthread_t t, void **result, clockid_t clock, TS until) { JOIN(next_pthread_clockjoin_np(t, result, clock, until)); }

HOOK int thrd_join(thrd_t t, int *result)
{
	struct lock_wait wait;
	int back;

	if (!lock_on())
		return next_thrd_join(t, result);
	lock_wait_begin(&wait, NULL, PD_WIRE_LOCK_JOIN);
	back = next_thrd_join(t, result);
	lock_wait_end(&wait, back == thrd_success ? LOCK_GIVEN_UP : LOCK_REFUSED);
	return back;
}
