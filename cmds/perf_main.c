/* record from outside: start, rounds, end. */
#include "perf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUND_MS 100
#define TURN_NS 2000000u     /* as long as rings are left alone while there is something to understand */
#define SEARCH_NS 1000000000u
#define HUNG_UP_MS 10 /* when nobody tells that a ring fills up */

/* ---- what is asked for ---- */

static int copies(struct perf *p)
{
	const char *how = p->a->call_graph;
	char *end;
	unsigned long n;

	p->stack = p->a->rate <= PERF_CALM ? 2 * PERF_STACK : PERF_STACK;
	p->switch_stack = p->mode == PERF_ALL ? PERF_SWITCH_STACK : 2 * PERF_SWITCH_STACK;
	p->frame_pointers = true;
	if (!how || strcmp(how, "auto") == 0) {
	} else if (strcmp(how, "fp") == 0) {
		p->stack = p->switch_stack = 0;
	} else if (strcmp(how, "dwarf") == 0) {
		p->stack = p->switch_stack = 32768;
		p->frame_pointers = false;
	} else if (strncmp(how, "dwarf,", 6) == 0 && (n = strtoul(how + 6, &end, 10)) >= 64 && n <= 61440 && !*end) {
		p->stack = p->switch_stack = (uint32_t)(n + 7) & ~7u;
		p->frame_pointers = false;
	} else {
		cli_usage(p->ctx, NULL, "--call-graph: expected auto, fp, dwarf or dwarf,BYTES (64 to 61440), not '%s'", how);
		return RECORD_FAILED;
	}
#ifndef __x86_64__
	p->stack = p->switch_stack = 0; /* nobody unwinds them here */
#endif
	return 0;
}

static int wanted(struct perf *p)
{
	const char *name = p->a->event;
	char names[512];

	if (name && strchr(name, ':')) {
		if (!perf_tracepoint(name, &p->tracepoint, names, sizeof(names))) {
			cmd_errorf(p->ctx, "%s", names);
			return RECORD_FAILED;
		}
		p->event = &p->tracepoint;
	} else {
		p->event = perf_kind_named(name ? name : p->mode == PERF_ALL ? "cpu-clock" : "task-clock");
	}
	if (!p->event) {
		perf_kinds(names, sizeof(names));
		cli_usage(p->ctx, NULL, "--event: expected one of %s, or a tracepoint (sched:sched_switch), not '%s'", names, name);
		return RECORD_FAILED;
	}
	if (p->a->wall && !p->event->clock) {
		cli_usage(p->ctx, NULL, "--wall measures time, and %s is none; hint: two recordings", p->event->name);
		return RECORD_FAILED;
	}
	p->period = (uint64_t)(1e9 / p->a->rate);
	p->switches = p->a->wall;
	p->ring_bytes = perf_ring_size(PERF_RING_BEST, PERF_RING);
	return copies(p);
}

/* Where there are no counters, the clock is the next best thing. */
static int probe(struct perf *p)
{
	int error = perf_probe(p);

	if ((error == ENOENT || error == EOPNOTSUPP || error == ENODEV || error == EINVAL) && p->event->type == PERF_TYPE_HARDWARE) {
		cmd_warnf(p->ctx, "this machine does not count %s (virtual machines often have no counters): CPU time is recorded instead", p->event->name);
		p->event = perf_kind_named(p->mode == PERF_ALL ? "cpu-clock" : "task-clock");
		error = perf_probe(p);
	}
	return error;
}

struct perf *record_outside_new(struct cmd_ctx *ctx, const struct record_args *a, const char *because)
{
	struct perf *p = calloc(1, sizeof(*p));
	char why[1024];
	int error;

	if (!p)
		return NULL;
	p->ctx = ctx;
	p->a = a;
	p->out = p->poll = p->signals = -1;
	p->mode = a->all_cpus ? PERF_ALL : a->pids ? PERF_ATTACH : PERF_COMMAND;
	p->paranoid = perf_paranoid();
	p->objects = pd_unwinder_new(NULL);
	if (!p->objects || wanted(p)) {
		record_outside_free(p);
		return NULL;
	}
	error = probe(p);
	if (!error) {
		if (p->user_only)
			cmd_infof(ctx, "without the kernel's side: kernel.perf_event_paranoid is %d, and 1 or less shows it", p->paranoid);
		return p;
	}
	perf_explain(p, error, 0, !because, why, sizeof(why));
	if (because)
		cmd_errorf(ctx, "%s, and from outside: %s", because, why);
	else
		cmd_errorf(ctx, "%s", why);
	record_outside_free(p);
	return NULL;
}

