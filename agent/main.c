/*
 * Begin and end. What to do stands in one variable, comma separated, the path last:
 *
 *   PROFDATA_AGENT=cpu=99,wall=0,heap=524288,lock=10000,trace=0,dump=0,children=1,pid=4711,engine=timer,out=/path/of/the/stream
 *
 * Without it, in programs with more rights than their user (setuid), and where anything is missing, nothing happens at all.
 */
#include "spans.h"
#include <dlfcn.h>
#define PDA_NONE /* the declarations, not the search for us */
#include <profdata/agent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

struct agent agent;

uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) == 0 ? (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec : 0;
}

void *next_symbol(const char *name) { return dlsym(RTLD_NEXT, name); }

void *any_symbol(const char *name) { return dlsym(RTLD_DEFAULT, name); }

bool agent_on(void) { return atomic_load_explicit(&agent.mode, memory_order_relaxed) == AGENT_ON && (pid_t)syscall(SYS_getpid) == agent.pid; }

/* All but 32 and 33, by which libc cancels threads and tells them of a change of user: whoever changes it waits for all threads, ours too. */
void signals_block(sigset_t *old)
{
	uint64_t all = ~(3ull << 31);

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, old, 8);
}

void signals_restore(const sigset_t *old) { syscall(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, 8); }

/* ---- what is asked for ---- */

static uint64_t period_of(const char *hz)
{
	double rate = strtod(hz, NULL);

	return rate >= 0.01 && rate <= 20000 ? (uint64_t)(1e9 / rate) : 0;
}

/* False: not for this process. */
static bool configure(const char *text)
{
	pid_t pid = (pid_t)syscall(SYS_getpid), only = pid;

	agent.children = true;
	agent.engine = PD_WIRE_TIMER_CREATE;
	agent.cpu_period = agent.wall_period = agent.lock_rate = agent.min_duration = 0;
	agent.trace = agent.functions = false;
	agent.dump_signal = 0;
	agent.max_depth = AGENT_CALLS;
	for (const char *p = text; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
		if (strncmp(p, "out=", 4) == 0) {
			if (strlen(p + 4) >= sizeof(agent.path) || p[4] != '/')
				return false;
			strcpy(agent.path, p + 4);
			break;
		}
		if (spans_configure(p))
			continue;
		if (strncmp(p, "cpu=", 4) == 0)
			agent.cpu_period = period_of(p + 4);
		else if (strncmp(p, "wall=", 5) == 0)
			agent.wall_period = period_of(p + 5);
		else if (strncmp(p, "heap=", 5) == 0)
			agent.heap_period = strtoull(p + 5, NULL, 10);
		else if (strncmp(p, "lock=", 5) == 0)
			agent.lock_rate = strtoull(p + 5, NULL, 10);
		else if (strncmp(p, "dump=", 5) == 0)
			agent.dump_signal = (int)strtol(p + 5, NULL, 10);
		else if (strncmp(p, "children=", 9) == 0)
			agent.children = p[9] == '1';
		else if (strncmp(p, "pid=", 4) == 0)
			only = (pid_t)strtol(p + 4, NULL, 10);
		else if (strncmp(p, "engine=itimer", 13) == 0)
			agent.engine = PD_WIRE_SETITIMER;
	}
	return agent.path[0] && (agent.cpu_period || agent.wall_period || agent.heap_period || agent.lock_rate || agent.trace || agent.dump_signal) && (agent.children || only == pid);
}

/* ---- begin ---- */

static void begin_clocks(void)
{
	struct timespec t;

	agent.pid = (pid_t)syscall(SYS_getpid);
	agent.image = now_ns(CLOCK_MONOTONIC);
	agent.cpu_before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &t) == 0)
		agent.tick = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	agent.late = AGENT_LATE + (agent.cpu_period ? (uint32_t)(agent.tick / agent.cpu_period) : 0);
}

/* Without timers of its own the process gets one for all its threads, if SIGPROF is free. */
static void fall_back(struct agent_ring *r)
{
	if (!agent.cpu_period || (agent.engine == PD_WIRE_TIMER_CREATE && r->timer >= 0))
		return;
	if (agent.engine != PD_WIRE_SETITIMER) {
		agent.engine = PD_WIRE_SETITIMER;
		agent.signal = signal_pick();
	}
	if (!agent.signal || !itimer_start())
		agent.cpu_period = 0;
}

static bool start(struct agent_ring *r, bool own_stack)
{
	bool single = alone();

	agent.session++;
	spans_begin();
	atomic_store(&agent.mode, AGENT_ON);
	heap_begin();
	ring_begin(r, own_stack);
	fall_back(r);
	writer_begin();
	dump_signal_begin();
	if (writer_start()) {
		if (single)
			alone_again();
		spans_switch();
		return true;
	}
	atomic_store(&agent.mode, AGENT_OFF);
	heap_end();
	lock_end();
	dump_signal_end();
	timer_stop(r);
	itimer_stop();
	return false;
}

