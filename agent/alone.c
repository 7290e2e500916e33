/*
 * One thread more would cost programs of one thread more than all samples: as soon as libc has made a second thread, malloc(), free(), stdio and mutexes take
 * their locks, and so does what asks <sys/single_threaded.h> (C++'s shared_ptr). Our writer calls nothing that takes any of these locks, allocates or
 * uses streams (tests/agent/alone.c holds it to that). So where it is the only other thread, libc is told that the program has one, as it has. libc
 * itself changes that when the program makes a thread, and we do when ours is to end.
 */
#include "agent.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
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

/* ---- functions that change the user ---- */

/*
 * libc has all threads change that it knows of, and ends the program where one cannot. Ours follows after the fact: to less as a rule. It keeps what it
 * has open.
 */
static struct {
	uid_t uid[3];
	gid_t gid[3], group[1024];
	long groups;
	struct __user_cap_data_struct cap[2];
	bool caps;
} users; /* of the program's thread */
static _Atomic bool users_due;

static void capabilities(void)
{
	struct __user_cap_header_struct own = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2];

	if (syscall(SYS_capget, &own, have) != 0)
		return;
	for (int i = 0; i < 2; i++) {
		have[i].permitted &= users.cap[i].permitted;
		have[i].effective = users.cap[i].effective & have[i].permitted;
		have[i].inheritable &= users.cap[i].inheritable;
	}
	syscall(SYS_capset, &own, have);
}

void alone_follow(void)
{
	long failed;

	if (!atomic_exchange(&users_due, false))
		return;
	for (int pass = 0; pass < 2; pass++) { /* who becomes more may have to do it the other way round */
		failed = users.groups < 0 ? 0 : syscall(SYS_setgroups, users.groups, users.group);
		failed |= syscall(SYS_setresgid, users.gid[0], users.gid[1], users.gid[2]);
		failed |= syscall(SYS_setresuid, users.uid[0], users.uid[1], users.uid[2]);
		if (!failed)
			break;
	}
	if (users.caps)
		capabilities();
}

static void changed(void)
{
	struct __user_cap_header_struct own = { .version = _LINUX_CAPABILITY_VERSION_3 };
	int error = errno;

	/* a child of vfork() is not meant; where libc knows of threads it has seen to ours */
	if ((pid_t)syscall(SYS_getpid) != agent.pid || !pretending || !*inner || !agent_on())
		return;
	syscall(SYS_getresuid, &users.uid[0], &users.uid[1], &users.uid[2]);
	syscall(SYS_getresgid, &users.gid[0], &users.gid[1], &users.gid[2]);
	users.groups = syscall(SYS_getgroups, 1024, users.group);
	users.caps = syscall(SYS_capget, &own, users.cap) == 0;
	atomic_store(&users_due, true);
	writer_ask(ASK_DRAIN, 0);
	errno = error;
}

#define HOOK __attribute__((visibility("default")))
#define FOLLOWED(name, types, names) \
	HOOK int name types \
	{ \
		static int(*_Atomic next) types; \
		int result; \
\
		if (!atomic_load_explicit(&next, memory_order_relaxed)) \
			*(void **)(void *)&next = next_symbol(#name); \
		result = next names; \
		if (result == 0) \
			changed(); \
		return result; \
	}

FOLLOWED(setuid, (uid_t id), (id))
FOLLOWED(seteuid, (uid_t id), (id))
FOLLOWED(setreuid, (uid_t real, uid_t effective), (real, effective))
FOLLOWED(setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved))
FOLLOWED(setgid, (gid_t id), (id))
FOLLOWED(setegid, (gid_t id), (id))
FOLLOWED(setregid, (gid_t real, gid_t effective), (real, effective))
FOLLOWED(setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved))
FOLLOWED(setgroups, (size_t n, const gid_t *list), (n, list))
FOLLOWED(initgroups, (const char *user, gid_t group), (user, group))

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
