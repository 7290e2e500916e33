/* Programs whose threads are in known places, for dumps on a signal. dumps MODE [ARGUMENT]: prints its pid when all are there, ends when its input does. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <profdata/agent.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t cond_mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t sem;
static int pipe_of[2];
static volatile int stop;
static volatile unsigned long sink;
static _Atomic int there;

static void *named(const char *name)
{
	prctl(PR_SET_NAME, name);
	there++;
	return NULL;
}

/* noinline and the loops around: every function stays a frame of its own, whatever the compiler likes. */
#define PLACE(name, what) \
	__attribute__((noinline)) static void name##_place(void) \
	{ \
		while (!stop) { \
			what; \
		} \
		sink++; \
	} \
	static void *name(void *arg) \
	{ \
		named(#name); \
		name##_place(); \
		return arg; \
	}

static int epoll_made(void) { return epoll_create1(EPOLL_CLOEXEC); }

PLACE(on_mutex, pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex))
PLACE(on_rwlock, pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock))
PLACE(on_cond, pthread_mutex_lock(&cond_mutex); if (!stop) pthread_cond_wait(&cond, &cond_mutex); pthread_mutex_unlock(&cond_mutex))
PLACE(on_sem, sem_wait(&sem))
PLACE(in_sleep, usleep(300000000))
PLACE(in_epoll, struct epoll_event e; static int fd = -1; if (fd < 0) fd = epoll_made(); epoll_wait(fd, &e, 1, 300000))
PLACE(in_read, char c; if (read(pipe_of[0], &c, 1) < 0) continue)
PLACE(busy, for (int i = 0; i < 100000; i++) sink += (unsigned long)i)

static void start(void *(*f)(void *), pthread_t *t)
{
	if (pthread_create(t, NULL, f, NULL) != 0)
		exit(2);
}

static void until_input_ends(void)
{
	char c;

	printf("%d\n", (int)getpid());
	fflush(stdout);
	while (read(0, &c, 1) != 0)
		; /* signals may interrupt it */
}

static int states(void)
{
	static void *(*const all[])(void *) = { on_mutex, on_rwlock, on_cond, on_sem, in_sleep, in_epoll, in_read, busy };
	enum { N = sizeof(all) / sizeof(*all) };
	pthread_t t[N];

	if (pipe(pipe_of) != 0)
		return 2;
	sem_init(&sem, 0, 0);
	pthread_mutex_lock(&mutex);
	pthread_rwlock_wrlock(&rwlock);
	for (unsigned i = 0; i < N; i++)
		start(all[i], &t[i]);
	while (there < N)
		usleep(1000);
	usleep(50000);
	until_input_ends();
	puts("ended");
	fflush(stdout);
	_exit(0); /* they sleep on */
}

/* ---- its own handler ---- */

static volatile sig_atomic_t handled, value;

static void handler(int sig) { handled += sig == SIGUSR2; }

static void informed(int sig, siginfo_t *si, void *context)
{
	handled += sig == SIGUSR2 && context && si->si_errno == 0;
	value = si->si_value.sival_int;
}

static int handles(const char *how)
{
	struct sigaction sa, old;

	memset(&sa, 0, sizeof(sa));
	if (strcmp(how, "info") == 0) {
		sa.sa_sigaction = informed;
		sa.sa_flags = SA_SIGINFO;
	} else {
		sa.sa_handler = handler;
		sa.sa_flags = strcmp(how, "once") == 0 ? (int)SA_RESETHAND : SA_RESTART;
	}
	if (sigaction(SIGUSR2, &sa, &old) != 0 || old.sa_handler != SIG_DFL || old.sa_flags & SA_SIGINFO)
		return 3;
	sigaction(SIGUSR2, NULL, &old);
	if (old.sa_flags != sa.sa_flags || (sa.sa_flags & SA_SIGINFO ? old.sa_sigaction != informed : old.sa_handler != handler))
		return 4;
	if (strcmp(how, "signal") == 0 && (signal(SIGUSR2, SIG_IGN) != handler || signal(SIGUSR2, handler) != SIG_IGN))
		return 5;
	until_input_ends();
	sigaction(SIGUSR2, NULL, &old);
	printf("handled %d value %d%s\n", (int)handled, (int)value, old.sa_handler == SIG_DFL && !(old.sa_flags & SA_SIGINFO) ? " default" : "");
	return 0;
}

