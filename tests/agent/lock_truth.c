/*
 * Known waits: lock_truth ROUNDS prints, per place, how long was waited by the program's own clock:
 *     SAMPLE-TYPE PATTERN NANOSECONDS
 * One thread wants a mutex that is held for long or for a while by two others, in turn; and waits for a condition, a semaphore and a thread.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, quiet = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t held, sem;
static int turn;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void nap(long ms)
{
	struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

__attribute__((noinline)) static void hold_long(void)
{
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	nap(30);
	pthread_mutex_unlock(&mutex);
}

__attribute__((noinline)) static void hold_short(void)
{
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	nap(10);
	pthread_mutex_unlock(&mutex);
}

static void *holder(void *arg)
{
	if (arg)
		hold_long();
	else
		hold_short();
	return NULL;
}

__attribute__((noinline)) static uint64_t want(void)
{
	uint64_t from = now(), to;

	pthread_mutex_lock(&mutex);
	to = now();
	pthread_mutex_unlock(&mutex);
	return to - from;
}

static void *signals(void *arg)
{
	(void)arg;
	nap(8);
	pthread_mutex_lock(&quiet);
	turn = 1;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&quiet);
	nap(8);
	sem_post(&sem);
	nap(8);
	return NULL;
}

__attribute__((noinline)) static uint64_t at_cond(void)
{
	uint64_t from;

	pthread_mutex_lock(&quiet);
	from = now();
	while (!turn)
		pthread_cond_wait(&cond, &quiet);
	pthread_mutex_unlock(&quiet);
	return now() - from;
}

__attribute__((noinline)) static uint64_t at_sem(void)
{
	uint64_t from = now();

	sem_wait(&sem);
	return now() - from;
}

__attribute__((noinline)) static uint64_t at_join(pthread_t t)
{
	uint64_t from = now();

	pthread_join(t, NULL);
	return now() - from;
}

int main(int argc, char **argv)
{
	uint64_t waited[2] = { 0, 0 }, in_cond = 0, in_sem = 0, in_join = 0;
	int rounds = argc > 1 ? atoi(argv[1]) : 10;

	sem_init(&held, 0, 0);
	sem_init(&sem, 0, 0);
	for (int i = 0; i < rounds; i++) {
		pthread_t t;

		for (int which = 0; which < 2; which++) {
			pthread_create(&t, NULL, holder, which ? (void *)1 : NULL);
			sem_wait(&held);
			waited[which] += want();
			pthread_join(t, NULL);
		}
		turn = 0;
		pthread_create(&t, NULL, signals, NULL);
		in_cond += at_cond();
		in_sem += at_sem();
		in_join += at_join(t);
	}
	printf("block_delay ;want[;[:space:]] %llu\n", (unsigned long long)(waited[0] + waited[1]));
	printf("mutex_delay ;hold_long[;[:space:]] %llu\n", (unsigned long long)waited[1]);
	printf("mutex_delay ;hold_short[;[:space:]] %llu\n", (unsigned long long)waited[0]);
	printf("block_delay ;at_cond[;[:space:]] %llu\n", (unsigned long long)in_cond);
	printf("block_delay ;at_sem[;[:space:]] %llu\n", (unsigned long long)in_sem);
	printf("block_delay ;at_join[;[:space:]] %llu\n", (unsigned long long)in_join);
	return 0;
}
