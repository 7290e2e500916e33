/*
 * Wall time: threads are looked at at random times. One whose CPU clock has not moved sleeps where it slept; only those that ran since are
 * asked for their stack. It is read from outside where the thread sleeps and all of it is on the stack; else a signal has it shown. So a sleeping
 * thread is woken at most once per sleep.
 *
 * The time between two looks belongs to what the second one sees. That is without bias when the times of looks have nothing to do with what
 * the thread does:
 * - looks are half a period to one and a half apart, evenly spread: the next one falls on every place of a program that is in step with the
 *   period with the same probability, and a look at any moment stands for one period on average;
 * - a look counts for the time when it was asked for, not for when the thread had a CPU to answer;
 * - "it sleeps on" has to be right: who went from one short sleep to the next has used next to no CPU time. The kernel counts how often a thread
 *   was given a CPU, and says where it sleeps; its stack says who called;
 * - when more threads run than may be interrupted, all threads are looked at less often, not those that run.
 *
 * Beside samples of CPU time looks have to say only where a thread sleeps or waits for a CPU. Its three clocks (running, waiting, asleep) are told as they are, and each look
 * that finds it off the CPU with the time it stands for; readers share out the clocks (PD_WIRE_LOOKS_BEGIN). A look must not stand for what was since the
 * look before: a thread that always sleeps briefly after it has run and then for long would have its brief sleeps counted for too little.
 */
#include "spans.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define STILL 100000u            /* ns of CPU time that our own signal may cost before a thread sleeps on */
#define SHORT 50000u             /* ns off the CPU that are not worth a question */
#define SIGNALS_MOST 16          /* per round, on average */
#define ROUNDS 16                /* after so many the number of signals is looked at */
#define EVERY_MOST 1024
#define MISSED_MOST 1000         /* rounds; after a stop we begin again */
#define TOLD 1000000000ull
#define PATIENCE 1000000000ull   /* a look that has not come by then (the signal is blocked) is asked for again */
#define CALM 16                  /* after so many rounds in which nothing happened */
#define SELDOM 4                 /* only one in so many is made */
#define WOKEN_ONE_IN 8           /* of those who sleep on one in so many is asked whether it has been woken, which then counts for all of them */
#define HARDLY 5000u             /* ns off the CPU in which nobody sleeps */
#define CLOCKS 100000000ull      /* how often the clocks of a thread that runs are told; the writer comes round as often */

static uint64_t due;             /* when the next look is to be */
static enum { MODE_NOT_CHOSEN, MODE_ALONE, MODE_BESIDE } mode; /* looks for all of the time, or for what samples of CPU time do not see */
static unsigned calm, seldom;    /* rounds in which nothing has happened; one in so many is made */
static unsigned every = 1, turn; /* each thread is looked at in every so many-th round; which round this is */
static unsigned rounds, sent;    /* since the number of signals was looked at */

void wall_begin(void)
{
	due = 0;
	every = 1;
	rounds = sent = calm = 0;
	mode = MODE_NOT_CHOSEN;
	seldom = 1;
}

/* There are more threads than files may be open. */
static void drop_files(void)
{
	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_ring *r = ring_at(i);

		if (r->wall_file >= 0)
			close(r->wall_file);
		if (r->wall_call_file >= 0)
			close(r->wall_call_file);
		r->wall_file = r->wall_call_file = -1;
	}
}