/* Every thread has it blocked. */
static int blocks(const char *how)
{
	struct signalfd_siginfo f;
	sigset_t set;
	siginfo_t si;
	pthread_t t;
	int got = 0, fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	start(in_sleep, &t);
	if (strcmp(how, "only") == 0) {
		until_input_ends();
		puts("blocked");
		return 0;
	}
	if (strcmp(how, "handled") == 0) { /* it comes when it is let in */
		signal(SIGUSR2, handler);
		until_input_ends();
		printf("before %d", (int)handled);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		usleep(600000);
		printf(" after %d\n", (int)handled);
		return 0;
	}
	printf("%d\n", (int)getpid());
	fflush(stdout);
	fd = signalfd(-1, strcmp(how, "fd") == 0 ? &set : &(sigset_t){ 0 }, SFD_CLOEXEC);
	for (; got < 3; got++) {
		int sig = 0;

		if (strcmp(how, "wait") == 0 && (sigwait(&set, &sig) != 0 || sig != SIGUSR2))
			return 3;
		if (strcmp(how, "info") == 0 && (sigwaitinfo(&set, &si) != SIGUSR2 || si.si_errno != 0 || si.si_code != SI_USER))
			return 4;
		if (strcmp(how, "fd") == 0 && (read(fd, &f, sizeof(f)) != sizeof(f) || f.ssi_signo != SIGUSR2))
			return 5;
		printf("got %d\n", got + 1);
		fflush(stdout);
	}
	return 0;
}

/* ---- many, processes, from within ---- */

static int many(int n)
{
	static pthread_t t[4096];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (int i = 0; i < n && i < 4096; i++)
		if (pthread_create(&t[i], &attr, i % 8 ? in_sleep : busy, NULL) != 0)
			return 2;
	while (there < n)
		usleep(1000);
	until_input_ends();
	puts("ended");
	fflush(stdout);
	_exit(0);
}

__attribute__((noinline)) static void child_place(void)
{
	while (getppid() != 1 && !stop)
		usleep(50000);
	sink++;
}

static int forks(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		child_place();
		return 0;
	}
	printf("%d\n", (int)pid);
	until_input_ends();
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid ? 0 : 2;
}

__attribute__((noinline)) static int asks_place(void)
{
	int status = pda_dump();

	sink++;
	return status;
}

static int asks(void)
{
	pthread_t t;

	start(in_sleep, &t);
	while (there < 1)
		usleep(1000);
	usleep(50000);
	for (int i = 0; i < 3; i++)
		printf("asked %d\n", asks_place());
	return 0;
}

static void leaves_handler(int sig)
{
	(void)sig;
	_exit(7);
}

/* The program's handler ends it: the dump is there all the same. */
static int leaves(void)
{
	signal(SIGUSR2, leaves_handler);
	until_input_ends();
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "";

	if (strcmp(mode, "states") == 0)
		return states();
	if (strcmp(mode, "handles") == 0)
		return handles(how);
	if (strcmp(mode, "blocks") == 0)
		return blocks(how);
	if (strcmp(mode, "many") == 0)
		return many(atoi(how));
	if (strcmp(mode, "forks") == 0)
		return forks();
	if (strcmp(mode, "asks") == 0)
		return asks();
	if (strcmp(mode, "leaves") == 0)
		return leaves();
	fprintf(stderr, "dumps: unknown mode '%s'\n", mode);
	return 2;
}
