/*
 * Between the program and libc: functions of libc's names, which do what libc does and what we need before or after. Everything passes
 * through untouched while nothing is recorded. dlopen() is left alone: it looks at who calls it.
 */
#include "spans.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <pty.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOOK __attribute__((visibility("default")))
/* The function behind ours, looked up at the first call. A race stores the same pointer twice. */
#define NEXT(type, name, ...) \
	static type (*_Atomic next)(__VA_ARGS__); \
	if (!atomic_load_explicit(&next, memory_order_relaxed)) \
		*(void **)(void *)&next = next_symbol(name)

/* ---- threads ---- */

/* The ring it has now: recording may have stopped and begun again since. */
static void ended(void *unused)
{
	struct agent_ring *r = ring_own();

	(void)unused;
	if (r)
		ring_end(r);
}

static void *thread_main(void *p)
{
	struct agent_ring *r = p;
	void *(*start)(void *) = r->start, *arg = r->arg, *result;

	ring_begin(r, true);
	pthread_cleanup_push(ended, r);
	result = start(arg);
	pthread_cleanup_pop(1);
	return result;
}

HOOK int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	NEXT(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct agent_ring *r = agent_on() ? ring_take() : NULL;
	int failed;

	if (!r)
		return next(thread, attr, start, arg);
	r->start = start;
	r->arg = arg;
	failed = next(thread, attr, thread_main, r);
	if (failed)
		ring_free(r);
	return failed;
}

/* ---- processes ---- */

/* A signal that comes again and again would make the kernel begin a long fork over and over. */
static void block_ours(sigset_t *old)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, agent.signal);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &ours, old, 8);
}

HOOK pid_t fork(void)
{
	NEXT(pid_t, "fork", void);
	sigset_t old;
	bool paused;
	int error;
	pid_t pid;

	if (!agent_on())
		return next();
	block_ours(&old);
	paused = writer_pause();
	pid = next();
	error = errno;
	if (pid == 0)
		agent_forked();
	else if (paused)
		writer_resume();
	signals_restore(&old);
	errno = error;
	return pid;
}

/* Forks inside of libc: the parent ends there, the child comes back to us. */
HOOK int daemon(int nochdir, int noclose)
{
	NEXT(int, "daemon", int, int);
	bool on = agent_on();
	int result;

	if (on)
		writer_ask(ASK_FINISH, PD_WIRE_EXIT);
	result = next(nochdir, noclose);
	if (on && (pid_t)syscall(SYS_getpid) != agent.pid)
		agent_forked();
	return result;
}

HOOK int forkpty(int *primary, char *name, const struct termios *tio, const struct winsize *size)
{
	NEXT(int, "forkpty", int *, char *, const struct termios *, const struct winsize *);
	bool on = agent_on();
	int pid = next(primary, name, tio, size);

	if (on && pid == 0)
		agent_forked();
	return pid;
}

/*
 * Everything so far is written, and no signal of ours waits for the next program, which would die of it. When the exec
 * fails the recording goes on.
 */
static bool before_exec(sigset_t *old)
{
	struct timespec none = { 0, 0 };
	sigset_t ours;

	if (!agent_on())
		return false;
	block_ours(old);
	atomic_store(&agent.mode, AGENT_ENDING);
	spans_switch();
	itimer_stop();
	if (ring_own())
		timer_stop(agent_self);
	writer_ask(ASK_FINISH, PD_WIRE_EXEC); /* after which it sends no signal either */
	dump_signal_exec(false);
	sigemptyset(&ours);
	sigaddset(&ours, agent.signal);
	while (syscall(SYS_rt_sigtimedwait, &ours, NULL, &none, 8) > 0)
		;
	signals_restore(old);
	return true;
}

static int exec_failed(bool on)
{
	int error = errno;

	if (on) {
		atomic_store(&agent.mode, AGENT_ON);
		dump_signal_exec(true);
		spans_switch();
		if (ring_own())
			timer_start(agent_self);
		if (agent.engine == PD_WIRE_SETITIMER && agent.cpu_period)
			itimer_start();
	}
	errno = error;
	return -1;
}

