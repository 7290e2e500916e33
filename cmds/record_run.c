/* profdata record: the command as a child of ours, with the sampler in its environment, until it ends or is to end. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE 5.0 /* seconds between asking the command to end and ending it */

static double now(void) { return (double)proc_clock(CLOCK_MONOTONIC) / 1e9; }

/* In the child. Returns errno when there was no way. */
static int start(const char *path, char **argv, const sigset_t *mask)
{
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(path, argv);
	return errno;
}

/* The same with the sampler. */
static int become(const struct record_args *a, const char *agent, const char *stream, const char *path, char **argv, const sigset_t *mask)
{
	const char *before = getenv("LD_PRELOAD");
	char *preload = NULL, *what = NULL, *heap = NULL, *lock = NULL;
	int stem = (int)strlen(agent) - 3;

	/* what stands before malloc() and before locks are libraries of their own beside the sampler: nobody else has to pass through them */
	if (asprintf(&heap, ":%.*s-heap.so", stem, agent) < 0 || asprintf(&lock, ":%.*s-lock.so", stem, agent) < 0 ||
	    asprintf(&preload, "%s%s%s%s%s", agent, a->heap ? heap : "", a->lock ? lock : "", before && *before ? ":" : "", before ? before : "") < 0 ||
	    asprintf(&what, "cpu=%.6g,wall=%.6g,heap=%" PRId64 ",lock=%" PRId64 ",trace=%d,functions=%d,min_duration=%.0f,dump=%d,children=%d,pid=%ld,engine=%s,out=%s", a->cpu ? a->rate : 0, a->wall ? a->rate : 0,
		     a->heap ? a->heap_period : 0, a->lock ? a->lock_rate : 0, a->trace, a->functions, a->min_duration * 1e3, a->dump_number, !a->no_children, (long)getpid(), a->engine, stream) < 0 ||
	    setenv("LD_PRELOAD", preload, 1) != 0 || setenv("PROFDATA_AGENT", what, 1) != 0)
		return ENOMEM;
	return start(path, argv, mask);
}

/* What became of the exec: nothing comes when it worked. */
static int exec_error(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

static void show(const struct cmd_ctx *ctx, const char *stream, double seconds)
{
	struct stat st;

	if (strcmp(ctx->common.progress, "always") == 0 && stat(stream, &st) == 0)
		fprintf(stderr, "\r\033[Krecording, %.0f s, %.1f kB", seconds, (double)st.st_size / 1e3);
}

/*
 * Until the child ends: signals for us are for it, and the time may be up. Returns its wait status; *asked: it was us who ended it; *told: somebody wanted it
 * to end, or said something like it.
 */
static int wait_for(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, pid_t pid, const sigset_t *set, const struct record_watch *watch, bool *asked,
		    bool *told)
{
	double from = now(), until = a->seconds > 0 ? from + a->seconds : 0, kill_at = 0;
	struct timespec step = { .tv_nsec = 200000000 };
	struct record_live live = { .perf = watch ? watch->arg : NULL };
	struct record_dumps dumps = { 0 };
	siginfo_t si = { 0 };
	int status = 0, sig;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		double t = now();

		if (until != 0 && t >= until && !*asked) {
			*asked = true;
			kill_at = t + GRACE;
			kill(pid, SIGTERM);
		} else if (kill_at != 0 && t >= kill_at) {
			kill(pid, SIGKILL);
		}
		step.tv_nsec = until != 0 && !*asked && until - t < 0.2 ? (long)(1e9 * (until - t)) : 200000000;
		sig = watch ? watch->wait(watch->arg, set, &si, 1e-9 * (double)step.tv_nsec) : sigtimedwait(set, &si, &step);
		*told |= sig == SIGINT || sig == SIGTERM || sig == SIGHUP;
		/* Ctrl-C and Ctrl-\\ at the terminal reach the command without us */
		if (sig > 0 && sig != SIGCHLD && !((sig == SIGINT || sig == SIGQUIT) && si.si_code == SI_KERNEL))
			kill(pid, sig);
		show(ctx, stream, t - from);
		record_live(ctx, a, stream, &live);
		record_dumps(ctx, a, stream, &dumps);
	}
	record_dumps_end(ctx, a, stream, &dumps);
	record_live_end(&live);
	if (strcmp(ctx->common.progress, "always") == 0)
		fputs("\r\033[K", stderr);
	return status;
}

