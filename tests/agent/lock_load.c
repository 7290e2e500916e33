/* Locks that are wanted by many, by few, and by nobody else. */
#include "lock_load.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- stress THREADS SECONDS: everything at once, with what must hold ---- */

#define CELLS 16
static pthread_mutex_t cell_lock[CELLS];
static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static long cell[CELLS], table[2];
static sem_t slots;
static _Atomic long in_slots, wrong, done;
static pthread_cond_t item = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static long queued, put, taken;
static struct timespec until;

static bool time_is_up(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec);
}

/* Money goes from cell to cell; the sum stays. */
static void transfer(unsigned x)
{
	unsigned a = x % CELLS, b = x / CELLS % CELLS;

	if (a == b)
		return;
	pthread_mutex_lock(&cell_lock[a < b ? a : b]);
	pthread_mutex_lock(&cell_lock[a < b ? b : a]);
	cell[a] -= 1;
	cell[b] += 1;
	pthread_mutex_unlock(&cell_lock[a]);
	pthread_mutex_unlock(&cell_lock[b]);
}

static void *worker(void *arg)
{
	unsigned x = (unsigned)(uintptr_t)arg * 2654435761u + 1;
	long left;

	while (!time_is_up()) {
		x = x * 1664525u + 1013904223u;
		switch (x >> 28) {
		case 0: case 1:
			pthread_rwlock_wrlock(&table_lock);
			table[0]++;
			table[1]--;
			pthread_rwlock_unlock(&table_lock);
			break;
		case 2: case 3:
			if (pthread_rwlock_timedrdlock(&table_lock, in_us(CLOCK_REALTIME, 300)) == 0) {
				wrong += table[0] + table[1] != 0;
				pthread_rwlock_unlock(&table_lock);
			}
			break;
		case 4:
			while (sem_wait(&slots) != 0)
				;
			wrong += ++in_slots > 3;
			in_slots--;
			sem_post(&slots);
			break;
		case 5:
			pthread_mutex_lock(&queue_lock);
			queued++;
			put++;
			pthread_cond_signal(&item);
			pthread_mutex_unlock(&queue_lock);
			break;
		case 6:
			pthread_mutex_lock(&queue_lock);
			if (!queued)
				pthread_cond_timedwait(&item, &queue_lock, in_us(CLOCK_REALTIME, 500));
			left = queued;
			queued -= left;
			taken += left;
			pthread_mutex_unlock(&queue_lock);
			break;
		default: transfer(x >> 8);
		}
		done++;
	}
	return NULL;
}

int stress(int threads, double seconds)
{
	static pthread_t t[256];
	long sum = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(1e9 * (seconds - (double)(long)seconds));
	until.tv_sec += (long)seconds + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	sem_init(&slots, 0, 3);
	for (int i = 0; i < CELLS; i++)
		pthread_mutex_init(&cell_lock[i], NULL);
	for (int i = 0; i < threads && i < 256; i++)
		pthread_create(&t[i], NULL, worker, (void *)(intptr_t)(i + 1));
	for (int i = 0; i < threads && i < 256; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < CELLS; i++)
		sum += cell[i];
	printf("sum %ld, table %ld, wrong %ld, queue %ld\n", sum, table[0] + table[1], (long)wrong, put - taken - queued);
	fprintf(stderr, "done %ld\n", (long)done);
	return 0;
}

/* ---- contended ROUNDS: four threads share two locks, and do most of their work without them ---- */

static pthread_mutex_t both[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static _Thread_local volatile unsigned sink; /* of its own, so that only the locks are shared */

static void *sharer(void *arg)
{
	long rounds = (long)(intptr_t)arg;

	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&both[i & 1]);
		for (int k = 0; k < 300; k++)
			sink += (unsigned)k;
		pthread_mutex_unlock(&both[i & 1]);
		for (int k = 0; k < 3000; k++)
			sink += (unsigned)k;
	}
	return NULL;
}

int contended(int threads, long rounds)
{
	static pthread_t t[256];

	for (int i = 0; i < threads && i < 256; i++)
		pthread_create(&t[i], NULL, sharer, (void *)(intptr_t)rounds);
	for (int i = 0; i < threads && i < 256; i++)
		pthread_join(t[i], NULL);
	puts("shared");
	return 0;
}

/* ---- alone: ns of a lock and unlock nobody else wants, best of nine ---- */

int alone(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	double best = 1e9;

	for (int k = 0; k < 9; k++) {
		struct timespec a, b;
		double ns;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
		for (int i = 0; i < 3000000; i++) {
			pthread_mutex_lock(&m);
			pthread_mutex_unlock(&m);
		}
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
		ns = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 3e6;
		best = ns < best ? ns : best;
	}
	printf("%.2f\n", best);
	return 0;
}
