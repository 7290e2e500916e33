/* Parts of the sampler that threads share without locks, under the thread sanitizer: the table of who waits for what, a ring, and the signal for dumps. */
#include "../../agent/agent.h"
#include "../../agent/lock_gate.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS 6
#define ROUNDS 20000

/* As the library that stands before the locks has it. */
static _Atomic uint8_t flags[LOCK_SETS];
__attribute__((visibility("default"))) struct lock_gate profdata_lock_gate = { .version = LOCK_GATE_VERSION, .flag = flags };

static pthread_mutex_t real[4] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };

static void *locks(void *arg)
{
	unsigned x = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct lock_calls *c = atomic_load(&profdata_lock_gate.calls);
		pthread_mutex_t *m = &real[(x = x * 1103515245 + 12345) >> 16 & 3];
		struct lock_wait w = { 0 };
		struct lock_hold h = { 0 };

		if (pthread_mutex_trylock(m) != 0) {
			c->wait_begin(&w, m, PD_WIRE_LOCK_MUTEX);
			pthread_mutex_lock(m);
			c->wait_end(&w, LOCK_ALONE);
		}
		if (atomic_load(&flags[lock_set(m)])) {
			c->hold_begin(&h, m, PD_WIRE_LOCK_MUTEX);
			pthread_mutex_unlock(m);
			c->hold_end(&h);
		} else {
			pthread_mutex_unlock(m);
		}
	}
	return NULL;
}

static struct agent_ring *ring;

static void *producer(void *arg)
{
	uint64_t address[3];

	for (uint64_t i = 0; i < ROUNDS;) {
		struct agent_sample s = { .time = i, .n = (uint32_t)(i % 4) };

		for (unsigned k = 0; k < s.n; k++)
			address[k] = i + k;
		i += ring_put(ring, &s, address);
	}
	return arg;
}

static int consume(void)
{
	uint64_t address[AGENT_DEPTH];
	struct agent_sample s;

	for (uint64_t i = 0; i < ROUNDS;) {
		if (!ring_get(ring, &s, address))
			continue;
		if (s.time != i || s.n != i % 4 || (s.n && address[s.n - 1] != i + s.n - 1))
			return 1;
		i++;
	}
	return 0;
}

static _Atomic unsigned first, second, neither;
static _Atomic bool over;

static void on_first(int sig) { sig == SIGUSR2 ? first++ : neither++; }
static void on_second(int sig, siginfo_t *si, void *context) { sig == SIGUSR2 && si && context ? second++ : neither++; }

static void *changes(void *arg)
{
	struct sigaction a = { .sa_handler = on_first }, b = { .sa_sigaction = on_second, .sa_flags = SA_SIGINFO }, old;

	for (unsigned i = 0; i < 2000; i++) {
		dump_signal_action(i % 2 ? &a : &b, &old);
		if (i && (i % 2 ? old.sa_sigaction != on_second : old.sa_handler != on_first))
			neither++;
	}
	over = true;
	return arg;
}

static void *raises(void *arg)
{
	while (!over)
		raise(SIGUSR2);
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	int failed;

	writer_reset();
	agent.pid = getpid();
	agent.lock_rate = 1000;
	agent.cpu_period = 0;
	agent.dump_signal = SIGUSR2;
	if (!rings_make() || !(ring = ring_take()))
		return 2;
	lock_find();
	lock_begin();
	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, locks, (void *)(uintptr_t)(i + 1));
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_create(&t[0], NULL, producer, NULL);
	failed = consume();
	pthread_join(t[0], NULL);
	dump_signal_begin();
	pthread_create(&t[0], NULL, changes, NULL);
	for (unsigned i = 1; i < THREADS; i++)
		pthread_create(&t[i], NULL, raises, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	dump_signal_end();
	printf("ring %s, handlers %s\n", failed ? "wrong" : "right", first && second && !neither ? "right" : "wrong");
	return failed || !first || !second || neither;
}