/* The child: waits until it may begin (a byte comes; nothing: it may not), tells what went wrong. */
static _Noreturn void child(const struct record_args *a, const char *agent, const char *stream, const char *path, char **argv, const sigset_t *mask, int go, int tell)
{
	char byte;
	int error;

	if (go >= 0 && read(go, &byte, 1) != 1)
		_exit(RECORD_FAILED);
	error = agent ? become(a, agent, stream, path, argv, mask) : start(path, argv, mask);
	if (write(tell, &error, sizeof(error)) != (ssize_t)sizeof(error))
		_exit(RECORD_FAILED);
	_exit(126);
}

/* What looks on is made ready while the child waits. 0 or the status to end with. */
static int release(const struct record_watch *watch, pid_t pid, int go)
{
	int status = watch->begin(watch->arg, pid);

	if (!status && write(go, "", 1) != 1)
		status = RECORD_FAILED;
	close(go);
	if (status)
		waitpid(pid, NULL, 0);
	return status;
}

static void stop_signals(sigset_t *set)
{
	struct sigaction hang_up;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hang_up) != 0 || hang_up.sa_handler != SIG_IGN) /* nohup stays in force */
		sigaddset(set, SIGHUP);
}

void record_hold_signals(struct record_args *a)
{
	sigset_t set;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &a->mask);
}

void record_release_signals(const struct record_args *a)
{
	sigset_t set;

	stop_signals(&set);
	while (sigtimedwait(&set, NULL, &(struct timespec){ 0 }) > 0)
		;
	sigprocmask(SIG_SETMASK, &a->mask, NULL);
}

int record_run_command(struct cmd_ctx *ctx, const struct record_args *a, const char *agent, const char *stream, const char *path, char **argv,
		       const struct record_watch *watch, struct record_end *end)
{
	int tell[2], go[2] = { -1, -1 }, error = 0, waited, failed = 0;
	sigset_t set, old;
	bool asked = false, told = false;
	pid_t pid;

	stop_signals(&set);
	sigaddset(&set, SIGCHLD);
	if (a->dump_number)
		sigaddset(&set, a->dump_number);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (pipe2(tell, O_CLOEXEC) != 0 || (watch && pipe2(go, O_CLOEXEC) != 0) || (pid = fork()) < 0) {
		cmd_errorf(ctx, "cannot start a process: %s", strerror(errno));
		return RECORD_FAILED;
	}
	if (pid == 0) {
		close(go[1]);
		child(a, agent, stream, path, argv, &a->mask, go[0], tell[1]);
	}
	close(tell[1]);
	if (watch) {
		close(go[0]);
		failed = release(watch, pid, go[1]);
	}
	if (!failed)
		error = exec_error(tell[0]);
	close(tell[0]);
	waited = failed ? 0 : wait_for(ctx, a, stream, pid, &set, watch, &asked, &told);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (failed)
		return failed;
	if (error) {
		cmd_errorf(ctx, "%s: cannot run: %s", path, strerror(error));
		return error == ENOENT ? 127 : 126;
	}
	end->status = WIFSIGNALED(waited) ? 128 + WTERMSIG(waited) : WEXITSTATUS(waited);
	end->killed = WIFSIGNALED(waited);
	end->whole = WIFEXITED(waited) && !asked && !told;
	if (asked && WIFSIGNALED(waited) && (WTERMSIG(waited) == SIGTERM || WTERMSIG(waited) == SIGKILL))
		end->status = 0;
	return 0;
}