HOOK int execve(const char *path, char *const argv[], char *const envp[])
{
	NEXT(int, "execve", const char *, char *const[], char *const[]);
	sigset_t old;
	bool on = before_exec(&old);

	next(path, argv, envp);
	return exec_failed(on);
}

HOOK int execv(const char *path, char *const argv[])
{
	NEXT(int, "execv", const char *, char *const[]);
	sigset_t old;
	bool on = before_exec(&old);

	next(path, argv);
	return exec_failed(on);
}

HOOK int execvp(const char *file, char *const argv[])
{
	NEXT(int, "execvp", const char *, char *const[]);
	sigset_t old;
	bool on = before_exec(&old);

	next(file, argv);
	return exec_failed(on);
}

HOOK int execvpe(const char *file, char *const argv[], char *const envp[])
{
	NEXT(int, "execvpe", const char *, char *const[], char *const[]);
	sigset_t old;
	bool on = before_exec(&old);

	next(file, argv, envp);
	return exec_failed(on);
}

HOOK int fexecve(int fd, char *const argv[], char *const envp[])
{
	NEXT(int, "fexecve", int, char *const[], char *const[]);
	sigset_t old;
	bool on = before_exec(&old);

	next(fd, argv, envp);
	return exec_failed(on);
}

/* Arguments as an array; memory that goes with this program, or back when the exec fails. */
static char **listed(const char *first, va_list args, size_t *bytes, char *const **envp)
{
	va_list again;
	size_t n = 1;
	char **argv;

	va_copy(again, args);
	while (va_arg(again, char *))
		n++;
	va_end(again);
	*bytes = (n + 1) * sizeof(*argv);
	argv = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (argv == MAP_FAILED)
		return NULL;
	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i <= n; i++)
		argv[i] = va_arg(args, char *);
	if (envp)
		*envp = va_arg(args, char *const *);
	return argv;
}

enum list_kind { PLAIN, BY_PATH, WITH_ENVIRONMENT };

static int exec_list(enum list_kind kind, const char *path, const char *first, va_list args)
{
	char *const *envp = NULL;
	size_t bytes;
	char **argv = first ? listed(first, args, &bytes, kind == WITH_ENVIRONMENT ? &envp : NULL) : NULL;
	int error;

	if (!argv) {
		errno = first ? ENOMEM : EINVAL;
		return -1;
	}
	if (kind == WITH_ENVIRONMENT)
		execve(path, argv, envp);
	else if (kind == BY_PATH)
		execvp(path, argv);
	else
		execv(path, argv);
	error = errno;
	munmap(argv, bytes);
	errno = error;
	return -1;
}

HOOK int execl(const char *path, const char *first, ...)
{
	va_list args;
	int result;

	va_start(args, first);
	result = exec_list(PLAIN, path, first, args);
	va_end(args);
	return result;
}

HOOK int execlp(const char *file, const char *first, ...)
{
	va_list args;
	int result;

	va_start(args, first);
	result = exec_list(BY_PATH, file, first, args);
	va_end(args);
	return result;
}

HOOK int execle(const char *path, const char *first, ...)
{
	va_list args;
	int result;

	va_start(args, first);
	result = exec_list(WITH_ENVIRONMENT, path, first, args);
	va_end(args);
	return result;
}

/* exit() comes by our destructor; these do not. */
HOOK void _exit(int status)
{
	agent_stop(PD_WIRE_EXIT);
	for (;;)
		syscall(SYS_exit_group, status);
}

HOOK void _Exit(int status)
{
	agent_stop(PD_WIRE_EXIT);
	for (;;)
		syscall(SYS_exit_group, status);
}

/* ---- libraries ---- */

