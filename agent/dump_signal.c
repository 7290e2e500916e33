/*
 * The signal that asks for a dump. Its handler is ours from the beginning to the end of the recording: it asks, and then does what the program
 * wants of this signal; where the program wants nothing, nothing else happens (and not what the kernel would do, which is to end it). The
 * flags and the mask are the program's, so that calls are interrupted or go on as without us.
 *
 * A program may have the signal blocked in all of its threads, to wait for it or for no reason. Then the writer's thread is the one that takes
 * it; if the program has a use for it, it is sent once more, marked, and the writer blocks it until the program has it.
 */
#include "agent.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define MARK 0x70726f68 /* in si_errno, which means nothing to Linux: this one has asked already */

static int (*action)(int, const struct sigaction *, struct sigaction *); /* libc's */
#define WORDS ((sizeof(struct sigaction) + 7) / 8)
static _Atomic uint64_t program[WORDS]; /* what the program believes to be there: a struct sigaction */
static _Atomic uint32_t version; /* of it; odd while it changes */
static atomic_flag changing = ATOMIC_FLAG_INIT;
static _Atomic bool waits, reads, passed; /* it waits for it; by a signalfd; one that is marked is on its way */
static _Atomic int passed_code;  /* its si_code: the kernel does not let a thread pass on one of its own codes */
static _Atomic pid_t got;        /* who has had it last */
static bool told;

static struct sigaction program_get(void)
{
	uint64_t word[WORDS];
	struct sigaction act;
	uint32_t before;

	do { /* who changes it has all signals blocked: this is another thread, and soon done */
		before = atomic_load(&version);
		for (size_t i = 0; i < WORDS; i++)
			word[i] = atomic_load_explicit(&program[i], memory_order_acquire);
	} while (before & 1 || before != atomic_load(&version));
	memcpy(&act, word, sizeof(act));
	return act;
}

static void program_set(const struct sigaction *act)
{
	uint64_t word[WORDS] = { 0 };

	memcpy(word, act, sizeof(*act));
	atomic_fetch_add(&version, 1);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&program[i], word[i], memory_order_release);
	atomic_fetch_add(&version, 1);
}

static bool handles(const struct sigaction *act) { return act->sa_flags & SA_SIGINFO || (act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN); }

/* On the writer's thread: all others have it blocked, or are busy with it. */
static void pass_on(siginfo_t *si, ucontext_t *context)
{
	struct sigaction act = program_get();

	if (!handles(&act) && !atomic_load(&waits))
		return;
	sigaddset(&context->uc_sigmask, agent.dump_signal);
	si->si_errno = MARK;
	atomic_store(&passed_code, si->si_code);
	si->si_code = SI_QUEUE;
	atomic_store(&passed, true);
	syscall(SYS_rt_sigqueueinfo, agent.pid, agent.dump_signal, si);
}

static void on_dump(int sig, siginfo_t *si, void *context)
{
	struct sigaction act = program_get();
	int saved = errno;

	dump_signal_came(si);
	if ((pid_t)syscall(SYS_gettid) == writer_thread()) {
		pass_on(si, context);
		errno = saved;
		return;
	}
	if (act.sa_flags & (int)SA_RESETHAND && handles(&act))
		dump_signal_action(&(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	errno = saved;
	if (act.sa_flags & SA_SIGINFO)
		act.sa_sigaction(sig, si, context);
	else if (handles(&act))
		act.sa_handler(sig);
}

void dump_signal_came(siginfo_t *si)
{
	if (si->si_errno == MARK) {
		si->si_errno = 0;
		si->si_code = atomic_load(&passed_code);
		return;
	}
	atomic_store(&got, (pid_t)syscall(SYS_gettid));
	dump_ask();
}

static int install(void)
{
	struct sigaction act = program_get();
	bool own = handles(&act);

	act.sa_sigaction = on_dump;
	if (!own) {
		sigfillset(&act.sa_mask);
		act.sa_flags = SA_RESTART | SA_ONSTACK;
	}
	act.sa_flags = (act.sa_flags | SA_SIGINFO) & ~(int)SA_RESETHAND;
	return action(agent.dump_signal, &act, NULL);
}

void dump_signal_action(const struct sigaction *act, struct sigaction *old)
{
	sigset_t mask;

	signals_block(&mask);
	while (atomic_flag_test_and_set(&changing))
		syscall(SYS_sched_yield);
	if (old)
		*old = program_get();
	if (act) {
		program_set(act);
		install();
	}
	atomic_flag_clear(&changing);
	signals_restore(&mask);
}

pid_t dump_signal_got(void) { return atomic_exchange(&got, 0); }

void dump_signal_waits(void) { atomic_store(&waits, true); }

void dump_signal_fd(void) { atomic_store(&reads, true); }

void dump_signal_begin(void)
{
	struct sigaction now;

	atomic_flag_clear(&changing);
	atomic_store(&passed, false);
	told = false;
	if (!agent.dump_signal)
		return;
	*(void **)(void *)&action = next_symbol("sigaction");
	if (!action || action(agent.dump_signal, NULL, &now) != 0) {
		agent.dump_signal = 0;
		return;
	}
	atomic_store(&version, 0);
	if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_dump) /* in the child of a fork it is there */
		program_set(&now);
	if (install() != 0)
		agent.dump_signal = 0;
}

void dump_signal_end(void)
{
	struct sigaction act = program_get(), now;

	if (agent.dump_signal && action && action(agent.dump_signal, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_dump)
		action(agent.dump_signal, &act, NULL);
}

/* The kernel sets handlers back to the default; a signal that is ignored stays so. */
void dump_signal_exec(bool failed)
{
	struct sigaction act = program_get();

	if (agent.dump_signal && action && !(act.sa_flags & SA_SIGINFO) && act.sa_handler == SIG_IGN)
		failed ? install() : action(agent.dump_signal, &act, NULL);
}

/* ---- the writer's thread ---- */

static void listen(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, agent.dump_signal);
	syscall(SYS_rt_sigprocmask, how, &set, NULL, 8);
}

void dump_signal_listen(void)
{
	if (agent.dump_signal && !atomic_load(&reads))
		listen(SIG_UNBLOCK);
}

void dump_signal_round(void)
{
	sigset_t pending;

	if (!agent.dump_signal)
		return;
	if (atomic_load(&reads)) { /* whoever reads first has it: not us */
		listen(SIG_BLOCK);
		if (!told)
			writer_text("record.dump_warning", "the program reads the signal for dumps from a signalfd: it is all its own; choose another one");
		told = true;
		return;
	}
	if (!atomic_load(&passed) || syscall(SYS_rt_sigpending, &pending, 8) != 0 || sigismember(&pending, agent.dump_signal) == 1)
		return;
	atomic_store(&passed, false);
	listen(SIG_UNBLOCK);
}