/* One of the small files about a thread, which stays open, for a look is to be cheap; the thread that writes has a table of descriptors of its own. */
static bool kept_file(pid_t tid, const char *name, int *file, char *text, size_t size)
{
	char path[48];
	ssize_t n;

	if (*file < 0) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
		*file = open(path, O_RDONLY | O_CLOEXEC);
		if (*file < 0 && errno == EMFILE) {
			drop_files();
			*file = open(path, O_RDONLY | O_CLOEXEC);
		}
	}
	n = *file < 0 ? -1 : pread(*file, text, size - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

/*
 * How long it has waited for a CPU (ns), and how often it has had one: "NANOSECONDS-ON NANOSECONDS-WAITED TIMES".
 */
static bool counts(struct agent_ring *r, uint64_t *waited, uint64_t *switches)
{
	char text[96], *at = text;

	if (!kept_file(r->tid, "schedstat", &r->wall_file, text, sizeof(text)))
		return false;
	strtoull(at, &at, 10);
	*waited = strtoull(at, &at, 10);
	*switches = strtoull(at, &at, 10);
	return *switches != 0; /* 0: a kernel that does not count */
}

/* The writer turns a sleep into one record when it ends; at its end it may have waited for a CPU. */
static void settle(struct agent_ring *r, uint64_t waited)
{
	if (r->wall_asleep && r->wall_stack)
		writer_wall(r, r->wall_asleep, r->wall_cpu, r->wall_stack, PD_WIRE_ASLEEP, waited);
	if (r->wall_asleep)
		r->wall_told = r->wall_asleep;
	r->wall_asleep = 0;
}

static void beside_settle(struct agent_ring *r);
static void beside_clocks(struct agent_ring *r, uint64_t now, uint64_t cpu);
static void beside_answer(struct agent_ring *r, const struct agent_sample *s, uint32_t stack);

void wall_settle(struct agent_ring *r)
{
	uint64_t cpu = mode == MODE_BESIDE && atomic_load(&r->state) == RING_LIVE ? thread_cpu(r->tid) : 0;

	if (mode == MODE_ALONE)
		settle(r, 0);
	if (!cpu)
		return;
	if (r->wall_asked) /* there is no time for the answer */
		r->wall_asked = r->wall_weight = 0;
	beside_clocks(r, now_ns(CLOCK_MONOTONIC), cpu);
}

void wall_end(struct agent_ring *r)
{
	if (mode == MODE_BESIDE)
		beside_settle(r);
	else
		settle(r, 0);
	if (r->wall_file >= 0)
		close(r->wall_file);
	if (r->wall_call_file >= 0)
		close(r->wall_call_file);
	r->wall_file = r->wall_call_file = -1;
}

/* What it has waited for a CPU since it was looked at last. At the first look that is not known. */
static uint64_t waited_since(struct agent_ring *r)
{
	uint64_t waited, switches, before = r->wall_delay;

	if (!counts(r, &waited, &switches))
		return 0;
	r->wall_delay = waited;
	return r->wall_stack ? (waited - before) / 1000 : 0;
}

void wall_look(struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	if (mode == MODE_BESIDE) {
		beside_answer(r, s, stack);
		return;
	}
	/* it has not run between the question and the answer: it was there when it was asked, and for as long as it did not run */
	bool there = r->wall_asked && s->cpu - r->wall_asked_cpu < STILL;
	uint64_t time = there ? r->wall_waits : s->time, cpu = there ? r->wall_asked_cpu : s->cpu, waited = 0, here;

	/* who has run all the time has waited for nothing, or next time will be early enough */
	if (r->wall_file < 0 || r->wall_asleep || time - r->wall_told > cpu - r->wall_cpu + SHORT)
		waited = waited_since(r);
	here = waited;
	if (r->wall_asleep && r->wall_asleep < time) {
		here = waited < (time - r->wall_asleep) / 1000 ? waited : (time - r->wall_asleep) / 1000;
		settle(r, waited - here); /* it was no longer asleep: the sleep was over, but it had no CPU to go on */
	}
	r->wall_asleep = 0;
	r->wall_asked = 0;
	r->wall_told_call = r->wall_still = false;
	r->wall_stack = stack;
	r->wall_told = time;
	r->wall_sp = s->value[0];
	r->wall_pc = s->value[1];
	r->wall_switches = s->value[2];
	writer_wall(r, time, cpu, stack, 0, here);
	r->wall_cpu = s->cpu;
}

/* The system call a thread sleeps in, once per sleep. */
static void tell_call(struct agent_ring *r, uint64_t now, long call)
{
	struct pd_wire_sleep w = { .time = now, .tid = (uint32_t)r->tid, .syscall = (int32_t)call };

	if (!r->wall_told_call && call != SYS_restart_syscall) /* of that one nobody knows any more what it was */
		writer_record(PD_WIRE_SLEEP, &w, sizeof(w));
	r->wall_told_call = true;
}

static bool same_place(struct agent_ring *r, const char *text, long *call)
{
	uint64_t sp, pc;

	return task_place(text, &sp, &pc, call) && *call >= 0 && sp == r->wall_sp && (pc == r->wall_pc || pc == r->wall_pc + 2);
}

/*
 * Are all return addresses where they were? Who sleeps again after returning from a sleep that was nearly over when we looked need not have
 * given back the CPU in between, and libc calls the kernel from the same place.
 */
static bool same_callers(const struct agent_places *p)
{
	uint64_t stack[512], lo = ~0ull, hi = 0;
	bool near;

	for (uint32_t i = 0; i < p->n; i++) {
		lo = p->at[i] < lo ? p->at[i] : lo;
		hi = p->at[i] > hi ? p->at[i] : hi;
	}
	near = p->n && hi - lo < sizeof(stack);
	for (uint32_t i = 0; i < p->n; i++) {
		if (i == 0 || !near) { /* all in one piece if that is possible: pieces cost more than bytes */
			struct iovec here = { stack, near ? hi - lo + 8 : 8 }, there = { (void *)(uintptr_t)(near ? lo : p->at[i]), here.iov_len };
			long n = syscall(SYS_process_vm_readv, agent.pid, &here, 1ul, &there, 1ul, 0ul);

			if (n != (long)here.iov_len)
				return n < 0 && errno != EFAULT; /* true: may not be asked */
		}
		if (stack[near ? (p->at[i] - lo) / 8 : 0] != p->value[i])
			return false;
	}
	return true;
}

/* Has it been given a CPU since it was looked at? It has been once more often than it has given one back, while it runs. */
static bool not_switched(struct agent_ring *r)
{
	uint64_t waited, switches;

	return !counts(r, &waited, &switches) || switches == r->wall_switches + 1;
}

/* Does it sleep where it slept at the last look, and has done nothing else since? */
static bool sleeps_on(struct agent_ring *r, uint64_t now, uint64_t cpu)
{
	bool twice = r->wall_twice;
	char text[256];
	long call;

	if (!r->wall_stack)
		return false;
	if (r->wall_still)
		return cpu == r->wall_cpu;
	r->wall_twice = false;
	if (cpu - r->wall_cpu >= STILL || !not_switched(r))
		return false;
	if (!writer_task_file(r->tid, "syscall", text, sizeof(text)))
		return true; /* the kernel does not tell us */
	if (same_place(r, text, &call) && same_callers(&r->wall_places)) {
		tell_call(r, now, call);
		return true;
	}
	/* It ran when it was looked at, and went to sleep right after. The second look was at a sleep, whatever this looks like: no third. */
	r->wall_twice = !twice;
	return twice;
}

/*
 * The stack of one who sleeps in a system call, without waking it: not every program goes on where a call was interrupted. False: not all of the stack can be had
 * so (it needs registers that are not saved on it), or it ran meanwhile.
 */
static bool seen_asleep(struct agent_ring *r, uint64_t now, uint64_t cpu)
{
	struct agent_sample s = { .time = now, .cpu = cpu, .in_call = true, .labels = atomic_load(&r->labels) };
	struct agent_walker *w = writer_walker();
	char text[256], again[256];
	uint64_t waited, switches;
	uint32_t stack;
	long call;

	if (!w || !kept_file(r->tid, "syscall", &r->wall_call_file, text, sizeof(text)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (!task_place(text, &s.value[0], &s.value[1], &call) || call < 0 || !counts(r, &waited, &switches))
		return false;
	s.value[2] = switches - 1; /* as often it had given its CPU back when it had the one on which it went to sleep */
	s.n = unwind_asleep(w, s.value[0], s.value[1], &s.flags, &r->wall_places);
	if (!s.n || s.flags & PD_WIRE_INCOMPLETE || !kept_file(r->tid, "syscall", &r->wall_call_file, again, sizeof(again)))
		return false;
	again[strcspn(again, "\n")] = '\0';
	if (strcmp(text, again) != 0 || thread_cpu(r->tid) != cpu)
		return false;
	writer_thread_known(r);
	events_drain(r, s.time, s.labels);
	stack = writer_stack(w->frame, s.n, s.flags);
	writer_labels(r, s.labels);
	wall_look(r, &s, stack);
	return true;
}

static void ask(struct agent_ring *r, uint64_t now, uint64_t cpu)
{
	r->wall_asked = r->wall_waits = now;
	r->wall_asked_cpu = cpu;
	if (seen_asleep(r, now, cpu))
		return;
	sent++;
	if (!task_ask(r, AGENT_LOOK))
		r->wall_asked = 0;
}

static void look(struct agent_ring *r)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), cpu = thread_cpu(r->tid);

	if (r->wall_asked && now - r->wall_asked < PATIENCE) {
		if (cpu == r->wall_asked_cpu)
			r->wall_waits = now;
		return;
	}
	if (sleeps_on(r, now, cpu)) {
		r->wall_still = true;
		r->wall_cpu = cpu;
		r->wall_asleep = now;
		if (now - r->wall_told > TOLD) /* so that a kill loses little of a long sleep */
			wall_settle(r);
		return;
	}
	ask(r, now, cpu);
}

/* ---- looks beside samples of CPU time ---- */

static void beside_tell(struct agent_ring *r, uint64_t time, uint64_t cpu, enum pd_wire_state state, uint32_t stack, int32_t call, uint32_t flags)
{
	struct pd_wire_look w = { .time = time, .cpu = cpu, .ready = r->wall_delay, .weight = r->wall_weight, .tid = (uint32_t)r->tid, .stack = stack, .state = state,
				  .syscall = call, .looks = r->wall_looks, .flags = flags };

	writer_thread_known(r);
	writer_record(PD_WIRE_LOOK, &w, sizeof(w));
	r->wall_told = time;
	r->wall_weight = 0;
	r->wall_looks = 0;
}

/* How long has it waited for a CPU, since it began or, if it was there before, since we know of it? */
static void beside_delay(struct agent_ring *r)
{
	uint64_t waited, switches;

	if (!counts(r, &waited, &switches))
		return;
	if (!r->wall_delay_known)
		r->wall_base = r->begin_cpu < STILL ? 0 : waited;
	r->wall_delay_known = true;
	r->wall_delay = waited - r->wall_base;
}

/* The sleep that went on was one more look, or several. */
static void beside_settle(struct agent_ring *r)
{
	if (r->wall_asleep)
		beside_tell(r, r->wall_asleep, r->wall_cpu, PD_WIRE_SLEEPING, 0, -1, 0);
	r->wall_asleep = 0;
}

static void beside_clocks(struct agent_ring *r, uint64_t now, uint64_t cpu)
{
	beside_settle(r);
	beside_delay(r);
	beside_tell(r, now, cpu, PD_WIRE_RUNNING, 0, -1, 0);
}

/* Where it sleeps, if it has been seen there and all its callers are the same. */
static struct agent_known *beside_place(struct agent_ring *r, uint64_t sp, uint64_t pc, uint64_t cpu)
{
	uint64_t waited, switches;

	for (size_t i = 0; i < AGENT_KNOWN; i++) {
		struct agent_known *k = &r->wall_known[i];

		if (!k->stack || k->sp != sp || (k->pc != pc && k->pc + 2 != pc) || k->gone != modules_gone() ||
		    k->labels != atomic_load_explicit(&r->labels, memory_order_relaxed) || !same_callers(&k->places))
			continue;
		if (k->places.n && k->places.n < AGENT_PLACES)
			return k;
		/* not all of its callers are known: it must be the same sleep */
		if (cpu - k->cpu < STILL && counts(r, &waited, &switches) && switches == k->switches + 1)
			return k;
	}
	return NULL;
}

static bool beside_ask(struct agent_ring *r, uint64_t now, uint64_t cpu, enum pd_wire_state state, uint64_t weight)
{
	r->wall_state = state;
	r->wall_weight = weight;
	r->wall_looks = 1;
	ask(r, now, cpu);
	return false;
}

/* It can run. Is it running, or does it wait for a CPU? Who has hardly been off it since the last look has nothing to tell. */
static bool beside_runs(struct agent_ring *r, uint64_t now, uint64_t cpu, uint64_t weight)
{
	uint64_t since = now - (r->wall_seen ? r->wall_seen : r->begin_time), ran = cpu - (r->wall_seen ? r->wall_seen_cpu : r->begin_cpu);
	bool off = since > ran + SHORT + since / 64;

	r->wall_seen = now;
	r->wall_seen_cpu = cpu;
	/* on a CPU its clock goes on as fast as ours */
	if (off && thread_cpu(r->tid) - cpu < (now_ns(CLOCK_MONOTONIC) - now) / 2)
		return beside_ask(r, now, cpu, PD_WIRE_RUNNABLE, weight);
	if (now - r->wall_told > CLOCKS)
		beside_clocks(r, now, cpu);
	return since < ran + SHORT + since / 8;
}

/* It has not run since it slept: has it been woken all the same? Every so many-th time one asks, and then it counts so many times. */
static bool beside_woken(struct agent_ring *r, char *text, size_t size)
{
	uint64_t sp, pc;
	long call;

	return random_below(WOKEN_ONE_IN) == 0 && kept_file(r->tid, "syscall", &r->wall_call_file, text, size) && !task_place(text, &sp, &pc, &call);
}

/* A look at a thread, which stands for `weight` ns of its life. True: nothing has happened, it runs or sleeps as it did. */
static bool beside_look(struct agent_ring *r, uint64_t weight)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), cpu = thread_cpu(r->tid), sp, pc;
	struct agent_known *k;
	char text[256];
	long call;

	if (!cpu) /* it is gone */
		return true;
	if (r->wall_asked && (cpu == r->wall_asked_cpu || now - r->wall_asked < PATIENCE)) {
		if (cpu == r->wall_asked_cpu) { /* it has had no CPU to answer: it is still there */
			r->wall_waits = now;
			r->wall_weight += weight;
			r->wall_looks++;
		}
		return false;
	}
	r->wall_asked = 0;
	if (!r->wall_asleep)
		r->wall_weight = 0; /* an answer that never came */
	if (r->wall_still && cpu == r->wall_cpu && !beside_woken(r, text, sizeof(text))) {
		r->wall_seen = r->wall_asleep = now;
		r->wall_weight += weight;
		r->wall_looks++;
		if (now - r->wall_told > TOLD)
			beside_settle(r);
		return true;
	}
	beside_settle(r);
	if (r->wall_still && cpu == r->wall_cpu) {
		r->wall_still = false;
		return beside_ask(r, now, cpu, PD_WIRE_RUNNABLE, weight * WOKEN_ONE_IN);
	}
	r->wall_still = false;
	if (r->wall_seen && now - r->wall_seen < cpu - r->wall_seen_cpu + HARDLY)
		return beside_runs(r, now, cpu, weight);
	if (!kept_file(r->tid, "syscall", &r->wall_call_file, text, sizeof(text)))
		return true;
	text[strcspn(text, "\n")] = '\0';
	if (!task_place(text, &sp, &pc, &call))
		return beside_runs(r, now, cpu, weight);
	r->wall_seen = now;
	r->wall_seen_cpu = cpu;
	r->wall_call = call == SYS_restart_syscall ? -1 : (int32_t)call;
	k = beside_place(r, sp, pc, cpu);
	if (!k) {
		r->wall_at_sp = sp;
		r->wall_at_pc = pc;
		return beside_ask(r, now, cpu, PD_WIRE_SLEEPING, weight);
	}
	r->wall_still = true;
	r->wall_cpu = cpu;
	r->wall_weight = weight;
	r->wall_looks = 1;
	beside_delay(r);
	writer_labels(r, k->labels);
	beside_tell(r, now, cpu, PD_WIRE_SLEEPING, k->stack, r->wall_call < 0 ? k->call : r->wall_call, 0);
	return false;
}

