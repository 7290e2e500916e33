/*
 * Programs for the sampler to be in: target MODE [NUMBER...]. What they print on standard output must be the same with and without it;
 * "truth NAME CPU-SECONDS" lines on standard error are compared with the profile.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile unsigned sink;

static double clock_s(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Burns CPU time of the calling thread. */
__attribute__((noinline)) static void burn(double seconds)
{
	double until = clock_s(CLOCK_THREAD_CPUTIME_ID) + seconds;

	do {
		for (int i = 0; i < 20000; i++)
			sink += (unsigned)i;
	} while (clock_s(CLOCK_THREAD_CPUTIME_ID) < until);
}

static void nap(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds)) };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

static void truth(const char *name) { fprintf(stderr, "truth %s %.6f\n", name, clock_s(CLOCK_THREAD_CPUTIME_ID)); }

/* ---- spin THREADS SECONDS ---- */

struct job {
	char name[16];
	double seconds, duty;
};

__attribute__((noinline)) static void three_quarters(double s) { burn(0.75 * s); sink++; }
__attribute__((noinline)) static void one_quarter(double s) { burn(0.25 * s); sink++; }

static void *spin_thread(void *arg)
{
	struct job *j = arg;

	pthread_setname_np(pthread_self(), j->name);
	three_quarters(j->seconds);
	one_quarter(j->seconds);
	truth(j->name);
	return NULL;
}

static int spin(int n, double seconds)
{
	pthread_t thread[64];
	struct job job[64];

	for (int i = 0; i < n && i < 64; i++) {
		job[i] = (struct job){ .seconds = seconds };
		snprintf(job[i].name, sizeof(job[i].name), "spin-%d", i);
		pthread_create(&thread[i], NULL, spin_thread, &job[i]);
	}
	for (int i = 0; i < n && i < 64; i++)
		pthread_join(thread[i], NULL);
	puts("spun");
	return 0;
}

/* ---- duty SECONDS: threads that run all, 40, 20 and 10 percent of the time, in short bursts ---- */

static volatile bool over;

static void *duty_thread(void *arg)
{
	struct job *j = arg;

	pthread_setname_np(pthread_self(), j->name);
	while (!over) {
		burn(0.001 + 0.009 * j->duty);
		if (j->duty < 1)
			nap((0.001 + 0.009 * j->duty) * (1 - j->duty) / j->duty);
	}
	truth(j->name);
	return NULL;
}

static int duty(double seconds)
{
	static struct job job[4] = { { "duty-100", 0, 1 }, { "duty-40", 0, 0.4 }, { "duty-20", 0, 0.2 }, { "duty-10", 0, 0.1 } };
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, duty_thread, &job[i]);
	nap(seconds);
	over = true;
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	puts("done");
	return 0;
}

/* ---- churn N: threads that come and go, some by pthread_exit() and cancellation ---- */

static void *brief(void *arg)
{
	long i = (long)arg;

	burn(0.0002);
	if (i % 3 == 1)
		pthread_exit((void *)(i + 1));
	if (i % 16 == 2)
		for (;;)
			pause();
	return (void *)(i + 1);
}

static int churn(int n)
{
	long sum = 0;

	for (int i = 0; i < n; i += 8) {
		pthread_t t[8];

		for (int k = 0; k < 8; k++)
			pthread_create(&t[k], NULL, brief, (void *)(long)(i + k));
		for (int k = 0; k < 8; k++) {
			void *result;

			if ((i + k) % 16 == 2 && (i + k) % 3 != 1)
				pthread_cancel(t[k]);
			pthread_join(t[k], &result);
			sum += result == PTHREAD_CANCELED ? -1 : (long)result;
		}
	}
	printf("churned %ld\n", sum);
	return 0;
}

/* ---- forks N: children that work, exit in every way there is, exec, and fork again ---- */

static int child(int i)
{
	burn(0.003);
	switch (i % 6) {
	case 0: exit(i % 100);
	case 1: _exit(i % 100);
	case 2: execl("/bin/sh", "sh", "-c", "exit $0", "41", (char *)NULL); _exit(99);
	case 3: abort();
	case 4:
		if (fork() == 0) {
			burn(0.001);
			_exit(0);
		}
		wait(NULL);
		return 7;
	default: execlp("no-such-command-anywhere", "x", (char *)NULL); return 8;
	}
}

