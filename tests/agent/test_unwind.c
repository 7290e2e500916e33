/*
 * The unwinder against libgcc's: a timer interrupts a program that sorts, prints, matches and allocates, and both say how it got there. They
 * must agree on every frame.
 */
#include "../../agent/agent.h"

#include <execinfo.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/time.h>
#include <ucontext.h>

#define DEPTH 200

static struct agent_ring *ring;
static volatile unsigned taken, wrong, frames, incomplete;
static uint64_t first_wrong[2][DEPTH];
static uint32_t first_n[2];

/* theirs: this handler, the signal's return, the interrupted instruction, its callers */
static void compare(const uint64_t *ours, uint32_t n, void *const *theirs, uint32_t m, uint64_t pc)
{
	uint32_t from = 0;

	while (from < m && (uint64_t)(uintptr_t)theirs[from] != pc)
		from++;
	if (from == m)
		return; /* libgcc lost it */
	if (m - from == n && ours[0] == pc) {
		uint32_t i = 1;

		while (i < n && ours[i] == (uint64_t)(uintptr_t)theirs[from + i] - 1)
			i++;
		if (i == n)
			return;
	}
	if (!wrong) {
		first_n[0] = n;
		first_n[1] = m - from;
		memcpy(first_wrong[0], ours, n * sizeof(*ours));
		memcpy(first_wrong[1], theirs + from, (m - from) * sizeof(*theirs));
	}
	wrong++;
}

static void on_alarm(int sig, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	uint64_t ours[DEPTH];
	void *theirs[DEPTH];
	uint32_t flags = 0, n = unwind(ring, context, ours, DEPTH, &flags, NULL);

	(void)sig;
	(void)si;
	taken++;
	frames += n;
	incomplete += (flags & PD_WIRE_INCOMPLETE) != 0;
	compare(ours, n, theirs, (uint32_t)backtrace(theirs, DEPTH), (uint64_t)uc->uc_mcontext.gregs[REG_RIP]);
}

static int backwards(const void *a, const void *b) { return strcmp(b, a); }

__attribute__((noinline)) static unsigned recurse(unsigned n)
{
	volatile char room[64];

	room[n % 64] = (char)n;
	return n ? recurse(n - 1) + (unsigned)room[n % 64] : 0;
}

static unsigned work(unsigned round)
{
	static char text[500][16];
	regex_t re;
	unsigned sum = 0;
	char *p;

	for (unsigned i = 0; i < 500; i++)
		snprintf(text[i], sizeof(text[i]), "%.3f", (double)((i * 7919 + round) % 1000) / 7);
	qsort(text, 500, sizeof(text[0]), backwards);
	if (regcomp(&re, "^([0-9]+)\\.([0-9]*)5$", REG_EXTENDED) == 0) {
		for (unsigned i = 0; i < 50; i++)
			sum += regexec(&re, text[i], 0, NULL, 0) == 0;
		regfree(&re);
	}
	for (unsigned i = 0; i < 50; i++) {
		p = malloc(1 + i * 700);
		memset(p, (int)i, i * 700);
		sum += (unsigned)strtod(text[i], NULL);
		free(p);
	}
	return sum + recurse(round % 100);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval every = { .it_interval.tv_usec = 997, .it_value.tv_usec = 997 }, none = { 0 };
	void *warm[4];
	unsigned sum = 0;

	backtrace(warm, 4); /* loads libgcc */
	agent.pid = getpid();
	if (!rings_make() || !(ring = ring_take()))
		return 2;
	ring_begin(ring, true);
	modules_refresh();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (unsigned i = 0; taken < 1500 && i < 1000000; i++)
		sum += work(i);
	setitimer(ITIMER_REAL, &none, NULL);
	printf("%u stacks, %.1f frames each, %u differ from libgcc's, %u incomplete (%u)\n", taken, (double)frames / taken, wrong, incomplete, sum % 10);
	for (unsigned i = 0; wrong && i < 2; i++)
		for (uint32_t k = 0; k < first_n[i]; k++)
			printf("%s %u: %#llx\n", i ? "libgcc" : "ours", k, (unsigned long long)first_wrong[i][k]);
	return wrong || incomplete || taken < 1500;
}