const char *record_outside_event(const struct perf *p, const char **what)
{
	*what = p->event->clock ? "CPU time" : p->event->name;
	return p->event->clock ? "cpu" : p->event->name;
}

void record_outside_free(struct perf *p)
{
	if (!p)
		return;
	perf_close(p);
	perf_tasks_free(p);
	if (p->out >= 0)
		close(p->out);
	if (p->poll >= 0)
		close(p->poll);
	if (p->signals >= 0)
		close(p->signals);
	free(p->target_fd);
	for (size_t i = 0; i < p->n_objects; i++)
		free(p->object[i]);
	free(p->object);
	free(p);
}

const char *const *record_outside_objects(struct perf *p, size_t *n)
{
	*n = 0;
	if (!p)
		return NULL;
	if (!p->object)
		p->object = calloc(p->alias.n + 1, sizeof(*p->object));
	for (size_t i = p->n_objects; p->object && i < p->alias.n; i++)
		if (asprintf(&p->object[p->n_objects], "%s=%s", p->alias.v[i].name, p->alias.v[i].file) >= 0)
			p->n_objects++;
	*n = p->n_objects;
	return (const char *const *)p->object;
}

/* ---- rounds ---- */

static void take(struct perf *p, uint64_t until)
{
	size_t n = perf_ready(p, until);
	uint64_t read_at = proc_clock(CLOCK_MONOTONIC), now;

	for (size_t i = 0; i < n; i++) {
		perf_take(p, i);
		if (p->end || i % 16 || (now = proc_clock(CLOCK_MONOTONIC)) - read_at < TURN_NS)
			continue;
		perf_drain(p); /* what comes meanwhile waits behind the n */
		read_at = now;
	}
	perf_forget(p, n);
}

/* Rings fill up while others have the CPU: we need little of it, but at once. Where that is not allowed it goes without. */
static void hurry(struct perf *p, bool on)
{
	if (on == p->hurry)
		return;
	errno = 0;
	if (on)
		p->nice = getpriority(PRIO_PROCESS, 0);
	p->hurry = on && !errno && setpriority(PRIO_PROCESS, 0, -20) == 0;
	if (!on)
		setpriority(PRIO_PROCESS, 0, p->nice);
}

void record_outside_calm(struct perf *p)
{
	if (p)
		hurry(p, false);
}

static void round_of(struct perf *p)
{
	uint64_t now = proc_clock(CLOCK_MONOTONIC);

	perf_drain(p);
	take(p, p->safe);
	p->safe = now; /* what comes from now on is younger, once all rings are read again */
	if (p->holes && now - p->searched > SEARCH_NS) {
		p->searched = now;
		perf_search(p, false);
	}
	perf_flush_old(p, now - 500000000u);
	if (now - p->told > 1000000000u) {
		p->told = now;
		perf_put_stats(p);
	}
}

/* ---- waiting ---- */

enum tag { SIGNAL, RING, ENDED };

