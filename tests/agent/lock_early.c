/* A library the program is linked with: it takes locks before the sampler has begun, with a thread that makes it wait. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t held;
static int sum;

static void *holder(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	sem_post(&held);
	usleep(2000);
	sum++;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

__attribute__((constructor)) static void early(void)
{
	pthread_t t;

	sem_init(&held, 0, 0);
	if (pthread_create(&t, NULL, holder, NULL) != 0)
		return;
	sem_wait(&held);
	pthread_mutex_lock(&mutex);
	while (!sum)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(t, NULL);
	sum++;
}

int lock_early_sum(void);
int lock_early_sum(void) { return sum; }