/*
 * The thread that was asked has shown its stack. Who could run but did not may have run until we took its CPU: that it waited is certain only of one that has just
 * been woken, and such are told apart.
 */
static void beside_answer(struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	bool asleep = r->wall_state == PD_WIRE_SLEEPING, there = s->value[0] == r->wall_at_sp && (s->value[1] == r->wall_at_pc || s->value[1] + 2 == r->wall_at_pc);
	struct agent_known *k = &r->wall_known[r->wall_next % AGENT_KNOWN];

	if (!r->wall_asked) /* too late */
		return;
	r->wall_asked = 0;
	/* It ran before the signal came, to somewhere else: where it slept is not known. When that happens again, it is what the kernel says that cannot be trusted. */
	if (asleep && !there && ++r->wall_missed < 3) {
		r->wall_weight = 0;
		return;
	}
	r->wall_missed = 0;
	beside_delay(r);
	beside_tell(r, r->wall_waits, r->wall_asked_cpu, (enum pd_wire_state)r->wall_state, stack, asleep ? r->wall_call : -1,
		    !asleep && s->in_call ? PD_WIRE_WOKEN : 0);
	if (!asleep)
		return;
	r->wall_next++;
	*k = (struct agent_known){ .sp = r->wall_at_sp, .pc = r->wall_at_pc, .cpu = s->cpu, .switches = s->value[2], .stack = stack, .labels = s->labels, .gone = modules_gone(),
				   .call = r->wall_call, .places = r->wall_places };
}