static bool watch(struct perf *p, int fd, enum tag tag, size_t i)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)tag << 32 | i };

	return epoll_ctl(p->poll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static bool watch_all(struct perf *p, const sigset_t *set)
{
	bool ok;

	p->poll = epoll_create1(EPOLL_CLOEXEC);
	p->signals = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	ok = p->poll >= 0 && p->signals >= 0 && watch(p, p->signals, SIGNAL, 0);
	for (size_t i = 0; ok && i < p->ring.n; i++)
		ok = watch(p, p->ring.v[i].fd, RING, i);
	if (!ok)
		cmd_errorf(p->ctx, "cannot wait for events: %s", strerror(errno));
	return ok;
}

static int signal_of(struct perf *p, siginfo_t *si)
{
	struct signalfd_siginfo info;

	if (read(p->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return -1;
	memset(si, 0, sizeof(*si));
	si->si_signo = (int)info.ssi_signo;
	si->si_code = info.ssi_code;
	return si->si_signo;
}

/* As sigtimedwait(): until a signal for us, or the time is over. One round meanwhile. */
static int wait_one(void *arg, const sigset_t *set, siginfo_t *si, double seconds)
{
	struct perf *p = arg;
	struct epoll_event e[16];
	int ms = p->hung_up ? HUNG_UP_MS : ROUND_MS, n, sig = -1;

	(void)set;
	if (seconds * 1e3 < ms)
		ms = seconds > 0 ? (int)(seconds * 1e3) + 1 : 0;
	n = epoll_wait(p->poll, e, 16, ms);
	for (int i = 0; i < n; i++) {
		uint32_t at = (uint32_t)e[i].data.u64;

		switch ((enum tag)(e[i].data.u64 >> 32)) {
		case SIGNAL: sig = signal_of(p, si); break;
		case RING:
			if (e[i].events & EPOLLHUP) { /* the thread that the ring was made for has ended; others may use it still */
				epoll_ctl(p->poll, EPOLL_CTL_DEL, p->ring.v[at].fd, NULL);
				p->hung_up = true;
			}
			break;
		case ENDED:
			epoll_ctl(p->poll, EPOLL_CTL_DEL, p->target_fd[at], NULL);
			p->targets--;
			break;
		}
	}
	round_of(p);
	return sig;
}

/* ---- beginnings ---- */

static void begin(struct perf *p)
{
	p->begin = p->safe = proc_clock(CLOCK_MONOTONIC);
	hurry(p, true);
	if (p->ring_bytes < PERF_RING)
		cmd_notef(p->ctx, "rings of %zu KiB per CPU in place of %u: kernel.perf_event_mlock_kb and ulimit -l allow no more", p->ring_bytes >> 10, PERF_RING >> 10);
	perf_put_head(p);
}

static int failed(struct perf *p, int error, pid_t pid)
{
	char why[1024];

	perf_explain(p, error, pid, false, why, sizeof(why));
	cmd_errorf(p->ctx, "%s", why);
	return RECORD_FAILED;
}

/* The command is there, but has not begun. */
static int begin_command(void *arg, pid_t pid)
{
	struct perf *p = arg;
	int error = perf_attach(p, pid, true);
	sigset_t set;

	if (error)
		return failed(p, error, pid);
	p->command = (uint32_t)pid;
	begin(p);
	sigprocmask(SIG_BLOCK, NULL, &set); /* what the caller has blocked is what it waits for */
	return watch_all(p, &set) ? 0 : RECORD_FAILED;
}

/* All threads of a process, and those that come while we are at it: later ones inherit. */
static int attach_threads(struct perf *p, uint32_t pid)
{
	struct { pid_t *v; size_t n, cap; } done = { 0 };
	int error = 0;
	bool fresh = true;

	for (unsigned again = 0; again < 20 && fresh && !error; again++) {
		pid_t *tid;
		size_t n = perf_threads_of(pid, &tid);

		fresh = false;
		for (size_t i = 0; i < n && !error; i++) {
			bool seen = false;

			for (size_t k = 0; k < done.n; k++)
				seen |= done.v[k] == tid[i];
			if (seen)
				continue;
			fresh = true;
			error = perf_attach(p, tid[i], false);
			if (error == ESRCH)
				error = 0;
			if (!error && !PERF_PUSH(done, tid[i]))
				error = ENOMEM;
		}
		free(tid);
	}
	free(done.v);
	return error ? error : p->fd.n ? 0 : ESRCH;
}

static int attach_pids(struct perf *p, const uint32_t *pid, size_t n)
{
	int error;

	p->target_fd = calloc(n + 1, sizeof(*p->target_fd));
	if (!p->target_fd)
		return RECORD_FAILED;
	for (size_t i = 0; i < n; i++) {
		p->target_fd[i] = (int)syscall(SYS_pidfd_open, (pid_t)pid[i], 0);
		error = p->target_fd[i] < 0 ? errno : attach_threads(p, pid[i]);
		p->targets = i + 1;
		if (error)
			return failed(p, error, (pid_t)pid[i]);
	}
	return 0;
}

static void scan_all(struct perf *p)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] > '0' && e->d_name[0] <= '9') {
			perf_scan(p, (uint32_t)strtoul(e->d_name, NULL, 10));
			perf_drain(p); /* it takes a while, and rings fill up meanwhile */
		}
	if (d)
		closedir(d);
}

