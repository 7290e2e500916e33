/* What asks for samples: a timer on the CPU clock of each thread, or, where there are none to be had, one for the process. */
#include "agent.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* CPU clock of a thread by its number, as the kernel spells it (a clock of one thread, of what the scheduler counted). */
static clockid_t clock_of(pid_t tid) { return (clockid_t)((~(unsigned)tid << 3) | 6); }

uint64_t thread_cpu(pid_t tid) { return now_ns(clock_of(tid)); }

static struct timespec span_of_ns(uint64_t ns) { return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) }; }

/* Phases only have to differ between threads; xorshift of time and counter does. */
uint64_t random_below(uint64_t n)
{
	static _Atomic uint64_t counter;
	uint64_t x = now_ns(CLOCK_MONOTONIC) + atomic_fetch_add(&counter, 0x9e3779b97f4a7c15u);

	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	x ^= x >> 31;
	return n ? x % n : 0;
}

/*
 * Timers are the kernel's own, libc's wrapper could allocate. The phase of the first expiry is random: threads
 * that live shorter than a period are seen in proportion, and threads that start together do not expire together.
 */
bool timer_start(struct agent_ring *r)
{
	struct sigevent ev;
	struct itimerspec when;
	int id = -1;

	if (!agent.cpu_period || agent.engine != PD_WIRE_TIMER_CREATE || atomic_load(&agent.mode) != AGENT_ON)
		return true;
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = agent.signal;
	ev.sigev_value.sival_ptr = r;
	ev._sigev_un._tid = r->tid;
	if (syscall(SYS_timer_create, clock_of(r->tid), &ev, &id) != 0) {
		atomic_fetch_add(&agent.unsampled, 1);
		return false;
	}
	r->timer = id;
	when.it_interval = span_of_ns(agent.cpu_period);
	when.it_value = span_of_ns(1 + random_below(agent.cpu_period));
	syscall(SYS_timer_settime, id, 0, &when, NULL);
	return true;
}

void timer_stop(struct agent_ring *r)
{
	if (r->timer >= 0)
		syscall(SYS_timer_delete, r->timer);
	r->timer = -1;
}

/* ITIMER_PROF counts the CPU time of the process; whichever thread is running when the kernel looks gets the signal. */
bool itimer_start(void)
{
	struct itimerval v;

	v.it_interval.tv_sec = (time_t)(agent.cpu_period / 1000000000u);
	v.it_interval.tv_usec = (suseconds_t)(agent.cpu_period / 1000u % 1000000u);
	v.it_value = v.it_interval;
	return setitimer(ITIMER_PROF, &v, NULL) == 0;
}

/* It would outlive an exec, and the next program would die of it. */
void itimer_stop(void)
{
	struct itimerval v;

	memset(&v, 0, sizeof(v));
	if (agent.engine == PD_WIRE_SETITIMER)
		setitimer(ITIMER_PROF, &v, NULL);
}

static bool signal_free(int sig)
{
	struct sigaction old;

	return sig != agent.dump_signal && sigaction(sig, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL;
}

/* Has it our handler still? */
bool signal_ours(void)
{
	struct sigaction old;

	return sigaction(agent.signal, NULL, &old) == 0 && old.sa_sigaction == on_sample;
}

/*
 * A real-time signal from the top: SIGPROF belongs to the profilers programs bring along. setitimer knows no other
 * signal; it is not used when somebody else has it.
 */
int signal_pick(void)
{
	int hi = agent.engine == PD_WIRE_SETITIMER ? SIGPROF : SIGRTMAX - 1, lo = agent.engine == PD_WIRE_SETITIMER ? SIGPROF : SIGRTMIN;

	for (int sig = hi; sig >= lo; sig--) {
		struct sigaction sa;

		if (!signal_free(sig))
			continue;
		memset(&sa, 0, sizeof(sa));
		sa.sa_sigaction = on_sample;
		sa.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
		sigfillset(&sa.sa_mask); /* nobody jumps out of it */
		if (sigaction(sig, &sa, NULL) == 0)
			return sig;
	}
	return 0;
}