/* Both files must be there to be read: of ourselves they say the same as of everybody. */
static void choose(void)
{
	struct pd_wire_looks_begin w = { .period = agent.wall_period };
	char text[256];
	pid_t self = (pid_t)syscall(SYS_gettid);

	mode = MODE_ALONE;
	if (!agent.cpu_period || agent.engine != PD_WIRE_TIMER_CREATE || !writer_task_file(self, "syscall", text, sizeof(text)) ||
	    !writer_task_file(self, "schedstat", text, sizeof(text)) || strncmp(text, "0 0 0", 5) == 0)
		return;
	mode = MODE_BESIDE;
	writer_record(PD_WIRE_LOOKS_BEGIN, &w, sizeof(w));
}

/* As many signals as were sent in the last rounds, in so many rounds that it is the number that may be. */
static void pace(void)
{
	unsigned want;

	if (++rounds < ROUNDS)
		return;
	want = (sent * every + ROUNDS * SIGNALS_MOST - 1) / (ROUNDS * SIGNALS_MOST);
	every = want < 1 ? 1 : want > EVERY_MOST ? EVERY_MOST : want;
	rounds = sent = 0;
}

/*
 * When the next round is to be: half a period to one and a half after this one. While threads do nothing but run or sleep on, most rounds are left out, each with
 * the same probability, and those that are made count for so many more: whatever that depends on, a look stands for one period on average.
 */