static int forks(int n)
{
	volatile long sum = 0; /* vfork() may clobber what is not */

	signal(SIGABRT, SIG_DFL);
	for (volatile int i = 0; i < n; i++) {
		int status = 0;
		pid_t pid;

		fflush(stdout);
		pid = i % 5 == 4 ? vfork() : fork();
		if (pid == 0 && i % 5 == 4)
			_exit(5); /* the child of vfork() lives in our memory */
		if (pid == 0)
			exit(child(i));
		waitpid(pid, &status, 0);
		sum = sum * 31 + status;
	}
	printf("forked %ld %d\n", sum, system("exit 3") >> 8);
	return 0;
}

/* ---- signals: a program with handlers, masks, timers and stacks of its own ---- */

static volatile sig_atomic_t alarms, profs, on_stack;
static char alternate[1 << 16];
static sigjmp_buf back;

static void on_alarm(int sig)
{
	char here;

	(void)sig;
	alarms++;
	on_stack += &here >= alternate && &here < alternate + sizeof(alternate);
	for (int i = 0; i < 20000; i++)
		sink += (unsigned)i;
}

static void on_prof(int sig) { (void)sig; profs++; }
static void on_segv(int sig) { siglongjmp(back, sig); }

static void *waiter(void *arg)
{
	sigset_t all, wanted;
	int sig = 0;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL); /* the timers' signals are for the other thread, which has the stack */
	wanted = all;
	sigdelset(&wanted, SIGALRM);
	sigdelset(&wanted, SIGPROF);
	sigwait(&wanted, &sig);
	return (void *)(long)sig;
}

static int signals(double seconds)
{
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK };
	struct itimerval every = { .it_interval.tv_usec = 1500, .it_value.tv_usec = 1500 }, none = { 0 };
	sigset_t all, before;
	void *got = NULL;
	pthread_t t;
	volatile int faults = 0;

	/* a program that sets every signal back first, as daemons do */
	for (int sig = 1; sig < _NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && (sig < 32 || sig > 33))
			signal(sig, SIG_DFL);
	sigaltstack(&ss, NULL);
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGPROF, on_prof);
	signal(SIGSEGV, on_segv);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* the thread begins with nothing that could reach it */
	pthread_create(&t, NULL, waiter, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	setitimer(ITIMER_PROF, &every, NULL);
	/* ITIMER_PROF runs with the kernel's ticks: on a busy machine there are few of them in a CPU second, so wait for the signals themselves */
	burn(seconds);
	for (int i = 0; i < 1000 && (alarms <= 10 || profs <= 10); i++)
		burn(0.01);
	for (int i = 0; i < 100; i++) {
		sink = 8;
		if (sigsetjmp(back, 1) == 0)
			*(volatile int *)(uintptr_t)sink = 1;
		else
			faults++;
	}
	setitimer(ITIMER_REAL, &none, NULL);
	setitimer(ITIMER_PROF, &none, NULL);
	pthread_kill(t, SIGUSR2);
	pthread_join(t, &got);
	printf("alarms %d on their stack %d profs %d faults %d waiter %d\n", alarms > 10, on_stack == alarms, profs > 10, faults, got == (void *)(long)SIGUSR2);
	return 0;
}

/* ---- plugins PATH N: libraries that come and go while another thread runs in one ---- */

static const char *plugin_path;

static void *plugin_user(void *arg)
{
	for (long i = 0; i < (long)arg; i++) {
		void *lib = dlopen(plugin_path, RTLD_NOW);
		double (*work)(double) = lib ? (double (*)(double))dlsym(lib, "plugin_work") : NULL;

		if (work)
			sink += (unsigned)work(0.002);
		if (lib)
			dlclose(lib);
	}
	return NULL;
}

static int plugins(const char *path, long n)
{
	pthread_t t[2];

	plugin_path = path;
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, plugin_user, (void *)n);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	puts("plugged");
	return 0;
}

/* ---- stacks: deep ones, small ones, foreign ones, broken ones ---- */

__attribute__((noinline)) static unsigned deep(unsigned n)
{
	volatile unsigned local = n;

	if (n)
		local += deep(n - 1);
	else
		burn(0.6);
	return local;
}