__attribute__((constructor)) static void begin(void)
{
	const char *text = getauxval(AT_SECURE) ? NULL : secure_getenv("PROFDATA_AGENT");
	struct agent_ring *r;

	if (!text || !configure(text))
		return;
	begin_clocks();
	agent.signal = signal_pick();
	if (!agent.signal || !rings_make() || !(r = ring_take()))
		return;
	lock_find();
	modules_refresh();
	start(r, true);
}

/* ---- end ---- */

void agent_stop(enum pd_wire_reason reason)
{
	uint32_t on = AGENT_ON;
	sigset_t old;

	if (!agent_on())
		return;
	dump_wait();
	if (!atomic_compare_exchange_strong(&agent.mode, &on, AGENT_ENDING))
		return;
	spans_switch();
	signals_block(&old);
	itimer_stop();
	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_ring *r = ring_at(i);

		if (atomic_load(&r->state) != RING_LIVE)
			continue;
		timer_stop(r);
		r->end_time = now_ns(CLOCK_MONOTONIC);
		r->end_cpu = thread_cpu(r->tid);
		atomic_store(&r->state, RING_ENDED);
	}
	if (reason >= PD_WIRE_STOPPED)
		alone_no_more(); /* at its end a thread gives memory back */
	writer_ask(reason >= PD_WIRE_STOPPED ? ASK_STOP : ASK_FINISH, reason);
	atomic_store(&agent.mode, AGENT_OFF);
	heap_end();
	lock_end();
	dump_signal_end();
	signals_restore(&old);
}

__attribute__((destructor)) static void end(void) { agent_stop(PD_WIRE_EXIT); }

/* The child has one thread, no timers, and rings that are its parent's. */
void agent_forked(void)
{
	uint64_t lo = ring_own() ? agent_self->stack_lo : 0, hi = ring_own() ? agent_self->stack_hi : 0;
	struct agent_ring *r;

	labels_keep();
	agent_self = NULL;
	atomic_store(&agent.mode, AGENT_OFF);
	spans_switch();
	begin_clocks();
	heap_end();
	lock_forked();
	atomic_store(&agent.unsampled, 0);
	atomic_store(&agent.threads, 0);
	if (!agent.children || !rings_make() || !(r = ring_take())) {
		dump_signal_end();
		return;
	}
	writer_reset();
	r->stack_lo = lo;
	r->stack_hi = hi;
	if (start(r, false))
		labels_again();
}

/* ---- started by the program itself ---- */

/* Children and other folders must find it, too. */
static bool absolute(const char *path)
{
	size_t n = 0;

	if (!path || !*path)
		return false;
	if (path[0] != '/') {
		if (!getcwd(agent.path, sizeof(agent.path)))
			return false;
		n = strlen(agent.path);
		agent.path[n > 1 ? n++ : 0] = '/';
	}
	if (strlen(path) >= sizeof(agent.path) - n)
		return false;
	strcpy(agent.path + n, path);
	return true;
}

static int begin_here(const char *options, const char *path)
{
	struct agent_ring *r;

	if (!options || strstr(options, "out=") || !absolute(path) || !configure(options))
		return PDA_OPTIONS;
	if (!writer_gone())
		return PDA_FAILED;
	begin_clocks();
	if (!agent.signal || !signal_ours())
		agent.signal = signal_pick();
	if (agent.slab)
		rings_reset();
	if (!agent.signal || (!agent.slab && !rings_make()) || !(r = ring_take()))
		return PDA_FAILED;
	writer_reset();
	lock_find();
	modules_refresh();
	atomic_store(&agent.adopt, true);
	if (!start(r, true))
		return PDA_FAILED;
	r->adopted = true;
	if (writer_opened())
		return PDA_OK;
	agent_stop(PD_WIRE_STOPPED);
	return PDA_FAILED;
}

static atomic_flag changing = ATOMIC_FLAG_INIT;

int agent_start_here(const char *options, const char *path)
{
	int status = PDA_ALREADY;

	if (atomic_flag_test_and_set(&changing))
		return status;
	if (atomic_load(&agent.mode) == AGENT_OFF)
		status = begin_here(options, path);
	atomic_flag_clear(&changing);
	return status;
}

int agent_stop_here(void)
{
	int status = PDA_ALREADY;

	if (atomic_flag_test_and_set(&changing))
		return status;
	if (agent_on()) {
		agent_stop(PD_WIRE_STOPPED);
		status = writer_broken() ? PDA_FAILED : PDA_OK;
	}
	atomic_flag_clear(&changing);
	return status;
}