/* ---- ends ---- */

static void tell_lost(struct perf *p)
{
	unsigned long long asleep = p->lost.asleep, others = p->stats.lost - (p->lost.asleep < p->stats.lost ? p->lost.asleep : p->stats.lost);

	if (asleep)
		cmd_warnf(p->ctx, "%llu stacks of threads that went to sleep lost, of %llu switches: how long they slept is known, where is [not seen]; hint: --call-graph fp", asleep,
			  (unsigned long long)p->stats.switches);
	if (others && p->switches)
		cmd_warnf(p->ctx, "%llu records lost, over %.3f ms: who ran then is partly guessed; hint: a lower --frequency, or --call-graph fp", others, (double)p->lost.ns / 1e6);
	else if (others)
		cmd_warnf(p->ctx, "%llu records lost: they came faster than they could be read; hint: a lower --frequency, or --call-graph fp", others);
}

static void finish(struct perf *p)
{
	uint64_t lost;

	p->end = proc_clock(CLOCK_MONOTONIC);
	perf_enable(p, false);
	perf_drain(p);
	take(p, UINT64_MAX);
	hurry(p, false);
	if (p->lost.gaps)
		perf_search(p, true);
	perf_counts(p, &p->stats.cpu, &lost);
	if (p->mode == PERF_ALL || !p->event->clock)
		p->stats.cpu = 0; /* a clock of a CPU counts on while it idles */
	p->stats.lost = lost > p->stats.lost ? lost : p->stats.lost;
	perf_tasks_end(p);
	perf_put_stats(p);
	tell_lost(p);
	if (p->nomem)
		cmd_warnf(p->ctx, "out of memory: something is missing");
}

static double seconds_now(void) { return (double)proc_clock(CLOCK_MONOTONIC) / 1e9; }

/* Others run, we look: until they have ended, the time is up or we are told to stop. */
static void look_on(struct perf *p)
{
	double until = p->a->seconds > 0 ? seconds_now() + p->a->seconds : 0;
	struct record_live live = { .perf = p };
	siginfo_t si;
	int sig = -1;

	while (sig != SIGINT && sig != SIGTERM && sig != SIGHUP && !p->full && (p->mode == PERF_ALL || p->targets) && (until == 0 || seconds_now() < until)) {
		double left = until == 0 ? 1 : until - seconds_now();

		sig = wait_one(p, NULL, &si, p->a->live && left > 0.2 ? 0.2 : left);
		record_live(p->ctx, p->a, p->stream, &live);
	}
	record_live_end(&live);
}

static int record_others(struct perf *p, const uint32_t *pid, size_t n)
{
	int error = 0, status;
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set); /* what the caller has blocked is what it waits for */
	if (p->mode == PERF_ALL)
		status = (error = perf_attach(p, -1, false)) ? failed(p, error, 0) : 0;
	else
		status = attach_pids(p, pid, n);
	if (!status && !watch_all(p, &set))
		status = RECORD_FAILED;
	for (size_t i = 0; i < p->targets && !status && p->mode == PERF_ATTACH; i++)
		if (!watch(p, p->target_fd[i], ENDED, i))
			status = RECORD_FAILED;
	if (!status) {
		perf_enable(p, true);
		begin(p);
		if (p->mode == PERF_ALL)
			scan_all(p);
		for (size_t i = 0; i < n; i++)
			perf_scan(p, pid[i]);
		look_on(p);
		finish(p);
	}
	return status;
}

int record_outside_run(struct perf *p, const char *stream, const char *path, char **argv, const uint32_t *pid, size_t n, struct record_end *end)
{
	struct record_watch w = { .begin = begin_command, .wait = wait_one, .arg = p };
	int status;

	p->stream = stream;
	p->out = open(stream, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (p->out < 0) {
		cmd_errorf(p->ctx, "%s: %s", stream, strerror(errno));
		return RECORD_FAILED;
	}
	if (p->mode != PERF_COMMAND)
		return record_others(p, pid, n);
	status = record_run_command(p->ctx, p->a, NULL, stream, path, argv, &w, end);
	if (p->begin)
		finish(p);
	return status;
}