static ucontext_t home, coroutine;

static void in_coroutine(void)
{
	for (int i = 0; i < 5; i++) {
		burn(0.05);
		swapcontext(&coroutine, &home);
	}
}

/* No unwind information, a frame pointer that leads nowhere. */
__attribute__((naked, noinline)) static void lost(void)
{
	__asm__("push %rbp\n\tmov $0x1234567, %rbp\n\tmov $600000000, %rcx\n1:\tdec %rcx\n\tjnz 1b\n\tpop %rbp\n\tret");
}

static int stacks(void)
{
	static char small[24576];

	deep(20000);
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = small;
	coroutine.uc_stack.ss_size = sizeof(small);
	coroutine.uc_link = &home;
	makecontext(&coroutine, in_coroutine, 0);
	for (int i = 0; i < 5; i++)
		swapcontext(&home, &coroutine);
	lost();
	puts("stacked");
	return 0;
}

/* ---- the rest ---- */

static int closer(double seconds)
{
	int left = 0;

	puts("closing");
	fflush(stdout);
	syscall(SYS_close_range, 0u, ~0u, 0u);
	burn(seconds);
	for (int fd = 0; fd < 4096; fd++)
		left += dup2(fd, fd) == fd;
	return left;
}

/* A fixed amount of work, with calls into libc and callbacks from it: what it costs to be sampled. */
static int by_value(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static int work(int rounds)
{
	static unsigned v[20000];
	char text[32];
	unsigned sum = 0, x = 1;

	for (int r = 0; r < rounds; r++) {
		for (size_t i = 0; i < 20000; i++)
			v[i] = x = x * 1664525u + 1013904223u;
		qsort(v, 20000, sizeof(v[0]), by_value);
		for (size_t i = 0; i < 2000; i++)
			sum += (unsigned)snprintf(text, sizeof(text), "%u %g", v[i], (double)v[i]);
	}
	printf("worked %u\n", sum);
	return 0;
}

/* Asleep, with one thread that wakes now and then: for wall time. */
static void *sleeper(void *arg)
{
	pthread_setname_np(pthread_self(), "sleeper");
	nap(*(double *)arg);
	return NULL;
}

static int asleep(double seconds)
{
	pthread_t t;

	pthread_create(&t, NULL, sleeper, &seconds);
	burn(seconds / 4);
	nap(seconds / 4);
	pthread_join(t, NULL);
	puts("slept");
	return 0;
}

/* From one sleep to the next, with next to nothing in between. What they took in all, by the clock. */
__attribute__((noinline)) static double nap_briefly(void)
{
	double from = clock_s(CLOCK_MONOTONIC);

	nap(0.003);
	return clock_s(CLOCK_MONOTONIC) - from;
}

__attribute__((noinline)) static double nap_longer(void)
{
	double from = clock_s(CLOCK_MONOTONIC);

	nap(0.027);
	return clock_s(CLOCK_MONOTONIC) - from;
}

static int naps(double seconds)
{
	double brief_ones = 0, longer = 0;

	while (brief_ones + longer < seconds) {
		brief_ones += nap_briefly();
		longer += nap_longer();
	}
	fprintf(stderr, "truth nap_briefly %.6f\ntruth nap_longer %.6f\n", brief_ones, longer);
	puts("slept");
	return 0;
}

/* Takes what is left on a disk for a while. */
static int refill(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	char page[1024] = { 0 };

	if (fd < 0)
		return 2;
	burn(0.2);
	while (write(fd, page, sizeof(page)) > 0)
		;
	burn(0.5);
	unlink(path);
	close(fd);
	burn(0.5);
	return 0;
}

/* So many threads at a time, each with a small stack. */
static void *hold(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

static int many(int n)
{
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	pthread_barrier_t all;
	pthread_attr_t attr;
	int made = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_barrier_init(&all, NULL, (unsigned)n + 1);
	while (t && made < n && pthread_create(&t[made], &attr, hold, &all) == 0)
		made++;
	if (made < n) {
		printf("only %d threads\n", made);
		_exit(77);
	}
	pthread_barrier_wait(&all);
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	printf("threads %d\n", n);
	free(t);
	return 0;
}

static int execs(void)
{
	burn(0.1);
	execl("/proc/self/exe", "target", "spin", "1", "0.1", (char *)NULL);
	return 1;
}

/* The line of a file of /proc that begins with "Uid:"; "" none. */
static void users_of(const char *path, char line[256])
{
	FILE *f = fopen(path, "r");
	bool found = false;

	while (f && !found && fgets(line, 256, f))
		found = strncmp(line, "Uid:", 4) == 0;
	if (f)
		fclose(f);
	if (!found)
		line[0] = '\0';
}

/* Threads whose users are not those of the first one. */
static int strangers(void)
{
	char first[256], line[256], path[300];
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	users_of("/proc/self/status", first);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
		users_of(path, line);
		n += e->d_name[0] != '.' && strcmp(line, first) != 0;
	}
	if (d)
		closedir(d);
	return n;
}

static void *nothing(void *arg) { return arg; }

/* Changes its user, with all its threads: root becomes nobody, others stay what they are. First in a child, of a program that may have had threads. */
static int users(int threads)
{
	uid_t to = getuid() ? getuid() : 65534;
	pthread_t t;
	pid_t pid;

	for (int i = 0; i < threads; i++)
		if (pthread_create(&t, NULL, nothing, NULL) == 0)
			pthread_join(t, NULL);
	fflush(NULL);
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	burn(0.02);
	printf("%s: ", pid ? "parent" : "child");
	printf("%d ", setegid(getegid()) + setgid(getgid()) + setregid(getgid(), getgid()) + setresgid(getgid(), getgid(), getgid()));
	printf("%d ", getuid() ? 0 : setgroups(0, NULL) + initgroups("nobody", getgid()));
	printf("%d ", setreuid((uid_t)-1, (uid_t)-1) + setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1) + seteuid(geteuid()) + setuid(to));
	printf("%d, %d strangers\n", getuid() == to && geteuid() == to, strangers());
	return 0;
}