static uint64_t after(uint64_t round)
{
	uint64_t period = agent.wall_period;

	do
		round += period / 2 + random_below(period);
	while (seldom > 1 && random_below(seldom) != 0);
	return round;
}

/* The time up to which nobody need come round. */
static uint64_t next_round(uint64_t now) { return mode == MODE_BESIDE && due > now + CLOCKS ? now + CLOCKS : due; }

/* How many rounds were to be made up to now; from then on it is known when the next one is. */
static uint64_t rounds_due(uint64_t now)
{
	uint64_t n = 1;

	for (due = after(due); due <= now && n < MISSED_MOST; due = after(due))
		n++;
	if (due <= now)
		due = after(now);
	return n;
}

uint64_t wall_round(uint64_t now)
{
	size_t n = atomic_load(&agent.used);
	uint64_t weight;
	bool same = true;

	if (mode == MODE_NOT_CHOSEN) {
		choose();
		due = mode == MODE_BESIDE ? now + random_below(agent.wall_period) : now;
	}
	if (now < due)
		return next_round(now);
	weight = agent.wall_period * seldom * every * rounds_due(now);
	if (atomic_load(&agent.mode) != AGENT_ON)
		return next_round(now);
	turn++;
	for (size_t k = 0; k < n; k++) {
		struct agent_ring *r = ring_at(k);

		if ((k + turn) % every != 0 || atomic_load(&r->state) != RING_LIVE)
			continue;
		if (mode == MODE_BESIDE)
			same &= beside_look(r, weight);
		else
			look(r);
	}
	pace();
	calm = !same ? calm / 2 : calm < 2 * CALM - 1 ? calm + 1 : calm;
	if (mode == MODE_BESIDE && seldom != (calm < CALM ? 1 : SELDOM)) {
		seldom = calm < CALM ? 1 : SELDOM;
		due = after(now);
	}
	return next_round(now);
}
