/*
 * One thread more would cost programs of one thread more than all samples: as soon as libc has made a second thread, malloc(), free(), stdio and mutexes take
 * their locks, and so does what asks <sys/single_threaded.h> (C++'s shared_ptr). Our writer calls nothing that takes any of these locks, allocates or
 * uses streams (tests/agent/alone.c holds it to that). So where it is the only other thread, libc is told that the program has one, as it has. libc
 * itself changes that when the program makes a thread, and we do when ours is to end or to count: functions that change the user have to do so in all threads.
 */
#include "agent.h"
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile char *inner, *outer; /* what libc looks at, and what others do: a program may have a copy of its own */
static bool looked, pretending;

static void look(void)
{
	if (looked)
		return;
	looked = true;
	agent_quiet++;
	inner = next_symbol("__libc_single_threaded");
	outer = any_symbol("__libc_single_threaded");
	agent_quiet--;
}

bool alone(void)
{
	look();
	return inner && outer && *inner == 1 && *outer == 1;
}

void alone_again(void)
{
	if (*inner || *outer) /* another libc than we know */
		return;
	*inner = *outer = 1;
	pretending = true;
}

bool alone_no_more(void)
{
	bool before = pretending && *inner;

	if (pretending)
		*inner = *outer = 0;
	pretending = false;
	return before;
}

/* ---- functions that go to all threads of which libc knows that they are there ---- */

#define HOOK __attribute__((visibility("default")))
#define FOR_ALL(name, types, names) \
	HOOK int name types \
	{ \
		static int(*_Atomic next) types; \
\
		if (!atomic_load_explicit(&next, memory_order_relaxed)) \
			*(void **)(void *)&next = next_symbol(#name); \
		if ((pid_t)syscall(SYS_getpid) == agent.pid) /* a child of vfork() is not meant */ \
			alone_no_more(); \
		return next names; \
	}

FOR_ALL(setuid, (uid_t id), (id))
FOR_ALL(seteuid, (uid_t id), (id))
FOR_ALL(setreuid, (uid_t real, uid_t effective), (real, effective))
FOR_ALL(setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved))
FOR_ALL(setgid, (gid_t id), (id))
FOR_ALL(setegid, (gid_t id), (id))
FOR_ALL(setregid, (gid_t real, gid_t effective), (real, effective))
FOR_ALL(setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved))
FOR_ALL(setgroups, (size_t n, const gid_t *list), (n, list))
FOR_ALL(initgroups, (const char *user, gid_t group), (user, group))

/* ---- functions the kernel refuses to processes with two threads: ours goes meanwhile ---- */

/* True: it has gone, and alone_end() is to follow. */
static bool alone_begin(sigset_t *old)
{
	if (!agent_on() || !alone_no_more())
		return false;
	signals_block(old);
	if (writer_leave())
		return true;
	signals_restore(old);
	return false;
}

static void alone_end(const sigset_t *old)
{
	int error = errno;

	*inner = *outer = 1;
	if (writer_start()) {
		alone_again();
		writer_opened(); /* the program may be about to change its root */
	}
	signals_restore(old);
	errno = error;
}

HOOK int unshare(int flags)
{
	int (*next)(int);
	sigset_t old;
	bool gone;
	int result;

	*(void **)&next = next_symbol("unshare");
	gone = flags & (CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) && alone_begin(&old);
	result = next(flags);
	if (gone)
		alone_end(&old);
	return result;
}

HOOK int setns(int fd, int type)
{
	int (*next)(int, int);
	sigset_t old;
	bool gone;
	int result;

	*(void **)&next = next_symbol("setns");
	gone = alone_begin(&old);
	result = next(fd, type);
	if (gone)
		alone_end(&old);
	return result;
}