/* From now on signals cannot return. By prctl() or by seccomp(). */
static int filter(int way)
{
	struct sock_filter f[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
				   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { sizeof(f) / sizeof(*f), f };

	printf("%ld %ld ", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), (long)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL)); /* are there any? */
	burn(0.2);
	printf("%d ", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	printf("%ld\n", way ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) : (long)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	burn(0.2);
	printf("%ld %d\n", syscall(SYS_close, -1), errno == EBADF);
	printf("%d\n", (int)(syscall(SYS_getppid) == getppid()));
	return 0;
}

/* Descriptors that are open: none of them may be the sampler's. */
static void descriptors(void)
{
	int open = 0;

	for (int fd = 0; fd < 4096; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	printf("descriptors %d\n", open);
}

static int run(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	double a = argc > 2 ? strtod(argv[2], NULL) : 1, b = argc > 3 ? strtod(argv[3], NULL) : 1;

	if (strcmp(mode, "spin") == 0)
		return spin((int)a, b);
	if (strcmp(mode, "duty") == 0)
		return duty(a);
	if (strcmp(mode, "churn") == 0)
		return churn((int)a);
	if (strcmp(mode, "forks") == 0)
		return forks((int)a);
	if (strcmp(mode, "signals") == 0)
		return signals(a);
	if (strcmp(mode, "plugins") == 0)
		return plugins(argc > 2 ? argv[2] : "", (long)b);
	if (strcmp(mode, "stacks") == 0)
		return stacks();
	if (strcmp(mode, "closer") == 0)
		return closer(a);
	if (strcmp(mode, "work") == 0)
		return work((int)a);
	if (strcmp(mode, "refill") == 0)
		return refill(argv[2]);
	if (strcmp(mode, "asleep") == 0)
		return asleep(a);
	if (strcmp(mode, "naps") == 0)
		return naps(a);
	if (strcmp(mode, "many") == 0)
		return many((int)a);
	if (strcmp(mode, "execs") == 0)
		return execs();
	if (strcmp(mode, "filter") == 0)
		return filter((int)a);
	if (strcmp(mode, "users") == 0)
		return users((int)a);
	fprintf(stderr, "target: unknown mode '%s'\n", mode);
	return 2;
}

int main(int argc, char **argv)
{
	int status = run(argc, argv);

	descriptors();
	return status;
}