/* What was sampled in a library is written while it is still known. */
HOOK int dlclose(void *handle)
{
	NEXT(int, "dlclose", void *);
	int result;

	if (agent_on())
		writer_ask(ASK_DRAIN, 0);
	result = next(handle);
	atomic_fetch_add(&agent.closes, 1);
	return result;
}

/* ---- signals: ours is nobody else's ---- */

static struct sigaction pretended; /* what the program believes its handler to be */

HOOK int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	NEXT(int, "sigaction", int, const struct sigaction *, struct sigaction *);

	if ((sig != agent.signal && sig != agent.dump_signal) || !agent_on())
		return next(sig, act, old);
	if (sig == agent.dump_signal) {
		dump_signal_action(act, old);
		return 0;
	}
	if (old)
		*old = pretended;
	if (act)
		pretended = *act;
	return 0;
}

HOOK __sighandler_t signal(int sig, __sighandler_t handler)
{
	NEXT(__sighandler_t, "signal", int, __sighandler_t);
	__sighandler_t before = pretended.sa_handler;
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	if ((sig != agent.signal && sig != agent.dump_signal) || !agent_on())
		return next(sig, handler);
	if (sig == agent.dump_signal) {
		sigaddset(&act.sa_mask, sig);
		dump_signal_action(&act, &old);
		return old.sa_handler;
	}
	memset(&pretended, 0, sizeof(pretended));
	pretended.sa_handler = handler;
	return before;
}

/* A copy without our signal; NULL stays NULL. */
static const sigset_t *without(const sigset_t *set, sigset_t *copy)
{
	if (!set || !agent.signal || sigismember(set, agent.signal) != 1 || !agent_on())
		return set;
	*copy = *set;
	sigdelset(copy, agent.signal);
	return copy;
}

HOOK int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	NEXT(int, "sigprocmask", int, const sigset_t *, sigset_t *);
	sigset_t copy;

	return next(how, how == SIG_UNBLOCK ? set : without(set, &copy), old);
}

HOOK int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	NEXT(int, "pthread_sigmask", int, const sigset_t *, sigset_t *);
	sigset_t copy;

	return next(how, how == SIG_UNBLOCK ? set : without(set, &copy), old);
}

static bool waits_for_dumps(const sigset_t *set) { return agent.dump_signal && set && sigismember(set, agent.dump_signal) == 1 && agent_on(); }

static int waited(int sig, siginfo_t *si)
{
	if (sig == agent.dump_signal && sig > 0)
		dump_signal_came(si);
	return sig;
}

HOOK int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	NEXT(int, "sigwaitinfo", const sigset_t *, siginfo_t *);
	sigset_t copy;
	siginfo_t here;

	if (!waits_for_dumps(set))
		return next(without(set, &copy), info);
	dump_signal_waits();
	info = info ? info : &here;
	return waited(next(without(set, &copy), info), info);
}

HOOK int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	NEXT(int, "sigtimedwait", const sigset_t *, siginfo_t *, const struct timespec *);
	sigset_t copy;
	siginfo_t here;

	if (!waits_for_dumps(set))
		return next(without(set, &copy), info, timeout);
	dump_signal_waits();
	info = info ? info : &here;
	return waited(next(without(set, &copy), info, timeout), info);
}

HOOK int sigwait(const sigset_t *set, int *sig)
{
	NEXT(int, "sigwait", const sigset_t *, int *);
	sigset_t copy;
	int came;

	if (!waits_for_dumps(set))
		return next(without(set, &copy), sig);
	do /* handlers do not end it */
		came = sigwaitinfo(set, NULL);
	while (came < 0 && errno == EINTR);
	if (came < 0)
		return errno;
	*sig = came;
	return 0;
}

HOOK int signalfd(int fd, const sigset_t *set, int flags)
{
	NEXT(int, "signalfd", int, const sigset_t *, int);
	sigset_t copy;

	if (waits_for_dumps(set))
		dump_signal_fd();
	return next(fd, without(set, &copy), flags);
}
